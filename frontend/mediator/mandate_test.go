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

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates"
)

// what is the second page, filled in.
func whatFields(version string, themes ...string) url.Values {
	return url.Values{"version": {version}, "grants": themes}
}

// howLongFields is the third page, filled in.
func howLongFields(version string) url.Values {
	return url.Values{"version": {version}, "duration": {"31"}, "protection": {"none"}, "conflict": {"none"}, "language": {"fr"}, "interpreter": {""}}
}

// plus is a copy of a form with some fields set.
func plus(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, vs := range v {
		out[k] = vs
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// shownCode is the card's code on the one page that shows it.
func (a answer) shownCode() string { return a.hidden("code") }

// begun is a mandate just begun on the page of a person.
func (h *house) begun(b *browser, person beneficiaries.Beneficiary) (path string) {
	h.t.Helper()
	page := b.get("/people/" + person.ID.String()).is(http.StatusOK)
	to := b.post("/people/"+person.ID.String()+"/mandates", url.Values{"key": {page.hidden("key")}}).is(http.StatusSeeOther).location
	return to
}

// toSign goes through the pages up to the signature.
func (h *house) toSign(b *browser, person beneficiaries.Beneficiary) (path string, page answer) {
	h.t.Helper()
	path = h.begun(b, person)
	b.post(path+"/what", whatFields(b.get(path+"/what").hidden("version"), "housing")).goes(path + "/how-long")
	b.post(path+"/how-long", howLongFields(b.get(path+"/how-long").hidden("version"))).goes(path + "/read")
	return path, b.get(path + "/sign").is(http.StatusOK)
}

// state reads a mandate back.
func (h *house) mandateAt(path string) mandates.Mandate {
	h.t.Helper()
	m, err := h.mandates.Get(h.t.Context(), h.actor(h.mediator), uuid.MustParse(strings.TrimPrefix(path, "/mandates/")))
	must(h.t, err)
	return m
}

// MA-01: five pages, resumable at each, then an active mandate, its card shown
// once, its papers, and a message to the person.
func TestNewMandateInFiveSteps(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	housing, _ := h.pack.Theme("housing")
	for _, lang := range []string{"fr", "en", "es"} {
		b := h.browse(h.mediator).in(lang)
		path := h.begun(b, who)
		b.get(path).goes(path + "/what")
		page := b.get(path+"/what").is(http.StatusOK).says("mandate.what.title").says("mandate.receives.card").shows("Fatima Haddad", `name="grants" value="housing"`)
		b.post(path+"/what", whatFields(page.hidden("version"), "housing")).goes(path + "/how-long")
		b.get(path).goes(path + "/how-long")
		page = b.get(path+"/how-long").is(http.StatusOK).says("mandate.how_long.title").
			says("mandate.how_long.until", "Date", map[string]string{"fr": "jeudi 24 décembre 2026", "en": "Thursday 24 December 2026", "es": "jueves, 24 de diciembre de 2026"}[lang])
		b.post(path+"/how-long", howLongFields(page.hidden("version"))).goes(path + "/read")
		b.get(path).goes(path + "/read")
		b.get(path+"/read").is(http.StatusOK).says("mandate.read.title").shows("jeudi 24 décembre 2026", "Aide au logement (APL, ALF, ALS)", "Claire Martin", "Fatima Haddad", `href="`+path+`/sign"`)
		signed := b.post(path+"/sign", pad(t, b.get(path+"/sign").is(http.StatusOK))).is(http.StatusOK).
			says("mandate.signed.title").says("mandate.signed.once").says("mandate.signed.told.sms", "To", "06 12 34 56 78").shows("<svg", `action="`+path+`/card.pdf"`)
		m := h.mandateAt(path)
		if m.State != mandates.Active || len(m.Evidences) != 1 || m.Evidences[0].Method != mandates.MethodDrawn {
			t.Fatalf("%s: the mandate is %s with %+v", lang, m.State, m.Evidences)
		}
		for _, pdf := range []answer{b.post(path+"/card.pdf", url.Values{"code": {signed.shownCode()}}), b.get(path + "/document.pdf")} {
			if pdf.is(http.StatusOK); !strings.HasPrefix(pdf.body, "%PDF-") {
				t.Errorf("%s: no PDF but %.40q", lang, pdf.body)
			}
		}
		b.get(path).is(http.StatusOK).hides(signed.shownCode()).says("mandate.show.scope").says("method.drawn").shows(housing.Name.In(lang))
	}
	if n := h.count(`SELECT count(*) FROM messages WHERE kind = 'mandate_signed'`); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

// UI-05: from the person's page to the signature in at most 12 presses, none of
// them a choice the page could have made.
func TestFewInteractions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	presses := 1 // new mandate
	fill := func(step string, ticked url.Values, choices int) {
		page := b.get(path + step)
		fields := url.Values{}
		for _, m := range regexp.MustCompile(`<input[^>]*type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
			fields.Set(m[1], m[2])
		}
		if chosen := regexp.MustCompile(`<option value="([^"]+)" selected`).FindStringSubmatch(page.body); chosen != nil {
			fields.Set("language", chosen[1])
		}
		for k, v := range ticked {
			fields[k] = v
		}
		b.post(path+step, fields).is(http.StatusSeeOther)
		presses += choices + 1
	}
	fill("/what", url.Values{"grants": {"housing"}}, 1)
	fill("/how-long", url.Values{"duration": {"31"}, "protection": {"none"}, "conflict": {"none"}}, 3)
	presses++ // "we have read it"
	b.post(path+"/sign", pad(t, b.get(path+"/sign"))).is(http.StatusOK)
	presses += 2 // the signature, and the button
	if m := h.mandateAt(path); m.State != mandates.Active || presses > 12 {
		t.Errorf("%s after %d presses", m.State, presses)
	}
}

