package clients

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// SoftwareTokenLife is how long an access token of client credentials lasts.
const SoftwareTokenLife = 15 * time.Minute

// softwareTokenPrefix lets scanners for leaked secrets recognise one.
const softwareTokenPrefix = "rls_"

// errScope: a scope that the client is not entitled to (RFC 6749, 5.2).
var errScope = problem.New(problem.KindInvalid, "scope_not_allowed")

// errToken is the one answer for a token that does not hold.
var errToken = problem.New(problem.KindUnauthenticated, "token_invalid")

// SoftwareScopeNames are the scopes of organisations' own software: what its
// tokens let it do at the API.
func SoftwareScopeNames() []string {
	return []string{"people:read", "people:write", "mandates:read", "cases:read", "cases:write", "reminders:read", "webhooks:manage"}
}

// SoftwareToken is an access token just issued.
type SoftwareToken struct {
	Token     string // opaque, 256 random bits
	Scopes    []string
	ExpiresAt time.Time
}

// IssueSoftwareToken gives an authenticated client an access token for some of
// its scopes, for all of them when none is asked for (RFC 6749, 4.4). It is a
// sign-in, and leaves its event.
func (s *Registry) IssueSoftwareToken(ctx context.Context, c Client, scopes []string) (SoftwareToken, error) {
	var out SoftwareToken
	actor := c.SoftwareActor(s.store.Now())
	err := s.commands.Run(ctx, actor, "software.token", func(tx *command.Tx) error {
		tx.Open(authz.Software, "the client's credentials are the proof")
		about := translog.Event{Organisation: c.Organisation}
		if c.Kind != Software {
			return tx.Refuse(errProof, about)
		}
		now, err := lock(tx.Tx, c.ID)
		if err != nil {
			return err
		}
		if now.State != Active {
			return tx.Refuse(errProof, about)
		}
		if len(scopes) == 0 {
			scopes = now.Scopes
		}
		if !allOf(scopes, func(w string) bool { return slices.Contains(now.Scopes, w) }) {
			return tx.Refuse(errScope, about)
		}
		if out, err = drawToken(tx.Env().Random, scopes, tx.Now()); err != nil {
			return err
		}
		if err := insertToken(tx.Tx, c.ID, out); err != nil {
			return fmt.Errorf("keep the token: %w", err)
		}
		about.Kind = translog.SignInDone
		return tx.Append(about)
	})
	return out, err
}

func drawToken(random io.Reader, scopes []string, now time.Time) (SoftwareToken, error) {
	var raw [32]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return SoftwareToken{}, err
	}
	return SoftwareToken{Token: softwareTokenPrefix + base64.RawURLEncoding.EncodeToString(raw[:]), Scopes: slices.Clone(scopes),
		ExpiresAt: now.Add(SoftwareTokenLife)}, nil
}

// SoftwareByToken says whose token this is and what it is for, as everything is
// now: a scope withdrawn from the client is withdrawn from its tokens. A token
// that expired or was revoked, of a client that is suspended or ended, or unknown,
// all answer token_invalid; the cause of all but the last is [ErrTokenOver].
func (s *Registry) SoftwareByToken(ctx context.Context, token string) (Client, []string, error) {
	hash := sha256.Sum256([]byte(token))
	return softwareOf(ctx, s.store.Pool(), hash[:], s.store.Now())
}

// revokeCommand names the giving up of a token, in refusals.
const revokeCommand = "software.revoke"

// RevokeSoftwareToken ends one token of the client, and leaves the event of a
// sign-out; unknown ones are ended already (RFC 7009, 2.2). Another's live token
// is refused (token_invalid), to be answered as an unknown one.
func (s *Registry) RevokeSoftwareToken(ctx context.Context, c Client, token string) error {
	if of, _, err := s.SoftwareByToken(ctx, token); err == nil && of.ID != c.ID {
		return s.foreign(ctx, c, revokeCommand)
	}
	hash := sha256.Sum256([]byte(token))
	return s.commands.Run(ctx, c.SoftwareActor(s.store.Now()), revokeCommand, func(tx *command.Tx) error {
		tx.Open(authz.Software, "whoever holds a token may give it up")
		done, err := revokeToken(tx.Tx, c.ID, hash[:])
		if err != nil {
			return fmt.Errorf("give up a token: %w", err)
		}
		if !done {
			tx.Repeated()
			return nil
		}
		return tx.Append(translog.Event{Kind: translog.SignOutDone, Organisation: c.Organisation})
	})
}

// SoftwareTokenOf says what a token is for, as SoftwareByToken does, to the
// client that it was given to and to no other: another's is refused as one that
// does not hold.
func (s *Registry) SoftwareTokenOf(ctx context.Context, c Client, token string) ([]string, error) {
	of, scopes, err := s.SoftwareByToken(ctx, token)
	if err != nil {
		return nil, err
	}
	if of.ID != c.ID {
		return nil, s.foreign(ctx, c, "software.introspect")
	}
	return scopes, nil
}

func (s *Registry) foreign(ctx context.Context, c Client, command string) error {
	return s.Refuse(ctx, c, Refusal{Command: command, Reason: TokenForeign, Err: errToken, About: c.about()})
}

// SoftwareActor is who a client is for a decision, as it asks by itself: a
// service, or an organisation's software, which acts for that organisation alone.
func (c Client) SoftwareActor(now time.Time) authz.Actor {
	return authz.Actor{Client: c.ID, ClientName: c.Name, Organisation: c.Organisation, Now: now}
}
