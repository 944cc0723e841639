package authz

import (
	"slices"

	"github.com/relais-org/relais/internal/problem"
)

// nearest keeps the rule that came closest to allowing: one that relates to the
// object before one that does not, then the fewest failures, then the most
// conditions asked, then the first in the policy.
type nearest struct {
	rule   *rule
	stands bool
	failed []Reason
}

func (n *nearest) measure(r *rule, stands bool, failed []Reason) {
	if n.rule != nil && !n.closer(r, stands, len(failed)) {
		return
	}
	n.rule, n.stands = r, stands
	n.failed = failed
}

func (n *nearest) closer(r *rule, stands bool, failures int) bool {
	switch {
	case stands != n.stands:
		return stands
	case failures != len(n.failed):
		return failures < len(n.failed)
	}
	return len(r.conditions) > len(n.rule.conditions)
}

// decision is the refusal that the nearest rule explains.
func (n *nearest) decision() Decision {
	if n.rule == nil {
		return Decision{Reasons: []Reason{ReasonNoRule}}
	}
	return Decision{Reasons: inOrder(n.failed), Rule: n.rule.line, Role: n.rule.role}
}

// reasonOrder is how reasons are told: from what concerns the person least
// able to mend it here, to what they can mend at once.
var reasonOrder = []Reason{
	ReasonNoRule,
	ReasonClientNotActive,
	ReasonOrganisation, ReasonOutsideRemit, ReasonNotYourself,
	ReasonOrganisationSuspended,
	ReasonAccountSuspended,
	ReasonMembershipInactive,
	ReasonNotConfirmed,
	ReasonNotTrained, ReasonTrainingExpired,
	ReasonCharter,
	ReasonSelf, ReasonLastReferent, ReasonHeldAbove,
	ReasonMandateNotActive, ReasonMandateExpired, ReasonMandateRevoked, ReasonMandateSuspended,
	ReasonProcedureNotInScope,
	ReasonActionNotInScope,
	ReasonDelegationEnded,
	ReasonTokenExpired,
	ReasonNeedsPhoneCode,
	ReasonNeedsStepUp,
}

// Reasons lists every reason there is, in the order in which they are told.
func Reasons() []Reason { return slices.Clone(reasonOrder) }

// inOrder sorts reasons and drops repetitions. A reason this package does not
// know (in an authority's Missing) comes last, as given.
func inOrder(reasons []Reason) []Reason {
	sorted := slices.Clone(reasons)
	slices.SortStableFunc(sorted, func(a, b Reason) int { return rank(a) - rank(b) })
	return slices.Compact(sorted)
}

func rank(r Reason) int {
	if i := slices.Index(reasonOrder, r); i >= 0 {
		return i
	}
	return len(reasonOrder)
}

// Err is the refusal for the caller, nil when allowed: not_found for what is
// hidden, needs_step_up when only that lacks, otherwise forbidden with reasons.
func (d Decision) Err() error {
	switch {
	case d.Allowed:
		return nil
	case d.Hidden:
		return problem.NotFound()
	case len(d.Reasons) == 1 && d.Reasons[0] == ReasonNeedsStepUp:
		p := problem.New(problem.KindNeedsStepUp, "needs_step_up")
		p.Reasons = []string{string(ReasonNeedsStepUp)}
		return p
	}
	reasons := make([]string, len(d.Reasons))
	for i, r := range d.Reasons {
		reasons[i] = string(r)
	}
	return problem.Forbidden(reasons...)
}
