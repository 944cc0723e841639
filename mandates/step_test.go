package mandates_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// step logs one as the first mediator, freshly authenticated.
func (b *bundle) step(n mandates.NewStep) func() error {
	return b.stepAs(b.mediator, n)
}

func (b *bundle) stepAs(account uuid.UUID, n mandates.NewStep) func() error {
	return func() error {
		_, err := b.LogStep(b.t.Context(), b.as(account, b.org), n)
		return err
	}
}

// ST-01: prepared, submitted with its receipt, answer received; each one event,
// and the case follows. The person hears of the first use, once.
func TestLogSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	due := b.clock.Now().AddDate(0, 2, 0)
	for i, x := range []struct {
		mandates.NewStep
		state mandates.CaseState
	}{
		{mandates.NewStep{Action: "prepare", Outcome: "prepared", Present: true, Note: "Il manque le bail.\r\n\r\n\r\nRendez-vous mardi.  "}, mandates.CaseInProgress},
		{mandates.NewStep{Action: "submit", Outcome: "submitted", ReceiptNumber: " CAF-2026-118 ", DueOn: due}, mandates.CaseSubmitted},
		{mandates.NewStep{Action: "view", Outcome: "done"}, mandates.CaseSubmitted},
		{mandates.NewStep{Action: "view", Outcome: "answer_received"}, mandates.CaseAwaiting},
	} {
		b.clock.Advance(time.Minute)
		x.Case = c.ID
		e := b.adds(translog.StepDone, b.step(x.NewStep))
		if e.Mandate != m.ID || e.Case != c.ID || e.Beneficiary != b.person || e.Procedure != apl || e.Action != x.Action || e.Outcome != x.Outcome ||
			e.Actor != b.mediator || e.Role != "mediator" || !e.At.Equal(b.clock.Now()) {
			t.Errorf("step %d: event %+v", i, e)
		}
		if e.Detail["action"] != x.Action || e.Detail["outcome"] != x.Outcome || e.Detail["present"] != x.Present || e.Detail["case_state"] != string(x.state) {
			t.Errorf("step %d: detail %v", i, e.Detail)
		}
		got, err := b.GetCase(t.Context(), b.as(b.colleague), c.ID)
		must(t, err)
		if got.State != x.state || len(got.Steps) != i+1 || got.Steps[i].ID != e.Step || got.Steps[i].MediatorName != "Claire Martin" || got.Steps[i].Mandate != m.ID {
			t.Errorf("step %d: case %+v", i, got)
		}
		if i > 0 && got.DueOn.Format(time.DateOnly) != due.Format(time.DateOnly) {
			t.Errorf("step %d: due on %s", i, got.DueOn)
		}
	}
	all := b.events()
	if p := all[len(all)-3].Personal; p["receipt_number"] != "CAF-2026-118" {
		t.Errorf("personal %v", p)
	}
	if p := all[len(all)-4].Personal; p["note"] != "Il manque le bail.\n\nRendez-vous mardi." {
		t.Errorf("personal %q", p["note"])
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'first_use' AND beneficiary_id = $1`, b.person); n != 1 {
		t.Errorf("%d messages of first use, want 1", n)
	}
	// The case's row history says who changed it, also in the one statement.
	if n := b.count(`SELECT count(*) FROM row_history WHERE table_name = 'cases' AND operation = 'UPDATE' AND acting = $1`, "mediator:"+b.mediator.String()); n != 3 {
		t.Errorf("%d changes of the case in row history, want 3", n)
	}
}

// ST-02: out of scope is refused in so many words, and the person can see it.
func TestStepOutOfScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signedWith(t, b.person, []mandates.GrantChoice{{Theme: "housing", Procedures: []string{apl}, Actions: []string{"view"}}}, 31)
	c := b.opened(t, apl)
	e := b.refuses("forbidden", b.step(mandates.NewStep{Case: c.ID, Action: "submit", Outcome: "submitted", Note: "essai", ReceiptNumber: "R1"}))
	if !e.because(authz.ReasonActionNotInScope) || e.Beneficiary != b.person || e.Mandate != m.ID || e.Case != c.ID || e.Action != "submit" {
		t.Errorf("event %+v %v", e, e.reasons())
	}
	if e.Detail["rule"] == nil || e.Detail["policy_hash"] == nil || strings.Contains(e.raw, "essai") {
		t.Errorf("detail %v", e.Detail)
	}
	if n := b.count(`SELECT count(*) FROM steps`); n != 0 {
		t.Errorf("%d steps", n)
	}
	// The same after the mandate was used: by the one statement's road.
	b.adds(translog.StepDone, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}))
	b.refuses("forbidden", b.step(mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "prepared"}))
}

// Sensitive actions are in scope only when ticked, and ask for a fresh sign-in,
// also under the name of a correction (MA-04, AU-08).
func TestSensitiveStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signedWith(t, b.person, choices([]string{"view", "change_payment"}, "housing"), 31)
	c := b.opened(t, apl)
	pay := mandates.NewStep{Case: c.ID, Action: "change_payment", Outcome: "done"}
	first, err := b.LogStep(t.Context(), b.as(b.mediator), pay)
	must(t, err)
	weak := func(n mandates.NewStep) func() error {
		return func() error {
			a := b.as(b.mediator)
			a.StrongAt = a.Now.Add(-authz.StepUpAge - time.Second)
			_, err := b.LogStep(t.Context(), a, n)
			return err
		}
	}
	b.refuses("needs_step_up", weak(pay))
	pay.Corrects = first.ID
	b.refuses("needs_step_up", weak(pay))
	b.adds(translog.StepCorrected, b.step(pay))
	b.adds(translog.StepDone, weak(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}))
}

// ST-03: the mandate ends between opening the page and pressing the button. The
// actor is the one loaded for the page: the statement itself refuses.
func TestEndBetweenPageAndPress(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		with func(b *bundle, m mandates.Mandate) error
		why  authz.Reason
	}{
		"revoked": {func(b *bundle, m mandates.Mandate) error {
			return b.Revoke(t.Context(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID})
		}, authz.ReasonMandateRevoked},
		"suspended": {func(b *bundle, m mandates.Mandate) error {
			return b.Suspend(t.Context(), b.as(b.supervisor), m.ID, "plainte de la famille")
		}, authz.ReasonMandateSuspended},
		"past its end": {func(b *bundle, m mandates.Mandate) error { b.clock.Set(m.EndsAt); return nil }, authz.ReasonMandateExpired},
		"renounced": {func(b *bundle, m mandates.Mandate) error {
			return b.Renounce(t.Context(), b.as(b.mediator), m.ID, "plus de moyens")
		}, authz.ReasonMandateNotActive},
		"line revoked": {func(b *bundle, m mandates.Mandate) error {
			for _, g := range m.Grants {
				if g.Theme == "housing" {
					return b.Revoke(t.Context(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID, Grant: g.ID})
				}
			}
			return nil
		}, authz.ReasonProcedureNotInScope},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m := b.signed(t, []string{"housing", "money"}, 31)
			c := b.opened(t, apl)
			press := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}
			b.adds(translog.StepDone, b.step(press))
			page := b.as(b.mediator)
			must(t, end.with(b, m))
			e := b.refuses("forbidden", func() error { _, err := b.LogStep(t.Context(), page, press); return err })
			if !e.because(end.why) {
				t.Errorf("reasons %v, want %s", e.reasons(), end.why)
			}
			if n := b.count(`SELECT count(*) FROM steps`); n != 1 {
				t.Errorf("%d steps, want 1", n)
			}
		})
	}
}

// The last microsecond counts, the end itself does not.
func TestStepAtTheEdge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	press := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}
	b.clock.Set(m.EndsAt.Add(-time.Microsecond))
	b.adds(translog.StepDone, b.step(press)) // first use, ordinary transaction
	b.adds(translog.StepDone, b.step(press)) // one statement
	b.clock.Set(m.EndsAt)
	b.refuses("forbidden", b.step(press))
}

// MA-09: a line revoked alone leaves the rest usable; the last one ends all.
func TestStepsAfterGrantRevocations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing", "money"}, 31)
	house, pension := b.opened(t, apl), b.opened(t, b.pack.ProceduresOf("money")[0].Code)
	view := func(c mandates.Case) func() error {
		return b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
	}
	b.adds(translog.StepDone, view(house))
	b.adds(translog.StepDone, view(pension))
	revoke := func(theme string) {
		for _, g := range m.Grants {
			if g.Theme == theme {
				must(t, b.Revoke(t.Context(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID, Grant: g.ID}))
			}
		}
	}
	revoke("housing")
	if e := b.refuses("forbidden", view(house)); !e.because(authz.ReasonProcedureNotInScope) {
		t.Errorf("reasons %v", e.reasons())
	}
	b.adds(translog.StepDone, view(pension))
	revoke("money")
	if e := b.refuses("forbidden", view(pension)); !e.because(authz.ReasonMandateRevoked) {
		t.Errorf("reasons %v", e.reasons())
	}
}

// A newer mandate takes a theme over (MA-05): steps go on, under the new one.
func TestStepAfterSupersession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := b.signed(t, []string{"housing", "money"}, 31)
	c := b.opened(t, apl)
	press := b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
	if e := b.adds(translog.StepDone, press); e.Mandate != old.ID {
		t.Errorf("under %s", e.Mandate)
	}
	renewed := b.signed(t, []string{"housing"}, 182)
	if e := b.adds(translog.StepDone, press); e.Mandate != renewed.ID {
		t.Errorf("under %s, want the newer %s", e.Mandate, renewed.ID)
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'first_use'`); n != 2 {
		t.Errorf("%d messages of first use, want one for each mandate", n)
	}
}

