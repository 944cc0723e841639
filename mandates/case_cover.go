package mandates

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// maxCovers bounds how many mandates of one person are weighed for an act;
// live ones come first, so that none of those is ever left out.
const maxCovers = 20

// cover is one mandate weighed for one procedure.
type cover struct {
	mandate, grant uuid.UUID // grant: nil when no line names the procedure
	state          State
	endsAt         time.Time
	signedAt       time.Time // only where covers are to be sorted
	used           bool      // the mandate was used before
	grantLive      bool
	actions        []string
}

// stateAt is the state that counts at an instant.
func (c cover) stateAt(now time.Time) State {
	return Mandate{State: c.state, EndsAt: c.endsAt}.StateAt(now)
}

// inScope says what of an act the mandate names. Of a mandate that is over the
// lines ended with it: its frozen scope then explains best what happened.
func (c cover) inScope(action string, now time.Time) (procedure, act bool) {
	procedure = c.grant != uuid.Nil && (c.grantLive || !c.stateAt(now).Live())
	return procedure, procedure && (action == "" || slices.Contains(c.actions, action))
}

// weight orders covers: one that allows; one that is live for the procedure;
// one that was, which explains; any other live one; the rest.
func (c cover) weight(action string, now time.Time) int {
	procedure, act := c.inScope(action, now)
	live := c.stateAt(now) == Active
	switch {
	case live && act:
		return 4
	case live && procedure:
		return 3
	case procedure:
		return 2
	case live:
		return 1
	}
	return 0
}

// best picks the cover an act would lean on; ok is false when the person gave
// this organisation no mandate at all. An empty action asks for the procedure.
func best(covers []cover, action string, now time.Time) (c cover, ok bool) {
	for i, x := range covers {
		if i == 0 || x.weight(action, now) > c.weight(action, now) {
			c = x
		}
	}
	return c, len(covers) > 0
}

// sortCovers puts live mandates first, then the newest.
func sortCovers(all []cover) {
	slices.SortStableFunc(all, func(a, b cover) int {
		if live := a.state == Active; live != (b.state == Active) {
			if live {
				return -1
			}
			return 1
		}
		return cmp.Or(b.signedAt.Compare(a.signedAt), bytes.Compare(a.mandate[:], b.mandate[:]))
	})
}

// facts gives a decision what it needs of a cover; nil when there is none.
func (c cover) facts(h heldCase, action string, now time.Time) *authz.MandateFacts {
	if c.mandate == uuid.Nil {
		return nil
	}
	f := &authz.MandateFacts{State: string(c.stateAt(now)), EndsAt: c.endsAt, Organisation: h.Organisation, OrganisationAlive: h.alive}
	f.ProcedureInScope, f.ActionInScope = c.inScope(action, now)
	return f
}
