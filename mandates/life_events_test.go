package mandates_test

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// logged are the commands of this package, each with the kind of its event.
type logged map[string]translog.Kind

// LG-01: every command of the package leaves exactly one event, of its kind,
// in the role of who did it. A command added without a line here fails.
func TestEveryCommandLeavesOneEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	did := logged{}
	run := func(name, role string, kind translog.Kind, act func() error) {
		t.Helper()
		e := b.adds(kind, act)
		if e.Role != role || e.Outcome == "" || e.Organisation != b.org || e.Beneficiary == uuid.Nil {
			t.Errorf("%s: event %+v", name, e)
		}
		did[name] = kind
	}
	b.signings(t, run)
	b.endings(t, run)
	b.casework(t, run)
	reads := []string{"Get", "GetCase", "CaseAt", "OfBeneficiary", "EvidenceContent", "People", "Home", "Sheet", "Paper", "CardPDF", "PublicKeys", "CasesOf", "OpenCases", "StepOf", "StepsOf", "Disputes", "Dispute", "DisputePage", "EachOwn", "EachOwnCase"}
	service := reflect.TypeFor[*mandates.Service]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		_, command := did[name]
		if name == "RotateKey" { // about nobody: TestANewKeyIsInTheLog
			continue
		}
		if command == slices.Contains(reads, name) {
			t.Errorf("%s: a command %v, a query %v: every method is one of them", name, command, !command)
		}
	}
}

type runner func(name, role string, kind translog.Kind, act func() error)

func (b *bundle) signings(t *testing.T, run runner) {
	t.Helper()
	ctx, by := t.Context(), b.as(b.mediator)
	var m mandates.Mandate
	var err error
	run("Begin", "mediator", translog.MandateDrafted, func() error { m, err = b.Begin(ctx, by, b.person, ""); return err })
	run("ChangeDraft", "mediator", translog.MandateDraftChanged, func() error { m, err = b.ChangeDraft(ctx, by, m.ID, m.Version, usualDraft(housing, 31)); return err })
	run("Present", "mediator", translog.MandatePresented, func() error { m, err = b.Present(ctx, by, m.ID, m.Version); return err })
	run("AwaitCode", "mediator", translog.MandateAwaiting, func() error { return b.AwaitCode(ctx, by, m.ID) })
	run("AwaitWitness", "mediator", translog.MandateAwaiting, func() error { return b.AwaitWitness(ctx, by, m.ID) })
	run("SignAsWitness", "mediator", translog.MandateSigned, func() error {
		_, err := b.SignAsWitness(ctx, b.as(b.colleague), m.ID, mandates.Signature{PayloadHash: m.PayloadHash})
		return err
	})
	run("Renew", "mediator", translog.MandateDrafted, func() error { m, err = b.Renew(ctx, by, m.ID, ""); return err })
	run("Void", "mediator", translog.MandateVoided, func() error { return b.Void(ctx, by, m.ID, "La personne préfère attendre") })
	m = b.presented(t, by, b.person, housing, 31)
	run("Sign", "mediator", translog.MandateSigned, func() error { _, err := b.Sign(ctx, by, m.ID, sign(m, signature(t))); return err })
}

func (b *bundle) endings(t *testing.T, run runner) {
	t.Helper()
	ctx := t.Context()
	m := b.signedWith(t, b.newPerson(b.mediator, "Louis", "Petit"), choices([]string{"view"}, "housing", "money"), 31)
	run("Suspend", "supervisor", translog.MandateSuspended, func() error { return b.Suspend(ctx, b.as(b.supervisor), m.ID, "plainte") })
	run("Resume", "supervisor", translog.MandateResumed, func() error { return b.Resume(ctx, b.as(b.supervisor), m.ID) })
	run("Revoke", "mediator", translog.MandateGrantRevoked, func() error {
		return b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID, Grant: grantOf(m, "money")})
	})
	run("Revoke", "supervisor", translog.MandateRevoked, func() error { return b.Revoke(ctx, b.as(b.supervisor), mandates.Revocation{Mandate: m.ID}) })
	m = b.signedWith(t, m.Beneficiary, housing, 31)
	run("Renounce", "referent", translog.MandateRenounced, func() error { return b.Renounce(ctx, b.as(b.referent), m.ID, "fermeture de la permanence") })
	m = b.signedWith(t, m.Beneficiary, housing, 1)
	b.clock.Set(m.EndsAt)
	run("ExpireDue", "system", translog.MandateExpired, func() error { _, err := b.ExpireDue(ctx); return err })
}

