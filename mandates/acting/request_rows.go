package acting

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
)

func insertRequest(ctx context.Context, st *store.Store, r Request) error {
	params, err := json.Marshal(r.Params)
	if err != nil {
		return err
	}
	_, err = st.Pool().Exec(ctx, `INSERT INTO acting_requests (id, client_id, params, browser_hash, state, created_at, expires_at)
		VALUES ($1, $2, $3, $4, 'open', $5, $6)`, native(r.ID, r.Client.ID, params, r.browserHash, r.CreatedAt, r.ExpiresAt)...)
	return err
}

const requestColumns = `r.id, r.params, r.browser_hash, r.account_id, r.organisation_id, r.session_id, r.beneficiary_id, r.mandate_id,
	r.procedure, r.actions, r.state, r.version, r.created_at, r.expires_at, ` + clients.Columns

// requestRow takes requestColumns.
type requestRow struct {
	r      Request
	ids    [6]pgtype.UUID
	params []byte
	state  string
	client clients.Row
}

func (q *requestRow) into() []any {
	r := &q.r
	return append([]any{
		&q.ids[0], &q.params, &r.browserHash, &q.ids[1], &q.ids[2], &q.ids[3], &q.ids[4], &q.ids[5],
		&r.procedure, &r.actions, &q.state, &r.Version, &r.CreatedAt, &r.ExpiresAt,
	}, q.client.Into()...)
}

func (q *requestRow) request() (Request, error) {
	r := q.r
	for i, to := range []*uuid.UUID{&r.ID, &r.account, &r.organisation, &r.session, &r.beneficiary, &r.mandate} {
		*to = q.ids[i].Bytes
	}
	r.State, r.Client = RequestState(q.state), q.client.Client()
	if err := json.Unmarshal(q.params, &r.Params); err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	return r, nil
}

// loadRequest reads a request, or answers not found. A client that is no longer
// active has none.
func loadRequest(ctx context.Context, st *store.Store, id uuid.UUID) (Request, error) {
	var q requestRow
	err := st.Pool().QueryRow(ctx, `SELECT `+requestColumns+` FROM acting_requests r JOIN clients cl ON cl.id = r.client_id
		WHERE r.id = $1 AND cl.state = 'active'`, native(id)...).Scan(q.into()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Request{}, problem.NotFound()
	}
	if err != nil {
		return Request{}, fmt.Errorf("load a request: %w", err)
	}
	return q.request()
}

// lockRequest takes a request's row in a command.
func lockRequest(tx *store.Tx, id uuid.UUID) (Request, error) {
	var q requestRow
	err := tx.SQL().QueryRowContext(tx.Context(), `SELECT `+requestColumns+` FROM acting_requests r JOIN clients cl ON cl.id = r.client_id
		WHERE r.id = $1 AND cl.state = 'active' FOR UPDATE OF r`, id).Scan(clients.SQLDest(q.into())...)
	if errors.Is(err, sql.ErrNoRows) {
		return Request{}, problem.NotFound()
	}
	if err != nil {
		return Request{}, fmt.Errorf("hold a request: %w", err)
	}
	tx.Restamp()
	return q.request()
}

// bindRequest binds an open request to a browser, a mediator and a session, or
// finds it bound to them already. Another organisation acted for begins the
// choices again.
func bindRequest(ctx context.Context, st *store.Store, actor authz.Actor, id uuid.UUID, browser []byte) (bool, error) {
	tag, err := st.Pool().Exec(ctx, `UPDATE acting_requests SET browser_hash = $2, account_id = $3, session_id = $4, organisation_id = $5,
			beneficiary_id = CASE WHEN organisation_id IS DISTINCT FROM $5 THEN NULL ELSE beneficiary_id END,
			mandate_id = CASE WHEN organisation_id IS DISTINCT FROM $5 THEN NULL ELSE mandate_id END,
			procedure = CASE WHEN organisation_id IS DISTINCT FROM $5 THEN '' ELSE procedure END,
			actions = CASE WHEN organisation_id IS DISTINCT FROM $5 THEN '{}' ELSE actions END,
			version = version + CASE WHEN organisation_id IS DISTINCT FROM $5 AND organisation_id IS NOT NULL THEN 1 ELSE 0 END
		WHERE id = $1 AND state = 'open' AND expires_at > $6 AND (browser_hash IS NULL OR browser_hash = $2)
		AND (account_id IS NULL OR account_id = $3)`,
		native(id, browser, actor.Account, actor.Session, actor.Organisation, st.Now())...)
	return tag.RowsAffected() == 1, err
}

// writeChoice writes what was chosen; store.ErrNoRow when the page was old.
func writeChoice(ctx context.Context, st *store.Store, actor authz.Actor, id uuid.UUID, version int, c choice) error {
	tag, err := st.Pool().Exec(ctx, `UPDATE acting_requests SET beneficiary_id = $4, mandate_id = $5, procedure = $6, actions = $7, version = version + 1
		WHERE id = $1 AND version = $2 AND state = 'open' AND session_id = $3 AND expires_at > $8`,
		native(id, version, actor.Session, c.beneficiary, c.mandate, c.procedure, known(c.actions), st.Now())...)
	if err == nil && tag.RowsAffected() != 1 {
		return store.ErrNoRow
	}
	return err
}

