package review

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

type membershipRow struct {
	ID, AccountID, OrganisationID uuid.UUID
	AccountName, OrganisationName string
	Territory, Role, State        string
	SuspendedReason               string
}

func (r membershipRow) membership() Membership {
	return Membership{ID: r.ID, Organisation: r.OrganisationID, OrganisationName: r.OrganisationName,
		Role: authz.Role(r.Role), State: r.State, SuspendedReason: r.SuspendedReason}
}

// membershipRows lists memberships, living ones first.
func membershipRows(db *gorm.DB, where string, arg any) ([]membershipRow, error) {
	var all []membershipRow
	err := db.Raw(`SELECT m.id, m.account_id, m.organisation_id, a.name AS account_name, o.name AS organisation_name, o.territory,
			m.role, m.state, m.suspended_reason
		FROM memberships m JOIN accounts a ON a.id = m.account_id JOIN organisations o ON o.id = m.organisation_id
		WHERE `+where+` ORDER BY m.state = 'ended', relais_fold(o.name), m.role, m.invited_at DESC LIMIT 200`, arg).Scan(&all).Error
	return all, problem.Wrap(err, "load memberships")
}

type mandateRow struct {
	ID, OrganisationID, BeneficiaryID, MediatorID uuid.UUID
	OrganisationName, MediatorName, Pack          string
	State, SuspendedReason, Themes                string
	SignedAt, EndsAt, EndedAt                     *time.Time
}

// mandateByID reads a mandate, in the state that counts at an instant: past its
// end it is expired, before the job says so.
func mandateByID(db *gorm.DB, id uuid.UUID, now time.Time) (Mandate, error) {
	var r mandateRow
	err := store.First(db.Raw(`SELECT m.id, m.organisation_id, m.beneficiary_id, m.mediator_id, o.name AS organisation_name,
			a.name AS mediator_name, m.pack, m.suspended_reason, m.signed_at, m.ends_at, m.ended_at,
			(SELECT coalesce(string_agg(g.theme, ',' ORDER BY g.theme), '') FROM grants g WHERE g.mandate_id = m.id AND g.state IN ('pending','active')) AS themes,
			CASE WHEN m.state IN ('active', 'suspended') AND m.ends_at <= ? THEN 'expired' ELSE m.state END AS state
		FROM mandates m JOIN organisations o ON o.id = m.organisation_id JOIN accounts a ON a.id = m.mediator_id WHERE m.id = ?`, now, id), &r)
	m := Mandate{ID: r.ID, Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, Mediator: r.MediatorID,
		OrganisationName: r.OrganisationName, MediatorName: r.MediatorName, Pack: r.Pack, State: r.State, SuspendedReason: r.SuspendedReason,
		SignedAt: value(r.SignedAt), EndsAt: value(r.EndsAt), EndedAt: value(r.EndedAt)}
	if r.Themes != "" {
		m.Themes = strings.Split(r.Themes, ",")
	}
	return m, err
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// lookRows lists the latest looks by the supervisors whose remit meets this
// one: in its organisations, and those of theirs that named none.
func lookRows(db *gorm.DB, actor authz.Actor, limit int) ([]entryRow, error) {
	organisations, territories := actor.Remit.Organisations, actor.Remit.Territories
	kinds := []string{string(translog.LogSearched), string(translog.LogViewed), string(translog.LogExported)}
	var rows []entryRow
	err := db.Raw(`WITH mine AS MATERIALIZED (SELECT o.id, o.territory FROM organisations o WHERE `+inRemit+`),
		peers AS MATERIALIZED (
			SELECT DISTINCT r.account_id AS id FROM remits r WHERE r.ended_at IS NULL
			AND (r.organisation_id IN (SELECT id FROM mine) OR r.territory IN (SELECT territory FROM mine) OR r.territory IN ?) LIMIT 50),
		k AS (
			(SELECT x.id FROM peers p CROSS JOIN mine o CROSS JOIN LATERAL (
				SELECT e.id FROM events e WHERE e.organisation_id = o.id AND e.actor_id = p.id AND e.kind IN ? ORDER BY e.id DESC LIMIT ?) x)
			UNION ALL
			(SELECT x.id FROM peers p CROSS JOIN LATERAL (
				SELECT e.id FROM events e WHERE e.organisation_id IS NULL AND e.actor_id = p.id AND e.kind IN ? ORDER BY e.id DESC LIMIT ?) x)
			ORDER BY 1 DESC LIMIT ?)
		SELECT `+entryColumns+` FROM k JOIN events e ON e.id = k.id`+entryJoins+` ORDER BY e.id DESC`,
		organisations, territories, territories, kinds, limit, kinds, limit, limit).Scan(&rows).Error
	return rows, problem.Wrap(err, "read the looks of colleagues")
}