// ST-05: a probable secret is refused, stored nowhere, and logged as a code.
func TestStepWithSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	for kind, secret := range map[string]string{
		"card":     "4539 1488 0343 6467",
		"national": "2 55 08 14 168 025 38",
		"password": "mot de passe : Soleil2024!",
	} {
		for field, n := range map[string]mandates.NewStep{
			"note":           {Case: c.ID, Action: "view", Outcome: "done", Note: "À noter\n" + secret + " merci"},
			"receipt_number": {Case: c.ID, Action: "view", Outcome: "done", ReceiptNumber: secret},
		} {
			e := b.refuses("invalid", b.step(n))
			if !e.because("secret_in_text") {
				t.Errorf("%s in %s: %v", kind, field, e.reasons())
			}
			err := b.step(n)()
			if f := problem.As(err).Fields; len(f) != 1 || f[0].Name != field || f[0].Code != "secret_in_text" || strings.Contains(err.Error(), secret[:6]) {
				t.Errorf("%s in %s: %v", kind, field, err)
			}
		}
		for _, e := range b.events() {
			if strings.Contains(e.raw, secret[:6]) {
				t.Errorf("%s is in the log: %s", kind, e.Kind)
			}
		}
	}
	if n := b.count(`SELECT count(*) FROM steps`); n != 0 {
		t.Errorf("%d steps", n)
	}
}