func (b *bundle) casework(t *testing.T, run runner) {
	t.Helper()
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	var c mandates.Case
	var st mandates.Step
	var d mandates.Dispute
	var err error
	run("OpenCase", "mediator", translog.CaseOpened, func() error {
		c, err = b.OpenCase(ctx, b.as(b.mediator), mandates.OpenCase{Beneficiary: b.person, Procedure: apl})
		return err
	})
	for range 2 { // the first under a mandate goes another way
		run("LogStep", "mediator", translog.StepDone, func() error {
			st, err = b.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "prepared"})
			return err
		})
	}
	run("TryStep", "mediator", translog.StepDone, func() error {
		tried, err := b.TryStep(ctx, b.as(b.mediator), b.session(t, b.mediator), mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
		if tried == nil {
			t.Errorf("nothing was written: %v", err)
		}
		return err
	})
	run("LogStep", "mediator", translog.StepCorrected, func() error {
		_, err := b.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "done", Corrects: st.ID})
		return err
	})
	software := b.software()
	run("ReportStep", "software", translog.StepReported, func() error {
		_, err := b.ReportStep(ctx, software, mandates.Reported{Mediator: b.mediator, MediatorName: "Claire Martin",
			NewStep: mandates.NewStep{Case: c.ID, Action: "prepare", Outcome: "done"}})
		return err
	})
	run("HandOver", "mediator", translog.CaseHandedOver, func() error { return b.HandOver(ctx, b.as(b.mediator), c.ID, b.colleague) })
	run("SetDue", "mediator", translog.CaseDueChanged, func() error { return b.SetDue(ctx, b.as(b.colleague), c.ID, b.clock.Now().Add(9*day)) })
	run("RaiseDispute", "person", translog.DisputeRaised, func() error {
		d, err = b.RaiseDispute(ctx, b.asPerson(authz.TierPhone), st.ID, "Je n’ai pas demandé cela.")
		return err
	})
	run("AnswerDispute", "referent", translog.DisputeAnswered, func() error { return b.AnswerDispute(ctx, b.as(b.referent), d.ID, "Nous l’avons corrigé ensemble.") })
	run("CloseCase", "mediator", translog.CaseClosed, func() error { return b.CloseCase(ctx, b.as(b.colleague), c.ID, "granted") })
}

// software is the organisation's own, writing for the mediator.
func (b *bundle) software() authz.Actor {
	b.t.Helper()
	set, err := packs.Load()
	must(b.t, err)
	registry := clients.NewRegistry(clients.Dependencies{Commands: b.commands, Packs: set, Key: bytes.Repeat([]byte{3}, 32)})
	client, _, err := registry.Register(b.t.Context(), authz.Actor{System: true, Now: b.store.Now()}, clients.New{Kind: clients.Software, Pack: "fr",
		Organisation: b.org, Changes: clients.Changes{Name: "Agenda", Scopes: clients.SoftwareScopeNames()}})
	must(b.t, err)
	a := client.SoftwareActor(b.store.Now())
	a.For, a.ForFacts = b.mediator, &authz.MediatorFacts{Membership: b.as(b.mediator).Memberships[0]}
	return a
}

