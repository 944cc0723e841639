package authz

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
)

func reasonsOf(d Decision) string { return fmt.Sprint(d.Reasons) }

// AU-09: each thing that authority lacks is refused by its own reason, and all
// of them at once in the order in which they are mended.
func TestAuthorityIsAskedForMandatesAndSteps(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	missing := []Reason{ReasonNotConfirmed, ReasonNotTrained, ReasonTrainingExpired, ReasonCharter}
	for _, p := range []Permission{
		Perm(KindMandate, MandateDraft), Perm(KindMandate, MandatePresent), Perm(KindMandate, MandateSign),
		Perm(KindStep, StepDo), Perm(KindStep, StepCorrect), Perm(KindCase, CaseOpen),
	} {
		for _, lacks := range missing {
			a := staff(Mediator)
			a.Memberships[0].Authority.Missing = []Reason{lacks}
			d := e.Decide(a, p.Action, objectOf(p.Kind))
			if d.Allowed || d.Hidden || !slices.Equal(d.Reasons, []Reason{lacks}) {
				t.Errorf("%s lacking %s: %s", p, lacks, verdict(d))
			}
			var refusal *problem.Error
			if !errors.As(d.Err(), &refusal) || refusal.Kind != problem.KindForbidden || refusal.Reasons[0] != string(lacks) {
				t.Errorf("%s lacking %s answers %v", p, lacks, d.Err())
			}
		}
		a := staff(Mediator)
		a.Memberships[0].Authority.Missing = slices.Clone(missing)
		slices.Reverse(a.Memberships[0].Authority.Missing)
		if d := e.Decide(a, p.Action, objectOf(p.Kind)); !slices.Equal(d.Reasons, missing) {
			t.Errorf("%s lacking everything: %s", p, verdict(d))
		}
	}
}

// AU-10: out of one organisation, in the other as before.
func TestLeavingOneOrganisationLeavesTheOther(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	a := staff(Mediator)
	a.Memberships = append(a.Memberships, membershipOf(org2, Mediator))
	there := elsewhere(KindStep)
	if !e.Decide(a, StepDo, objectOf(KindStep)).Allowed || !e.Decide(a, StepDo, there).Allowed {
		t.Fatal("a mediator of both organisations is refused in one")
	}
	a.Memberships = a.Memberships[1:] // ended in org1: no longer loaded
	d := e.Decide(a, StepDo, objectOf(KindStep))
	if d.Allowed || !d.Hidden || !problem.Is(d.Err(), "not_found") {
		t.Errorf("after leaving: %s", verdict(d))
	}
	if d := e.Decide(a, StepDo, there); !d.Allowed {
		t.Errorf("in the other organisation: %s", verdict(d))
	}
}

// AU-11: a suspended organisation's staff can read and stop, nothing else.
func TestSuspendedOrganisationOnlyReadsAndStops(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	stopping := []Permission{
		Perm(KindMandate, MandateRevoke), Perm(KindMandate, MandateRenounce), Perm(KindMandate, MandatePrint), Perm(KindCard, CardCancel),
		Perm(KindBeneficiary, BeneficiarySearch), Perm(KindSession, SessionStart), Perm(KindSession, SessionEnd), Perm(KindPage, PageSee),
		Perm(KindDelegation, DelegationEnd), Perm(KindRequest, RequestDecline), Perm(KindWebhook, WebhookEnd),
	}
	for _, role := range []Role{Mediator, Referent} {
		for _, p := range Permissions() {
			a := staff(role)
			a.Memberships[0].OrganisationAlive = false
			for _, self := range []bool{true, false} {
				o := objectOf(p.Kind)
				if self {
					o.Account = a.Account
				}
				d := e.Decide(a, p.Action, o)
				if d.Allowed && p.Action != "read" && !slices.Contains(stopping, p) {
					t.Errorf("%s may %s in a suspended organisation", role, p)
				}
			}
		}
	}
	if d := e.Decide(staff(Mediator), MandateRevoke, objectOf(KindMandate)); !d.Allowed {
		t.Errorf("revoking: %s", verdict(d))
	}
}

