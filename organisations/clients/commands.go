package clients

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// Detail belongs to the events of a client. It names nobody.
type Detail struct {
	Client  uuid.UUID `json:"client"`
	Kind    string    `json:"kind"`
	Profile string    `json:"profile,omitempty"`
	// Secret: a new secret was made.
	Secret bool `json:"secret,omitempty"`
}

func (c Client) event(kind translog.Kind, secret bool) translog.Event {
	e := c.about()
	e.Kind, e.Detail = kind, Detail{Client: c.ID, Kind: string(c.Kind), Profile: string(c.Profile), Secret: secret}
	return e
}

func (c Client) about() translog.Event { return translog.Event{Organisation: c.Organisation} }

// Register adds a client, active at once, and gives its secret, once; empty for
// private_key_jwt. Registering a taken ClientID is refused: client_id_taken.
func (s *Registry) Register(ctx context.Context, actor authz.Actor, n New) (Client, Secret, error) {
	var out Client
	var secret Secret
	err := s.commands.Run(ctx, actor, "client.register", func(tx *command.Tx) error {
		c := Client{ID: tx.NewID(), ClientID: n.ClientID, Kind: n.Kind, Organisation: n.Organisation, Pack: n.Pack, State: Active, CreatedAt: tx.Now(), Version: 1}
		if err := tx.Decide(authz.ClientRegister, c.object(), c.about()); err != nil {
			return err
		}
		if c.ClientID == "" {
			made, err := newClientID(tx.Env().Random)
			if err != nil {
				return err
			}
			c.ClientID = made
		}
		c.apply(n.Changes)
		if err := s.check(c); err != nil {
			return err
		}
		var err error
		if secret, err = s.secretFor(&c, tx.Env().Random); err != nil {
			return err
		}
		if err := insert(tx.Tx, c); err != nil {
			if store.IsUnique(err, "clients_client_id_key") {
				return tx.Refuse(problem.Conflict("client_id_taken"), c.about())
			}
			return fmt.Errorf("insert: %w", err)
		}
		out = c
		return tx.Append(c.event(translog.ClientRegistered, secret != Secret{}))
	})
	if err != nil {
		return Client{}, Secret{}, err
	}
	return out, secret, nil
}

// newClientID is short, and says nothing.
func newClientID(random io.Reader) (string, error) {
	raw := make([]byte, 12)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("draw an identifier: %w", err)
	}
	return "c-" + base64.RawURLEncoding.EncodeToString(raw), nil
}

// secretFor makes the secret a client needs and has not yet; none for
// private_key_jwt, unless its ID tokens are signed with one.
func (s *Registry) secretFor(c *Client, random io.Reader) (Secret, error) {
	needs := c.AuthMethod != PrivateKeyJWT || c.IDTokenAlg == "HS256"
	switch {
	case !needs:
		c.secretHash, c.secretSealed = nil, nil
		return Secret{}, nil
	case c.HasSecret() && (c.IDTokenAlg == "HS256") == (len(c.secretSealed) > 0):
		return Secret{}, nil
	}
	return s.give(c, random)
}

// Change replaces what may change of a client. If it needs a secret from now
// on, or its secret must now be kept, a new one is made and given.
func (s *Registry) Change(ctx context.Context, actor authz.Actor, id uuid.UUID, ch Changes) (Client, Secret, error) {
	var secret Secret
	c, err := s.with(ctx, actor, id, "client.change", authz.ClientChange, func(tx *command.Tx, c *Client) (translog.Kind, bool, error) {
		c.apply(ch)
		if err := s.check(*c); err != nil {
			return "", false, err
		}
		var err error
		if secret, err = s.secretFor(c, tx.Env().Random); err != nil {
			return "", false, err
		}
		return translog.ClientChanged, secret != Secret{}, update(tx.Tx, *c)
	})
	if err != nil {
		return Client{}, Secret{}, err
	}
	return c, secret, nil
}

// RotateSecret makes a new secret; the old one no longer works at once.
func (s *Registry) RotateSecret(ctx context.Context, actor authz.Actor, id uuid.UUID) (Secret, error) {
	var secret Secret
	_, err := s.with(ctx, actor, id, "client.change", authz.ClientChange, func(tx *command.Tx, c *Client) (translog.Kind, bool, error) {
		if !c.HasSecret() {
			return "", false, problem.Invalid(problem.At("auth_method", "not_offered"))
		}
		var err error
		if secret, err = s.give(c, tx.Env().Random); err != nil {
			return "", false, err
		}
		return translog.ClientChanged, true, update(tx.Tx, *c)
	})
	if err != nil {
		return Secret{}, err
	}
	return secret, nil
}

// Suspend holds a client: it can do nothing until Resume, and what mediators
// were given there ends.
func (s *Registry) Suspend(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	_, err := s.with(ctx, actor, id, "client.suspend", authz.ClientSuspend,
		moving(Active, Suspended, translog.ClientSuspended, "cannot_suspend")) //nolint:contextcheck // the transaction carries the context
	return err
}

// Resume lifts a suspension.
func (s *Registry) Resume(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	_, err := s.with(ctx, actor, id, "client.resume", authz.ClientResume,
		moving(Suspended, Active, translog.ClientResumed, "cannot_resume")) //nolint:contextcheck // the transaction carries the context
	return err
}

// End removes a client for good; its identifier is never given again.
func (s *Registry) End(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	_, err := s.with(ctx, actor, id, "client.end", authz.ClientEnd, func(tx *command.Tx, c *Client) (translog.Kind, bool, error) {
		return translog.ClientEnded, false, move(tx.Tx, *c, Ended)
	})
	return err
}

// act changes a client that is locked, and says which event that is.
type act func(tx *command.Tx, c *Client) (kind translog.Kind, secret bool, err error)

func moving(from, to string, kind translog.Kind, refused string) act {
	return func(tx *command.Tx, c *Client) (translog.Kind, bool, error) {
		if c.State != from {
			return "", false, tx.Refuse(problem.Conflict(refused), c.about())
		}
		return kind, false, move(tx.Tx, *c, to)
	}
}

// with runs one command on a client that has not ended.
func (s *Registry) with(ctx context.Context, actor authz.Actor, id uuid.UUID, name string, action authz.Action, do act) (Client, error) {
	var out Client
	err := s.commands.Run(ctx, actor, name, func(tx *command.Tx) error {
		c, err := lock(tx.Tx, id)
		if err != nil {
			return err
		}
		if err := tx.Decide(action, c.object(), c.about()); err != nil {
			return err
		}
		if c.State == Ended {
			return tx.Refuse(problem.Conflict("client_already_ended"), c.about())
		}
		kind, secret, err := do(tx, &c)
		if err != nil {
			return err
		}
		out = c
		out.Version++
		return tx.Append(c.event(kind, secret))
	})
	return out, err
}
