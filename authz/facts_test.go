package authz

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
)

// ST-02: out of scope is said, procedure before action; the rest that fails too.
func TestScopeIsExplained(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	for _, c := range []struct {
		change func(*Actor, *Object)
		want   []Reason
	}{
		{func(_ *Actor, o *Object) { o.Mandate.ProcedureInScope = false }, []Reason{ReasonProcedureNotInScope}},
		{func(_ *Actor, o *Object) { o.Mandate.ActionInScope = false }, []Reason{ReasonActionNotInScope}},
		{func(a *Actor, o *Object) {
			o.Mandate.ActionInScope = false
			o.Mandate.State = "revoked"
			a.Memberships[0].Authority.Missing = []Reason{ReasonTrainingExpired}
			staleAndSensitive(a, o)
		}, []Reason{ReasonTrainingExpired, ReasonMandateRevoked, ReasonActionNotInScope, ReasonNeedsStepUp}},
	} {
		a, o := staff(Mediator), objectOf(KindStep)
		c.change(&a, &o)
		if d := e.Decide(a, StepDo, o); d.Allowed || !slices.Equal(d.Reasons, c.want) {
			t.Errorf("want %v: %s", c.want, verdict(d))
		}
	}
}

// DESIGN §5, 1: the mandate's last instant is before its end, by the clock.
func TestMandateEndsAtItsEnd(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	a, o := staff(Mediator), objectOf(KindStep)
	a.Now = o.Mandate.EndsAt.Add(-time.Microsecond)
	if d := e.Decide(a, StepDo, o); !d.Allowed {
		t.Errorf("just before the end: %s", verdict(d))
	}
	a.Now = o.Mandate.EndsAt
	if d := e.Decide(a, StepDo, o); d.Allowed || reasonsOf(d) != "[mandate_expired]" {
		t.Errorf("at the end: %s", verdict(d))
	}
	a.Now = time.Time{}
	if d := e.Decide(a, StepDo, o); d.Allowed {
		t.Error("without a clock a mandate was live")
	}
}

// AU-08: a sensitive act asks for a fresh authentication, and says only that.
func TestStepUpAge(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	for _, c := range []struct {
		age  time.Duration
		want bool
	}{
		{0, true},
		{StepUpAge, true},
		{StepUpAge + time.Microsecond, false},
		{-clockSkew, true},
		{-clockSkew - time.Second, false},
		{1000 * time.Hour, false},
	} {
		a, o := staff(Mediator), objectOf(KindMandate)
		o.Sensitive = true
		a.StrongAt = a.Now.Add(-c.age)
		d := e.Decide(a, MandateSign, o)
		if d.Allowed != c.want {
			t.Errorf("aged %v: %s", c.age, verdict(d))
		}
		if !c.want && problem.As(d.Err()).Kind != problem.KindNeedsStepUp {
			t.Errorf("aged %v answers %v", c.age, d.Err())
		}
		o.Sensitive = false
		if d := e.Decide(a, MandateSign, o); !d.Allowed {
			t.Errorf("not sensitive, aged %v: %s", c.age, verdict(d))
		}
	}
	a, o := staff(Mediator), objectOf(KindMandate)
	a.StrongAt, o.Sensitive = time.Time{}, true
	if e.Decide(a, MandateSign, o).Allowed {
		t.Error("never authenticated, yet fresh")
	}
}

// Whatever the facts, no rule crosses organisations or persons: tried on ten
// thousand drawn actors and objects, against the relation written out plainly.
func TestNothingCrossesOrganisations(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	rng := rand.New(rand.NewPCG(1, 2))
	public := []Kind{KindSession, KindPage}
	allowed := 0
	for range 10_000 {
		a, o := drawActor(rng), drawObject(rng)
		p := Permissions()[rng.IntN(len(Permissions()))]
		o.Kind = p.Kind
		d := e.Decide(a, p.Action, o)
		if !d.Allowed || slices.Contains(public, p.Kind) {
			continue
		}
		allowed++
		ok := true
		switch d.Role {
		case Mediator, Referent:
			ok = slices.ContainsFunc(a.Memberships, func(m Membership) bool {
				return m.Role == d.Role && (m.Organisation == o.Organisation || (slices.Contains([]Kind{KindMembership, KindRequest, KindDelegation}, p.Kind) && o.Account == a.Account))
			})
		case Supervisor:
			ok = slices.Contains(a.Remit.Organisations, o.Organisation) || slices.Contains(a.Remit.Territories, o.Territory) ||
				(p.Kind == KindLog && o.Organisation == uuid.Nil && o.Territory == "")
		case Person:
			ok = a.Beneficiary == o.Beneficiary
		case Operator:
			ok = a.Operator
		case System:
			ok = a.System
		case Service:
			ok = a.Client != uuid.Nil && a.Client == o.Client
		case Software:
			ok = a.Client != uuid.Nil && a.Organisation == o.Organisation
		case Visitor:
			ok = false
		}
		if !ok || a.SuspendedAccount {
			t.Fatalf("%s allowed as %s by %q\n%+v\n%+v", p, d.Role, d.Rule, a, o)
		}
	}
	if allowed < 1000 {
		t.Errorf("only %d of the draws were allowed: too few to show anything", allowed)
	}
}

func drawActor(rng *rand.Rand) Actor {
	orgs := []uuid.UUID{org1, org2}
	a := Actor{Now: noon, StrongAt: noon, SuspendedAccount: rng.IntN(20) == 0}
	switch rng.IntN(8) {
	case 0:
		a.Beneficiary, a.Tier = []uuid.UUID{mrsDu, mrsDu2}[rng.IntN(2)], TierPhone
		return a
	case 1:
		a.System = true
		return a
	case 2:
		a.Client = []uuid.UUID{portal, alice}[rng.IntN(2)]
		a.Organisation = []uuid.UUID{uuid.Nil, org1}[rng.IntN(2)]
		return a
	}
	a.Account = []uuid.UUID{alice, bruno}[rng.IntN(2)]
	a.Operator = rng.IntN(4) == 0
	for range rng.IntN(3) {
		a.Memberships = append(a.Memberships, membershipOf(orgs[rng.IntN(2)], []Role{Mediator, Referent}[rng.IntN(2)]))
	}
	if rng.IntN(3) == 0 {
		a.Remit.Organisations = []uuid.UUID{orgs[rng.IntN(2)]}
	}
	if rng.IntN(3) == 0 {
		a.Remit.Territories = []string{"33"}
	}
	return a
}

func drawObject(rng *rand.Rand) Object {
	orgs := []uuid.UUID{org1, org2, uuid.Nil}
	o := Object{
		Organisation: orgs[rng.IntN(3)],
		Territory:    []string{"33", "971", ""}[rng.IntN(3)],
		Beneficiary:  []uuid.UUID{mrsDu, mrsDu2, uuid.Nil}[rng.IntN(3)],
		Account:      []uuid.UUID{alice, bruno, uuid.Nil}[rng.IntN(3)],
		Client:       []uuid.UUID{portal, alice, uuid.Nil}[rng.IntN(3)],
		Mediator:     mediatorOf(orgs[rng.IntN(2)]),
		Delegation:   &DelegationFacts{EndsAt: noon.Add(time.Hour), ClientActive: true},
	}
	if rng.IntN(2) == 0 {
		o.Mandate = liveFacts(orgs[rng.IntN(3)])
	}
	return o
}