// ST-06: a step is never edited or deleted; a correction is another step of the
// same case, also once it is closed.
func TestCorrection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c, other := b.opened(t, apl), b.opened(t, "housing.social-housing")
	wrong, err := b.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "submit", Outcome: "submitted", ReceiptNumber: "R-1"})
	must(t, err)
	fix := mandates.NewStep{Case: c.ID, Action: "submit", Outcome: "prepared", ReceiptNumber: "R-2", Corrects: wrong.ID}
	e := b.adds(translog.StepCorrected, b.step(fix))
	if e.Detail["corrects"] != wrong.ID.String() || e.Detail["case_state"] != "in_progress" {
		t.Errorf("detail %v", e.Detail)
	}
	kept, err := b.StepOf(ctx, b.as(b.colleague), wrong.ID)
	must(t, err)
	if kept.ReceiptNumber != "R-1" || !kept.At.Equal(wrong.At) {
		t.Errorf("the first step changed: %+v", kept)
	}
	fix.Case = other.ID
	b.faults("corrects", "step_not_here", b.step(fix))
	fix.Case, fix.Corrects = c.ID, uuid.New()
	b.faults("corrects", "step_not_here", b.step(fix))
	must(t, b.CloseCase(ctx, b.as(b.mediator), c.ID, "granted"))
	fix.Corrects, fix.DueOn = wrong.ID, b.clock.Now()
	if e := b.adds(translog.StepCorrected, b.step(fix)); e.Detail["case_state"] != "granted" {
		t.Errorf("a correction reopened the case: %v", e.Detail)
	}
	conn, err := pgx.Connect(ctx, storetest.OwnerURL(t, b.store))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, attack := range []string{`UPDATE steps SET note = 'x'`, `DELETE FROM steps`} {
		if _, err := conn.Exec(ctx, attack); err == nil {
			t.Errorf("the owner of the tables could: %s", attack)
		}
	}
}

