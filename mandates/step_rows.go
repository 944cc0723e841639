package mandates

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog/ledger"
)

// stepFacts is everything a step is decided on, from one query.
type stepFacts struct {
	heldCase
	covers []cover
	// done is the step already logged with the same key by the same mediator.
	done uuid.UUID
	// corrects is the case of the step to be corrected.
	correctsCase uuid.UUID
}

// factsStatement reads, for each step to be decided, its case with every mandate
// that may cover it: $1 cases, $2 accounts, $3 idempotency keys, $4 steps to be
// corrected, one of each for each step, and $5 the most mandates. Mandates are
// found by the person: IS NOT DISTINCT FROM keeps the planner from reading the
// whole organisation's.
const factsStatement = `SELECT q.n, c.organisation_id, c.beneficiary_id, c.procedure, c.state, c.version, c.due_on, o.territory, o.pack, o.time_zone, o.state = 'active',
	(SELECT s.id FROM steps s WHERE s.organisation_id = c.organisation_id AND s.mediator_id = q.account AND s.idempotency_key = q.key),
	(SELECT s.case_id FROM steps s WHERE s.id = q.corrects),
	m.id, m.state, m.ends_at, m.first_used_at, m.signed_at, m.grant_id, m.grant_state, m.actions
	FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) WITH ORDINALITY AS q (of_case, account, key, corrects, n)
	JOIN cases c ON c.id = q.of_case JOIN organisations o ON o.id = c.organisation_id
	LEFT JOIN LATERAL (SELECT x.id, x.state, x.ends_at, x.first_used_at, x.signed_at, g.id AS grant_id, g.state AS grant_state, g.actions
		FROM mandates x LEFT JOIN grants g ON g.mandate_id = x.id AND c.procedure = ANY (g.procedures)
		WHERE x.beneficiary_id = c.beneficiary_id AND x.organisation_id IS NOT DISTINCT FROM c.organisation_id AND x.signed_at IS NOT NULL
		ORDER BY x.state = 'active' DESC, x.signed_at DESC, x.id LIMIT $5) m ON true`

// stepQuestion is whose step is to be decided.
type stepQuestion struct {
	of, account uuid.UUID
	key         string
	corrects    uuid.UUID
}

// loadStepFacts reads a case for a step, as it is now, or answers not found.
func (s *Service) loadStepFacts(ctx context.Context, account uuid.UUID, n NewStep) (stepFacts, error) {
	found, err := s.readStepFacts(ctx, []stepQuestion{{of: n.Case, account: account, key: n.IdempotencyKey, corrects: n.Corrects}})
	switch {
	case err != nil:
		return stepFacts{}, err
	case found[0].Organisation == uuid.Nil:
		return stepFacts{}, errNotThere
	}
	return found[0], nil
}

// readStepFacts reads for the steps that arrived together; the zero facts where
// there is no such case.
func (s *Service) readStepFacts(ctx context.Context, asked []stepQuestion) ([]stepFacts, error) {
	cases, accounts := make([]pgtype.UUID, len(asked)), make([]pgtype.UUID, len(asked))
	keys, corrects := make([]pgtype.Text, len(asked)), make([]pgtype.UUID, len(asked))
	out := make([]stepFacts, len(asked))
	for i, q := range asked {
		cases[i], accounts[i], corrects[i] = nativeID(q.of), nativeID(q.account), nativeID(q.corrects)
		keys[i] = pgtype.Text{String: q.key, Valid: q.key != ""}
		out[i].ID = q.of
	}
	rows, err := s.commands.Store().Hot().Query(ctx, factsStatement, cases, accounts, keys, corrects, maxCovers)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var r factsRow
	into := r.into()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r.addTo(&out[r.n-1])
	}
	for i := range out {
		sortCovers(out[i].covers)
	}
	return out, rows.Err()
}

// native gives ids in pgx's own type: as uuid.UUID each travels by way of its
// text, which costs a third of the program's time in a step.
func native(args ...any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case uuid.UUID:
			args[i] = pgtype.UUID{Bytes: v, Valid: true}
		case *uuid.UUID:
			args[i] = pgtype.UUID{Bytes: known(v), Valid: v != nil}
		}
	}
	return args
}

// nativeID is an id in pgx's own type; the nil one is NULL.
func nativeID(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != uuid.Nil} }

// factsRow is one row of factsStatement: a case, and one mandate or none.
type factsRow struct {
	n                                                         int64
	version                                                   int
	organisation, beneficiary, done, corrects, mandate, grant pgtype.UUID
	procedure, state, territory, pack, timeZone               string
	due                                                       pgtype.Date
	alive                                                     bool
	mandateState, grantState                                  pgtype.Text
	endsAt, used, signed                                      pgtype.Timestamptz
	actions                                                   []string
}

func (r *factsRow) into() []any {
	return []any{&r.n, &r.organisation, &r.beneficiary, &r.procedure, &r.state, &r.version, &r.due, &r.territory, &r.pack, &r.timeZone, &r.alive,
		&r.done, &r.corrects, &r.mandate, &r.mandateState, &r.endsAt, &r.used, &r.signed, &r.grant, &r.grantState, &r.actions}
}

func (r *factsRow) addTo(f *stepFacts) {
	f.Organisation, f.Beneficiary, f.Procedure, f.State, f.DueOn = r.organisation.Bytes, r.beneficiary.Bytes, r.procedure, CaseState(r.state), r.due.Time
	f.Version = r.version
	f.territory, f.pack, f.timeZone, f.alive = r.territory, r.pack, r.timeZone, r.alive
	f.done, f.correctsCase = r.done.Bytes, r.corrects.Bytes
	if !r.mandate.Valid {
		return
	}
	c := cover{mandate: r.mandate.Bytes, grant: r.grant.Bytes, state: State(r.mandateState.String), endsAt: r.endsAt.Time, used: r.used.Valid, signedAt: r.signed.Time}
	c.grantLive, c.actions = r.grantState.String == "active", slices.Clone(r.actions)
	f.covers = append(f.covers, c)
}