// MA-03, UI-04: what is missing is said at its field, in each language, and
// nothing is written; what was chosen is kept.
func TestMissingAnswers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	version := b.get(path + "/what").hidden("version")
	for _, lang := range []string{"fr", "en", "es"} {
		b.in(lang).post(path+"/what", whatFields(version)).is(http.StatusUnprocessableEntity).failed("grants").says("error.choose_scope")
	}
	b.post(path+"/what", whatFields(version, "cooking")).is(http.StatusUnprocessableEntity).failed("grants")
	b.post(path+"/what", url.Values{"version": {version}, "grants.housing": {"work.cv"}}).is(http.StatusUnprocessableEntity).failed("grants-housing")
	if m := h.mandateAt(path); len(m.Draft.Grants) != 0 || m.Version != 1 {
		t.Errorf("a refused choice was written: %+v", m.Draft)
	}
	b.post(path+"/what", whatFields(version, "housing")).goes(path + "/how-long")
	version = b.get(path + "/how-long").hidden("version")
	for _, lang := range []string{"fr", "en", "es"} {
		b.in(lang).post(path+"/how-long", url.Values{"version": {version}, "duration": {"32"}, "language": {"fr"}, "interpreter": {"Lucía Prieto"}}).
			is(http.StatusUnprocessableEntity).failed("duration", "protection", "conflict").keeps("interpreter", "Lucía Prieto").
			says("error.choose_duration").says("error.answer_protection").says("error.answer_conflict")
	}
	if m := h.mandateAt(path); m.Draft.DurationDays != 0 || m.State != mandates.Drafted {
		t.Errorf("refused answers were written: %+v", m.Draft)
	}
	b.get(path + "/sign").goes(path + "/how-long")
}

// MA-03: a theme the organisation may not use is not offered, and refused by name.
func TestThemesOfTheOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	org, err := h.orgs.Organisation(t.Context(), h.actor(h.operator), h.org)
	must(t, err)
	must(t, h.orgs.Restrict(t.Context(), h.actor(h.referent), org.ID, []string{"housing"}))
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	page := b.get(path + "/what").shows(`value="housing"`).hides(`name="grants" value="money"`)
	b.post(path+"/what", whatFields(page.hidden("version"), "housing", "money")).goes(path + "/how-long")
	b.post(path+"/how-long", howLongFields(b.get(path+"/how-long").hidden("version"))).is(http.StatusUnprocessableEntity).says("error.theme_not_allowed")
}

