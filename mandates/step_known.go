package mandates

import (
	"sync"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// mostKnownCases bounds what is remembered: about 1 kB for each case.
const mostKnownCases = 20_000

// knownFacts remembers what the last step, or the case's page, was decided on, so
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
//
// The zero value is ready. Safe for concurrent use. What is given is shared:
// never change it.
type knownFacts struct {
	mu    sync.RWMutex
	cases map[uuid.UUID]knownCase
}

// knownCase is what somebody, of such a standing, may rely on.
type knownCase struct {
	facts    stepFacts
	account  uuid.UUID
	standing int64
}

// of gives the facts of a step's case, if they are known. A correction asks for
// more than is remembered.
func (k *knownFacts) of(a askedStep) (stepFacts, bool) {
	if a.actor.Standing == 0 || a.Corrects != uuid.Nil {
		return stepFacts{}, false
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	c, ok := k.cases[a.Case]
	if !ok || c.account != a.actor.Account || c.standing != a.actor.Standing {
		return stepFacts{}, false
	}
	return c.facts, true
}

// keep remembers facts read after the actor's standing was.
func (k *knownFacts) keep(actor authz.Actor, f stepFacts) {
	if actor.Standing == 0 || f.Organisation == uuid.Nil {
		return
	}
	f.done, f.correctsCase = uuid.Nil, uuid.Nil // one step's own
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cases == nil || len(k.cases) >= mostKnownCases {
		k.cases = make(map[uuid.UUID]knownCase)
	}
	k.cases[f.ID] = knownCase{facts: f, account: actor.Account, standing: actor.Standing}
}

func (k *knownFacts) drop(of uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.cases, of)
}