// AU-12: whatever the roles held together, nobody confirms, trains, resumes,
// invites or gives a remit to themselves, and the last referent stays.
func TestNobodyRaisesThemselves(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	a := staff(Mediator, Referent, Supervisor, Operator)
	for _, p := range []Permission{
		Perm(KindMembership, MembershipInvite), Perm(KindMembership, MembershipConfirm), Perm(KindMembership, MembershipResume),
		Perm(KindTraining, TrainingRecord), Perm(KindRemit, RemitGrant), Perm(KindRemit, RemitEnd), Perm(KindMandate, MandateWitness),
	} {
		o := objectOf(p.Kind)
		if d := e.Decide(a, p.Action, o); !d.Allowed {
			t.Errorf("%s on somebody else: %s", p, verdict(d))
		}
		o.Account = a.Account
		if d := e.Decide(a, p.Action, o); d.Allowed || !slices.Equal(d.Reasons, []Reason{ReasonSelf}) {
			t.Errorf("%s on oneself: %s", p, verdict(d))
		}
		o.Account = uuid.Nil // a forgotten fact, or a new account
		if d := e.Decide(a, p.Action, o); d.Allowed != (p.Action == MembershipInvite) {
			t.Errorf("%s on nobody named: %s", p, verdict(d))
		}
	}
	for _, action := range []Action{MembershipEnd, MembershipSuspend} {
		o := objectOf(KindMembership)
		o.LastReferent = true
		if d := e.Decide(a, action, o); d.Allowed || !slices.Equal(d.Reasons, []Reason{ReasonLastReferent}) {
			t.Errorf("%s of the last referent: %s", action, verdict(d))
		}
	}
}

// SU-02, PO-07, DESIGN §5, 7: what is not yours looks as if it were not there:
// the same error, whatever was asked and whatever else is wrong.
func TestNotYoursLooksNotThere(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	want := problem.NotFound()
	eachQuestion(func(name string, a Actor, p Permission, o Object, own bool) {
		d := e.Decide(a, p.Action, o)
		open := slices.Contains(openTo[o.Kind], a.Roles()[0]) || o.Organisation == uuid.Nil
		if own || open {
			return
		}
		got := problem.As(d.Err())
		if !d.Hidden || got.Kind != want.Kind || got.Code != want.Code || len(got.Reasons)+len(got.Fields)+len(got.Args) != 0 {
			t.Errorf("%s: %v", name, d.Err())
		}
	})
}

// openTo are the kinds that a role knows of whoever they belong to.
var openTo = map[Kind][]Role{
	KindSession: everyRole, KindPage: {Mediator, Referent, Supervisor, Operator, Person},
	KindOrganisation: {Operator}, KindMembership: {Operator}, KindRemit: {Operator},
	KindClient: {Operator, System}, KindDelegation: {System},
	KindMandate: {System}, KindBeneficiary: {System}, KindCard: {System},
}

// PO-07: same name, same birth date, another person: ids decide.
func TestPeopleSeeOnlyThemselves(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	for _, p := range Permissions() {
		o := objectOf(p.Kind)
		o.Beneficiary = mrsDu2
		if d := e.Decide(person(TierPhone), p.Action, o); d.Allowed && p.Action != SessionStart && p.Kind != KindPage {
			t.Errorf("a person may %s about another: %s", p, d.Rule)
		}
		o.Beneficiary = uuid.Nil
		a := person(TierPhone)
		a.Beneficiary = uuid.Nil
		if d := e.Decide(a, p.Action, o); d.Allowed && p.Action != SessionStart {
			t.Errorf("nobody may %s about nobody: %s", p, d.Rule)
		}
	}
}

