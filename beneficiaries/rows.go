package beneficiaries

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/store"
)

type row struct {
	ID                uuid.UUID
	OrganisationID    uuid.UUID
	GivenNames        string
	FamilyName        string
	UsageName         string
	BirthDate         *time.Time
	BirthPlace        string
	Gender            string
	BirthPlaceCode    string
	BirthCountry      string
	Language          string
	Phone             string
	Email             string
	Address           string
	Channel           string
	IdentityCheck     string
	IdentityCheckedBy uuid.UUID
	IdentityCheckedAt time.Time
	Protection        string
	CreatedAt         time.Time
	CreatedBy         uuid.UUID
	ErasedAt          *time.Time
}

func (row) TableName() string { return "beneficiaries" }

func (r row) beneficiary() Beneficiary {
	b := Beneficiary{
		ID: r.ID, Organisation: r.OrganisationID, GivenNames: r.GivenNames, FamilyName: r.FamilyName, UsageName: r.UsageName,
		BirthPlace: r.BirthPlace, Codes: Codes{Gender: r.Gender, BirthPlace: r.BirthPlaceCode, Country: r.BirthCountry},
		Language: r.Language, Phone: r.Phone, Email: r.Email, Address: r.Address, Channel: r.Channel,
		IdentityCheck: r.IdentityCheck, IdentityCheckedBy: r.IdentityCheckedBy, IdentityCheckedAt: r.IdentityCheckedAt,
		Protection: r.Protection, CreatedAt: r.CreatedAt, Erased: r.ErasedAt != nil,
	}
	if r.BirthDate != nil {
		b.BirthDate = *r.BirthDate
	}
	return b
}

func (in Identity) columns() map[string]any {
	return map[string]any{
		"given_names": in.GivenNames, "family_name": in.FamilyName, "usage_name": in.UsageName,
		"birth_date": in.BirthDate, "birth_place": in.BirthPlace, "identity_check": in.IdentityCheck, "protection": in.Protection,
		"gender": in.Codes.Gender, "birth_place_code": in.Codes.BirthPlace, "birth_country": in.Codes.Country,
	}
}

func (c Contact) columns() map[string]any {
	return map[string]any{"phone": c.Phone, "email": c.Email, "address": c.Address, "channel": c.Channel, "language": c.Language}
}

func insert(tx *store.Tx, id, organisation, by uuid.UUID, n New) error {
	columns := n.Identity.columns()
	for k, v := range n.Contact.columns() {
		columns[k] = v
	}
	columns["id"], columns["organisation_id"] = id, organisation
	columns["identity_checked_by"], columns["identity_checked_at"] = by, tx.Now()
	columns["created_at"], columns["created_by"] = tx.Now(), by
	return store.ExpectOne(tx.DB().Table("beneficiaries").Create(columns))
}

func update(tx *store.Tx, id uuid.UUID, columns map[string]any) error {
	return store.ExpectOne(tx.DB().Model(&row{}).Where("id = ? AND erased_at IS NULL", id).Updates(columns))
}

// load reads one person; lock holds the row until the transaction ends.
func load(db *gorm.DB, id uuid.UUID, lock bool) (Beneficiary, error) {
	var r row
	q := db.Where("id = ?", id)
	if lock {
		q = db.Raw("SELECT * FROM beneficiaries WHERE id = ? FOR UPDATE", id)
		if err := q.Scan(&r).Error; err != nil {
			return Beneficiary{}, err
		}
		if r.ID == uuid.Nil {
			return Beneficiary{}, errNotThere
		}
		return r.beneficiary(), nil
	}
	err := store.First(q, &r)
	return r.beneficiary(), err
}

// matches are people of the organisation with the same birth date and a name
// that sounds alike, or the same phone.
func matches(db *gorm.DB, organisation uuid.UUID, n New) ([]Match, error) {
	var rows []row
	err := db.Raw(`SELECT * FROM beneficiaries WHERE organisation_id = ? AND erased_at IS NULL AND (
		(birth_date = ? AND similarity(search, relais_fold(?)) > 0.45)
		OR (phone <> '' AND phone = ? AND relais_fold(given_names) = relais_fold(?)))
		ORDER BY created_at LIMIT 5`,
		organisation, n.BirthDate, strings.Join([]string{n.GivenNames, n.FamilyName, n.UsageName}, " "), n.Phone, n.GivenNames).Scan(&rows).Error
	out := make([]Match, 0, len(rows))
	for _, r := range rows {
		b := r.beneficiary()
		out = append(out, Match{ID: b.ID, Name: b.Name(), BirthDate: b.BirthDate, Phone: n.Phone != "" && b.Phone == n.Phone})
	}
	return out, err
}