// moveRequest ends a request that is held and open.
func moveRequest(tx *store.Tx, id uuid.UUID, to RequestState, authTime *time.Time, acr string) error {
	res, err := tx.SQL().ExecContext(tx.Context(), `UPDATE acting_requests SET state = $2, version = version + 1, auth_time = $3, acr = $4
		WHERE id = $1 AND state = 'open'`, id, string(to), authTime, acr)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(store.ErrStale, err)
	}
	return nil
}

func insertPushed(ctx context.Context, st *store.Store, client uuid.UUID, p Params, hash []byte, expires time.Time) error {
	params, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = st.Pool().Exec(ctx, `INSERT INTO pushed_requests (uri_hash, client_id, params, expires_at) VALUES ($1, $2, $3, $4)`,
		native(hash, client, params, expires)...)
	return err
}

func takePushed(ctx context.Context, st *store.Store, client uuid.UUID, hash []byte) (Params, error) {
	var raw []byte
	err := st.OneStatement(ctx, `UPDATE pushed_requests SET used_at = $3 WHERE uri_hash = $1 AND client_id = $2 AND used_at IS NULL AND expires_at > $3
		RETURNING params`, native(hash, client, st.Now()), &raw)
	if errors.Is(err, store.ErrNoRow) {
		return Params{}, problem.NotFound()
	}
	if err != nil {
		return Params{}, err
	}
	var p Params
	return p, json.Unmarshal(raw, &p)
}

// liveLines are lines of live mandates of an organisation over some procedures.
const liveLines = ` FROM mandates md JOIN grants g ON g.mandate_id = md.id JOIN beneficiaries b ON b.id = md.beneficiary_id
	WHERE md.organisation_id = $1 AND md.state = 'active' AND md.ends_at > $2 AND g.state = 'active' AND g.procedures && $3::text[]
	AND b.organisation_id = $1 AND b.erased_at IS NULL`

const personColumns = `b.id, b.given_names, b.family_name, b.usage_name, b.birth_date`

func scanPerson(id *pgtype.UUID, b *beneficiaries.Beneficiary, birth **time.Time) []any {
	return []any{id, &b.GivenNames, &b.FamilyName, &b.UsageName, birth}
}

func offeredOf(id pgtype.UUID, b beneficiaries.Beneficiary, birth *time.Time) Offered {
	o := Offered{Beneficiary: id.Bytes, Name: b.Name()}
	if birth != nil {
		o.BirthDate = *birth
	}
	return o
}

// linesOf are a person's live lines about what this request can be for; none
// for somebody of another organisation.
func (s *Service) linesOf(ctx context.Context, r Request, beneficiary uuid.UUID) ([]line, error) {
	st := s.commands.Store()
	rows, err := st.Pool().Query(ctx, `SELECT `+personColumns+`, md.id, md.ends_at, g.id, g.procedures, g.actions`+liveLines+`
		AND b.id = $4 ORDER BY md.signed_at DESC, g.id LIMIT 50`, native(r.organisation, st.Now(), s.offered(r.Client, r.Params), beneficiary)...)
	if err != nil {
		return nil, fmt.Errorf("load a person's mandates: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (line, error) {
		var l line
		var id, mandate, grant pgtype.UUID
		var b beneficiaries.Beneficiary
		var birth *time.Time
		var ends time.Time
		err := row.Scan(append(scanPerson(&id, &b, &birth), &mandate, &ends, &grant, &l.procedures, &l.actions)...)
		l.Offered = offeredOf(id, b, birth)
		l.Mandate, l.grant, l.EndsAt = mandate.Bytes, grant.Bytes, ends
		return l, err
	})
}

// mostWords of a search count: six find anybody.
const mostWords = 6

// search finds people by every word of a text, accents and case aside, and by
// a date of birth among them.
func (s *Service) search(ctx context.Context, r Request, text string) ([]Offered, error) {
	st := s.commands.Store()
	args := []any{r.organisation, st.Now(), s.offered(r.Client, r.Params)}
	var where strings.Builder
	if born, rest, ok := beneficiaries.BirthDateIn(text); ok {
		text = rest
		args = append(args, born)
		fmt.Fprintf(&where, " AND b.birth_date = $%d", len(args))
	}
	words := strings.Fields(text)
	for _, word := range words[:min(len(words), mostWords)] {
		args = append(args, "%"+store.EscapeLike(word)+"%")
		fmt.Fprintf(&where, " AND b.search LIKE relais_fold($%d)", len(args))
	}
	rows, err := st.Pool().Query(ctx, `SELECT `+personColumns+`, (array_agg(md.id ORDER BY md.ends_at))[1], min(md.ends_at)`+liveLines+where.String()+`
		GROUP BY b.id ORDER BY relais_fold(b.family_name), b.id LIMIT `+fmt.Sprint(mostOffered), native(args...)...)
	if err != nil {
		return nil, fmt.Errorf("search people to act for: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Offered, error) {
		var id, mandate pgtype.UUID
		var b beneficiaries.Beneficiary
		var birth *time.Time
		var ends time.Time
		err := row.Scan(append(scanPerson(&id, &b, &birth), &mandate, &ends)...)
		o := offeredOf(id, b, birth)
		o.Mandate, o.EndsAt = mandate.Bytes, ends
		return o, err
	})
}
