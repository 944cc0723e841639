package authz

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// condition appends a reason for each thing that fails, nothing when it holds.
type condition func(f *facts, failed []Reason) []Reason

// conditions are the words of the policy's last column, joined there by "&".
var conditions = map[string]condition{
	"authority":          authority,
	"qualified":          qualified,
	"member":             member,
	"open_organisation":  openOrganisation,
	"live_mandate":       liveMandate,
	"procedure_in_scope": procedureInScope,
	"in_scope":           inScope,
	"step_up":            stepUp,
	"phone_tier":         phoneTier,
	"not_self":           notSelf,
	"somebody_else":      somebodyElse,
	"not_last_referent":  notLastReferent,
	"mediator_authority": mediatorAuthority,
	"live_delegation":    liveDelegation,
	"fresh_mediator":     freshMediator,
	"not_held_above":     notHeldAbove,
}

// authority: everything DESIGN §2 asks of a mediator before acting (AU-09), and
// the organisation is not suspended (AU-11).
func authority(f *facts, failed []Reason) []Reason {
	failed = qualified(f, failed)
	return openOrganisation(f, failed)
}

// qualified: authority but for the organisation's suspension, which leaves
// reading (AU-11).
func qualified(f *facts, failed []Reason) []Reason {
	m := f.membership
	if m == nil {
		return append(failed, ReasonMembershipInactive)
	}
	for _, r := range m.Authority.Missing {
		if r != ReasonOrganisationSuspended {
			failed = append(failed, r)
		}
	}
	if !m.Active && !explainsInactive(failed) {
		failed = append(failed, ReasonMembershipInactive)
	}
	return failed
}

// member: the membership is confirmed, not suspended, not ended.
func member(f *facts, failed []Reason) []Reason {
	m := f.membership
	switch {
	case m == nil:
		return append(failed, ReasonMembershipInactive)
	case m.Active:
		return failed
	case slices.Contains(m.Authority.Missing, ReasonNotConfirmed):
		return append(failed, ReasonNotConfirmed)
	}
	return append(failed, ReasonMembershipInactive)
}

func explainsInactive(reasons []Reason) bool {
	return slices.Contains(reasons, ReasonMembershipInactive) || slices.Contains(reasons, ReasonNotConfirmed)
}

// openOrganisation: the organisation acted for is not suspended (AU-11). Its
// software has no membership to say so; the object does.
func openOrganisation(f *facts, failed []Reason) []Reason {
	m := f.membership
	if f.role == Software && f.object.OrganisationAlive {
		return failed
	}
	if m == nil || !m.OrganisationAlive || slices.Contains(m.Authority.Missing, ReasonOrganisationSuspended) {
		return append(failed, ReasonOrganisationSuspended)
	}
	return failed
}

// The states of a mandate that have a reason of their own; the words are those
// of the mandates table.
const (
	mandateActive    = "active"
	mandateExpired   = "expired"
	mandateRevoked   = "revoked"
	mandateSuspended = "suspended"
)

// liveMandate: the mandate leaned on is active at this instant, and the
// organisation that holds it is not suspended.
func liveMandate(f *facts, failed []Reason) []Reason {
	m := f.object.Mandate
	if m == nil {
		return append(failed, ReasonMandateNotActive)
	}
	if !m.OrganisationAlive && !slices.Contains(failed, ReasonOrganisationSuspended) {
		failed = append(failed, ReasonOrganisationSuspended)
	}
	switch m.State {
	case mandateActive:
		if f.actor.Now.IsZero() {
			return append(failed, ReasonMandateNotActive)
		}
		if !f.actor.Now.Before(m.EndsAt) {
			return append(failed, ReasonMandateExpired)
		}
		return failed
	case mandateExpired:
		return append(failed, ReasonMandateExpired)
	case mandateRevoked:
		return append(failed, ReasonMandateRevoked)
	case mandateSuspended:
		return append(failed, ReasonMandateSuspended)
	}
	return append(failed, ReasonMandateNotActive)
}

// procedureInScope: a live grant covers the procedure (ST-02).
func procedureInScope(f *facts, failed []Reason) []Reason {
	if f.object.Mandate == nil || !f.object.Mandate.ProcedureInScope {
		return append(failed, ReasonProcedureNotInScope)
	}
	return failed
}

// inScope: a live grant covers the procedure and the action. Where the
// procedure is out, the action is out with it, and is not said twice.
func inScope(f *facts, failed []Reason) []Reason {
	m := f.object.Mandate
	if m == nil || !m.ProcedureInScope {
		return append(failed, ReasonProcedureNotInScope)
	}
	if !m.ActionInScope {
		return append(failed, ReasonActionNotInScope)
	}
	return failed
}

// clockSkew is how far another server of ours may be ahead.
const clockSkew = time.Minute

// stepUp: for a sensitive act, this session authenticated afresh no longer ago
// than StepUpAge (AU-08). Other acts pass.
func stepUp(f *facts, failed []Reason) []Reason {
	if !f.object.Sensitive {
		return failed
	}
	a := &f.actor
	age := a.Now.Sub(a.StrongAt)
	if a.Now.IsZero() || a.StrongAt.IsZero() || age > StepUpAge || age < -clockSkew {
		return append(failed, ReasonNeedsStepUp)
	}
	return failed
}

// phoneTier: the person also proved their phone (PO-02).
func phoneTier(f *facts, failed []Reason) []Reason {
	if f.actor.Tier != TierPhone {
		return append(failed, ReasonNeedsPhoneCode)
	}
	return failed
}

// notSelf: the object is about a named account, and it is not the actor's own
// (AU-12, CO-04). An object that names none fails.
func notSelf(f *facts, failed []Reason) []Reason {
	if f.object.Account == uuid.Nil || f.object.Account == f.actor.Account {
		return append(failed, ReasonSelf)
	}
	return failed
}

// somebodyElse: the object is not about the actor's own account; someone newly
// invited has none yet.
func somebodyElse(f *facts, failed []Reason) []Reason {
	if f.object.Account != uuid.Nil && f.object.Account == f.actor.Account {
		return append(failed, ReasonSelf)
	}
	return failed
}

// notHeldAbove: no supervisor or operator suspended it. What supervision
// stopped, the organisation does not start again by itself.
func notHeldAbove(f *facts, failed []Reason) []Reason {
	if f.object.HeldAbove {
		return append(failed, ReasonHeldAbove)
	}
	return failed
}

// notLastReferent: the organisation keeps a referent (AU-12).
func notLastReferent(f *facts, failed []Reason) []Reason {
	if f.object.LastReferent {
		return append(failed, ReasonLastReferent)
	}
	return failed
}
