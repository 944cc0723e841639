package clients

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// Columns are a client's columns under the alias cl, in the order of
// [Row.Into], for statements that read a client among other things.
const Columns = `cl.id, cl.client_id, cl.kind, cl.name, cl.pack, cl.organisation_id, cl.state, cl.auth_method, cl.secret_hash, cl.secret_sealed,
	cl.jwks, cl.redirect_uris, cl.post_logout_redirect_uris, cl.backchannel_logout_uri, cl.events_uri, cl.profile, cl.id_token_alg,
	cl.userinfo_alg, cl.claims, cl.procedures, cl.scopes, cl.version, cl.created_at, cl.ended_at`

// Row takes [Columns].
type Row struct {
	c                Client
	id, organisation pgtype.UUID
	kind, profile    string
	keys             []byte
	ended            *time.Time
}

// Into are where the columns go.
func (r *Row) Into() []any {
	c := &r.c
	return []any{
		&r.id, &c.ClientID, &r.kind, &c.Name, &c.Pack, &r.organisation, &c.State, &c.AuthMethod, &c.secretHash, &c.secretSealed,
		&r.keys, &c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.BackChannelLogoutURI, &c.EventsURI, &r.profile, &c.IDTokenAlg,
		&c.UserinfoAlg, &c.Claims, &c.Procedures, &c.Scopes, &c.Version, &c.CreatedAt, &r.ended,
	}
}

// Client is what was read.
func (r *Row) Client() Client {
	c := r.c
	c.ID, c.Organisation, c.Kind, c.Profile, c.Keys = r.id.Bytes, r.organisation.Bytes, Kind(r.kind), Profile(r.profile), r.keys
	if r.ended != nil {
		c.EndedAt = *r.ended
	}
	return c
}

// querier is the pool or a transaction of it.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
}

func scan(row pgx.CollectableRow) (Client, error) {
	var r Row
	err := row.Scan(r.Into()...)
	return r.Client(), err
}

// What load finds one client by.
const (
	byClientID = `client_id = $1`
	byID       = `id = $1`
)

func load(ctx context.Context, q querier, where string, value any) (Client, error) {
	rows, err := q.Query(ctx, `SELECT `+Columns+` FROM clients cl WHERE cl.`+where, value)
	if err != nil {
		return Client{}, fmt.Errorf("load a client: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Client{}, problem.NotFound()
	}
	if err != nil {
		return Client{}, fmt.Errorf("load a client: %w", err)
	}
	return c, nil
}

func list(ctx context.Context, q querier, by Query) ([]Client, error) {
	rows, err := q.Query(ctx, `SELECT `+Columns+` FROM clients cl WHERE ($1 = '' OR cl.kind = $1)
		AND ($2::uuid IS NULL OR cl.organisation_id = $2) AND ($3 OR cl.state <> 'ended')
		ORDER BY relais_fold(cl.name), cl.id LIMIT 1000`, string(by.Kind), nullID(by.Organisation), by.Ended)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return all, nil
}

func nullID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// lock takes a client's row and reads it.
func lock(tx *store.Tx, id uuid.UUID) (Client, error) {
	var r Row
	err := tx.SQL().QueryRowContext(tx.Context(), `SELECT `+Columns+` FROM clients cl WHERE cl.id = $1 FOR UPDATE`, id).Scan(SQLDest(r.Into())...)
	if errors.Is(err, sql.ErrNoRows) {
		return Client{}, problem.NotFound()
	}
	tx.Restamp()
	return r.Client(), err
}

// SQLDest lets database/sql scan into what pgx scans into: it knows no arrays.
func SQLDest(dest []any) []any {
	types := pgtype.NewMap()
	for i, d := range dest {
		if list, ok := d.(*[]string); ok {
			dest[i] = types.SQLScanner(list)
		}
	}
	return dest
}

const insertStatement = `INSERT INTO clients (id, client_id, kind, pack, organisation_id, state, created_at,
	name, auth_method, jwks, redirect_uris, post_logout_redirect_uris, backchannel_logout_uri, events_uri, profile, id_token_alg,
	userinfo_alg, claims, procedures, scopes, secret_hash, secret_sealed)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`

// changing are the values of a client that change with it.
func (c Client) changing() []any {
	var keys *string
	if len(c.Keys) > 0 {
		text := string(c.Keys)
		keys = &text
	}
	return []any{
		c.Name, c.AuthMethod, keys, c.RedirectURIs, c.PostLogoutRedirectURIs, c.BackChannelLogoutURI, c.EventsURI, string(c.Profile),
		c.IDTokenAlg, c.UserinfoAlg, c.Claims, c.Procedures, c.Scopes, c.secretHash, c.secretSealed,
	}
}

func insert(tx *store.Tx, c Client) error {
	args := append([]any{c.ID, c.ClientID, string(c.Kind), c.Pack, nullID(c.Organisation), c.State, c.CreatedAt}, c.changing()...)
	_, err := tx.SQL().ExecContext(tx.Context(), insertStatement, args...)
	return err
}

// update writes what changes, from the version it was read in.
func update(tx *store.Tx, c Client) error {
	return one(tx.SQL().ExecContext(tx.Context(), `UPDATE clients SET version = version + 1, name = $3, auth_method = $4, jwks = $5,
		redirect_uris = $6, post_logout_redirect_uris = $7, backchannel_logout_uri = $8, events_uri = $9, profile = $10, id_token_alg = $11,
		userinfo_alg = $12, claims = $13, procedures = $14, scopes = $15, secret_hash = $16, secret_sealed = $17
		WHERE id = $1 AND version = $2`, append([]any{c.ID, c.Version}, c.changing()...)...))
}

// move changes a client's state.
func move(tx *store.Tx, c Client, state string) error {
	var ended *time.Time
	if state == Ended {
		now := tx.Now()
		ended = &now
	}
	return one(tx.SQL().ExecContext(tx.Context(), `UPDATE clients SET version = version + 1, state = $3, ended_at = $4
		WHERE id = $1 AND version = $2`, c.ID, c.Version, state, ended))
}

func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(store.ErrStale, err)
	}
	return nil
}