// heldQuery checks again, on rows it locks, everything that could have changed
// since the decision: mandate, line, case, organisation, mediator. It gives one
// row or none. The mandate comes first in the list of locks, as in every command
// that stops one: a step then waits for a revocation under way and, on the rows
// as they are after it, finds itself refused. The line is locked too because a
// newer mandate takes lines over without touching the row of the older one. The
// case is locked for its own steps to follow each other.
//
// State || ” keeps the planner off the partial indexes of live rows: while the
// tables are small it would prefer to read those through, and keep that plan.
//
// $1 mandate, $2 line, $3 case, $4 instant, $5 mediator, $6 action, $7 state of
// the case, $8 who acts, for row history.
const heldQuery = `SELECT c.id AS case_id, c.organisation_id, c.beneficiary_id, c.procedure, set_config('relais.acting', $8::text, true) AS acting
	FROM mandates m JOIN grants g ON g.mandate_id = m.id
	JOIN cases c ON c.organisation_id = m.organisation_id AND c.beneficiary_id = m.beneficiary_id
	JOIN organisations o ON o.id = m.organisation_id
	WHERE m.id = $1::uuid AND m.state || '' = 'active' AND m.ends_at > $4::timestamptz
	AND g.id = $2::uuid AND g.state || '' = 'active' AND $6::text = ANY (g.actions) AND c.procedure = ANY (g.procedures)
	AND c.id = $3::uuid AND c.state = $7::text AND o.state = 'active'
	AND EXISTS (SELECT FROM memberships k JOIN accounts a ON a.id = k.account_id WHERE k.account_id = $5::uuid AND k.organisation_id = m.organisation_id
		AND k.role = 'mediator' AND k.state = 'active' AND k.confirmed_at IS NOT NULL AND a.state = 'bound')
	FOR SHARE OF m, g FOR NO KEY UPDATE OF c`

// heldArgs are the arguments of heldQuery.
func (w stepWrite) heldArgs() []any {
	return []any{w.cover.mandate, w.cover.grant, w.ID, w.step.At, w.step.Mediator, w.step.Action, string(w.State), w.acting}
}

// stepValues are the step's own values, after those of heldQuery; the moved
// case's state and date close the list.
const stepValues = `$9::uuid, h.case_id, $1::uuid, h.organisation_id, h.beneficiary_id, $5::uuid, h.procedure, $6::text, $10::text, $11::text, $12::text,
	$13::boolean, $14::date, $15::uuid, $16::text, $4::timestamptz`

const insertStepInto = `INSERT INTO steps (id, case_id, mandate_id, organisation_id, beneficiary_id, mediator_id, procedure, action, outcome, receipt_number, note,
	present, due_on, corrects_id, idempotency_key, at) `

const onceByKey = ` ON CONFLICT (organisation_id, mediator_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`

func (w stepWrite) stepArgs() []any {
	s := w.step
	return append(w.heldArgs(), s.ID, s.Outcome, s.ReceiptNumber, s.Note, s.Present, optionalDay(s.DueOn), optional(s.Corrects), optionalText(w.key))
}

// moveArgs follow: whether the case moves, where to, and its date to watch.
func (w stepWrite) moveArgs() []any {
	return []any{w.moves(), string(w.to), optionalDay(w.due)}
}

const firstEventArg = 20

// stepStatement does the whole of a step: check again, insert the step, move
// the case if it moves, append the event. No row: something no longer holds, or
// the key was used by somebody quicker.
//
// The case is only touched when it changes: its row history is the dearest part.
var stepStatement = `WITH h AS MATERIALIZED (` + heldQuery + `),
	st AS (` + insertStepInto + `SELECT ` + stepValues + ` FROM h` + onceByKey + ` RETURNING id),
	moved AS (UPDATE cases SET state = $18::text, due_on = $19::date, version = version + 1 FROM h, st
		WHERE $17::boolean AND cases.id = h.case_id AND h.acting <> '')
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.InsertValues(firstEventArg) + ` FROM st RETURNING id`

// writeStep is the one statement; store.ErrNoRow when it may not be.
func writeStep(ctx context.Context, st *store.Store, w stepWrite, row ledger.Row) error {
	var event int64
	args := append(append(w.stepArgs(), w.moveArgs()...), row.Args()...)
	return st.OneStatement(ctx, stepStatement, native(args...), &event)
}

// writeFirstStep writes the first step under a mandate inside a command that
// holds its row; the command appends the event. store.ErrNoRow as above.
func writeFirstStep(tx *store.Tx, w stepWrite) error {
	var inserted uuid.UUID
	err := tx.SQL().QueryRowContext(tx.Context(), `WITH h AS MATERIALIZED (`+heldQuery+`) `+
		insertStepInto+`SELECT `+stepValues+` FROM h`+onceByKey+` RETURNING id`, w.stepArgs()...).Scan(&inserted)
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNoRow
	}
	if err != nil {
		return err
	}
	return w.follow(tx, true)
}

// usedBefore reports whether a step was ever done under a mandate.
func usedBefore(tx *store.Tx, mandate uuid.UUID) (used bool, err error) {
	err = tx.DB().Raw(`SELECT first_used_at IS NOT NULL FROM mandates WHERE id = ?`, mandate).Scan(&used).Error
	return used, err
}
