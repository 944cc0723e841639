package beneficiaries

import (
	"github.com/google/uuid"
	"gorm.io/gorm"
)

// codeIsLive says whether this keyed hash is of the mandate's live code.
func codeIsLive(db *gorm.DB, mandate uuid.UUID, hash []byte) (live bool, err error) {
	err = db.Raw(`SELECT EXISTS (SELECT FROM access_codes WHERE mandate_id = ? AND code_hash = ? AND revoked_at IS NULL)`, mandate, hash).Scan(&live).Error
	return live, err
}