// attempts are the mandate commands that need authority, each on a mandate in
// the state it wants, with what it would be refused for otherwise.
func (b *bundle) attempts(t *testing.T) map[string]func(by authz.Actor) error {
	t.Helper()
	ctx := context.Background()
	draft, shown, live := b.in(t, mandates.Drafted), b.in(t, mandates.Presented), b.in(t, mandates.Active)
	return map[string]func(by authz.Actor) error{
		"draft": func(by authz.Actor) error { _, err := b.Begin(ctx, by, draft.Beneficiary, ""); return err },
		"change": func(by authz.Actor) error {
			_, err := b.ChangeDraft(ctx, by, draft.ID, draft.Version, usualDraft(housing, 31))
			return err
		},
		"present": func(by authz.Actor) error { _, err := b.Present(ctx, by, draft.ID, draft.Version); return err },
		"await":   func(by authz.Actor) error { return b.AwaitCode(ctx, by, shown.ID) },
		"sign":    func(by authz.Actor) error { _, err := b.Sign(ctx, by, shown.ID, sign(shown, signature(t))); return err },
		"void":    func(by authz.Actor) error { return b.Void(ctx, by, shown.ID, "") },
		"case": func(by authz.Actor) error {
			_, err := b.OpenCase(ctx, by, mandates.OpenCase{Beneficiary: live.Beneficiary, Procedure: apl})
			return err
		},
	}
}

// newcomer is a mediator brought so far and no further.
func (b *bundle) newcomer(t *testing.T, confirmed, trained, charter bool) uuid.UUID {
	t.Helper()
	ctx := t.Context()
	m, err := b.orgs.Invite(ctx, b.as(b.referent), organisations.Invite{Organisation: b.org, Name: "Nour Amrani", Email: address("Nour Amrani"), Role: authz.Mediator})
	must(t, err)
	id := b.signIn("Nour Amrani")
	if confirmed {
		must(t, b.orgs.Confirm(ctx, b.as(b.referent), m.ID))
	}
	if trained {
		must(t, b.orgs.RecordTraining(ctx, b.as(b.referent), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 14",
			CompletedOn: b.clock.Now(), ExpiresOn: b.clock.Now().AddDate(0, 0, 20)}))
	}
	if charter {
		must(t, b.orgs.AcceptCharter(ctx, b.as(id), b.pack.Charter.Version))
	}
	return id
}

// AU-09: whatever lacks, the command is refused with that reason, and the next
// person to act is known; nothing is done, the refusal is in the log.
func TestNoAuthority(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		confirmed, trained, charter bool
		wait                        time.Duration
		why                         authz.Reason
		next                        organisations.By
	}{
		"not confirmed":    {false, true, true, 0, authz.ReasonNotConfirmed, organisations.ByReferent},
		"not trained":      {true, false, true, 0, authz.ReasonNotTrained, organisations.ByReferent},
		"training expired": {true, true, true, 22 * day, authz.ReasonTrainingExpired, organisations.ByReferent},
		"no charter":       {true, true, false, 0, authz.ReasonCharter, organisations.ByYourself},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			id := b.newcomer(t, x.confirmed, x.trained, x.charter)
			b.clock.Advance(x.wait)
			for command, try := range b.attempts(t) {
				e := b.refuses("forbidden", func() error { return try(b.as(id)) })
				if !slices.Contains(e.reasons(), string(x.why)) || e.Actor != id {
					t.Errorf("%s: refused because %v, want %s", command, e.reasons(), x.why)
				}
			}
			next, err := b.orgs.NextPerson(t.Context(), b.as(id), []authz.Reason{x.why})
			if err != nil || len(next) != 1 || next[0].By != x.next || x.next == organisations.ByReferent && !slices.Contains(next[0].Names, "Nadia Benali") {
				t.Errorf("next to act: %+v, %v", next, err)
			}
		})
	}
}

