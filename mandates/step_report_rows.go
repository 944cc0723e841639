package mandates

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

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
