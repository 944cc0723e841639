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
	action   authz.Action
	name     string
	kind     translog.Kind
	audience string
	scopes   []string
	actions  []string
	until    time.Time
	refresh  bool
	family   uuid.UUID
}

// write gives tokens in one statement, or explains why it no longer may.
func (s *Service) write(ctx context.Context, d Delegation, i issue) (Tokens, error) {
	st := s.commands.Store()
	env, now := st.Env(), st.Now()
	out := Tokens{ExpiresAt: earliest(now.Add(AccessLifetime), d.EndsAt, i.until), Audience: i.audience, Scopes: i.scopes, Actions: i.actions}
	var accessHash, refreshHash []byte
	var err error
	if out.AccessID, accessHash, err = secret(env.Random); err != nil {
		return Tokens{}, err
	}
	if i.refresh {
		if out.Refresh, refreshHash, err = secret(env.Random); err != nil {
			return Tokens{}, err
		}
	}
	if i.family == uuid.Nil {
		i.family = env.NewID()
	}
	e := d.about()
	detail := d.detail()
	detail.Audience = i.audience
	e.Kind, e.Detail, e.Actor = i.kind, detail, command.Actor(i.client.SoftwareActor(s.commands.Store().Now()), authz.Service)
	row, err := ledger.Prepare(env, now, e)
	if err != nil {
		return Tokens{}, err
	}
	err = insertTokens(ctx, st, issued{issue: i, delegation: d, access: accessHash, refresh: refreshHash, accessEnds: out.ExpiresAt, at: now}, row)
	if errors.Is(err, store.ErrNoRow) {
		return Tokens{}, s.gone(ctx, i.client, i.action, i.name, d)
	}
	if err != nil {
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

// IssueAccess gives an access token for what was redeemed, and a refresh token
// if asked. The token lends what the delegation does; it ends after five
// minutes, or with the delegation.
func (s *Service) IssueAccess(ctx context.Context, d Delegation, audience string, refresh bool) (Tokens, error) {
	return s.write(ctx, d, issue{
		client: d.Client, holder: d.Client, action: authz.DelegationRedeem, name: redeemCommand, kind: translog.DelegationRedeemed,
		audience: audience, scopes: d.Scopes, actions: d.lent(), refresh: refresh,
	})
}

// Refresh takes a refresh token in exchange for the next pair. A refresh token
// that comes a second time ends the delegation, and with it every token.
func (s *Service) Refresh(ctx context.Context, client clients.Client, token string) (Delegation, Tokens, error) {
	d, family, err := s.takeRefresh(ctx, client, token)
	if errors.Is(err, errNoDelegation) {
		return Delegation{}, Tokens{}, s.noRefresh(ctx, client, token)
	}
	if err != nil {
		return Delegation{}, Tokens{}, err
	}
	if err := s.admit(ctx, client, authz.DelegationRefresh, refreshCommand, d, asked{}); err != nil {
		return Delegation{}, Tokens{}, err
	}
	out, err := s.write(ctx, d, issue{
		client: client, holder: client, action: authz.DelegationRefresh, name: refreshCommand, kind: translog.DelegationRefreshed,
		audience: d.Token.Audience, scopes: d.Token.Scopes, actions: d.lent(), refresh: true, family: family,
	})
	if err != nil {
		return Delegation{}, Tokens{}, err
	}
	return d, out, nil
}

func (s *Service) noRefresh(ctx context.Context, client clients.Client, token string) error {
	id, err := ofUsedRefresh(ctx, s.commands.Store(), client, token)
	if errors.Is(err, store.ErrNoRow) {
		return s.refused(ctx, client, refreshCommand, "code_wrong", errGrant, translog.Event{})
	}
	if err != nil {
		return err
	}
	return s.reused(ctx, client, refreshCommand, "refresh_reused", id)
}

// Use says what an access token stands for at this instant: userinfo and
// introspection. An unknown token is token_invalid; one whose mandate, mediator
// or organisation no longer holds is refused with the reasons.
func (s *Service) Use(ctx context.Context, accessID string) (Delegation, error) {
	d, err := s.access(ctx, accessID)
	if err != nil {
		return Delegation{}, err
	}
	return s.use(ctx, d)
}

func (s *Service) use(ctx context.Context, d Delegation) (Delegation, error) {
	client, err := s.holder(ctx, d)
	if err != nil {
		return Delegation{}, err
	}
	if err := s.admit(ctx, client, authz.DelegationUse, useCommand, d, asked{}); err != nil {
		return Delegation{}, err
	}
	return d, nil
}

// UseBy is Use by a client that shows the token: introspection. It is for the
// client it was given to and the one it is for; to any other it is token_invalid,
// as an unknown one is.
func (s *Service) UseBy(ctx context.Context, client clients.Client, accessID string) (Delegation, error) {
	return s.shown(ctx, client, accessID, useCommand, func(d Delegation) bool { return d.Client.ID == client.ID || d.tokenHolder() == client.ID })
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
	return s.use(ctx, d)
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

// exchanged: the token shown was made for another service.
func (d Delegation) exchanged() bool {
	return d.facts.holder != uuid.Nil && d.facts.holder != d.Client.ID
}

// Exchange gives another service a token for part of what the token behind d
// lends (OP-08): never more actions or scopes, never longer than that token or
// five minutes, only a procedure the other service offers too, and only an
// active service. d comes from Use.
func (s *Service) Exchange(ctx context.Context, client clients.Client, d Delegation, x Exchange) (Tokens, error) {
	if d.Token.Kind != "access" || d.Client.ID != client.ID || d.exchanged() {
		return Tokens{}, s.refused(ctx, client, exchangeCommand, "target_invalid", errTarget, d.about())
	}
	target, err := s.target(ctx, client, d, x.Audience)
	if err != nil {
		return Tokens{}, err
	}
	actions, scopes := x.Actions, x.Scopes
	if len(actions) == 0 {
		actions = d.lent()
	}
	if len(scopes) == 0 {
		scopes = within(d.Token.Scopes, target.Scopes)
	}
	if !inside(actions, d.lent()) || !inside(scopes, d.Token.Scopes) || !inside(scopes, target.Scopes) {
		return Tokens{}, s.refused(ctx, client, exchangeCommand, "scope_broader", errBroader, d.about())
	}
	fresh, err := s.again(ctx, d)
	if err != nil {
		return Tokens{}, err
	}
	for _, action := range actions {
		if err := s.admit(ctx, client, authz.DelegationExchange, exchangeCommand, fresh, asked{action: action, sensitive: true}); err != nil {
			return Tokens{}, err
		}
	}
	return s.write(ctx, d, issue{
		client: client, holder: target, action: authz.DelegationExchange, name: exchangeCommand, kind: translog.DelegationExchanged, audience: target.ClientID,
		scopes: scopes, actions: actions, until: d.Token.ExpiresAt,
	})
}

// target is the other service of an exchange: active, and one that offers the
// procedure too.
func (s *Service) target(ctx context.Context, client clients.Client, d Delegation, audience string) (clients.Client, error) {
	target, err := s.clients.ByClientID(ctx, audience)
	if err != nil && !problem.Is(err, "not_found") {
		return clients.Client{}, err
	}
	if err != nil || target.Kind != clients.Service || target.ID == client.ID || !slices.Contains(target.Procedures, d.Procedure) {
		return clients.Client{}, s.refused(ctx, client, exchangeCommand, "target_invalid", errTarget, d.about())
	}
	return target, nil
}

var (
	errTarget  = problem.New(problem.KindInvalid, "target_invalid")
	errBroader = problem.New(problem.KindInvalid, "scope_broader")
)

// within keeps of a list what is also in another; inside says whether all is.
func within(list, of []string) []string {
	out := []string{}
	for _, s := range list {
		if slices.Contains(of, s) {
			out = append(out, s)
		}
	}
	return out
}

func inside(list, of []string) bool { return len(within(list, of)) == len(list) }
