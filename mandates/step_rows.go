package mandates

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"

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

// factsStatement reads a case with every mandate that may cover it ($1 case,
// $2 account, $3 idempotency key, $4 step to be corrected, $5 limit). Mandates
// are found by the person: IS NOT DISTINCT FROM keeps the planner from reading
// the whole organisation's.
const factsStatement = `SELECT c.organisation_id, c.beneficiary_id, c.procedure, c.state, c.due_on, o.territory, o.pack, o.time_zone, o.state = 'active',
	(SELECT s.id FROM steps s WHERE s.organisation_id = c.organisation_id AND s.mediator_id = $2 AND s.idempotency_key = $3),
	(SELECT s.case_id FROM steps s WHERE s.id = $4),
	m.id, m.state, m.ends_at, m.first_used_at, g.id, g.state, g.actions
	FROM cases c JOIN organisations o ON o.id = c.organisation_id
	LEFT JOIN mandates m ON m.beneficiary_id = c.beneficiary_id AND m.organisation_id IS NOT DISTINCT FROM c.organisation_id AND m.signed_at IS NOT NULL
	LEFT JOIN grants g ON g.mandate_id = m.id AND c.procedure = ANY (g.procedures)
	WHERE c.id = $1 ORDER BY m.state = 'active' DESC NULLS LAST, m.signed_at DESC, m.id LIMIT $5`

// loadStepFacts reads a case for a step, or answers not found.
func loadStepFacts(ctx context.Context, st *store.Store, account uuid.UUID, n NewStep) (stepFacts, error) {
	f := stepFacts{}
	f.ID = n.Case
	rows, err := st.Pool().Query(ctx, factsStatement, native(n.Case, account, optionalText(n.IdempotencyKey), optional(n.Corrects), maxCovers)...)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	found := false
	for rows.Next() {
		found = true
		if err := f.scan(rows); err != nil {
			return f, err
		}
	}
	if err := rows.Err(); err != nil {
		return f, err
	}
	if !found {
		return f, errNotThere
	}
	return f, nil
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

func (f *stepFacts) scan(row pgx.Rows) error {
	var due, endsAt, used *time.Time
	var organisation, beneficiary, done, corrects, mandate, grant pgtype.UUID
	var state string
	var mandateState, grantState *string
	var actions []string
	err := row.Scan(&organisation, &beneficiary, &f.Procedure, &state, &due, &f.territory, &f.pack, &f.timeZone, &f.alive,
		&done, &corrects, &mandate, &mandateState, &endsAt, &used, &grant, &grantState, &actions)
	if err != nil {
		return err
	}
	f.Organisation, f.Beneficiary, f.done, f.correctsCase = organisation.Bytes, beneficiary.Bytes, done.Bytes, corrects.Bytes
	f.State, f.DueOn = CaseState(state), at(due)
	if !mandate.Valid {
		return nil
	}
	c := cover{mandate: mandate.Bytes, grant: grant.Bytes, state: State(*mandateState), endsAt: at(endsAt), used: used != nil, actions: actions}
	c.grantLive = grantState != nil && *grantState == "active"
	f.covers = append(f.covers, c)
	return nil
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
	if err == nil && w.moves() {
		err = store.ExpectOne(tx.DB().Table("cases").Where("id = ? AND state = ?", w.ID, string(w.State)).
			Updates(map[string]any{"state": string(w.to), "due_on": optionalDay(w.due), "version": gorm.Expr("version + 1")}))
	}
	if err != nil {
		return err
	}
	return store.ExpectOne(tx.DB().Exec(`UPDATE mandates SET first_used_at = ? WHERE id = ? AND first_used_at IS NULL`, w.step.At, w.cover.mandate))
}

// usedBefore reports whether a step was ever done under a mandate.
func usedBefore(tx *store.Tx, mandate uuid.UUID) (used bool, err error) {
	err = tx.DB().Raw(`SELECT first_used_at IS NOT NULL FROM mandates WHERE id = ?`, mandate).Scan(&used).Error
	return used, err
}
