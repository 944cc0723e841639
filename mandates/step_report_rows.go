package mandates

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

// stepOfKey finds the step that a client reported before under a key, for the
// same mediator and the organisation of the case; uuid.Nil: none.
func stepOfKey(db *gorm.DB, r Reported, client uuid.UUID) (uuid.UUID, error) {
	return oneID(db.Raw(`SELECT id FROM steps WHERE mediator_id = ? AND idempotency_key = ? AND reported_by = ?
		AND organisation_id = (SELECT organisation_id FROM cases WHERE id = ?)`, r.Mediator, r.IdempotencyKey, client, r.Case))
}

// caseOfKey finds the case of the step that a client reported before under a
// key, of the organisation that the report names; uuid.Nil: none.
func caseOfKey(db *gorm.DB, r Reported, client uuid.UUID) (uuid.UUID, error) {
	return oneID(db.Raw(`SELECT case_id FROM steps WHERE organisation_id = ? AND mediator_id = ? AND idempotency_key = ? AND reported_by = ?`,
		r.Of.Organisation, r.Mediator, r.IdempotencyKey, client))
}

// openCaseOf finds the newest open case of an organisation about a person's
// procedure; uuid.Nil: none.
func openCaseOf(db *gorm.DB, of CaseOf) (uuid.UUID, error) {
	return oneID(db.Raw(`SELECT id FROM cases WHERE beneficiary_id = ? AND organisation_id = ? AND procedure = ? AND closed_at IS NULL
		ORDER BY opened_at DESC, id LIMIT 1`, of.Beneficiary, of.Organisation, of.Procedure))
}

// reportedStatement is that of a step at the screen, with the client ($17) that
// reported it.
var reportedStatement = `WITH h AS MATERIALIZED (` + heldQuery + `) ` + strings.TrimSuffix(insertStepInto, ") ") + `, reported_by) SELECT ` +
	stepValues + `, $17::uuid FROM h` + onceByKey + ` RETURNING id`

// insertReported writes the step and moves the case; store.ErrNoRow when
// something no longer holds or the key was just used.
func insertReported(tx *store.Tx, w stepWrite, first bool) error {
	var inserted uuid.UUID
	err := tx.SQL().QueryRowContext(tx.Context(), reportedStatement, append(w.stepArgs(), w.step.ReportedBy)...).Scan(&inserted)
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNoRow
	}
	if err != nil {
		return err
	}
	return w.follow(tx, first)
}

// follow moves the case after a step just inserted and, at the first one under
// a mandate, marks the mandate as used.
func (w stepWrite) follow(tx *store.Tx, first bool) error {
	if w.moves() {
		if err := store.ExpectOne(tx.DB().Table("cases").Where("id = ? AND state = ?", w.ID, string(w.State)).
			Updates(map[string]any{"state": string(w.to), "due_on": optionalDay(w.due), "version": gorm.Expr("version + 1")})); err != nil {
			return err
		}
	}
	if !first {
		return nil
	}
	return store.ExpectOne(tx.DB().Exec(`UPDATE mandates SET first_used_at = ? WHERE id = ? AND first_used_at IS NULL`, w.step.At, w.cover.mandate))
}
