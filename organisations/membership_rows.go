package organisations

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store"
)

// membershipRow is one line of memberships.
type membershipRow struct {
	ID             uuid.UUID
	AccountID      uuid.UUID
	OrganisationID uuid.UUID
	Role           authz.Role
	State          MembershipState
	ConfirmedAt    *time.Time
	ConfirmedBy    uuid.NullUUID
	SuspendedRole  authz.Role // who suspended it, while it is
}

const membershipColumns = `id, account_id, organisation_id, role, state, confirmed_at, confirmed_by, suspended_role`

// heldAbove: supervision suspended it, and has not lifted it since.
func (r membershipRow) heldAbove() bool {
	return r.SuspendedRole == authz.Supervisor || r.SuspendedRole == authz.Operator
}

// leftHeldAbove reports whether somebody's last membership here, in any role,
// ended while supervision had suspended it.
func leftHeldAbove(tx *store.Tx, account, organisation uuid.UUID) (bool, error) {
	row, err := scanOne[struct{ Holds bool }](tx, `SELECT coalesce((SELECT suspended_role IN ('supervisor', 'operator') FROM memberships
		WHERE account_id = ? AND organisation_id = ? AND state = 'ended' ORDER BY ended_at DESC LIMIT 1), false) AS holds`, account, organisation)
	return row.Holds, err
}

func lockMembership(tx *store.Tx, id uuid.UUID) (membershipRow, error) {
	return scanOne[membershipRow](tx, `SELECT `+membershipColumns+` FROM memberships WHERE id = ? FOR NO KEY UPDATE`, id)
}

// findMembership is the one not ended for an account, organisation and role.
func findMembership(tx *store.Tx, account, organisation uuid.UUID, role authz.Role) (membershipRow, error) {
	return scanOne[membershipRow](tx, `SELECT `+membershipColumns+` FROM memberships
		WHERE account_id = ? AND organisation_id = ? AND role = ? AND state <> 'ended' FOR NO KEY UPDATE`, account, organisation, role)
}

func insertMembership(tx *store.Tx, r membershipRow, by uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO memberships
		(id, account_id, organisation_id, role, state, invited_at, invited_by, confirmed_at, confirmed_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.AccountID, r.OrganisationID, r.Role, r.State, tx.Now(), nullID(by), r.ConfirmedAt, r.ConfirmedBy))
}

// renewMembership confirms in advance, or at once, one that waited.
func renewMembership(tx *store.Tx, r membershipRow) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE memberships SET state = ?, confirmed_at = ?, confirmed_by = ?
		WHERE id = ? AND state = 'invited'`, r.State, r.ConfirmedAt, r.ConfirmedBy, r.ID))
}

func confirmMembership(tx *store.Tx, id, by uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE memberships SET state = 'active', confirmed_at = ?, confirmed_by = ?
		WHERE id = ? AND state = 'invited' AND account_id <> ?`, tx.Now(), by, id, by))
}

func suspendMembership(tx *store.Tx, id, by uuid.UUID, as authz.Role, why string) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE memberships SET state = 'suspended', suspended_at = ?, suspended_by = ?,
		suspended_role = ?, suspended_reason = ? WHERE id = ? AND state = 'active'`, tx.Now(), by, as, why, id))
}

func resumeMembership(tx *store.Tx, id uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE memberships SET state = 'active', suspended_at = NULL, suspended_by = NULL,
		suspended_role = '', suspended_reason = NULL WHERE id = ? AND state = 'suspended'`, id))
}

func endMembership(tx *store.Tx, id, by uuid.UUID, from MembershipState) error {
	return store.ExpectOne(tx.DB().Exec(`UPDATE memberships SET state = 'ended', ended_at = ?, ended_by = ?
		WHERE id = ? AND state = ?`, tx.Now(), by, id, from))
}

// otherReferents counts the organisation's referents who can act, apart from
// one membership. The organisation's row MUST be locked.
func otherReferents(tx *store.Tx, organisation, except uuid.UUID) (int, error) {
	row, err := scanOne[struct{ N int }](tx, `SELECT count(*) AS n FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.organisation_id = ? AND m.role = 'referent' AND m.state = 'active' AND a.state = 'bound' AND m.id <> ?`,
		organisation, except)
	return row.N, err
}

// isActiveReferent asks again, under the organisation's lock, what the actor's
// facts said when the request began.
func isActiveReferent(tx *store.Tx, account, organisation uuid.UUID) (bool, error) {
	row, err := scanOne[struct{ Holds bool }](tx, `SELECT EXISTS (SELECT FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.organisation_id = ? AND m.account_id = ? AND m.role = 'referent' AND m.state = 'active' AND a.state = 'bound') AS holds`,
		organisation, account)
	return row.Holds, err
}

// invitationAnswered reports whether an invitation to this membership was
// answered in time.
func invitationAnswered(tx *store.Tx, membership uuid.UUID) (bool, error) {
	row, err := scanOne[struct{ Holds bool }](tx, `SELECT EXISTS (SELECT FROM invitations
		WHERE membership_id = ? AND accepted_at IS NOT NULL) AS holds`, membership)
	return row.Holds, err
}

// insertTraining writes one; days go as ISO 8601.
func insertTraining(tx *store.Tx, id uuid.UUID, m membershipRow, t Training, by uuid.UUID) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO trainings
		(id, account_id, organisation_id, course, completed_on, expires_on, evidence, recorded_by, recorded_at)
		VALUES (?, ?, ?, ?, ?::date, nullif(?, '')::date, ?, ?, ?)`,
		id, m.AccountID, m.OrganisationID, t.Course, isoDay(t.CompletedOn), isoDay(t.ExpiresOn), t.Evidence, by, tx.Now()))
}

func countTrainings(tx *store.Tx, account, organisation uuid.UUID) (int, error) {
	row, err := scanOne[struct{ N int }](tx, `SELECT count(*) AS n FROM trainings WHERE account_id = ? AND organisation_id = ?`,
		account, organisation)
	return row.N, err
}

// insertCharter puts an acceptance on record; false if it already was.
func insertCharter(tx *store.Tx, account, organisation uuid.UUID, version string) (bool, error) {
	res := tx.DB().Exec(`INSERT INTO charter_acceptances (account_id, organisation_id, version, accepted_at)
		VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, account, organisation, version, tx.Now())
	return res.RowsAffected == 1, res.Error
}

func isoDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
