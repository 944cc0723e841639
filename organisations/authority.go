package organisations

import (
	"time"

	"github.com/relais-org/relais/authz"
)

// standing is what one membership's authority is computed from, as loaded in
// one statement.
type standing struct {
	account      AccountState
	organisation OrganisationState
	membership   MembershipState
	timeZone     string
	confirmedAt  *time.Time
	// The best training on record: one without end, else the one that ends last.
	course            *string
	trainedOn         *time.Time
	trainingExpiresOn *time.Time
	charterCurrent    string
	charterAccepted   *string // the current version, else the last accepted
	charterAcceptedAt *time.Time
}

// authority answers "may this mediator act now", saying everything that lacks
// in the order in which it should be mended. It fails closed: a fact that is
// not there lacks.
func (s standing) authority(now time.Time) (authz.Authority, error) {
	a := authz.Authority{Because: s.facts()}
	lack := func(is bool, r authz.Reason) {
		if is {
			a.Missing = append(a.Missing, r)
		}
	}
	lack(s.organisation != OrganisationActive, authz.ReasonOrganisationSuspended)
	lack(s.account == AccountSuspended || s.account == AccountEnded, authz.ReasonAccountSuspended)
	lack(s.membership == MembershipInvited || s.account == AccountInvited, authz.ReasonNotConfirmed)
	lack(s.membership != MembershipInvited && s.membership != MembershipActive, authz.ReasonMembershipInactive)
	lack(s.trainedOn == nil, authz.ReasonNotTrained)
	if s.trainedOn != nil && s.trainingExpiresOn != nil {
		until, err := endOfDay(*s.trainingExpiresOn, s.timeZone)
		if err != nil {
			return authz.Authority{}, err
		}
		a.Until = until
		lack(!now.Before(until), authz.ReasonTrainingExpired)
	}
	accepted := s.charterAccepted != nil && s.charterCurrent != "" && *s.charterAccepted == s.charterCurrent
	lack(!accepted, authz.ReasonCharter)
	return a, nil
}

func (s standing) facts() authz.AuthorityFacts {
	return authz.AuthorityFacts{
		ConfirmedAt: value(s.confirmedAt), CharterAcceptedAt: value(s.charterAcceptedAt),
		CharterVersion: value(s.charterAccepted), CharterCurrent: s.charterCurrent,
		Course: value(s.course), TrainedOn: value(s.trainedOn), TrainingExpiresOn: value(s.trainingExpiresOn),
	}
}

func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// endOfDay is the first instant after a day in a time zone: where the clock
// jumps over midnight, the first that exists.
func endOfDay(d time.Time, name string) (time.Time, error) {
	loc, err := Zone(name)
	if err != nil {
		return time.Time{}, err
	}
	y, m, dd := d.Date()
	return time.Date(y, m, dd+1, 0, 0, 0, 0, loc).UTC(), nil
}
