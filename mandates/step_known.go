package mandates

import (
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// mostKnownCases bounds what is remembered: about 1 kB for each case.
const mostKnownCases = 20_000

// knownCase is what the last step, or the case's page, was decided on, remembered so
// that the next step need not read it again before it is written. No step is done
// for its sake: the statement that writes checks, on the rows as they are then
// and under their locks, all that the decision leant on (stepsHeld), and leaves
// out a step that any of it no longer bears out. That step is decided anew, on
// facts read anew; nobody is ever refused on what is remembered.
//
//	case: state, date            its version
//	mandate, line, action        the rows themselves, locked
//	organisation, membership     the standing of the account (migration 0016), read
//	                             with this request's session
type knownCase struct {
	facts    stepFacts
	account  uuid.UUID // who may rely on them,
	standing int64     // being of this standing
}

// knownFacts gives the facts of a step's case, if they are known. A correction
// asks for more than is remembered.
func (s *Service) knownFacts(a askedStep) (stepFacts, bool) {
	c, ok := s.known.Of(a.Case)
	if !ok || a.actor.Standing == 0 || a.Corrects != uuid.Nil || c.account != a.actor.Account || c.standing != a.actor.Standing {
		return stepFacts{}, false
	}
	return c.facts, true
}

// keepFacts remembers facts read after the actor's standing was.
func (s *Service) keepFacts(actor authz.Actor, f stepFacts) {
	if actor.Standing == 0 || f.Organisation == uuid.Nil {
		return
	}
	f.done, f.correctsCase = uuid.Nil, uuid.Nil // one step's own
	s.known.Keep(f.ID, knownCase{facts: f, account: actor.Account, standing: actor.Standing})
}