// AU-10: removed from one organisation, the very next request on its mandates
// is refused, reading and stopping included; the other one is untouched.
func TestRemovedFromOneOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	org := b.newOrganisation("Point Relais Vilaine")
	referent := b.newReferent(org, "Iris Caron")
	b.join(t, org, referent, b.mediator, "Claire Martin")
	there := b.signedBy(t, b.as(b.mediator, org), b.newPersonBy(b.as(b.mediator, org), "Ana", "Lopes"), housing, 31)
	tries, here := b.attempts(t), b.in(t, mandates.Active)
	must(t, b.orgs.End(ctx, b.as(b.referent), b.memberships[b.mediator]))
	tries["revoke"] = func(by authz.Actor) error { return b.Revoke(ctx, by, mandates.Revocation{Mandate: here.ID}) }
	tries["renounce"] = func(by authz.Actor) error { return b.Renounce(ctx, by, here.ID, "départ") }
	for name, try := range tries {
		if err := try(b.as(b.mediator, b.org)); problem.As(err).Kind != problem.KindNotFound && problem.As(err).Kind != problem.KindForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Get(ctx, b.as(b.mediator, b.org), here.ID); err == nil {
		t.Error("a mandate of the organisation left is read")
	}
	b.adds(translog.MandateRevoked, func() error { return b.Revoke(ctx, b.as(b.mediator, org), mandates.Revocation{Mandate: there.ID}) })
	m, err := b.Get(ctx, b.as(b.colleague), here.ID)
	if err != nil || m.State != mandates.Active {
		t.Errorf("%s, %v", m.State, err)
	}
}

// join makes an account a mediator of one more organisation.
func (b *bundle) join(t *testing.T, org, referent, account uuid.UUID, name string) {
	t.Helper()
	ctx := t.Context()
	m, err := b.orgs.Invite(ctx, b.as(referent, org), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Mediator})
	must(t, err)
	must(t, b.orgs.Confirm(ctx, b.as(referent, org), m.ID))
	must(t, b.orgs.RecordTraining(ctx, b.as(referent, org), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "C 12", CompletedOn: b.clock.Now()}))
	must(t, b.orgs.AcceptCharter(ctx, b.as(account, org), b.pack.Charter.Version))
}