func insertAccessCode(tx *store.Tx, id, beneficiary, mandate uuid.UUID, hash []byte) error {
	if err := cancelCodes(tx, mandate); err != nil {
		return err
	}
	return tx.DB().Exec(`INSERT INTO access_codes (id, beneficiary_id, mandate_id, code_hash, created_at) VALUES (?,?,?,?,?)`,
		id, beneficiary, mandate, hash, tx.Now()).Error
}

func cancelCodes(tx *store.Tx, mandate uuid.UUID) error {
	// Whoever holds the old card may be reading this very moment.
	if err := tx.DB().Exec(`DELETE FROM web_sessions WHERE tier = 'card' AND beneficiary_id IN
		(SELECT c.beneficiary_id FROM access_codes c WHERE c.mandate_id = ? AND c.revoked_at IS NULL)`, mandate).Error; err != nil {
		return err
	}
	return tx.DB().Exec(`UPDATE access_codes SET revoked_at = ? WHERE mandate_id = ? AND revoked_at IS NULL`, tx.Now(), mandate).Error
}

// cancelCodesOf ends all the codes of a person, and what they opened.
func cancelCodesOf(tx *store.Tx, beneficiary uuid.UUID) (int64, error) {
	if err := tx.DB().Exec(`DELETE FROM web_sessions WHERE tier = 'card' AND beneficiary_id = ?`, beneficiary).Error; err != nil {
		return 0, err
	}
	res := tx.DB().Exec(`UPDATE access_codes SET revoked_at = ? WHERE beneficiary_id = ? AND revoked_at IS NULL`, tx.Now(), beneficiary)
	return res.RowsAffected, res.Error
}

func liveCodesOf(db *gorm.DB, beneficiary uuid.UUID) (n int64, err error) {
	err = db.Raw(`SELECT count(*) FROM access_codes WHERE beneficiary_id = ? AND revoked_at IS NULL`, beneficiary).Scan(&n).Error
	return n, err
}

// liveCode says how many live codes a mandate has (0 or 1).
func liveCode(db *gorm.DB, mandate uuid.UUID) (n int64, err error) {
	err = db.Raw(`SELECT count(*) FROM access_codes WHERE mandate_id = ? AND revoked_at IS NULL`, mandate).Scan(&n).Error
	return n, err
}

// mandateOf reads whose a mandate is, for cards only.
func mandateOf(db *gorm.DB, mandate uuid.UUID) (beneficiary, organisation uuid.UUID, state string, err error) {
	var r struct {
		BeneficiaryID, OrganisationID uuid.UUID
		State                         string
	}
	err = db.Raw(`SELECT beneficiary_id, organisation_id, state FROM mandates WHERE id = ? FOR SHARE`, mandate).Scan(&r).Error
	if err == nil && r.BeneficiaryID == uuid.Nil {
		err = errNotThere
	}
	return r.BeneficiaryID, r.OrganisationID, r.State, err
}

// codeOwner finds whose live code this is; the zero Beneficiary when nobody's.
func codeOwner(db *gorm.DB, hash []byte) (Beneficiary, error) {
	var r row
	err := db.Raw(`SELECT b.* FROM access_codes c JOIN beneficiaries b ON b.id = c.beneficiary_id
		WHERE c.code_hash = ? AND c.revoked_at IS NULL AND b.erased_at IS NULL`, hash).Scan(&r).Error
	return r.beneficiary(), err
}

// hit counts one more in the window of a key and gives the count.
func hit(tx *store.Tx, key []byte, window time.Duration) (hits int, err error) {
	// The key does not come first: GORM would read bytes after a parenthesis as
	// a list of values.
	err = tx.DB().Raw(`INSERT INTO rate_windows (started_at, key, hits) VALUES (?, ?, 1)
		ON CONFLICT (key, started_at) DO UPDATE SET hits = rate_windows.hits + 1 RETURNING hits`,
		tx.Now().Truncate(window), key).Scan(&hits).Error
	return hits, err
}

