package mandates

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// mandatesAfter are a person's mandates older than a mark, newest first; the
// zero mark is before the newest.
func mandatesAfter(db *gorm.DB, beneficiary uuid.UUID, after ownMark, limit int) ([]Mandate, error) {
	var at *time.Time
	if !after.at.IsZero() {
		at = &after.at
	}
	return scanMandates(db.Raw("SELECT "+mandateColumns+` WHERE m.beneficiary_id = ?
		AND (?::timestamptz IS NULL OR m.created_at < ?::timestamptz OR (m.created_at = ?::timestamptz AND m.id > ?))
		ORDER BY m.created_at DESC, m.id LIMIT ?`, beneficiary, at, at, at, after.id, limit))
}

// casesAfter are a person's cases opened before a mark, newest first; the zero
// mark is before the newest.
func casesAfter(db *gorm.DB, beneficiary uuid.UUID, after ownMark, limit int) ([]heldCase, error) {
	var at *time.Time
	if !after.at.IsZero() {
		at = &after.at
	}
	return scanCases(db.Raw("SELECT "+caseColumns+` WHERE c.beneficiary_id = ? AND b.erased_at IS NULL
		AND (?::timestamptz IS NULL OR c.opened_at < ?::timestamptz OR (c.opened_at = ?::timestamptz AND c.id > ?))
		ORDER BY c.opened_at DESC, c.id LIMIT ?`, beneficiary, at, at, at, after.id, limit))
}

// keptOf is all that is kept of how a mandate was agreed to.
func keptOf(db *gorm.DB, mandate uuid.UUID) ([]Kept, error) {
	all, err := loadEvidences(db, mandate)
	if err != nil {
		return nil, err
	}
	out := make([]Kept, len(all))
	for i, e := range all {
		var row struct {
			Content []byte
			Strokes *string
		}
		if err := db.Raw(`SELECT content, strokes::text AS strokes FROM evidences WHERE mandate_id = ? AND id = ?`, mandate, e.ID).Scan(&row).Error; err != nil {
			return nil, err
		}
		out[i] = Kept{Evidence: e, Content: row.Content}
		if row.Strokes != nil {
			out[i].Strokes = []byte(*row.Strokes)
		}
	}
	return out, nil
}