// PO-01, PO-02: the card reads mandates and stops them, the phone opens the rest.
// The card itself is stopped by phone: whoever finds one must not shut its owner
// out.
func TestCardTierReadsAndStops(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	card := []Permission{
		Perm(KindMandate, MandateRead), Perm(KindMandate, MandateRevoke), Perm(KindDelegation, DelegationEnd),
		Perm(KindSession, SessionStart), Perm(KindSession, SessionEnd), Perm(KindPage, PageSee),
	}
	for _, p := range Permissions() {
		onCard := e.Decide(person(TierCard), p.Action, objectOf(p.Kind))
		onPhone := e.Decide(person(TierPhone), p.Action, objectOf(p.Kind))
		if onCard.Allowed != slices.Contains(card, p) {
			t.Errorf("by card, %s: %s", p, verdict(onCard))
		}
		if onCard.Allowed && !onPhone.Allowed {
			t.Errorf("%s by card, not by phone", p)
		}
		if onPhone.Allowed && !onCard.Allowed && reasonsOf(onCard) != "[needs_phone_code]" {
			t.Errorf("by card, %s: %s", p, verdict(onCard))
		}
	}
}

// Supervisors audit, they never act for anybody (DESIGN §1); operators never
// see or touch what concerns a person.
func TestSupervisorsAndOperatorsNeverActForPeople(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	for _, p := range []Permission{
		Perm(KindMandate, MandateDraft), Perm(KindMandate, MandatePresent), Perm(KindMandate, MandateSign), Perm(KindMandate, MandateWitness),
		Perm(KindStep, StepDo), Perm(KindStep, StepCorrect), Perm(KindCase, CaseOpen), Perm(KindBeneficiary, BeneficiaryChangeContact),
	} {
		if d := e.Decide(staff(Supervisor), p.Action, objectOf(p.Kind)); d.Allowed {
			t.Errorf("a supervisor may %s", p)
		}
	}
	for _, p := range Permissions() {
		personal := []Kind{KindMandate, KindCase, KindStep, KindBeneficiary, KindCard, KindDispute, KindLog, KindMessage}
		if d := e.Decide(staff(Operator), p.Action, objectOf(p.Kind)); d.Allowed && slices.Contains(personal, p.Kind) {
			t.Errorf("an operator may %s", p)
		}
	}
}

// A suspended account may do nothing at all, whatever its roles.
func TestSuspendedAccountMayDoNothing(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	a := staff(Mediator, Referent, Supervisor, Operator)
	a.SuspendedAccount = true
	for _, p := range Permissions() {
		o := objectOf(p.Kind)
		o.Account = a.Account
		if d := e.Decide(a, p.Action, o); d.Allowed || reasonsOf(d) != "[account_suspended]" {
			t.Errorf("%s: %s", p, verdict(d))
		}
	}
}

// Several roles: any that allows is enough; refused, the nearest one explains.
func TestEveryRoleHeldIsTried(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	a := staff(Mediator, Referent, Supervisor)
	if d := e.Decide(a, LogExport, objectOf(KindLog)); !d.Allowed || d.Role != Supervisor {
		t.Errorf("export: %s as %s", verdict(d), d.Role)
	}
	a.Memberships[0].Authority.Missing = []Reason{ReasonNotTrained, ReasonCharter}
	if d := e.Decide(a, BeneficiaryRead, objectOf(KindBeneficiary)); !d.Allowed || d.Role != Referent {
		t.Errorf("read: %s as %s", verdict(d), d.Role)
	}
	o := objectOf(KindMembership)
	o.Account = a.Account
	a.Memberships[1].Active = false // as referent: inactive and oneself; as supervisor: oneself only
	if d := e.Decide(a, MembershipResume, o); reasonsOf(d) != "[not_on_yourself]" || d.Role != Supervisor {
		t.Errorf("resume: %s as %s", verdict(d), d.Role)
	}
	both := Actor{Account: alice, Beneficiary: mrsDu, Tier: TierPhone, Now: noon}
	for _, p := range Permissions() {
		if d := e.Decide(both, p.Action, objectOf(p.Kind)); d.Allowed {
			t.Errorf("staff and person at once may %s", p)
		}
	}
}

func TestDecideIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, p := range Permissions() {
				a, o := staff(Mediator, Supervisor), objectOf(p.Kind)
				d := e.Decide(a, p.Action, o)
				if allowed, _, err := e.Replay(a, p.Action, o); err != nil || allowed != d.Allowed {
					t.Errorf("%s: %v %v %v", p, d.Allowed, allowed, err)
				}
			}
		})
	}
	all.Wait()
}
