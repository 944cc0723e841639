package acting

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// hop is what a decision about a delegation needs, and what a token says of
// people, as they were when the statement ran.
type hop struct {
	mandateState           string
	mandateEnds            time.Time
	grantLive, inGrant     bool
	grantActions           []string
	membership             authz.Membership
	accountSuspended       bool
	mediator, organisation string // names
	territory, pack        string
	helped
	standing     int64 // the version that the mediator's authority was found at
	tokenRevoked bool
	shown        []byte    // the hash of the access token shown
	holder       uuid.UUID // whom the token shown is for
	tokenFamily  uuid.UUID // of the refresh token shown
	code         []byte    // the hash of the code shown
	at           time.Time // when it was read
}

// helped is who the person is: told in claims, and remembered nowhere.
type helped struct {
	given, family, usage       string
	birthDate                  *time.Time
	birthPlace                 string // in words
	gender, placeCode, country string // as the country's registers have them
	email, phone, address      string
	known                      time.Time // since when
}

// hopColumns are a delegation with everything a hop decides on, in one round
// trip; of the mediator only the version of what their authority is made of, which
// is mostly known (organisations.Service.Mediator).
const hopColumns = `d.id, d.request_id, d.account_id, d.organisation_id, d.beneficiary_id, d.mandate_id, d.grant_id, d.session_id,
	d.procedure, d.actions, d.scopes, d.nonce, d.acr, d.auth_time, d.created_at, d.ends_at, d.ended_at, d.end_reason,
	md.state, md.ends_at, g.state = 'active', d.procedure = ANY (g.procedures), g.actions,
	o.name, o.territory, o.pack, o.state = 'active', coalesce(v.version, 0),
	b.given_names, b.family_name, b.usage_name, b.birth_date, b.birth_place, b.gender, b.birth_place_code, b.birth_country,
	b.email, b.phone, b.address, b.created_at, ` + clients.Columns

const hopJoins = `
	JOIN clients cl ON cl.id = d.client_id
	JOIN organisations o ON o.id = d.organisation_id
	JOIN mandates md ON md.id = d.mandate_id
	JOIN grants g ON g.id = d.grant_id
	JOIN beneficiaries b ON b.id = d.beneficiary_id
	LEFT JOIN standings v ON v.account_id = d.account_id`

// hopRow takes hopColumns.
type hopRow struct {
	d      Delegation
	ids    [8]pgtype.UUID
	ended  *time.Time
	alive  bool // the organisation
	client clients.Row
}

func (r *hopRow) into() []any {
	d, f := &r.d, &r.d.facts
	dest := make([]any, 0, 80)
	for i := range r.ids {
		dest = append(dest, &r.ids[i])
	}
	dest = append(dest, &d.Procedure, &d.Actions, &d.Scopes, &d.Nonce, &d.ACR, &d.AuthTime, &d.CreatedAt, &d.EndsAt, &r.ended, &d.EndReason,
		&f.mandateState, &f.mandateEnds, &f.grantLive, &f.inGrant, &f.grantActions,
		&f.organisation, &f.territory, &f.pack, &r.alive, &f.standing,
		&f.given, &f.family, &f.usage, &f.birthDate, &f.birthPlace, &f.gender, &f.placeCode, &f.country,
		&f.email, &f.phone, &f.address, &f.known)
	return append(dest, r.client.Into()...)
}

// delegation is what was read, with the mediator's authority at that instant.
func (s *Service) delegation(ctx context.Context, r *hopRow, now time.Time) (Delegation, error) {
	d := r.d
	for i, to := range []*uuid.UUID{&d.ID, &d.Request, &d.Account, &d.Organisation, &d.Beneficiary, &d.Mandate, &d.Grant, &d.Session} {
		*to = r.ids[i].Bytes
	}
	d.Client = r.client.Client()
	d.Scopes = d.Client.Entitled(d.Scopes)
	if r.ended != nil {
		d.EndedAt = *r.ended
	}
	f := &d.facts
	mediator, err := s.orgs.Mediator(ctx, organisations.ActorQuery{Account: d.Account, Organisation: d.Organisation, Standing: f.standing})
	if err != nil {
		return Delegation{}, err
	}
	d.take(mediator)
	f.membership.OrganisationAlive, f.at = r.alive, now
	return d, nil
}

// tokenRow takes tokenColumns.
type tokenRow struct {
	revoked *time.Time
	holder  pgtype.UUID
}

const tokenColumns = `, tk.kind, tk.audience, tk.scopes, tk.actions, tk.expires_at, tk.revoked_at, tk.holder_id` //nolint:gosec // names of columns

func (t *tokenRow) into(d *Delegation) []any {
	k := &d.Token
	return []any{&k.Kind, &k.Audience, &k.Scopes, &k.Actions, &k.ExpiresAt, &t.revoked, &t.holder}
}

func (t *tokenRow) finish(d *Delegation) {
	d.facts.tokenRevoked, d.facts.holder = t.revoked != nil, t.holder.Bytes
	d.Token.Scopes = d.Client.Entitled(d.Token.Scopes)
}

var errNoDelegation = errors.New("acting: no such delegation")

// read runs a statement that gives hopColumns and more, for one row or none.
func (s *Service) read(ctx context.Context, query string, args []any, more func(d *Delegation) []any) (Delegation, error) {
	now := s.commands.Store().Now()
	var r hopRow
	dest := append(r.into(), more(&r.d)...)
	err := s.commands.Store().Hot().QueryRow(ctx, query, native(args...)...).Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Delegation{}, errNoDelegation
	}
	if err != nil {
		return Delegation{}, fmt.Errorf("load a delegation: %w", err)
	}
	return s.delegation(ctx, &r, now)
}

