package authz

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// The people and places of the tests. Ids are fixed so that failures read well.
var (
	noon   = time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	org1   = uuid.MustParse("00000000-0000-4000-8000-000000000001")
	org2   = uuid.MustParse("00000000-0000-4000-8000-000000000002")
	alice  = uuid.MustParse("00000000-0000-4000-8000-0000000000a1")
	bruno  = uuid.MustParse("00000000-0000-4000-8000-0000000000a2")
	mrsDu  = uuid.MustParse("00000000-0000-4000-8000-0000000000b1")
	portal = uuid.MustParse("00000000-0000-4000-8000-0000000000c1")
	mrsDu2 = uuid.MustParse("00000000-0000-4000-8000-0000000000b2")
)

func newTestEnforcer(tb testing.TB) *Enforcer {
	tb.Helper()
	e, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func membershipOf(org uuid.UUID, role Role) Membership {
	return Membership{Organisation: org, Territory: "33", Role: role, Active: true, OrganisationAlive: true}
}

// staff is alice, in the roles named, in org1, freshly signed in.
func staff(roles ...Role) Actor {
	a := Actor{Account: alice, Organisation: org1, Now: noon, StrongAt: noon.Add(-time.Minute)}
	for _, r := range roles {
		switch r {
		case Mediator, Referent:
			a.Memberships = append(a.Memberships, membershipOf(org1, r))
		case Supervisor:
			a.Remit = Remit{Organisations: []uuid.UUID{org1}}
		case Operator:
			a.Operator = true
		case Person, Visitor, System, Service, Software:
			panic("not staff: " + r)
		}
	}
	return a
}

func person(tier Tier) Actor {
	return Actor{Beneficiary: mrsDu, Tier: tier, Now: noon, StrongAt: noon.Add(-time.Minute)}
}

// actorAs is an actor in this one role, with everything in order.
func actorAs(role Role) Actor {
	switch role {
	case Person:
		return person(TierPhone)
	case Visitor:
		return Actor{Now: noon}
	case Service:
		return Actor{Client: portal, ClientName: "CAF", Now: noon}
	case Software:
		return Actor{Client: portal, Organisation: org1, Now: noon}
	case System:
		return Actor{System: true, Now: noon}
	case Mediator, Referent, Supervisor, Operator:
	}
	return staff(role)
}

// objectOf is org1's object about Mrs Du and bruno, with a live mandate that
// covers what is asked.
func objectOf(kind Kind) Object {
	return Object{
		Kind: kind, Organisation: org1, Territory: "33", Beneficiary: mrsDu, Account: bruno,
		Mandate: liveFacts(org1), Client: portal, Mediator: mediatorOf(org1), OrganisationAlive: true,
		Delegation: &DelegationFacts{EndsAt: noon.Add(time.Hour), ClientActive: true},
	}
}

func mediatorOf(org uuid.UUID) *MediatorFacts {
	return &MediatorFacts{Membership: membershipOf(org, Mediator), StrongAt: noon.Add(-time.Minute)}
}

func liveFacts(org uuid.UUID) *MandateFacts {
	return &MandateFacts{
		State: "active", EndsAt: noon.Add(time.Hour), Organisation: org,
		ProcedureInScope: true, ActionInScope: true, OrganisationAlive: true,
	}
}

// elsewhere is the same object, of another organisation, person and account.
func elsewhere(kind Kind) Object {
	o := objectOf(kind)
	o.Organisation, o.Territory, o.Beneficiary, o.Account = org2, "971", mrsDu2, uuid.New()
	o.Mandate, o.Client, o.Mediator = liveFacts(org2), uuid.New(), mediatorOf(org2)
	return o
}
