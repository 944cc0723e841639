package mandates_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

const apl = "housing.apl"

// opened is a case about a procedure, opened by the first mediator.
func (b *bundle) opened(t testing.TB, procedure string) mandates.Case {
	t.Helper()
	c, err := b.OpenCase(t.Context(), b.as(b.mediator), mandates.OpenCase{Beneficiary: b.person, Procedure: procedure, IdempotencyKey: uuid.NewString()})
	must(t, err)
	return c
}

// ST-01: opening needs a live mandate that covers the procedure, and is one event.
func TestOpenCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := func(procedure, key string) func() error {
		return func() error {
			_, err := b.OpenCase(t.Context(), b.as(b.mediator), mandates.OpenCase{Beneficiary: b.person, Procedure: procedure, IdempotencyKey: key})
			return err
		}
	}
	if e := b.refuses("forbidden", open(apl, "k0")); !e.because(authz.ReasonMandateNotActive, authz.ReasonProcedureNotInScope) {
		t.Errorf("without a mandate: %v", e.reasons())
	}
	m := b.signed(t, []string{"housing"}, 31)
	e := b.adds(translog.CaseOpened, open(apl, "k1"))
	if e.Mandate != m.ID || e.Procedure != apl || e.Beneficiary != b.person || e.Role != "mediator" {
		t.Errorf("event %+v", e)
	}
	b.addsNone(open(apl, "k1")) // the second press of the same button
	if n := b.count(`SELECT count(*) FROM cases`); n != 1 {
		t.Errorf("%d cases, want 1", n)
	}
	if err := open("housing.social-housing", "k1")(); !problem.Is(err, "idempotency_key_reused") {
		t.Errorf("the same key for another procedure: %v", err)
	}
	other := b.pack.ProceduresOf("money")
	if len(other) == 0 {
		t.Fatal("the pack has no money theme to be out of scope")
	}
	if e := b.refuses("forbidden", open(other[0].Code, "k2")); !e.because(authz.ReasonProcedureNotInScope) {
		t.Errorf("out of scope: %v", e.reasons())
	}
	must(t, b.Revoke(t.Context(), b.as(b.mediator), mandates.Revocation{Mandate: m.ID}))
	if e := b.refuses("forbidden", open(apl, "k3")); !e.because(authz.ReasonMandateRevoked) {
		t.Errorf("after the revocation: %v", e.reasons())
	}
}

func TestOpenCaseFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(t, []string{"housing"}, 31)
	due := func(d time.Time) func() error {
		return func() error {
			_, err := b.OpenCase(t.Context(), b.as(b.mediator), mandates.OpenCase{Beneficiary: b.person, Procedure: apl, DueOn: d})
			return err
		}
	}
	b.faults("due_on", "due_in_past", due(b.clock.Now().AddDate(0, 0, -1)))
	b.faults("due_on", "due_too_far", due(b.clock.Now().AddDate(4, 0, 0)))
	b.adds(translog.CaseOpened, due(b.clock.Now()))
}

// ST-08: a colleague goes on with the case; another organisation sees nothing of it.
func TestCaseColleagueAndStranger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	first, err := b.LogStep(ctx, b.as(b.colleague), mandates.NewStep{Case: c.ID, Action: packs.ActionPrepare, Outcome: mandates.OutcomePrepared})
	must(t, err)
	e := b.adds(translog.CaseHandedOver, func() error { return b.HandOver(ctx, b.as(b.mediator), c.ID, b.colleague) })
	if e.Detail["to"] != b.colleague.String() || e.Detail["from"] != b.mediator.String() {
		t.Errorf("detail %v", e.Detail)
	}
	b.addsNone(func() error { return b.HandOver(ctx, b.as(b.mediator), c.ID, b.colleague) })
	b.faults("to", "choose_colleague", func() error { return b.HandOver(ctx, b.as(b.colleague), c.ID, b.referent) })
	open, err := b.OpenCases(ctx, b.as(b.colleague), "", 10)
	must(t, err)
	mine := open.Cases
	if len(mine) != 1 || mine[0].ID != c.ID || mine[0].AssignedName != "Hugo Leroy" || mine[0].BeneficiaryName != "Fatima Haddad" {
		t.Errorf("the colleague's open cases: %+v", mine)
	}

	org := b.newOrganisation("Point Relais Vilaine")
	referent := b.newReferent(org, "Iris Caron")
	stranger := b.newMediator(org, referent, "Paul Morel")
	b.faults("to", "choose_colleague", func() error { return b.HandOver(ctx, b.as(b.colleague), c.ID, stranger) })
	for name, act := range map[string]func() error{
		"read": func() error { _, err := b.GetCase(ctx, b.as(stranger), c.ID); return err },
		"step": func() error {
			_, err := b.LogStep(ctx, b.as(stranger), mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
			return err
		},
		"hand over": func() error { return b.HandOver(ctx, b.as(stranger), c.ID, stranger) },
		"close":     func() error { return b.CloseCase(ctx, b.as(stranger), c.ID, "granted") },
		"due":       func() error { return b.SetDue(ctx, b.as(stranger), c.ID, b.clock.Now()) },
		"open": func() error {
			_, err := b.OpenCase(ctx, b.as(stranger), mandates.OpenCase{Beneficiary: b.person, Procedure: apl})
			return err
		},
		"step of": func() error { _, err := b.StepOf(ctx, b.as(stranger), first.ID); return err },
		"steps of": func() error {
			_, err := b.StepsOf(ctx, b.as(stranger), mandates.StepPage{Case: c.ID, Limit: 10})
			return err
		},
	} {
		if err := act(); !problem.Is(err, "not_found") {
			t.Errorf("a stranger may %s: %v", name, err)
		}
	}
	of, err := b.CasesOf(ctx, b.as(stranger), b.person)
	if err != nil || len(of) != 0 {
		t.Errorf("a stranger lists %d cases, %v", len(of), err)
	}
	if n := b.count(`SELECT count(*) FROM steps`); n != 1 {
		t.Errorf("%d steps, want 1", n)
	}
}

