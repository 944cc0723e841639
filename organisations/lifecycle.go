package organisations

import "github.com/relais-org/relais/internal/problem"

// AccountState is where an account is in its life.
type AccountState string

// The states of an account.
const (
	AccountInvited   AccountState = "invited"   // nobody signed in with it yet
	AccountBound     AccountState = "bound"     // belongs to one issuer and subject
	AccountSuspended AccountState = "suspended" // may do nothing anywhere
	AccountEnded     AccountState = "ended"     // for ever
)

// MembershipState is where a membership is in its life.
type MembershipState string

// The states of a membership.
const (
	MembershipInvited   MembershipState = "invited" // waits to be confirmed
	MembershipActive    MembershipState = "active"
	MembershipSuspended MembershipState = "suspended"
	MembershipEnded     MembershipState = "ended" // for ever
)

// OrganisationState is where an organisation is in its life.
type OrganisationState string

// The states of an organisation.
const (
	OrganisationActive    OrganisationState = "active"
	OrganisationSuspended OrganisationState = "suspended"
)

// transition is one line of a life cycle: in from, event leads to to. What no
// line permits is refused.
type transition[S ~string] struct {
	from  S
	event string
	to    S
}

// The events of the life cycles.
const (
	eventBind    = "bind"
	eventConfirm = "confirm"
	eventSuspend = "suspend"
	eventResume  = "resume"
	eventEnd     = "end"
)

// accountLife: an account is bound once, and never to anybody else. Only a
// bound account can be suspended, so resuming always leads back to bound.
var accountLife = []transition[AccountState]{
	{AccountInvited, eventBind, AccountBound},
	{AccountBound, eventSuspend, AccountSuspended},
	{AccountSuspended, eventResume, AccountBound},
	{AccountInvited, eventEnd, AccountEnded},
	{AccountBound, eventEnd, AccountEnded},
	{AccountSuspended, eventEnd, AccountEnded},
}

// membershipLife: confirming needs a bound account (guarded in the command);
// somebody who comes back after an end is invited again, as a new membership.
var membershipLife = []transition[MembershipState]{
	{MembershipInvited, eventConfirm, MembershipActive},
	{MembershipActive, eventSuspend, MembershipSuspended},
	{MembershipSuspended, eventResume, MembershipActive},
	{MembershipInvited, eventEnd, MembershipEnded},
	{MembershipActive, eventEnd, MembershipEnded},
	{MembershipSuspended, eventEnd, MembershipEnded},
}

var organisationLife = []transition[OrganisationState]{
	{OrganisationActive, eventSuspend, OrganisationSuspended},
	{OrganisationSuspended, eventResume, OrganisationActive},
}

// next is where event leads from a state. No line: a conflict whose code says
// which event cannot happen any more ("cannot_confirm", …).
func next[S ~string](life []transition[S], from S, event string) (S, *problem.Error) {
	for _, t := range life {
		if t.from == from && t.event == event {
			return t.to, nil
		}
	}
	return from, refusals[event]
}

// refusals are the answers to an event that no line permits.
var refusals = map[string]*problem.Error{
	eventBind:    problem.Conflict("cannot_bind"),
	eventConfirm: problem.Conflict("cannot_confirm"),
	eventSuspend: problem.Conflict("cannot_suspend"),
	eventResume:  problem.Conflict("cannot_resume"),
	eventEnd:     problem.Conflict("cannot_end"),
}
