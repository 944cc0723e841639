package mediator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

const apl = "housing.apl"

// helped is a house where one person gave a mandate for housing, with the case
// opened through the pages.
type helped struct {
	*house
	who    beneficiaries.Beneficiary
	under  mandates.Mandate
	b      *browser
	of     uuid.UUID // the case
	path   string
	colleg *browser
}

func setupCase(t testing.TB) *helped {
	t.Helper()
	h := &helped{house: setup(t)}
	h.who = h.newPerson(h.mediator, "Fatima", "Haddad")
	h.under = h.signed(h.mediator, h.who.ID, 31, "housing")
	h.b, h.colleg = h.browse(h.mediator), h.browse(h.colleague)
	page := h.b.get("/cases/new?person=" + h.who.ID.String()).is(http.StatusOK)
	a := h.b.post("/cases/new", url.Values{"key": {page.hidden("key")}, "person": {page.hidden("person")}, "procedure": {apl}}).is(http.StatusSeeOther)
	h.path = a.location
	id, err := uuid.Parse(strings.TrimPrefix(a.location, "/cases/"))
	must(t, err)
	h.of = id
	return h
}

// step is the big form, filled in.
func step(key, action, outcome string) url.Values {
	return url.Values{"key": {key}, "action": {action}, "outcome": {outcome}, "present": {"1"}}
}

// once demands that a page says something one time only.
func (a answer) once(key string) answer {
	a.b.h.t.Helper()
	if n := strings.Count(a.main(), a.b.printer().T(key)); n != 1 {
		a.b.h.t.Errorf("%s is said %d times\n%s", key, n, a.main())
	}
	return a
}

// kept demands that everything typed is still there.
func (a answer) kept(v url.Values) answer {
	a.b.h.t.Helper()
	a.keeps("key", v.Get("key")).keeps("receipt_number", v.Get("receipt_number")).keeps("due_on-year", v.Get("due_on-year"))
	if note := v.Get("note"); !strings.Contains(a.body, ">"+note+"</textarea>") {
		a.b.h.t.Errorf("the note %q is gone\n%s", note, a.main())
	}
	for _, name := range []string{"action", "outcome"} {
		a.ticked(name, v.Get(name))
	}
	a.shows(`name="present" value="1" checked`)
	return a
}

// ticked demands that this choice is made.
func (a answer) ticked(name, value string) answer {
	a.b.h.t.Helper()
	return a.shows(`name="` + name + `" value="` + value + `" checked`)
}

func (h *helped) steps() int { return h.count(`SELECT count(*) FROM steps WHERE case_id = $1`, h.of) }

func (h *helped) refusals() int {
	return h.count(`SELECT count(*) FROM events WHERE kind = $1 AND beneficiary_id = $2`, string(translog.ActRefused), h.who.ID)
}

// ST-01: prepared, submitted with the receipt number, answer received, each
// one press from the case, which proposes the usual next step.
func TestCaseFromOpenToAnswer(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	for _, next := range []struct{ action, outcome, receipt string }{
		{"prepare", mandates.OutcomePrepared, ""},
		{"submit", mandates.OutcomeSubmitted, "CAF-2026-0815"},
		{"view", mandates.OutcomeAnswer, ""},
	} {
		page := h.b.get(h.path).is(http.StatusOK).ticked("action", next.action).ticked("outcome", next.outcome).shows(`action="` + h.path + `/steps"`)
		v := step(page.hidden("key"), next.action, next.outcome)
		v.Set("receipt_number", next.receipt)
		h.b.post(h.path+"/steps", v).goes(h.path)
		h.clock.Advance(time.Minute)
	}
	h.b.get(h.path).is(http.StatusOK).says("case.step.receipt_line", "Number", "CAF-2026-0815").says("case_state.awaiting_decision").says("outcome.answer_received")
	if h.steps() != 3 {
		t.Errorf("%d steps, want 3", h.steps())
	}
}

// A case says whom and what it is for, in each language.
func TestCasePage(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	x, _ := h.pack.Procedure(apl)
	for _, lang := range []string{"fr", "en", "es"} {
		h.b.in(lang).get(h.path).is(http.StatusOK).shows("<title>"+x.Name.In(lang), "<bdi>Fatima Haddad</bdi>", x.Plain.In(lang), x.AdministrationName,
			x.NeedsDocuments.In(lang), x.URL, `href="/mandates/`+h.under.ID.String()+`"`, "Claire Martin").
			says("case.step.title").says("case.done.none").says("case_state.opened").says("case.step.note_hint")
	}
}