// Every pair of case state and end, against the table (DESIGN §4).
func TestCloseCase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(t, []string{"housing"}, 31)
	for _, end := range []string{"granted", "refused", "withdrawn", "abandoned"} {
		c := b.opened(t, apl)
		b.faults("state", "choose_case_end", func() error { return b.CloseCase(ctx, b.as(b.mediator), c.ID, "submitted") })
		e := b.adds(translog.CaseClosed, func() error { return b.CloseCase(ctx, b.as(b.mediator), c.ID, end) })
		if e.Detail["from"] != "opened" || e.Detail["to"] != end {
			t.Errorf("%s: detail %v", end, e.Detail)
		}
		for _, again := range []string{"granted", "abandoned"} {
			b.refuses("case_closed", func() error { return b.CloseCase(ctx, b.as(b.mediator), c.ID, again) })
		}
		b.refuses("case_closed", func() error { return b.SetDue(ctx, b.as(b.mediator), c.ID, b.clock.Now()) })
		b.refuses("case_closed", func() error {
			_, err := b.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
			return err
		})
		got, err := b.GetCase(ctx, b.as(b.mediator), c.ID)
		must(t, err)
		if string(got.State) != end || got.ClosedAt.IsZero() || len(got.Answers) != 0 {
			t.Errorf("%s: %+v", end, got)
		}
	}
	// A case may outlive its mandate: closing needs none.
	c := b.opened(t, apl)
	must(t, b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID}))
	b.adds(translog.CaseClosed, func() error { return b.CloseCase(ctx, b.as(b.mediator), c.ID, "withdrawn") })
}

func TestSetDue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	due := b.clock.Now().AddDate(0, 1, 0)
	b.adds(translog.CaseDueChanged, func() error { return b.SetDue(ctx, b.as(b.mediator), c.ID, due) })
	b.addsNone(func() error { return b.SetDue(ctx, b.as(b.mediator), c.ID, due) })
	got, err := b.GetCase(ctx, b.as(b.mediator), c.ID)
	must(t, err)
	if got.DueOn.Format(time.DateOnly) != due.Format(time.DateOnly) {
		t.Errorf("due on %s, want %s", got.DueOn, due)
	}
	b.adds(translog.CaseDueChanged, func() error { return b.SetDue(ctx, b.as(b.mediator), c.ID, time.Time{}) })
	b.faults("due_on", "due_in_past", func() error { return b.SetDue(ctx, b.as(b.mediator), c.ID, b.clock.Now().Add(-2*day)) })
}

