package beneficiaries

import (
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

func linkIdentity(tx *store.Tx, issuer, subject string, beneficiary uuid.UUID) (fresh bool, err error) {
	res := tx.DB().Exec(`INSERT INTO beneficiary_identities (issuer, subject, beneficiary_id, linked_at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING`,
		issuer, subject, beneficiary, tx.Now())
	return res.RowsAffected == 1, res.Error
}

// identityOwner finds the space an identity was linked to last.
func identityOwner(db *gorm.DB, issuer, subject string) (Beneficiary, error) {
	var r row
	err := db.Raw(`SELECT b.* FROM beneficiary_identities i JOIN beneficiaries b ON b.id = i.beneficiary_id
		WHERE i.issuer = ? AND i.subject = ? AND b.erased_at IS NULL ORDER BY i.linked_at DESC LIMIT 1`, issuer, subject).Scan(&r).Error
	return r.beneficiary(), err
}

// identityOwners are all the spaces an identity opens.
func identityOwners(tx *store.Tx, issuer, subject string) (ids []uuid.UUID, err error) {
	err = tx.DB().Raw(`SELECT beneficiary_id FROM beneficiary_identities WHERE issuer = ? AND subject = ? ORDER BY beneficiary_id`, issuer, subject).Scan(&ids).Error
	return ids, err
}

type identityRow struct{ Issuer, Subject string }

func identitiesOf(db *gorm.DB, beneficiary uuid.UUID) (rows []identityRow, err error) {
	err = db.Raw(`SELECT issuer, subject FROM beneficiary_identities WHERE beneficiary_id = ?`, beneficiary).Scan(&rows).Error
	return rows, err
}

func linksOf(db *gorm.DB, beneficiary uuid.UUID) (out []LinkedIdentity, err error) {
	err = db.Raw(`SELECT issuer, subject, linked_at AS since FROM beneficiary_identities WHERE beneficiary_id = ? ORDER BY linked_at, issuer, subject`, beneficiary).Scan(&out).Error
	return out, err
}

// spacesOf are by the organisation's name.
func spacesOf(db *gorm.DB, issuer, subject string) (out []Access, err error) {
	err = db.Raw(`SELECT b.id AS beneficiary, b.organisation_id AS organisation, b.language FROM beneficiary_identities i
		JOIN beneficiaries b ON b.id = i.beneficiary_id JOIN organisations o ON o.id = b.organisation_id
		WHERE i.issuer = ? AND i.subject = ? AND b.erased_at IS NULL ORDER BY o.name, b.id`, issuer, subject).Scan(&out).Error
	return out, err
}

// unlinkIdentities takes all of a person's away, with the sessions they opened
// but the one that asks.
func unlinkIdentities(tx *store.Tx, beneficiary, session uuid.UUID) (int64, error) {
	if err := tx.DB().Exec(`DELETE FROM web_sessions WHERE beneficiary_id = ? AND issuer_id <> '' AND id <> ?`, beneficiary, session).Error; err != nil {
		return 0, err
	}
	res := tx.DB().Exec(`DELETE FROM beneficiary_identities WHERE beneficiary_id = ?`, beneficiary)
	return res.RowsAffected, res.Error
}

func linkedSince(db *gorm.DB, beneficiary uuid.UUID) (time.Time, error) {
	var at sql.NullTime
	err := db.Raw(`SELECT min(linked_at) FROM beneficiary_identities WHERE beneficiary_id = ?`, beneficiary).Scan(&at).Error
	return at.Time, err
}
