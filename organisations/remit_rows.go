package organisations

import (
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
)

// remitRow is one line of remits.
type remitRow struct {
	ID             uuid.UUID
	AccountID      uuid.UUID
	OrganisationID uuid.NullUUID
	Territory      string
	Ended          bool
}

const remitColumns = `id, account_id, organisation_id, coalesce(territory, '') AS territory, ended_at IS NOT NULL AS ended`

func lockRemit(tx *store.Tx, id uuid.UUID) (remitRow, error) {
	return scanOne[remitRow](tx, `SELECT `+remitColumns+` FROM remits WHERE id = ? FOR NO KEY UPDATE`, id)
}

// hasRemit reports whether this very remit holds already. The account's row
// MUST be locked.
func hasRemit(tx *store.Tx, r remitRow) (bool, error) {
	row, err := scanOne[struct{ Holds bool }](tx, `SELECT EXISTS (SELECT FROM remits WHERE account_id = ? AND ended_at IS NULL
		AND organisation_id IS NOT DISTINCT FROM ?::uuid AND territory IS NOT DISTINCT FROM nullif(?, '')) AS holds`,
		r.AccountID, r.OrganisationID, r.Territory)
	return row.Holds, err
}

func insertRemit(tx *store.Tx, r remitRow, by uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO remits (id, account_id, organisation_id, territory, granted_by, granted_at)
		VALUES (?, ?, ?, nullif(?, ''), ?, ?)`, r.ID, r.AccountID, r.OrganisationID, r.Territory, by, tx.Now()))
}

func endRemit(tx *store.Tx, id uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE remits SET ended_at = ? WHERE id = ? AND ended_at IS NULL`, tx.Now(), id))
}

// insertOperator makes an account an operator, again if it once was; false if
// it is one.
func insertOperator(tx *store.Tx, account uuid.UUID) (bool, error) {
	res := tx.DB().Exec(`INSERT INTO operators (account_id, granted_at) VALUES (?, ?)
		ON CONFLICT (account_id) DO UPDATE SET granted_at = excluded.granted_at, granted_by = NULL, ended_at = NULL
		WHERE operators.ended_at IS NOT NULL`, account, tx.Now())
	return res.RowsAffected == 1, res.Error
}

// endOperator ends the right, unless nobody else who can sign in has it.
func endOperator(tx *store.Tx, account uuid.UUID) error {
	// The lock makes two ends at once wait for each other.
	if err := tx.DB().Exec(`SELECT FROM operators WHERE ended_at IS NULL ORDER BY account_id FOR UPDATE`).Error; err != nil {
		return err
	}
	return store.ExpectOne(tx.DB().Exec(`UPDATE operators SET ended_at = ? WHERE account_id = ? AND ended_at IS NULL
		AND EXISTS (SELECT FROM operators o JOIN accounts a ON a.id = o.account_id
			WHERE o.ended_at IS NULL AND a.state = 'bound' AND o.account_id <> ?)`, tx.Now(), account, account))
}