// MA-04: a theme never brings a sensitive action; each needs its own tick, and
// is warned of.
func TestSensitiveActionsNeedTheirOwnTick(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	page := b.get(path + "/what").says("mandate.what.sensitive.change_payment").says("mandate.what.sensitive.change_contact").says("mandate.what.sensitive_hint")
	b.post(path+"/what", whatFields(page.hidden("version"), "housing", "social-health")).goes(path + "/how-long")
	for _, g := range h.mandateAt(path).Draft.Grants {
		if (mandates.Draft{Grants: []mandates.GrantChoice{g}}).Sensitive() {
			t.Errorf("%s brought %v", g.Theme, g.Actions)
		}
	}
	fields := whatFields(b.get(path+"/what").hidden("version"), "housing", "social-health")
	fields["sensitive.social-health"] = []string{"change_payment", "submit", "nonsense"}
	b.post(path+"/what", fields).goes(path + "/how-long")
	grants := h.mandateAt(path).Draft.Grants
	if got := fmt.Sprint(grants[0].Actions, grants[1].Actions); !strings.Contains(got, "change_payment") || strings.Count(got, "change_payment") != 1 || strings.Contains(got, "nonsense") || strings.Contains(got, "change_contact") {
		t.Errorf("ticked once, got %s", got)
	}
	b.get(path + "/what").shows(`name="sensitive.social-health" value="change_payment" checked`).hides(`name="sensitive.housing" value="change_payment" checked`)
	b.post(path+"/how-long", howLongFields(b.get(path+"/how-long").hidden("version"))).goes(path + "/read")
	b.get(path + "/read").shows("touche à mes coordonnées ou à mon argent")
}

// A procedure ticked is its theme, limited to it.
func TestOnlySomeProcedures(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	b.post(path+"/what", url.Values{"version": {b.get(path + "/what").hidden("version")}, "grants.housing": {"housing.apl"}}).goes(path + "/how-long")
	if g := h.mandateAt(path).Draft.Grants; len(g) != 1 || g[0].Theme != "housing" || len(g[0].Procedures) != 1 {
		t.Errorf("got %+v", g)
	}
}

// MA-06: the same press twice, the back button, two windows: one mandate, and
// the page says kindly what happened.
func TestMandatePressedTwice(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	key := url.Values{"key": {uuid.NewString()}}
	first := b.post("/people/"+who.ID.String()+"/mandates", key).is(http.StatusSeeOther).location
	b.post("/people/"+who.ID.String()+"/mandates", key).goes(first)

	// Two windows on the same page: the older one is told, its choice kept.
	older := b.get(first + "/what").hidden("version")
	b.post(first+"/what", whatFields(older, "housing")).goes(first + "/how-long")
	late := b.post(first+"/what", whatFields(older, "transport")).is(http.StatusConflict).says("mandate.stale.title").
		shows(`name="grants" value="transport" checked`)
	b.post(first+"/what", whatFields(late.hidden("version"), "transport")).goes(first + "/how-long")

	b.post(first+"/how-long", howLongFields(b.get(first+"/how-long").hidden("version"))).goes(first + "/read")
	sign := pad(t, b.get(first+"/sign"))
	b.post(first+"/sign", sign).is(http.StatusOK).says("mandate.signed.title")
	for _, lang := range []string{"fr", "en", "es"} {
		c := b.in(lang)
		c.post(first+"/sign", sign).is(http.StatusConflict).failed().says("mandate.moved.title").shows(`href="` + first + `"`)
		c.post(first+"/what", whatFields("1", "work")).is(http.StatusConflict).says("mandate.moved.lead")
	}
	for _, step := range []string{"/what", "/how-long", "/read", "/sign", "/witness"} {
		b.get(first + step).goes(first)
	}
	if n := h.count(`SELECT count(*) FROM mandates WHERE beneficiary_id = $1`, who.ID); n != 1 {
		t.Errorf("%d mandates", n)
	}
	if n := h.count(`SELECT count(*) FROM access_codes WHERE mandate_id = $1 AND revoked_at IS NULL`, strings.TrimPrefix(first, "/mandates/")); n != 1 {
		t.Errorf("%d live cards", n)
	}
}