// AU-11: an organisation suspended: nobody in it begins or signs, the person
// sees it so and can still stop everything; lifting it restores.
func TestSuspendedOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(t, []string{"housing"}, 31)
	tries := b.attempts(t)
	must(t, b.orgs.SuspendOrganisation(ctx, b.as(b.operator), b.org, "contrôle en cours"))
	for name, try := range tries {
		if e := b.refuses("forbidden", func() error { return try(b.as(b.mediator)) }); !slices.Contains(e.reasons(), string(authz.ReasonOrganisationSuspended)) {
			t.Errorf("%s: refused because %v", name, e.reasons())
		}
	}
	for who, actor := range map[string]authz.Actor{"the person": b.asPerson(authz.TierCard), "a mediator": b.as(b.mediator)} {
		if got, err := b.Get(ctx, actor, m.ID); err != nil || !got.OrganisationSuspended {
			t.Errorf("%s does not see it held: %v", who, err)
		}
	}
	must(t, b.orgs.ResumeOrganisation(ctx, b.as(b.operator), b.org))
	if got, err := b.Get(ctx, b.asPerson(authz.TierCard), m.ID); err != nil || got.OrganisationSuspended || got.State != mandates.Active {
		t.Errorf("not restored: %v", err)
	}
	for _, name := range []string{"case", "await", "sign", "present"} {
		if err := tries[name](b.as(b.mediator)); err != nil {
			t.Errorf("%s after lifting: %v", name, err)
		}
	}
	must(t, b.orgs.SuspendOrganisation(ctx, b.as(b.operator), b.org, "contrôle en cours"))
	b.adds(translog.MandateRevoked, func() error { return b.Revoke(ctx, b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID}) })
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'mandate_revoked' AND beneficiary_id = $1 AND body <> ''`, b.person); n != 1 {
		t.Errorf("%d messages, want one", n)
	}
}

// DESIGN §5, 8: what somebody typed as a reason is personal: erasable, and never
// in the public part.
func TestReasonsArePersonal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, why := t.Context(), "Sa fille Karima s’en occupe"
	for kind, act := range map[translog.Kind]func(m mandates.Mandate) error{
		translog.MandateRenounced: func(m mandates.Mandate) error { return b.Renounce(ctx, b.as(b.mediator), m.ID, why) },
		translog.MandateSuspended: func(m mandates.Mandate) error { return b.Suspend(ctx, b.as(b.referent), m.ID, why) },
		translog.MandateRevoked: func(m mandates.Mandate) error {
			return b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID, Reason: why})
		},
	} {
		m := b.in(t, mandates.Active)
		e := b.adds(kind, func() error { return act(m) })
		if e.Personal["reason"] != why {
			t.Errorf("%s: %v, %v", kind, e.Detail, e.Personal)
		}
		for _, v := range e.Detail {
			if s, ok := v.(string); ok && strings.Contains(s, "Karima") {
				t.Errorf("%s says %q in public", kind, s)
			}
		}
	}
	m := b.in(t, mandates.Active)
	b.faults("reason", "say_why", func() error { return b.Renounce(ctx, b.as(b.mediator), m.ID, "  ") })
	b.faults("reason", "say_why", func() error { return b.Suspend(ctx, b.as(b.referent), m.ID, "") })
	b.faults("reason", "too_long", func() error {
		return b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID, Reason: strings.Repeat("é", 501)})
	})
}

// ST-05: free text around a mandate is looked at for secrets too: refused, kept
// nowhere, and logged by its code.
func TestMandatesWithSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, by := t.Context(), b.as(b.mediator)
	const secret = "carte 4539 1488 0343 6467"
	m, draft := b.in(t, mandates.Active), b.in(t, mandates.Drafted)
	named := func(change func(d *mandates.Draft)) func() error {
		d := usualDraft(housing, 31)
		change(&d)
		return func() error { _, err := b.ChangeDraft(ctx, by, draft.ID, draft.Version, d); return err }
	}
	for name, act := range map[string]struct {
		field string
		do    func() error
	}{
		"revoke": {"reason", func() error { return b.Revoke(ctx, by, mandates.Revocation{Mandate: m.ID, Reason: secret}) }},
		"a line": {"reason", func() error {
			return b.Revoke(ctx, by, mandates.Revocation{Mandate: m.ID, Grant: m.Grants[0].ID, Reason: secret})
		}},
		"renounce":       {"reason", func() error { return b.Renounce(ctx, by, m.ID, secret) }},
		"suspend":        {"reason", func() error { return b.Suspend(ctx, b.as(b.referent), m.ID, secret) }},
		"void":           {"reason", func() error { return b.Void(ctx, by, draft.ID, secret) }},
		"interpreter":    {"interpreter", named(func(d *mandates.Draft) { d.Interpreter = secret })},
		"representative": {"representative", named(func(d *mandates.Draft) { d.Representative = secret })},
	} {
		if e := b.refuses("invalid", act.do); !e.because("secret_in_text") {
			t.Errorf("%s: %v", name, e.reasons())
		}
		if f := problem.As(act.do()).Fields; len(f) != 1 || f[0].Name != act.field || f[0].Code != "secret_in_text" {
			t.Errorf("%s: %v", name, f)
		}
	}
	for _, e := range b.events() {
		if strings.Contains(e.raw, "4539 1488") {
			t.Errorf("the secret is in the log: %s", e.Kind)
		}
	}
	if n := b.count(`SELECT count(*) FROM row_history h WHERE h::text LIKE '%4539 1488%'`); n != 0 {
		t.Errorf("the secret was kept %d times", n)
	}
	if got := b.fresh(t, m.ID).State; got != mandates.Active {
		t.Errorf("the mandate is %s", got)
	}
}

// DESIGN §5, 4: a supervisor's look at a mandate is an event about the person;
// those who work with it, and the person, leave none.
func TestSupervisorLooksAtAMandate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	read := func(by authz.Actor) func() error {
		return func() error { _, err := b.Get(t.Context(), by, m.ID); return err }
	}
	list := func(by authz.Actor) func() error {
		return func() error { _, err := b.OfBeneficiary(t.Context(), by, b.person); return err }
	}
	for _, look := range []func() error{read(b.as(b.supervisor)), list(b.as(b.supervisor))} {
		if e := b.adds(translog.LogViewed, look); e.Actor != b.supervisor || e.Role != "supervisor" || e.Mandate != m.ID || e.Beneficiary != b.person {
			t.Errorf("event %+v", e)
		}
	}
	for _, by := range []authz.Actor{b.as(b.mediator), b.as(b.colleague), b.as(b.referent), b.asPerson(authz.TierCard)} {
		b.addsNone(read(by))
		b.addsNone(list(by))
	}
}
