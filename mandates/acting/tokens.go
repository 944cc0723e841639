package acting

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// issue is one pair of tokens about to be written.
type issue struct {
	client   clients.Client // who gets them
	holder   clients.Client // whom they are for
	kind     translog.Kind
	audience string
	scopes   []string // nil: those that the client still has
	actions  []string // nil: all that the delegation lends
	until    time.Time
	refresh  bool
	spend    spending
	spent    []byte // the hash of what is used up
}

// handTries bounds how often a hop is decided again when something moved between
// its decision and its statement.
const handTries = 4

// errMoving says that it moved every time. Nothing was used up: whoever asks
// may ask again.
var errMoving = problem.New(problem.KindUnavailable, "stale")

// hand writes what was decided on d. The statement that writes the tokens uses up
// what they are given for: whatever goes wrong, either both happened or neither,
// and a client whose request failed asks again with what it has. It is not shielded
// from the client's leaving: a statement that is cut short has used nothing up
// either. Where it finds that something moved, the hop is read and decided again.
func (s *Service) hand(ctx context.Context, d Delegation, i issue, again func() (Delegation, error)) (Delegation, Tokens, error) {
	for range handTries {
		out, err := s.write(ctx, d, i)
		if !errors.Is(err, store.ErrNoRow) {
			return d, out, err
		}
		if d, err = again(); err != nil {
			return Delegation{}, Tokens{}, err
		}
	}
	return Delegation{}, Tokens{}, errMoving
}

// write gives tokens in one statement; store.ErrNoRow when it no longer may.
func (s *Service) write(ctx context.Context, d Delegation, i issue) (Tokens, error) {
	st := s.commands.Store()
	env, now := st.Env(), st.Now()
	if i.actions == nil {
		i.actions = d.lent()
	}
	if i.scopes == nil {
		i.scopes = d.scopesNow()
	}
	out := Tokens{ExpiresAt: earliest(now.Add(AccessLifetime), d.EndsAt, i.until), Audience: i.audience, Scopes: i.scopes, Actions: i.actions}
	w := issued{issue: i, delegation: d, family: d.facts.tokenFamily, accessEnds: out.ExpiresAt, at: now}
	var err error
	if out.AccessID, w.access, err = secret(env.Random); err != nil {
		return Tokens{}, err
	}
	if i.refresh {
		if out.Refresh, w.refresh, err = secret(env.Random); err != nil {
			return Tokens{}, err
		}
	}
	if w.family == uuid.Nil {
		w.family = env.NewID()
	}
	e := d.about()
	detail := d.detail()
	detail.Audience = i.audience
	e.Kind, e.Detail, e.Actor = i.kind, detail, command.Actor(i.client.SoftwareActor(now), authz.Service)
	row, err := ledger.Prepare(env, now, e)
	if err != nil {
		return Tokens{}, err
	}
	if err := insertTokens(ctx, st, w, row); err != nil {
		return Tokens{}, problem.Wrap(err, "issue tokens")
	}
	return out, nil
}

// earliest of the instants that are not zero.
func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}

