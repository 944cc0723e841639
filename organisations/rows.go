package organisations

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// words is a text[] column: written as JSON that the statement takes apart,
// read from to_json.
type words []string

// Value writes it.
func (w words) Value() (driver.Value, error) {
	b, err := json.Marshal([]string(append(words{}, w...)))
	return string(b), err
}

// Scan reads it.
func (w *words) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), (*[]string)(w))
	case []byte:
		return json.Unmarshal(v, (*[]string)(w))
	}
	return fmt.Errorf("organisations: %T is not a list of words", src)
}

const organisationColumns = `id, name, kind, pack, time_zone, territory, address, city, phone, email, state,
	coalesce(suspended_reason, '') AS suspended_reason, to_json(allowed_themes)::text AS themes, created_at`

// organisationRow is one line of organisations.
type organisationRow struct {
	ID              uuid.UUID
	Name, Kind      string
	Pack, TimeZone  string
	Territory       string
	Address, City   string
	Phone, Email    string
	State           OrganisationState
	SuspendedReason string
	Themes          words
	CreatedAt       time.Time
}

func (r organisationRow) organisation() Organisation {
	return Organisation{
		ID: r.ID, Name: r.Name, Kind: r.Kind, Pack: r.Pack, TimeZone: r.TimeZone, Territory: r.Territory,
		Address: r.Address, City: r.City, Phone: r.Phone, Email: r.Email, State: r.State,
		SuspendedReason: r.SuspendedReason, AllowedThemes: r.Themes, CreatedAt: r.CreatedAt,
	}
}

// loadOrganisation reads one, without a lock.
func loadOrganisation(tx *store.Tx, id uuid.UUID) (organisationRow, error) {
	return scanOne[organisationRow](tx, `SELECT `+organisationColumns+` FROM organisations WHERE id = ?`, id)
}

// lockOrganisation reads one and holds it until the end: everything that
// counts or changes memberships goes through here, so the last referent cannot
// leave twice at once. Mandates and steps that refer to it do not wait.
func lockOrganisation(tx *store.Tx, id uuid.UUID) (organisationRow, error) {
	return scanOne[organisationRow](tx, `SELECT `+organisationColumns+` FROM organisations WHERE id = ? FOR NO KEY UPDATE`, id)
}

func insertOrganisation(tx *store.Tx, r organisationRow) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO organisations
		(id, name, kind, pack, time_zone, territory, address, city, phone, email, state, allowed_themes, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ARRAY(SELECT jsonb_array_elements_text(?::jsonb)), ?)`,
		r.ID, r.Name, r.Kind, r.Pack, r.TimeZone, r.Territory, r.Address, r.City, r.Phone, r.Email, r.State, r.Themes, r.CreatedAt))
}

func updateOrganisation(tx *store.Tx, r organisationRow) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE organisations SET name = ?, kind = ?, time_zone = ?, territory = ?,
		address = ?, city = ?, phone = ?, email = ?, allowed_themes = ARRAY(SELECT jsonb_array_elements_text(?::jsonb))
		WHERE id = ? AND pack = ?`,
		r.Name, r.Kind, r.TimeZone, r.Territory, r.Address, r.City, r.Phone, r.Email, r.Themes, r.ID, r.Pack))
}

// moveOrganisation changes its state; an empty reason clears it.
func moveOrganisation(tx *store.Tx, id uuid.UUID, from, to OrganisationState, why string) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE organisations SET state = ?, suspended_reason = nullif(?, '')
		WHERE id = ? AND state = ?`, to, why, id, from))
}

const accountColumns = `id, name, email, coalesce(issuer, '') AS issuer, coalesce(subject, '') AS subject, state, language`

// accountRow is one line of accounts.
type accountRow struct {
	ID              uuid.UUID
	Name, Email     string
	Issuer, Subject string
	State           AccountState
	Language        string
}

func (r accountRow) account() Account {
	return Account{ID: r.ID, Name: r.Name, Email: r.Email, State: r.State, Language: r.Language}
}

func (r accountRow) is(id Identity) bool {
	return r.Issuer != "" && r.Issuer == id.Issuer && r.Subject == id.Subject
}

func loadAccount(tx *store.Tx, id uuid.UUID) (accountRow, error) {
	return scanOne[accountRow](tx, `SELECT `+accountColumns+` FROM accounts WHERE id = ?`, id)
}

func lockAccount(tx *store.Tx, id uuid.UUID) (accountRow, error) {
	return scanOne[accountRow](tx, `SELECT `+accountColumns+` FROM accounts WHERE id = ? FOR NO KEY UPDATE`, id)
}

// lockAccountByEmail finds the account that is not ended with this address.
func lockAccountByEmail(tx *store.Tx, email string) (accountRow, error) {
	return scanOne[accountRow](tx, `SELECT `+accountColumns+` FROM accounts
		WHERE lower(email) = lower(?) AND state <> 'ended' FOR NO KEY UPDATE`, email)
}

// insertAccount adds an invited account, unless one with this address was
// quicker: then false.
func insertAccount(tx *store.Tx, r accountRow, at time.Time) (bool, error) {
	res := tx.DB().Exec(`INSERT INTO accounts (id, name, email, state, language, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (lower(email)) WHERE state <> 'ended' DO NOTHING`, r.ID, r.Name, r.Email, r.State, r.Language, at)
	return res.RowsAffected == 1, res.Error
}

// bindAccount gives an invited account to one identity, once.
func bindAccount(tx *store.Tx, id uuid.UUID, to Identity) error {
	res, err := tx.SQL().ExecContext(tx.Context(), `UPDATE accounts SET issuer = $1, subject = $2, state = 'bound', bound_at = $3
		WHERE id = $4 AND state = 'invited'`, to.Issuer, to.Subject, tx.Now(), id)
	if store.IsUnique(err, "accounts_identity") {
		return store.ErrStale // the same identity was bound by another request
	}
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, store.ErrStale)
	}
	return nil
}

// moveAccount suspends or resumes an account; an empty reason clears it.
func moveAccount(tx *store.Tx, id uuid.UUID, from, to AccountState, why string) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE accounts SET state = ?,
		suspended_at = CASE WHEN ?::text = 'suspended' THEN ?::timestamptz END, suspended_reason = nullif(?, '')
		WHERE id = ? AND state = ?`, to, string(to), tx.Now(), why, id, from))
}