// MA-08: changing anything after the text was shown voids it: the hash on an
// open signing page no longer signs.
func TestChangingVoidsWhatWasShown(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, page := h.toSign(b, who)
	old := pad(t, page)
	changing := b.get(path + "/what").is(http.StatusOK).says("mandate.shown_before")
	b.post(path+"/what", whatFields(changing.hidden("version"), "housing", "work")).goes(path + "/how-long")
	if m := h.mandateAt(path); m.State != mandates.Drafted || len(m.Payload) != 0 {
		t.Fatalf("the mandate is %s", m.State)
	}
	b.post(path+"/sign", old).is(http.StatusUnprocessableEntity).says("problem.mandate_not_presented")
	b.get(path + "/read").is(http.StatusOK).says("mandate.ready.do")
	b.post(path+"/read", url.Values{"version": {b.get(path + "/read").hidden("version")}}).goes(path + "/read")
	b.post(path+"/sign", old).is(http.StatusUnprocessableEntity).says("problem.text_changed")
	b.post(path+"/sign", pad(t, b.get(path+"/sign"))).is(http.StatusOK)
}

// MA-16: a person whom the law protects is told on the page, with whom to turn
// to; a representative's name is asked for where one signs too.
func TestProtectedPeople(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := h.begun(b, who)
	b.post(path+"/what", whatFields(b.get(path+"/what").hidden("version"), "housing")).goes(path + "/how-long")
	answer := func(status string) url.Values {
		return plus(howLongFields(b.get(path+"/how-long").hidden("version")), "protection", status)
	}
	rule, _ := h.pack.Protection.For("guardianship")
	b.post(path+"/how-long", answer("guardianship")).is(http.StatusForbidden).shows(rule.Text.In("fr"), `value="guardianship" checked`, `href="`+path+`/void"`)
	b.post(path+"/how-long", answer("curatorship")).is(http.StatusUnprocessableEntity).failed("representative-curatorship").says("error.representative_needed")
	b.post(path+"/how-long", plus(answer("curatorship"), "representative.curatorship", "Anne Roy")).goes(path + "/read")
	b.get(path + "/read").shows("Anne Roy")
	b.get(path+"/sign").says("mandate.sign.representative", "Name", "Anne Roy").hides(`value="phone_code"`)
}

// A minor is told at once.
func TestMinor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p, err := h.people.Create(t.Context(), h.actor(h.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: "Lina", FamilyName: "Haddad", BirthDate: time.Date(2011, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Rennes", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Channel: "none", Language: "fr"}, DuplicateConfirmed: true})
	must(t, err)
	b := h.browse(h.mediator)
	rule, _ := h.pack.Protection.For("minor")
	b.get(h.begun(b, p) + "/what").is(http.StatusOK).shows(rule.Text.In("fr"))
}

// CO-06: the person declines: closed without a word too many, and a new one can
// be made another day.
func TestThePersonDeclines(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path, _ := h.toSign(b, who)
	for _, lang := range []string{"fr", "en", "es"} {
		b.in(lang).get(path + "/void").is(http.StatusOK).says("mandate.void.title").says("mandate.void.keep")
	}
	b.post(path+"/void", url.Values{"reason": {strings.Repeat("a", 501)}}).is(http.StatusUnprocessableEntity).failed("reason")
	b.post(path+"/void", url.Values{"reason": {""}}).goes("/people/" + who.ID.String())
	b.get(path).is(http.StatusOK).says("mandate.show.void")
	b.post(path+"/void", nil).is(http.StatusConflict).says("problem.mandate_already_ended")
	b.get(path + "/sign").goes(path)
}