func known(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// IssueAccess uses up the code that was redeemed, and gives an access token for
// it, and a refresh token if asked. The token lends what the delegation does; it
// ends after five minutes, or with the delegation. d comes from Redeem; of any
// number that come with one code, one gets tokens.
func (s *Service) IssueAccess(ctx context.Context, d Delegation, audience string, refresh bool) (Tokens, error) {
	if d.facts.code == nil {
		return Tokens{}, errGrant
	}
	_, out, err := s.hand(ctx, d, issue{
		client: d.Client, holder: d.Client, kind: translog.DelegationRedeemed, audience: audience, refresh: refresh,
		spend: spendCode, spent: d.facts.code,
	}, func() (Delegation, error) {
		return s.redeemable(ctx, d.Client, d.facts.code, func(codeRow) bool { return true }) // compared by Redeem
	})
	return out, err
}

// Refresh takes a refresh token in exchange for the next pair: both or neither.
// One that is refused stays as it is. A refresh token that comes a second time
// ends the delegation, and with it every token.
func (s *Service) Refresh(ctx context.Context, client clients.Client, token string) (Delegation, Tokens, error) {
	hash := hashOf(token)
	again := func() (Delegation, error) { return s.refreshable(ctx, client, hash) }
	d, err := again()
	if err != nil {
		return Delegation{}, Tokens{}, err
	}
	return s.hand(ctx, d, issue{
		client: client, holder: client, kind: translog.DelegationRefreshed, audience: d.Token.Audience, refresh: true,
		spend: spendRefresh, spent: hash,
	}, again)
}

// refreshable is what a refresh token stands for, when it may be used now.
func (s *Service) refreshable(ctx context.Context, client clients.Client, hash []byte) (Delegation, error) {
	d, used, err := s.ofRefresh(ctx, client, hash)
	try := attemptOf(client, authz.DelegationRefresh, refreshCommand)
	switch {
	case errors.Is(err, errNoDelegation):
		return Delegation{}, s.refused(ctx, try, "code_wrong", errGrant, Delegation{})
	case err != nil:
		return Delegation{}, err
	case used:
		return Delegation{}, s.reused(ctx, try, "refresh_reused", d)
	case !slices.Contains(d.Client.Scopes, scopeOffline):
		return Delegation{}, s.refused(ctx, try, "offline_withdrawn", errGrant, d)
	}
	return d, s.admit(ctx, try, d)
}

// scopeOffline entitles a client to refresh (OpenID Connect Core §11).
const scopeOffline = "offline_access"

// scopesNow are those of the token shown, or before there is one, of the delegation.
func (d Delegation) scopesNow() []string {
	if d.Token.Kind != "" {
		return d.Token.Scopes
	}
	return d.Scopes
}

// Use says what an access token stands for at this instant: userinfo and
// introspection. An unknown token is token_invalid; one whose mandate, mediator
// or organisation no longer holds is refused with the reasons.
func (s *Service) Use(ctx context.Context, accessID string) (Delegation, error) {
	d, err := s.access(ctx, accessID)
	if err != nil {
		return Delegation{}, err
	}
	return s.use(ctx, nil, d)
}

// use decides on the client that a token is for. A refusal names who showed it:
// the caller, where it is known.
func (s *Service) use(ctx context.Context, caller *clients.Client, d Delegation) (Delegation, error) {
	holder, err := s.holder(ctx, d)
	if err != nil {
		return Delegation{}, err
	}
	try := attemptOf(holder, authz.DelegationUse, useCommand)
	if caller != nil {
		try.caller = *caller
	}
	if err := s.admit(ctx, try, d); err != nil {
		return Delegation{}, err
	}
	return d, nil
}

// UseBy is Use by a client that shows the token: introspection. It is for the
// client it was given to and the one it is for; to any other it is token_invalid,
// as an unknown one is.
func (s *Service) UseBy(ctx context.Context, client clients.Client, accessID string) (Delegation, error) {
	return s.shown(ctx, client, accessID, useCommand, func(d Delegation) bool { return d.concerns(client) })
}

// Subject is Use by a client that brings the token to be exchanged: only the one
// it was given to may.
func (s *Service) Subject(ctx context.Context, client clients.Client, accessID string) (Delegation, error) {
	return s.shown(ctx, client, accessID, exchangeCommand, func(d Delegation) bool { return d.Client.ID == client.ID })
}

func (s *Service) shown(ctx context.Context, client clients.Client, accessID, name string, theirs func(Delegation) bool) (Delegation, error) {
	d, err := s.access(ctx, accessID)
	if err != nil {
		return Delegation{}, err
	}
	if !theirs(d) {
		return Delegation{}, s.foreign(ctx, client, name, d)
	}
	return s.use(ctx, &client, d)
}

// access reads what an access token stands for, whatever its state.
func (s *Service) access(ctx context.Context, accessID string) (Delegation, error) {
	d, err := s.ofToken(ctx, accessID)
	if errors.Is(err, errNoDelegation) || err == nil && d.Token.Kind != "access" {
		return Delegation{}, errToken
	}
	return d, err
}

// holder is the client a token is for: the one the delegation was given at, or
// the audience of an exchange.
func (s *Service) holder(ctx context.Context, d Delegation) (clients.Client, error) {
	if !d.exchanged() {
		return d.Client, nil
	}
	c, err := s.clients.ByID(ctx, d.facts.holder)
	if problem.Is(err, "not_found") {
		return clients.Client{}, errToken
	}
	return c, err
}

// concerns: the token shown was given to this client, or is for it.
func (d Delegation) concerns(client clients.Client) bool {
	return d.Client.ID == client.ID || d.tokenHolder() == client.ID
}

// exchanged: the token shown was made for another service.
func (d Delegation) exchanged() bool {
	return d.facts.holder != uuid.Nil && d.facts.holder != d.Client.ID
}