func nothing(*Delegation) []any { return nil }

const byID = `SELECT ` + hopColumns + ` FROM delegations d` + hopJoins + ` WHERE d.id = $1`

// again reads a delegation as it is now, keeping the token shown.
func (s *Service) again(ctx context.Context, d Delegation) (Delegation, error) {
	fresh, err := s.read(ctx, byID, []any{d.ID}, nothing)
	fresh.showing(d)
	return fresh, err
}

const byTokens = `SELECT tk.token_hash, ` + hopColumns + tokenColumns + ` FROM acting_tokens tk JOIN delegations d ON d.id = tk.delegation_id` + hopJoins +
	` WHERE tk.token_hash = ANY ($1)`

const (
	// hopsTogether bounds how many tokens one statement reads.
	hopsTogether = 64
	// hopsAtOnce bounds how many such statements are under way.
	hopsAtOnce = 2
)

// tokenHash is the key of a token.
type tokenHash [sha256.Size]byte

// ofToken reads a delegation by one of its tokens, together with those of the
// other requests that arrived in the meantime.
func (s *Service) ofToken(ctx context.Context, clear string) (Delegation, error) {
	found, err := s.hops.Do(ctx, tokenHash(hashOf(clear)))
	switch {
	case err != nil:
		return Delegation{}, err
	case found == nil:
		return Delegation{}, errNoDelegation
	}
	return *found, nil
}

// readTokens reads the delegations of several tokens; nil where there is none.
func (s *Service) readTokens(ctx context.Context, hashes []tokenHash) ([]*Delegation, error) {
	now, keys := s.commands.Store().Now(), make([][]byte, len(hashes))
	for i := range hashes {
		keys[i] = hashes[i][:]
	}
	rows, err := s.commands.Store().Hot().Query(ctx, byTokens, keys)
	if err != nil {
		return nil, fmt.Errorf("load delegations: %w", err)
	}
	type found struct {
		hopRow
		token tokenRow
		hash  []byte
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f found, err error) {
		err = row.Scan(slices.Concat([]any{&f.hash}, f.into(), f.token.into(&f.d))...)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("load delegations: %w", err)
	}
	out := make([]*Delegation, len(hashes))
	for i := range hashes {
		n := slices.IndexFunc(all, func(f found) bool { return bytes.Equal(f.hash, keys[i]) })
		if n < 0 {
			continue
		}
		d, err := s.delegation(ctx, &all[n].hopRow, now)
		if err != nil {
			return nil, err
		}
		all[n].token.finish(&d)
		d.facts.shown = hashes[i][:]
		s.remember(hashes[i], d)
		out[i] = &d
	}
	return out, nil
}

// inTx reads a delegation inside a command.
func (s *Service) inTx(tx *store.Tx, id uuid.UUID) (Delegation, error) {
	var r hopRow
	err := tx.SQL().QueryRowContext(tx.Context(), byID, id).Scan(clients.SQLDest(r.into())...)
	if err != nil {
		return Delegation{}, fmt.Errorf("load a delegation: %w", err)
	}
	return s.delegation(tx.Context(), &r, tx.Now())
}

// holdInTx holds a delegation's row and reads it as it is now, for the token
// that was shown.
func (s *Service) holdInTx(tx *store.Tx, d Delegation) (Delegation, error) {
	if _, err := tx.SQL().ExecContext(tx.Context(), `SELECT FROM delegations WHERE id = $1 FOR SHARE`, d.ID); err != nil {
		return Delegation{}, fmt.Errorf("hold a delegation: %w", err)
	}
	fresh, err := s.inTx(tx, d.ID)
	fresh.showing(d)
	return fresh, err
}

// showing keeps the token that was shown with what was read again.
func (d *Delegation) showing(of Delegation) {
	d.Token, d.facts.tokenRevoked, d.facts.holder = of.Token, of.facts.tokenRevoked, of.facts.holder
}

// native gives ids in pgx's own type: as uuid.UUID each travels by way of its
// text.
func native(args ...any) []any {
	for i, a := range args {
		if id, ok := a.(uuid.UUID); ok {
			args[i] = pgtype.UUID{Bytes: id, Valid: id != uuid.Nil}
		}
	}
	return args
}

// liveDelegation checks again, on rows it locks, everything that could have
// ended since the decision. $1 delegation, $2 instant, $3 the version that the
// mediator's authority was found at: it stands for account, membership, training,
// charter and organisation. The mandate comes first in the list of locks, as in
// every command that stops one: a revocation under way is waited for, and what is
// dated after it finds no row. The delegation's row is written by every stop of
// any kind.
//
// state || ” and coalesce keep the planner off partial indexes, which look small
// on the day it plans, as for steps.
const liveDelegation = stillLive + holdingLive

const holdingLive = `
	FOR SHARE OF md, d`

const stillLive = `SELECT d.id FROM mandates md
	JOIN delegations d ON d.mandate_id = md.id JOIN grants g ON g.id = d.grant_id
	JOIN clients cl ON cl.id = d.client_id JOIN standings v ON v.account_id = d.account_id
	WHERE d.id = $1::uuid AND coalesce(d.ended_at, 'infinity') = 'infinity' AND d.ends_at > $2::timestamptz AND v.version = $3::bigint AND cl.state = 'active'
	AND md.state || '' = 'active' AND md.ends_at > $2 AND g.state || '' = 'active'`
