package mandates

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/translog/ledger"
)

const (
	// stepsTogether bounds how many steps one statement reads for, or writes.
	stepsTogether = 64
	// stepsAtOnce bounds how many such runs are under way: while one commit
	// becomes durable the next gathers.
	stepsAtOnce = 1
)

// askedStep is a step as it was asked for.
type askedStep struct {
	actor authz.Actor
	NewStep
}

// preparedStep is a step decided, with its entry sealed.
type preparedStep struct {
	stepWrite
	standing int64 // of the actor
	entry    ledger.Row
	place    int // among those asked
}

// logSteps is the group's run: it writes what can be written together, and gives
// nil for each step that is to be looked at alone.
func (s *Service) logSteps(ctx context.Context, asked []askedStep) ([]*Step, error) {
	facts, err := s.stepFactsOf(ctx, asked)
	if lost(err) != nil {
		return nil, fmt.Errorf("load the cases: %w", err)
	}
	if err != nil { // one of them spoilt the question: each asks alone
		return make([]*Step, len(asked)), nil //nolint:nilerr // each step is tried alone, and meets its own fault
	}
	env := s.commands.Store().Env()
	ready := make([]preparedStep, 0, len(asked))
	for i, a := range asked {
		f := facts[i]
		if f.Organisation == uuid.Nil || f.done != uuid.Nil {
			continue
		}
		w, refused := s.judgeStep(a.actor, f, a.NewStep)
		if refused != nil || !w.cover.used || w.moves() {
			continue
		}
		w.step.ID = env.NewID()
		entry, err := w.seal(env, a.actor)
		if err != nil {
			continue // alone it meets this fault, and spoils nobody's step
		}
		ready = append(ready, preparedStep{stepWrite: w, standing: a.actor.Standing, entry: entry, place: i})
	}
	out := make([]*Step, len(asked))
	if len(ready) > 0 {
		err = s.writeSteps(ctx, ready, out)
	}
	for i, a := range asked {
		if out[i] == nil { // whatever kept it from being written is read anew
			s.known.drop(a.Case)
		}
	}
	return out, err
}

// stepFactsOf gives the facts of the steps: those known, the others from one query.
func (s *Service) stepFactsOf(ctx context.Context, asked []askedStep) ([]stepFacts, error) {
	facts := make([]stepFacts, len(asked))
	var questions []stepQuestion
	var places []int
	for i, a := range asked {
		var known bool
		if facts[i], known = s.known.of(a); !known {
			questions = append(questions, stepQuestion{of: a.Case, account: a.actor.Account, key: a.IdempotencyKey, corrects: a.Corrects})
			places = append(places, i)
		}
	}
	if len(questions) == 0 {
		return facts, nil
	}
	read, err := s.readStepFacts(ctx, questions)
	for n, f := range read {
		i := places[n]
		facts[i] = f
		s.known.keep(asked[i].actor, f)
	}
	return facts, err
}

// stepsHeld is heldQuery for several steps that leave their cases as they are:
// the same conditions on the same locks, but that one version stands for all of
// account, membership and organisation, training and charter too: whatever the
// actor's authority was found on is as it was. It waits for nobody: a step whose
// mandate, line or case somebody else holds just now is left out, so that one
// revocation under way never keeps the others waiting. Whoever was left out
// asks alone, and waits.
const stepsHeld = `SELECT q.*, c.organisation_id, c.beneficiary_id, c.procedure
	FROM q JOIN mandates m ON m.id = q.mandate AND m.state || '' = 'active' AND m.ends_at > q.at
	JOIN grants g ON g.id = q.line AND g.mandate_id = m.id AND g.state || '' = 'active' AND q.action = ANY (g.actions)
	JOIN cases c ON c.id = q.of_case AND c.organisation_id = m.organisation_id AND c.beneficiary_id = m.beneficiary_id
		AND c.version = q.version AND c.procedure = ANY (g.procedures)
	JOIN standings v ON v.account_id = q.mediator AND v.version = q.standing
	FOR SHARE OF m, g SKIP LOCKED FOR NO KEY UPDATE OF c SKIP LOCKED`

// stepColumnTypes are the columns of q that are the steps' own, before those of
// their entries.
var stepColumnTypes = []string{
	"mandate uuid", "line uuid", "of_case uuid", "at timestamptz", "mediator uuid", "standing bigint", "action text", "version int",
	"id uuid", "outcome text", "receipt_number text", "note text", "present boolean", "due_on date", "corrects uuid", "key text",
}