// ST-02: what the mandate does not name is not offered, the page says why and
// how to ask; forced, it is refused in words and the refusal is an event.
func TestOutOfScope(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	h.b.get(h.path).is(http.StatusOK).says("case.blocked.some").says("reason.action_not_in_scope").says("action.change_payment").
		shows(`href="/people/` + h.who.ID.String() + `"`).hides(`value="change_payment"`)
	before := h.refusals()
	v := step(uuid.NewString(), "change_payment", mandates.OutcomeDone)
	v.Set("note", "Nouveau compte donné par Fatima")
	v.Set("receipt_number", "R-1")
	v.Set("due_on-day", "24")
	v.Set("due_on-month", "12")
	v.Set("due_on-year", "2026")
	h.b.post(h.path+"/steps", v).is(http.StatusForbidden).failed().kept(v).
		says("case.refused.title").says("reason.action_not_in_scope").says("case.mend.scope").says("case.refused.kept").says("case.step.no_longer")
	if h.steps() != 0 || h.refusals() != before+1 {
		t.Errorf("%d steps and %d refusals", h.steps(), h.refusals()-before)
	}
}

// ST-03: the mandate ended between opening the page and pressing the button.
// Nothing typed is lost, and the page says what happened, why, what to do.
func TestMandateEndedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		happens     func(h *helped)
		reason, say string
	}{
		"revoked": {func(h *helped) {
			must(h.t, h.mandates.Revoke(h.t.Context(), h.actor(h.colleague), mandates.Revocation{Mandate: h.under.ID}))
		}, "reason.mandate_revoked", "case.mend.revoked"},
		"expired": {func(h *helped) { h.clock.Set(h.under.EndsAt) }, "reason.mandate_expired", "case.mend.expired"},
		"suspended": {func(h *helped) {
			must(h.t, h.mandates.Suspend(h.t.Context(), h.actor(h.referent), h.under.ID, "Doute sur la pression d’un proche"))
		}, "reason.mandate_suspended", "case.mend.suspended"},
		"line revoked": {func(h *helped) {
			must(h.t, h.mandates.Revoke(h.t.Context(), h.actor(h.colleague), mandates.Revocation{Mandate: h.under.ID, Grant: h.under.Grants[0].ID}))
		}, "reason.mandate_revoked", "case.mend.revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupCase(t)
			page := h.b.get(h.path).is(http.StatusOK)
			end.happens(h)
			h.b = h.browse(h.mediator) // a session outlives no month
			for _, lang := range []string{"fr", "en", "es"} {
				v := step(page.hidden("key"), "submit", mandates.OutcomeSubmitted)
				v.Set("note", "Envoyé avec Fatima & son fils <Karim>")
				v.Set("receipt_number", "CAF-77")
				v.Set("due_on-day", "24")
				v.Set("due_on-month", "2")
				v.Set("due_on-year", "2027")
				h.b.in(lang).post(h.path+"/steps", v).is(http.StatusForbidden).failed().kept(v).
					says("case.refused.title").says(end.reason).says(end.say).says("case.refused.kept").once(end.reason).hides(h.b.in(lang).printer().T("case.blocked.some"))
			}
			if h.steps() != 0 || h.refusals() < 3 {
				t.Errorf("%d steps, %d refusals", h.steps(), h.refusals())
			}
			shut := h.b.get(h.path).is(http.StatusOK).says("case.blocked.all").says(end.reason).once(end.reason).
				hides(`action="`+h.path+`/steps"`, h.b.printer().T("action.change_payment"), h.b.printer().T("reason.action_not_in_scope"))
			begin := `action="/people/` + h.who.ID.String() + `/mandates"`
			if end.say == "case.mend.suspended" { // a new mandate would change nothing
				shut.hides(begin)
			} else {
				shut.shows(begin)
			}
		})
	}
}

// AU-09 at the page: who lacks a right is told which, and who mends it.
func TestStepWithoutAuthority(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	v := step(h.b.get(h.path).hidden("key"), "prepare", mandates.OutcomePrepared)
	must(t, h.orgs.SuspendOrganisation(t.Context(), h.actor(h.operator), h.org, "Contrôle en cours"))
	h.b.post(h.path+"/steps", v).is(http.StatusForbidden).failed().says("reason.organisation_suspended").says("organisations.next.operator").ticked("action", "prepare")
	if h.steps() != 0 {
		t.Error("a step was logged for a suspended organisation")
	}
}

