package authz

import (
	"slices"

	"github.com/google/uuid"
)

// facts are what one question is tried on: the actor under one of the roles
// held, and the object.
type facts struct {
	actor  Actor
	object Object
	role   Role
	// membership is the actor's, in this role, in the object's organisation;
	// nil when there is none.
	membership *Membership
}

// as puts the question under one role.
func (f *facts) as(role Role) {
	f.role, f.membership = role, nil
	if f.object.Organisation == uuid.Nil || (role != Mediator && role != Referent) {
		return
	}
	for i := range f.actor.Memberships {
		m := &f.actor.Memberships[i]
		if m.Role == role && m.Organisation == f.object.Organisation {
			f.membership = m
			return
		}
	}
}

// relation says whose the object is.
type relation struct {
	stands func(*facts) bool
	// failed is the reason when it does not stand.
	failed Reason
}

// relations are the words of the policy's fourth column.
var relations = map[string]relation{
	"own_organisation": {ownOrganisation, ReasonOrganisation},
	"own_remit":        {ownRemit, ReasonOutsideRemit},
	"whole_remit":      {wholeRemit, ReasonOutsideRemit},
	"own_person":       {ownPerson, ReasonNotYourself},
	"own_account":      {ownAccount, ReasonNotYourself},
	"own_client":       {ownClient, ReasonOrganisation},
	"any":              {anyObject, ReasonNoRule},
}

// ownOrganisation: the actor has a membership, in this role, in the object's
// organisation. A mandate leaned on must be held by that organisation too
// (DESIGN §5, 1): another organisation's mandate lends nothing.
//
// An organisation's software belongs to one organisation and has no membership.
func ownOrganisation(f *facts) bool {
	own := f.membership != nil
	if f.role == Software {
		own = f.object.Organisation != uuid.Nil && f.object.Organisation == f.actor.Organisation
	}
	return own &&
		(f.object.Mandate == nil || f.object.Mandate.Organisation == f.object.Organisation)
}

// ownRemit: the object's organisation or its territory is in the remit.
func ownRemit(f *facts) bool {
	o := &f.object
	return (o.Organisation != uuid.Nil && slices.Contains(f.actor.Remit.Organisations, o.Organisation)) ||
		(o.Territory != "" && slices.Contains(f.actor.Remit.Territories, o.Territory))
}

// wholeRemit: no organisation and no territory is named, so the query itself
// must keep to the remit, and there is one.
func wholeRemit(f *facts) bool {
	return f.object.Organisation == uuid.Nil && f.object.Territory == "" && f.actor.Remit.holds()
}

// ownPerson: the object is about the person who asks.
func ownPerson(f *facts) bool {
	return f.actor.Beneficiary != uuid.Nil && f.actor.Beneficiary == f.object.Beneficiary
}

// ownAccount: the object is about the account that asks; if it names an
// organisation, a membership there in this role is needed.
func ownAccount(f *facts) bool {
	return f.actor.Account != uuid.Nil && f.actor.Account == f.object.Account &&
		(f.object.Organisation == uuid.Nil || f.membership != nil)
}

// ownClient: the object belongs to the client that asks.
func ownClient(f *facts) bool {
	return f.actor.Client != uuid.Nil && f.actor.Client == f.object.Client &&
		(f.object.Mandate == nil || f.object.Mandate.Organisation == f.object.Organisation)
}

func anyObject(*facts) bool { return true }

// holds reports whether there is anything in the remit.
func (r Remit) holds() bool { return len(r.Organisations)+len(r.Territories) > 0 }

// Roles lists what the actor is, in the order in which rules are tried. An
// account that is nothing (any more) is a visitor. An actor that would be two of
// staff, person and client at once is nobody: sessions are one, tokens another.
func (a *Actor) Roles() []Role {
	var roles [4]Role
	return a.appendRoles(roles[:0])
}

func (a *Actor) appendRoles(roles []Role) []Role {
	person, client := a.Beneficiary != uuid.Nil, a.Client != uuid.Nil
	switch {
	case a.parties() > 1:
		return roles
	case a.System:
		return append(roles, System)
	case client && a.Organisation != uuid.Nil:
		return append(roles, Software)
	case client:
		return append(roles, Service)
	case person:
		return append(roles, Person)
	case a.Account != uuid.Nil:
		roles = a.appendStaffRoles(roles)
	}
	if len(roles) == 0 {
		roles = append(roles, Visitor)
	}
	return roles
}

// parties counts what the actor claims to be at once: one, or nobody.
func (a *Actor) parties() int {
	n := 0
	for _, is := range [...]bool{a.System, a.Account != uuid.Nil, a.Beneficiary != uuid.Nil, a.Client != uuid.Nil} {
		if is {
			n++
		}
	}
	return n
}

func (a *Actor) appendStaffRoles(roles []Role) []Role {
	for _, role := range [...]Role{Mediator, Referent} {
		for i := range a.Memberships {
			if a.Memberships[i].Role == role {
				roles = append(roles, role)
				break
			}
		}
	}
	if a.Remit.holds() {
		roles = append(roles, Supervisor)
	}
	if a.Operator {
		roles = append(roles, Operator)
	}
	return roles
}