// stepsStatement is stepStatement for several steps: one plan started, one
// commit made durable. It gives the steps that were written.
var stepsStatement = func() string {
	names, arrays := make([]string, len(stepColumnTypes)), make([]string, len(stepColumnTypes))
	for i, c := range stepColumnTypes {
		name, kind, _ := strings.Cut(c, " ")
		names[i], arrays[i] = name, ledger.ArrayPlaceholder(i+1, kind)
	}
	from := "unnest(" + strings.Join(arrays, ", ") + ", " + ledger.InsertArrays(len(arrays)+1) + ") AS q (" + strings.Join(names, ", ") + ", " + ledger.ArrayNames("e") + ")"
	return `WITH h AS MATERIALIZED (` + strings.Replace(stepsHeld, "FROM q JOIN", "FROM "+from+" JOIN", 1) + `),
	st AS (` + insertStepInto + `SELECT h.id, h.of_case, h.mandate, h.organisation_id, h.beneficiary_id, h.mediator, h.procedure, h.action, h.outcome,
		h.receipt_number, h.note, h.present, h.due_on, h.corrects, h.key, h.at FROM h` + onceByKey + ` RETURNING id)
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.ArrayNames("h.e") + ` FROM h WHERE h.id IN (SELECT id FROM st) RETURNING step_id`
}()

// writeSteps writes decided steps in one statement, and puts those written in
// their places. A fault that PostgreSQL found in any undoes all: then none was
// written, and each is tried alone, where it meets its own fault or none. After
// a connection lost nobody knows what was written: that is everybody's error.
func (s *Service) writeSteps(ctx context.Context, ready []preparedStep, out []*Step) error {
	rows, err := s.commands.Store().Hot().Query(ctx, stepsStatement, stepsArgs(ready)...)
	if err != nil {
		return lost(err)
	}
	var id pgtype.UUID
	var written []pgtype.UUID
	if _, err = pgx.ForEachRow(rows, []any{&id}, func() error { written = append(written, id); return nil }); err != nil {
		return lost(err)
	}
	for _, p := range ready {
		if slices.ContainsFunc(written, func(id pgtype.UUID) bool { return id.Bytes == p.step.ID }) {
			out[p.place] = &p.step
		}
	}
	return nil
}

// lost keeps only what leaves it unknown whether the steps were written.
func lost(err error) error {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Severity == "ERROR" {
		return nil
	}
	return err
}

func stepsArgs(asked []preparedStep) []any {
	n := len(asked)
	var (
		ids                                           [6][]pgtype.UUID
		texts                                         [5][]pgtype.Text
		version                                       = make([]int32, n)
		standing                                      = make([]int64, n)
		ats                                           = make([]pgtype.Timestamptz, n)
		present                                       = make([]bool, n)
		due                                           = make([]pgtype.Date, n)
		entries                                       = make([]ledger.Row, n)
		mandate, line, of, mediator, id, corrects     = 0, 1, 2, 3, 4, 5
		action, outcome, receiptNumber, noteText, key = 0, 1, 2, 3, 4
	)
	for i := range ids {
		ids[i] = make([]pgtype.UUID, n)
	}
	for i := range texts {
		texts[i] = make([]pgtype.Text, n)
	}
	for i, p := range asked {
		s := p.step
		ids[mandate][i], ids[line][i], ids[of][i] = nativeID(p.cover.mandate), nativeID(p.cover.grant), nativeID(p.ID)
		ids[mediator][i], ids[id][i], ids[corrects][i] = nativeID(s.Mediator), nativeID(s.ID), nativeID(s.Corrects)
		texts[action][i], texts[outcome][i], version[i] = given(s.Action), given(s.Outcome), int32(p.Version) //nolint:gosec // an int of PostgreSQL
		texts[receiptNumber][i], texts[noteText][i], texts[key][i] = given(s.ReceiptNumber), given(s.Note), pgtype.Text{String: p.key, Valid: p.key != ""}
		standing[i] = p.standing
		ats[i], present[i] = pgtype.Timestamptz{Time: s.At, Valid: true}, s.Present
		due[i] = pgtype.Date{Time: s.DueOn, Valid: !s.DueOn.IsZero()}
		entries[i] = p.entry
	}
	args := []any{
		ids[mandate], ids[line], ids[of], ats, ids[mediator], standing, texts[action], version,
		ids[id], texts[outcome], texts[receiptNumber], texts[noteText], present, due, ids[corrects], texts[key],
	}
	return append(args, ledger.ArrayArgs(entries)...)
}

func given(s string) pgtype.Text { return pgtype.Text{String: s, Valid: true} }