// ST-05: a secret is refused at its field, and is neither stored nor logged.
func TestSecretInANote(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	for _, secret := range []string{"mot de passe : Soleil2024!", "carte 4111 1111 1111 1111", "1 57 03 99 352 012 62"} {
		v := step(uuid.NewString(), "prepare", mandates.OutcomePrepared)
		v.Set("note", secret)
		h.b.post(h.path+"/steps", v).is(http.StatusUnprocessableEntity).failed("note").says("error.secret_in_text").shows(">" + secret + "</textarea>")
		n := h.count(`SELECT count(*) FROM events WHERE position($1::bytea in coalesce(personal, '')) > 0 OR position($1::bytea in facts) > 0`, []byte(secret))
		if n != 0 || h.steps() != 0 {
			t.Errorf("%q: %d events and %d steps hold it", secret, n, h.steps())
		}
	}
}

// UI-04: what is missing is said at its field.
func TestStepFaults(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	v := url.Values{"key": {uuid.NewString()}, "note": {"Une note"}, "due_on-day": {"31"}, "due_on-month": {"2"}, "due_on-year": {"2027"}}
	h.b.post(h.path+"/steps", v).is(http.StatusUnprocessableEntity).failed("action", "outcome", "due_on-day").shows(">Une note</textarea>").keeps("due_on-day", "31")
	v = step(uuid.NewString(), "prepare", mandates.OutcomePrepared)
	v.Set("due_on-day", "1")
	v.Set("due_on-month", "1")
	v.Set("due_on-year", "2020")
	h.b.post(h.path+"/steps", v).is(http.StatusUnprocessableEntity).failed().says("error.due_in_past")
	if h.steps() != 0 {
		t.Error("a faulty step was logged")
	}
}

// ST-06: a correction is another step that refers to the first, which stays.
func TestCorrectingAStep(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	v := step(h.b.get(h.path).hidden("key"), "submit", mandates.OutcomeSubmitted)
	v.Set("receipt_number", "CAF-1")
	h.b.post(h.path+"/steps", v).goes(h.path)
	c, err := h.mandates.GetCase(t.Context(), h.actor(h.mediator), h.of)
	must(t, err)
	correct := h.path + "/steps/" + c.Steps[0].ID.String() + "/correct"
	h.b.get(h.path).shows(`href="` + correct + `"`)
	page := h.b.get(correct).is(http.StatusOK).says("case.correct.notice").keeps("receipt_number", "CAF-1").ticked("action", "submit").ticked("outcome", mandates.OutcomeSubmitted)
	w := step(page.hidden("key"), "submit", mandates.OutcomeFailed)
	w.Set("note", "mot de passe : Soleil2024!")
	h.b.post(correct, w).is(http.StatusUnprocessableEntity).failed("note").says("case.correct.title").ticked("outcome", mandates.OutcomeFailed)
	w.Set("note", "Le site est tombé avant l’envoi")
	h.b.post(correct, w).goes(h.path)
	h.b.get(h.path).says("case.step.was_corrected").shows("CAF-1", "Le site est tombé avant l’envoi", `href="#step-`+c.Steps[0].ID.String()+`"`)
	if h.steps() != 2 {
		t.Errorf("%d steps, want both", h.steps())
	}
	h.b.get(h.path + "/steps/" + uuid.NewString() + "/correct").is(http.StatusNotFound)
	must(t, h.mandates.Revoke(t.Context(), h.actor(h.colleague), mandates.Revocation{Mandate: h.under.ID}))
	h.b.get(h.path).is(http.StatusOK).says("case.step.was_corrected").hides("/correct")
}

// ST-07: the button pressed twice logs one step, opens one case.
func TestPressedTwice(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	v := step(h.b.get(h.path).hidden("key"), "prepare", mandates.OutcomePrepared)
	h.b.post(h.path+"/steps", v).goes(h.path)
	h.b.post(h.path+"/steps", v).goes(h.path)
	if h.steps() != 1 {
		t.Errorf("%d steps, want 1", h.steps())
	}
	again := url.Values{"key": {uuid.NewString()}, "person": {h.who.ID.String()}, "procedure": {"housing.social-housing"}}
	first := h.b.post("/cases/new", again).is(http.StatusSeeOther).location
	h.b.post("/cases/new", again).goes(first)
	if n := h.count(`SELECT count(*) FROM cases`); n != 2 {
		t.Errorf("%d cases, want 2", n)
	}
}