// takeBack takes one out of the window of a key.
func takeBack(tx *store.Tx, key []byte, window time.Duration) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE rate_windows SET hits = hits - 1 WHERE key = ? AND started_at = ?`, key, tx.Now().Truncate(window)))
}

func forget(tx *store.Tx, key []byte) error {
	return tx.DB().Exec(`DELETE FROM rate_windows WHERE key = ?`, key).Error
}

// SweepRates forgets windows that ended two days ago. A job runs it.
func SweepRates(ctx context.Context, st *store.Store) error {
	return st.Read(ctx).Exec(`DELETE FROM rate_windows WHERE started_at < ?`, st.Now().Add(-48*time.Hour)).Error
}

type phoneCodeRow struct {
	ID        uuid.UUID
	CodeHash  []byte
	Phone     string
	Failures  int
	ExpiresAt time.Time
}

// insertPhoneCode ends the earlier codes of the same purpose: one live code.
func insertPhoneCode(tx *store.Tx, c phoneCode) error {
	if err := tx.DB().Exec(`UPDATE phone_codes SET used_at = ? WHERE beneficiary_id = ? AND purpose = ? AND mandate_id IS NOT DISTINCT FROM ? AND used_at IS NULL`,
		tx.Now(), c.beneficiary, c.purpose, optional(c.mandate)).Error; err != nil {
		return err
	}
	return tx.DB().Exec(`INSERT INTO phone_codes (id, beneficiary_id, mandate_id, purpose, code_hash, phone, created_at, expires_at) VALUES (?,?,?,?,?,?,?,?)`,
		c.id, c.beneficiary, optional(c.mandate), c.purpose, c.hash, c.phone, tx.Now(), tx.Now().Add(c.life)).Error
}

// livePhoneCode locks the live code, or gives the zero row.
func livePhoneCode(tx *store.Tx, beneficiary, mandate uuid.UUID, purpose string) (phoneCodeRow, error) {
	var r phoneCodeRow
	err := tx.DB().Raw(`SELECT id, code_hash, phone, failures, expires_at FROM phone_codes
		WHERE beneficiary_id = ? AND purpose = ? AND mandate_id IS NOT DISTINCT FROM ? AND used_at IS NULL
		ORDER BY created_at DESC LIMIT 1 FOR UPDATE`, beneficiary, purpose, optional(mandate)).Scan(&r).Error
	return r, err
}

func failPhoneCode(tx *store.Tx, id uuid.UUID) error {
	return tx.DB().Exec(`UPDATE phone_codes SET failures = failures + 1 WHERE id = ?`, id).Error
}

func usePhoneCode(tx *store.Tx, id uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE phone_codes SET used_at = ? WHERE id = ? AND used_at IS NULL`, tx.Now(), id))
}

func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// organisationFacts is what this package needs of an organisation.
type organisationFacts struct {
	Name, Pack, TimeZone, Phone, Territory, State string
}

func loadOrganisation(db *gorm.DB, id uuid.UUID) (organisationFacts, error) {
	var o organisationFacts
	err := db.Raw(`SELECT name, pack, time_zone, phone, territory, state FROM organisations WHERE id = ?`, id).Scan(&o).Error
	if err == nil && o.Pack == "" {
		err = errNotThere
	}
	return o, err
}

// eraseRows empties the person's row and destroys what is theirs alone.
func eraseRows(tx *store.Tx, id uuid.UUID) (entries int64, err error) {
	steps := []string{
		`DELETE FROM web_sessions WHERE beneficiary_id = ?`, // with the provider's word on who they are
		`DELETE FROM access_codes WHERE beneficiary_id = ?`,
		`DELETE FROM beneficiary_identities WHERE beneficiary_id = ?`,
		`DELETE FROM phone_codes WHERE beneficiary_id = ? AND id NOT IN (SELECT phone_code_id FROM evidences WHERE phone_code_id IS NOT NULL)`,
		`UPDATE phone_codes SET phone = '' WHERE beneficiary_id = ?`,
		// What still waited has nobody to go to any more.
		`UPDATE messages SET recipient = '', subject = '', body = '', state = CASE state WHEN 'queued' THEN 'failed' ELSE state END
			WHERE beneficiary_id = ?`,
		`UPDATE disputes SET text = '-', answer = '' WHERE beneficiary_id = ?`,
		`UPDATE evidences SET content = NULL, strokes = NULL WHERE mandate_id IN (SELECT id FROM mandates WHERE beneficiary_id = ?)`,
		`UPDATE grants SET end_reason = '' WHERE beneficiary_id = ?`,
		`UPDATE mandates SET payload = NULL, jws = '', interpreter = '', draft = '{}', end_reason = '', suspended_reason = '' WHERE beneficiary_id = ?`,
	}
	for _, s := range steps {
		if err := tx.DB().Exec(s, id).Error; err != nil {
			return 0, err
		}
	}
	if err := update(tx, id, map[string]any{
		"given_names": "", "family_name": "", "usage_name": "", "birth_date": nil, "birth_place": "", "gender": "",
		"birth_place_code": "", "birth_country": "", "phone": "", "email": "", "address": "", "channel": "none", "protection": "none", "erased_at": tx.Now(),
	}); err != nil {
		return 0, err
	}
	if err := tx.DB().Exec(`UPDATE steps SET note = '', receipt_number = '' WHERE beneficiary_id = ? AND (note <> '' OR receipt_number <> '')`, id).Error; err != nil {
		return 0, err
	}
	err = tx.DB().Raw(`SELECT relais_erase_events(?)`, id).Scan(&entries).Error
	return entries, err
}

// liveMandates counts what still lets somebody act.
func liveMandates(db *gorm.DB, beneficiary uuid.UUID) (n int64, err error) {
	err = db.Raw(`SELECT count(*) FROM mandates WHERE beneficiary_id = ? AND state IN ('draft','presented','awaiting_signature','active','suspended')`, beneficiary).Scan(&n).Error
	return n, err
}
