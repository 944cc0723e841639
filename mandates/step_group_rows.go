package mandates

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/translog/ledger"
)

// stepsHeld is heldQuery for several steps that leave their cases as they are:
// the same conditions on the same locks, but that one version stands for all of
// account, membership and organisation, training and charter too: whatever the
// actor's authority was found on is as it was. Where the session was supposed, not
// read, it too is there and as it was. It waits for nobody: a step whose
// mandate, line or case somebody else holds just now is left out, so that one
// revocation under way never keeps the others waiting. Whoever was left out
// asks alone, and waits.
const stepsHeld = `SELECT q.*, c.organisation_id, c.beneficiary_id, c.procedure
	FROM q JOIN mandates m ON m.id = q.mandate AND m.state || '' = 'active' AND m.ends_at > q.at
	JOIN grants g ON g.id = q.line AND g.mandate_id = m.id AND g.state || '' = 'active' AND q.action = ANY (g.actions)
	JOIN cases c ON c.id = q.of_case AND c.organisation_id = m.organisation_id AND c.beneficiary_id = m.beneficiary_id
		AND c.version = q.version AND c.procedure = ANY (g.procedures)
	JOIN standings v ON v.account_id = q.mediator AND v.version = q.standing
	WHERE q.session IS NULL OR EXISTS (SELECT FROM web_sessions w WHERE w.id = q.session AND w.xmin = q.session_row)
	FOR SHARE OF m, g SKIP LOCKED FOR NO KEY UPDATE OF c SKIP LOCKED`

// stepColumnTypes are the columns of q that are the steps' own, before those of
// their entries.
var stepColumnTypes = []string{
	"mandate uuid", "line uuid", "of_case uuid", "at timestamptz", "mediator uuid", "standing bigint", "action text", "version int",
	"id uuid", "outcome text", "receipt_number text", "note text", "present boolean", "due_on date", "corrects uuid", "key text",
	"session uuid", "session_row int",
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

func stepsArgs(asked []preparedStep) []any {
	n := len(asked)
	var (
		ids                                           [7][]pgtype.UUID
		texts                                         [5][]pgtype.Text
		version                                       = make([]int32, n)
		standing, sessionRow                          = make([]int64, n), make([]int32, n)
		ats                                           = make([]pgtype.Timestamptz, n)
		present                                       = make([]bool, n)
		due                                           = make([]pgtype.Date, n)
		entries                                       = make([]ledger.Row, n)
		mandate, line, of, mediator, id, corrects     = 0, 1, 2, 3, 4, 5
		session                                       = 6
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
		texts[action][i], texts[outcome][i], version[i] = given(s.Action), given(s.Outcome), int32(p.Version)
		texts[receiptNumber][i], texts[noteText][i], texts[key][i] = given(s.ReceiptNumber), given(s.Note), pgtype.Text{String: p.key, Valid: p.key != ""}
		standing[i] = p.standing
		ids[session][i], sessionRow[i] = nativeID(p.held.id), int32(p.held.row) // bit by bit: PostgreSQL compares a transaction's number with an int4 so
		ats[i], present[i] = pgtype.Timestamptz{Time: s.At, Valid: true}, s.Present
		due[i] = pgtype.Date{Time: s.DueOn, Valid: !s.DueOn.IsZero()}
		entries[i] = p.entry
	}
	args := []any{
		ids[mandate], ids[line], ids[of], ats, ids[mediator], standing, texts[action], version,
		ids[id], texts[outcome], texts[receiptNumber], texts[noteText], present, due, ids[corrects], texts[key],
		ids[session], sessionRow,
	}
	return append(args, ledger.ArrayArgs(entries)...)
}

func given(s string) pgtype.Text { return pgtype.Text{String: s, Valid: true} }