// ST-08: a colleague goes on with the case; another organisation sees nothing.
func TestHandingOver(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	untrained, err := h.orgs.Invite(t.Context(), h.actor(h.referent), organisations.Invite{Organisation: h.org, Name: "Aline Roux", Email: address("Aline Roux"), Role: authz.Mediator})
	must(t, err)
	h.identify("Aline Roux")
	must(t, h.orgs.Confirm(t.Context(), h.actor(h.referent), untrained.ID))
	h.b.get(h.path+"/hand-over").is(http.StatusOK).shows("Hugo Leroy").hides(`value="`+h.mediator.String()+`"`, "Aline Roux") // who may not act takes nothing over
	h.b.post(h.path+"/hand-over", url.Values{}).is(http.StatusUnprocessableEntity).failed("to").says("error.choose_colleague")
	h.b.post(h.path+"/hand-over", url.Values{"to": {h.referent.String()}}).is(http.StatusUnprocessableEntity).failed("to")
	h.b.post(h.path+"/hand-over", url.Values{"to": {h.colleague.String()}}).goes(h.path)
	page := h.colleg.get(h.path).is(http.StatusOK).shows("Hugo Leroy")
	h.colleg.post(h.path+"/steps", step(page.hidden("key"), "prepare", mandates.OutcomePrepared)).goes(h.path)
	if h.steps() != 1 {
		t.Error("the colleague could not go on")
	}

	other := h.newOrganisation("Autre Maison")
	stranger := h.browse(h.newMediator(other, h.newReferent(other, "Rita Costa"), "Mia Lopez"))
	v := step(uuid.NewString(), "prepare", mandates.OutcomePrepared)
	nowhere := "/cases/" + uuid.NewString()
	for _, path := range []string{h.path, nowhere} {
		for _, page := range []string{"", "/hand-over", "/close", "/due"} {
			stranger.get(path + page).is(http.StatusNotFound).hides("Haddad")
		}
		stranger.post(path+"/steps", v).is(http.StatusNotFound).hides("Haddad")
		stranger.post(path+"/close", url.Values{"state": {"abandoned"}}).is(http.StatusNotFound)
		stranger.post(path+"/hand-over", url.Values{"to": {h.colleague.String()}}).is(http.StatusNotFound)
		stranger.post(path+"/due", url.Values{}).is(http.StatusNotFound)
	}
	stranger.get("/cases/new?person=" + h.who.ID.String()).is(http.StatusNotFound).hides("Haddad")
	stranger.post("/cases/new", url.Values{"person": {h.who.ID.String()}, "procedure": {apl}}).is(http.StatusNotFound)
}

func TestClosingACase(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	v := step(h.b.get(h.path).hidden("key"), "prepare", mandates.OutcomePrepared)
	h.b.post(h.path+"/steps", v).goes(h.path)
	for _, lang := range []string{"fr", "en", "es"} {
		h.b.in(lang).get(h.path + "/close").is(http.StatusOK).says("case.close.title").says("case.end.withdrawn").says("case_state.granted")
	}
	h.b.post(h.path+"/close", url.Values{}).is(http.StatusUnprocessableEntity).failed("state")
	h.b.post(h.path+"/close", url.Values{"state": {"opened"}}).is(http.StatusUnprocessableEntity).failed("state")
	h.b.post(h.path+"/close", url.Values{"state": {"granted"}}).goes(h.path)
	h.b.get(h.path).is(http.StatusOK).says("case.closed.title").says("case_state.granted").says("case.correct.door").hides(`action="`+h.path+`/steps"`, `href="`+h.path+`/close"`)
	late := step(uuid.NewString(), "prepare", mandates.OutcomePrepared)
	late.Set("note", "Arrivé après la fermeture")
	h.b.post(h.path+"/steps", late).is(http.StatusUnprocessableEntity).failed().says("problem.case_closed").shows(">Arrivé après la fermeture</textarea>")
	h.b.post(h.path+"/close", url.Values{"state": {"refused"}}).is(http.StatusUnprocessableEntity).failed().says("problem.case_closed")
}