// The case page says, action by action, what is allowed and if not why.
func TestGetCaseAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signedWith(t, b.person, []mandates.GrantChoice{{Theme: "housing", Actions: []string{"view", "prepare", "change_payment"}}}, 31)
	c := b.opened(t, apl)
	got, err := b.GetCase(ctx, b.as(b.mediator), c.ID)
	must(t, err)
	if got.Mandate != m.ID {
		t.Errorf("mandate %s, want %s", got.Mandate, m.ID)
	}
	want := map[string][]authz.Reason{
		"view": nil, "prepare": nil, "submit": {authz.ReasonActionNotInScope}, "correspond": {authz.ReasonActionNotInScope},
		"change_contact": {authz.ReasonActionNotInScope}, "change_payment": nil,
	}
	check := func(want map[string][]authz.Reason) {
		t.Helper()
		if len(got.Answers) != len(want) {
			t.Fatalf("%d answers, want %d", len(got.Answers), len(want))
		}
		for _, a := range got.Answers {
			if !slices.Equal(a.Reasons, want[a.Action]) || a.Allowed != (want[a.Action] == nil) || a.Sensitive != packs.Sensitive(a.Action) {
				t.Errorf("%s: allowed %v, sensitive %v, because %v", a.Action, a.Allowed, a.Sensitive, a.Reasons)
			}
		}
	}
	check(want)
	stale := b.as(b.mediator)
	stale.StrongAt = time.Time{}
	got, err = b.GetCase(ctx, stale, c.ID)
	must(t, err)
	want["change_payment"] = []authz.Reason{authz.ReasonNeedsStepUp}
	want["change_contact"] = []authz.Reason{authz.ReasonActionNotInScope, authz.ReasonNeedsStepUp}
	check(want)

	b.clock.Advance(40 * day)
	got, err = b.GetCase(ctx, b.as(b.mediator), c.ID)
	must(t, err)
	if got.Mandate != uuid.Nil {
		t.Errorf("an expired mandate is offered for the next step")
	}
	for _, a := range got.Answers {
		if a.Allowed || !slices.Contains(a.Reasons, authz.ReasonMandateExpired) {
			t.Errorf("%s after the end: %v %v", a.Action, a.Allowed, a.Reasons)
		}
	}
}

// Whatever a supervisor looks at, the person can list (DESIGN §5, 4).
func TestSupervisorLooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	e := b.adds(translog.LogViewed, func() error { _, err := b.GetCase(ctx, b.as(b.supervisor), c.ID); return err })
	if e.Beneficiary != b.person || e.Case != c.ID || e.Role != "supervisor" || e.Actor != b.supervisor {
		t.Errorf("event %+v", e)
	}
	b.adds(translog.LogViewed, func() error { _, err := b.CasesOf(ctx, b.as(b.supervisor), b.person); return err })
	b.addsNone(func() error { _, err := b.GetCase(ctx, b.as(b.referent), c.ID); return err })
	b.addsNone(func() error { _, err := b.GetCase(ctx, b.asPerson(authz.TierPhone), c.ID); return err })
	if _, err := b.GetCase(ctx, b.asPerson(authz.TierCard), c.ID); !problem.Is(err, "forbidden") {
		t.Errorf("a card alone opens the case: %v", err)
	}
}

// A mediator's open cases, page by page: what is due first, then what is due
// never, none twice and none left out; a closed one is not there.
func TestOpenCasesPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing", "money"}, 31)
	var procedures []string
	for _, theme := range []string{"housing", "money"} {
		for _, p := range b.pack.ProceduresOf(theme) {
			procedures = append(procedures, p.Code)
		}
	}
	for i, procedure := range procedures {
		in := mandates.OpenCase{Beneficiary: b.person, Procedure: procedure, IdempotencyKey: uuid.NewString()}
		if i%3 != 0 {
			in.DueOn = b.clock.Now().AddDate(0, 0, i%2) // many on the same day
		}
		_, err := b.OpenCase(ctx, b.as(b.mediator), in)
		must(t, err)
	}
	must(t, b.CloseCase(ctx, b.as(b.mediator), b.opened(t, apl).ID, "withdrawn"))
	seen, last, after := map[uuid.UUID]bool{}, mandates.Case{}, ""
	for range len(procedures) + 2 {
		page, err := b.OpenCases(ctx, b.as(b.mediator), after, 2)
		must(t, err)
		for _, c := range page.Cases {
			wrong := !last.DueOn.IsZero() && !c.DueOn.IsZero() && c.DueOn.Before(last.DueOn) || last.ID != uuid.Nil && last.DueOn.IsZero() && !c.DueOn.IsZero()
			if seen[c.ID] || wrong || !c.ClosedAt.IsZero() {
				t.Errorf("%s due %s comes after one due %s", c.Procedure, c.DueOn, last.DueOn)
			}
			seen[c.ID], last = true, c
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if after != "" || len(seen) != len(procedures) {
		t.Errorf("%d cases in the pages, want %d", len(seen), len(procedures))
	}
	for _, bad := range []string{"x", "tomorrow_1_" + uuid.NewString(), "infinity_1_2"} {
		if _, err := b.OpenCases(ctx, b.as(b.mediator), bad, 2); !problem.Is(err, "invalid") {
			t.Errorf("a cursor of nothing: %v", err)
		}
	}
}