// ST-07: the same key gives the same step and no second event, one after the
// other and all at once, as the first step and later.
func TestStepOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	for _, key := range []string{"first", "second"} {
		n := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "waiting", IdempotencyKey: key}
		actor := b.as(b.mediator)
		before := len(b.events())
		ids := make([]uuid.UUID, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				st, err := b.LogStep(t.Context(), actor, n)
				if err != nil {
					t.Error(err)
				}
				ids[i] = st.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("%s: several answers: %v", key, ids)
			}
		}
		if got := len(b.events()); got != before+1 {
			t.Errorf("%s: %d events, want 1", key, got-before)
		}
		// The stored answer stays, whatever else is sent with the key.
		n.Outcome = "failed"
		again, err := b.LogStep(t.Context(), actor, n)
		must(t, err)
		if again.ID != ids[0] || again.Outcome != "waiting" {
			t.Errorf("%s: %+v", key, again)
		}
		// A colleague's key is another key.
		b.adds(translog.StepDone, b.stepAs(b.colleague, n))
	}
	other := b.opened(t, apl)
	if err := b.step(mandates.NewStep{Case: other.ID, Action: "view", Outcome: "done", IdempotencyKey: "first"})(); !problem.Is(err, "idempotency_key_reused") {
		t.Errorf("the key in another case: %v", err)
	}
}

func TestStepFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	for _, x := range []struct {
		field, code string
		n           mandates.NewStep
	}{
		{"action", "choose_action", mandates.NewStep{Action: "steal", Outcome: "done"}},
		{"outcome", "choose_outcome", mandates.NewStep{Action: "view", Outcome: "granted"}},
		{"outcome", "choose_outcome", mandates.NewStep{Action: "view"}},
		{"note", "too_long", mandates.NewStep{Action: "view", Outcome: "done", Note: strings.Repeat("é", 2001)}},
		{"receipt_number", "too_long", mandates.NewStep{Action: "view", Outcome: "done", ReceiptNumber: strings.Repeat("A", 101)}},
		{"idempotency_key", "too_long", mandates.NewStep{Action: "view", Outcome: "done", IdempotencyKey: strings.Repeat("k", 101)}},
		{"due_on", "due_in_past", mandates.NewStep{Action: "view", Outcome: "done", DueOn: b.clock.Now().Add(-2 * day)}},
	} {
		x.n.Case = c.ID
		b.faults(x.field, x.code, b.step(x.n))
	}
	if err := b.step(mandates.NewStep{Case: uuid.New(), Action: "view", Outcome: "done"})(); !problem.Is(err, "not_found") {
		t.Errorf("no such case: %v", err)
	}
	b.adds(translog.StepDone, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done", Note: strings.Repeat("é", 2000)}))
}