func TestDateToWatch(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	h.b.get(h.path + "/due").is(http.StatusOK).says("case.due.title")
	h.b.post(h.path+"/due", url.Values{"due_on-day": {"1"}, "due_on-month": {"1"}, "due_on-year": {"2020"}}).
		is(http.StatusUnprocessableEntity).failed().says("error.due_in_past").keeps("due_on-year", "2020")
	h.b.post(h.path+"/due", url.Values{"due_on-day": {"24"}, "due_on-month": {"12"}, "due_on-year": {"2026"}}).goes(h.path)
	h.b.get(h.path).shows("24 décembre 2026")
	h.b.get(h.path+"/due").keeps("due_on-day", "24")
	h.b.post(h.path+"/due", url.Values{}).goes(h.path)
	h.b.get(h.path).says("mediator.case.no_due")
}

// ST-02 when opening: only what a live mandate covers can be chosen; the rest
// is shown as what to ask for.
func TestOpeningACase(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	ask := "/cases/new?person=" + h.who.ID.String()
	other, _ := h.pack.Procedure(h.pack.ProceduresOf("work")[0].Code)
	for _, lang := range []string{"fr", "en", "es"} {
		x, _ := h.pack.Procedure(apl)
		h.b.in(lang).get(ask).is(http.StatusOK).says("case.new.title").shows(x.Name.In(lang), x.Plain.In(lang), x.NeedsDocuments.In(lang), `value="`+apl+`"`,
			other.Name.In(lang), "<bdi>Fatima Haddad</bdi>").says("case.new.missing.title").says("case.new.not_covered").says("case.new.open_already").
			hides(`value="` + other.Code + `"`).shows(`action="/people/` + h.who.ID.String() + `/mandates"`)
	}
	v := url.Values{"key": {uuid.NewString()}, "person": {h.who.ID.String()}, "due_on-day": {"3"}, "due_on-month": {"1"}, "due_on-year": {"2027"}}
	h.b.post("/cases/new", v).is(http.StatusUnprocessableEntity).failed("procedure").keeps("due_on-year", "2027")
	v.Set("procedure", other.Code)
	h.b.post("/cases/new", v).is(http.StatusForbidden).failed().says("reason.procedure_not_in_scope").says("case.mend.scope").keeps("due_on-year", "2027")
	v.Set("procedure", "housing.castle")
	if s := h.b.post("/cases/new", v).status; s == http.StatusSeeOther || s >= 500 {
		t.Errorf("an unknown procedure answers %d", s)
	}
	must(t, h.mandates.Revoke(t.Context(), h.actor(h.mediator), mandates.Revocation{Mandate: h.under.ID}))
	h.b.get(ask).is(http.StatusOK).says("case.new.none.title").hides(`type="radio"`)
	v.Set("procedure", apl)
	h.b.post("/cases/new", v).is(http.StatusForbidden).failed().says("reason.mandate_revoked")
	h.b.get("/cases/new").goes("/people")
	h.b.get("/cases/new?person=nonsense").is(http.StatusNotFound)
	h.b.get("/cases/nonsense").is(http.StatusNotFound)
}

// A referent reads a case; only who mediates acts in it. A disagreement shows
// on its step.
func TestReadingACase(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	h.b.post(h.path+"/steps", step(uuid.NewString(), "prepare", mandates.OutcomePrepared)).goes(h.path)
	h.browse(h.referent).get(h.path).is(http.StatusOK).shows("Fatima Haddad").hides(`action="`+h.path+`/steps"`, "/correct").says("case.hand_over.door")
	c, err := h.mandates.GetCase(t.Context(), h.actor(h.mediator), h.of)
	must(t, err)
	person, err := h.people.PersonActor(t.Context(), beneficiaries.PersonQuery{Beneficiary: h.who.ID, Session: uuid.New(), Tier: authz.TierPhone, StrongAt: h.store.Now()})
	must(t, err)
	d, err := h.mandates.RaiseDispute(t.Context(), person, c.Steps[0].ID, "Je n’ai jamais demandé cela.")
	must(t, err)
	h.b.get(h.path).says("case.dispute.open")
	must(t, h.mandates.AnswerDispute(t.Context(), h.actor(h.referent), d.ID, "Nous en avons parlé ensemble et corrigé."))
	h.b.get(h.path).says("case.dispute.answered")
}

