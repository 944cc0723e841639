package beneficiaries

import (
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
)

// awaitTwin holds an id that is not a row yet until the transaction ends: of
// two who come with it at once, the second finds what the first made.
func awaitTwin(tx *store.Tx, id uuid.UUID) error {
	if err := tx.DB().Exec(`SELECT pg_advisory_xact_lock(hashtextextended('beneficiary ' || ?, 0))`, id.String()).Error; err != nil {
		return err
	}
	tx.Restamp()
	return nil
}