// AU-10, AU-11 and suspension, with the actor loaded before: the statement
// refuses by itself. Lifting restores.
func TestAuthorityLostMidway(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		lose, restore func(b *bundle) error
		code          string
		why           authz.Reason
	}{
		"membership ended": {lose: func(b *bundle) error {
			return b.orgs.End(t.Context(), b.as(b.referent), b.memberships[b.mediator])
		}, code: "not_found"},
		"membership suspended": {lose: func(b *bundle) error {
			return b.orgs.Suspend(t.Context(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
		}, restore: func(b *bundle) error {
			return b.orgs.Resume(t.Context(), b.as(b.referent), b.memberships[b.mediator])
		}, code: "forbidden", why: authz.ReasonMembershipInactive},
		"organisation suspended": {lose: func(b *bundle) error {
			return b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours")
		}, restore: func(b *bundle) error {
			return b.orgs.ResumeOrganisation(t.Context(), b.as(b.operator), b.org)
		}, code: "forbidden", why: authz.ReasonOrganisationSuspended},
		"account suspended": {lose: func(b *bundle) error {
			return b.orgs.SuspendAccount(t.Context(), b.mediator, "Olga Petit", "compte volé")
		}, code: "forbidden", why: authz.ReasonAccountSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.signed(t, []string{"housing"}, 31)
			c := b.opened(t, apl)
			page := b.as(b.mediator)
			press := func() error {
				_, err := b.LogStep(t.Context(), page, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
				return err
			}
			b.adds(translog.StepDone, press)
			must(t, x.lose(b))
			e := b.refuses(x.code, press)
			if x.why != "" && !e.because(x.why) {
				t.Errorf("reasons %v, want %s", e.reasons(), x.why)
			}
			if x.why != authz.ReasonOrganisationSuspended { // the others stay who they are
				b.adds(translog.StepDone, b.stepAs(b.colleague, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}))
			}
			if x.restore != nil {
				must(t, x.restore(b))
				b.adds(translog.StepDone, press)
			}
		})
	}
}

// AU-10: a mediator of two organisations removed from one goes on in the other.
func TestTwoOrganisations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	here := b.opened(t, apl)
	org := b.newOrganisation("Point Relais Vilaine")
	referent := b.newReferent(org, "Iris Caron")
	m, err := b.orgs.Invite(ctx, b.as(referent), organisations.Invite{Organisation: org, Name: "Claire Martin", Email: address("Claire Martin"), Role: authz.Mediator})
	must(t, err)
	must(t, b.orgs.Confirm(ctx, b.as(referent), m.ID))
	must(t, b.orgs.RecordTraining(ctx, b.as(referent), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "C 12", CompletedOn: b.clock.Now()}))
	must(t, b.orgs.AcceptCharter(ctx, b.as(b.mediator, org), b.pack.Charter.Version))
	other := b.newPersonBy(b.as(b.mediator, org), "Ana", "Lopes")
	b.signedBy(t, b.as(b.mediator, org), other, choices(packs.DefaultActions(), "housing"), 31)
	there, err := b.OpenCase(ctx, b.as(b.mediator, org), mandates.OpenCase{Beneficiary: other, Procedure: apl})
	must(t, err)
	must(t, b.orgs.End(ctx, b.as(b.referent), b.memberships[b.mediator]))
	view := func(c mandates.Case) func() error {
		return func() error {
			_, err := b.LogStep(ctx, b.as(b.mediator, c.Organisation), mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
			return err
		}
	}
	b.refuses("not_found", view(here))
	b.adds(translog.StepDone, view(there))
}