// AU-08: a sensitive act is offered, and asks for a fresh sign-in by itself.
func TestSensitiveStep(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	ctx, actor := t.Context(), h.actor(h.mediator)
	m, err := h.mandates.Begin(ctx, actor, h.who.ID, uuid.NewString())
	must(t, err)
	m, err = h.mandates.ChangeDraft(ctx, actor, m.ID, m.Version, mandates.Draft{DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none",
		Grants: []mandates.GrantChoice{{Theme: "housing", Actions: []string{"view", "change_payment"}}}})
	must(t, err)
	m, err = h.mandates.Present(ctx, actor, m.ID, m.Version)
	must(t, err)
	_, err = h.mandates.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(t)})
	must(t, err)
	h.clock.Advance(20 * time.Minute)
	h.b.get(h.path).is(http.StatusOK).shows(`value="change_payment"`).says("case.step.sensitive")
	a := h.b.post(h.path+"/steps", step(uuid.NewString(), "change_payment", mandates.OutcomeDone)).is(http.StatusSeeOther)
	if !strings.HasPrefix(a.location, "/step-up?") {
		t.Errorf("goes to %q, want a fresh sign-in", a.location)
	}
	if h.steps() != 0 {
		t.Error("done without a fresh sign-in")
	}
}

// A case of very many steps shows the newest first and leads to the others; any
// of them is corrected, and the correction leads to what it corrects.
func TestCaseOfManySteps(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	h.b.post(h.path+"/steps", step(uuid.NewString(), "prepare", mandates.OutcomePrepared)).goes(h.path)
	c, err := h.mandates.GetCase(t.Context(), h.actor(h.mediator), h.of)
	must(t, err)
	oldest := c.Steps[0].ID
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error { // as many as no test has the time to log
		return tx.DB().Exec(`INSERT INTO steps (id, case_id, mandate_id, organisation_id, beneficiary_id, mediator_id, procedure, action, outcome, receipt_number, note, present, at)
			SELECT gen_random_uuid(), s.case_id, s.mandate_id, s.organisation_id, s.beneficiary_id, s.mediator_id, s.procedure, 'view', 'done', 'N' || i, '', true, s.at + i * interval '1 second'
			FROM generate_series(1, 1050) i, steps s WHERE s.id = ?`, oldest).Error
	}))
	h.clock.Advance(20 * time.Minute)
	h.b = h.browse(h.mediator)
	receipt := func(i int) string {
		return h.b.printer().T("case.step.receipt_line", "Number", fmt.Sprintf("N%d", i)) + "<"
	}
	h.b.get(h.path).is(http.StatusOK).shows(receipt(1050), receipt(951)).hides(receipt(950), oldest.String()).says("case.done.earlier")
	correct := h.path + "/steps/" + oldest.String() + "/correct"
	page := h.b.get(correct).is(http.StatusOK)
	h.b.post(correct, step(page.hidden("key"), "view", mandates.OutcomeDone)).goes(h.path)
	back := regexp.MustCompile(`href="(` + h.path + `\?before=[^"#]*)#step-` + oldest.String() + `"`).FindStringSubmatch(h.b.get(h.path).body)
	if back == nil {
		t.Fatal("the correction does not lead to what it corrects")
	}
	h.b.get(back[1]).is(http.StatusOK).shows(`id="step-` + oldest.String() + `"`).says("case.step.was_corrected").says("case.done.newest").hides(receipt(1))
	earlier := regexp.MustCompile(`href="(` + h.path + `\?before=[^"#]*)#done"`)
	path, pages := h.path, 0
	for ; path != "" && pages < 20; pages++ {
		a := h.b.get(path).is(http.StatusOK)
		path = ""
		if m := earlier.FindStringSubmatch(a.body); m != nil {
			path = m[1]
		} else {
			a.shows(receipt(1), `id="step-`+oldest.String()+`"`)
		}
	}
	if pages != 11 {
		t.Errorf("%d pages of 1052 steps, want 11", pages)
	}
	h.b.get(h.path + "?before=rubbish").is(http.StatusNotFound)
}

// How a case stands, and that it presses, is the first thing said on its page.
func TestCaseSaysFirstHowItStands(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	p := h.b.printer()
	stands := p.T("case.caption") + " · " + p.T("case_state.opened")
	h.b.get(h.path).is(http.StatusOK).shows(stands + "<")
	due := h.clock.Now().AddDate(0, 0, 1)
	must(t, h.mandates.SetDue(t.Context(), h.actor(h.mediator), h.of, due))
	h.clock.Advance(3 * 24 * hour)
	h.browse(h.mediator).get(h.path).is(http.StatusOK).shows(stands + " · " + p.T("mediator.case.overdue") + "<")
}