// invitationRow is one line of invitations.
type invitationRow struct {
	ID, Account uuid.UUID
	Membership  uuid.NullUUID
	Email       string
	InvitedBy   uuid.NullUUID
	ExpiresAt   time.Time
	AcceptedAt  *time.Time
}

func insertInvitation(tx *store.Tx, r invitationRow) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO invitations
		(id, account_id, membership_id, email, invited_by, created_at, expires_at, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Account, r.Membership, r.Email, r.InvitedBy, tx.Now(), r.ExpiresAt, r.AcceptedAt))
}

// acceptInvitations answers every invitation of the account that still holds,
// and activates the memberships that an operator confirmed in advance.
func acceptInvitations(tx *store.Tx, account uuid.UUID) (accepted int64, activated []uuid.UUID, err error) {
	res := tx.DB().Exec(`UPDATE invitations SET accepted_at = ? WHERE account_id = ? AND accepted_at IS NULL AND expires_at > ?`,
		tx.Now(), account, tx.Now())
	if res.Error != nil || res.RowsAffected == 0 {
		return 0, nil, res.Error
	}
	err = tx.DB().Raw(`UPDATE memberships m SET state = 'active' WHERE m.account_id = ? AND m.state = 'invited'
		AND m.confirmed_at IS NOT NULL AND EXISTS (SELECT FROM invitations i WHERE i.membership_id = m.id AND i.accepted_at = ?)
		RETURNING m.id`, account, tx.Now()).Scan(&activated).Error
	return res.RowsAffected, activated, err
}

// countInvitations counts those of a day, by an account (or by the command
// line, the nil UUID) and to an account.
func countInvitations(tx *store.Tx, by, to uuid.UUID) (sent, received int, err error) {
	row, err := scanOne[struct{ Sent, Received int }](tx, `SELECT
		count(*) FILTER (WHERE coalesce(invited_by, '00000000-0000-0000-0000-000000000000') = ?) AS sent,
		count(*) FILTER (WHERE account_id = ?) AS received
		FROM invitations WHERE created_at > ?`, by, to, tx.Now().Add(-24*time.Hour))
	return row.Sent, row.Received, err
}

// scanOne reads one row; none is problem.NotFound.
func scanOne[T any](tx *store.Tx, query string, args ...any) (T, error) {
	var row T
	err := store.First(tx.DB().Raw(query, args...), &row)
	return row, err
}

// absent reports the one error that stands for "no such row".
func absent(err error) bool { return problem.Is(err, "not_found") }

// nullID is NULL for the nil UUID.
func nullID(id uuid.UUID) uuid.NullUUID {
	return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil}
}

// accountOfIdentity is the account bound to an identity, zero when there is none.
func accountOfIdentity(tx *store.Tx, issuer, subject string) (uuid.UUID, error) {
	var id uuid.NullUUID
	err := tx.DB().Raw(`SELECT id FROM accounts WHERE issuer = ? AND subject = ?`, issuer, subject).Scan(&id).Error
	return id.UUID, err
}

// activeReferents are those who can act for an organisation now.
func activeReferents(tx *store.Tx, organisation uuid.UUID) ([]Account, error) {
	var rows []accountRow
	err := tx.DB().Raw(`SELECT a.id, a.name, a.email, a.state, a.language FROM accounts a WHERE a.state = 'bound' AND EXISTS (SELECT FROM memberships m
		WHERE m.account_id = a.id AND m.organisation_id = ? AND m.role = 'referent' AND m.state = 'active') ORDER BY a.id`, organisation).Scan(&rows).Error
	out := make([]Account, len(rows))
	for i, r := range rows {
		out[i] = r.account()
	}
	return out, err
}
