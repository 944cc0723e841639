package organisations

import (
	"time"

	"github.com/relais-org/relais/authz"
)

// Standing reads a mediator's authority as part of another package's one
// statement: select [StandingColumns], add [StandingJoins] after accounts a,
// organisations o and memberships m (which may be missing), and pass
// [Service.CharterVersions] as $1.
type Standing struct{ n nullStanding }

// The parts of a statement that Standing reads.
const (
	StandingColumns = standingColumns
	StandingJoins   = standingJoins
)

// CharterVersions are the charters that are current, for $1.
func (s *Service) CharterVersions() []string { return s.charters.versions }

// Into are where the columns go.
func (r *Standing) Into() []any { return r.n.into() }

// Membership completes m with the authority that the columns give at an instant,
// and says whether the account as a whole is anything but bound.
func (s *Service) Membership(r *Standing, m authz.Membership, now time.Time) (complete authz.Membership, suspended bool, err error) {
	facts := r.n.value(s.charters)
	m.Active, m.TimeZone = facts.membership == MembershipActive, facts.timeZone
	m.OrganisationAlive = facts.organisation == OrganisationActive
	m.Authority, err = facts.authority(now)
	return m, facts.account != AccountBound, err
}
