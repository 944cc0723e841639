package mediator_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/mandates"
)

const hour = time.Hour

func TestPersonPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "فاطمة", "حداد")
	m := h.signed(h.mediator, who.ID, 31, "housing")
	opened, err := h.mandates.OpenCase(t.Context(), h.actor(h.mediator), mandates.OpenCase{Beneficiary: who.ID, Procedure: "housing.apl",
		DueOn: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), IdempotencyKey: uuid.NewString()})
	must(t, err)
	h.clock.Advance(2 * 24 * hour)
	apl, _ := h.pack.Procedure("housing.apl")
	housing, _ := h.pack.Theme("housing")
	for lang, until := range map[string]string{"fr": "jeudi 24 décembre 2026", "en": "Thursday 24 December 2026", "es": "jueves, 24 de diciembre de 2026"} {
		b := h.browse(h.mediator).in(lang)
		b.get("/people/"+who.ID.String()).is(http.StatusOK).
			shows("<bdi>فاطمة حداد</bdi>", housing.Name.In(lang), apl.Name.In(lang), `href="/mandates/`+m.ID.String()+`"`, `href="/cases/`+opened.ID.String()+`"`).
			says("mediator.person.until", "Date", until).says("mandate_state.active").says("mediator.case.overdue").
			says("mediator.person.open_case").shows(`action="/people/` + who.ID.String() + `/mandates"`)
	}
}

// "Not yours" looks the same as "not there".
func TestPeopleOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	other := h.newOrganisation("Autre Maison")
	stranger := h.browse(h.newMediator(other, h.newReferent(other, "Rita Costa"), "Mia Lopez"))
	for _, page := range []string{"", "/edit", "/contact"} {
		stranger.get("/people/" + who.ID.String() + page).is(http.StatusNotFound).hides("Haddad")
		stranger.get("/people/" + uuid.NewString() + page).is(http.StatusNotFound)
		stranger.get("/people/nonsense" + page).is(http.StatusNotFound)
	}
	stranger.post("/people/"+who.ID.String()+"/edit", h.typed()).is(http.StatusNotFound)
	stranger.get("/people").is(http.StatusOK).hides("Haddad")
}

func TestCorrectingAnIdentity(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Hadad")
	b, path := h.browse(h.mediator), "/people/"+who.ID.String()
	b.get(path+"/edit").is(http.StatusOK).keeps("family_name", "Hadad").keeps("birth_date-year", "1957")
	b.post(path+"/edit", with(h.typed(), "family_name", "")).is(http.StatusUnprocessableEntity).failed("family_name").keeps("given_names", "Fatima Zohra")
	b.post(path+"/edit", with(h.typed(), "birth_date-year", "1857")).is(http.StatusUnprocessableEntity).says("error.date_real")
	b.post(path+"/edit", h.typed()).goes(path)
	b.get(path).shows("Fatima Zohra Martin").says("mediator.person.birth_name", "Name", "Haddad")
}

// AU-08: changing how somebody is reached asks for a fresh sign-in, and the
// previous channel is told.
func TestChangingHowToReachSomebody(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	b, path := h.browse(h.mediator), "/people/"+who.ID.String()
	b.get(path+"/contact").is(http.StatusOK).says("mediator.contact.told.sms", "To", "+33 6 12 34 56 78").keeps("phone", "+33 6 12 34 56 78")
	b.post(path+"/contact", with(h.typed(), "phone", "123")).is(http.StatusUnprocessableEntity).failed("phone").keeps("phone", "123")
	b.post(path+"/contact", with(h.typed(), "channel", "mail")).is(http.StatusUnprocessableEntity).failed("email").says("error.needed_for_mail")
	told := `SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND channel = 'sms' AND recipient = '+33612345678'`
	if n := h.count(told, who.ID); n != 0 {
		t.Fatalf("%d messages before any change", n)
	}
	h.clock.Advance(20 * time.Minute)
	b.post(path+"/contact", with(h.typed(), "phone", "06 98 76 54 32")).is(http.StatusSeeOther)
	if n := h.count(told, who.ID); n != 0 {
		t.Fatal("the contact changed without a fresh sign-in")
	}
	fresh := h.browse(h.mediator)
	fresh.post(path+"/contact", with(h.typed(), "phone", "06 98 76 54 32")).goes(path)
	fresh.get(path).shows("+33 6 98 76 54 32").hides("+33 6 12 34 56 78")
	if n := h.count(told, who.ID); n != 1 {
		t.Errorf("the previous number received %d messages, want 1", n)
	}
}

// ST-03, AU-11: refused between opening the page and pressing the button: the
// page comes back with the reason and everything typed.
func TestRefusedWhileTyping(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	b.get("/people/new").is(http.StatusOK)
	must(t, h.orgs.SuspendOrganisation(t.Context(), h.actor(h.operator), h.org, "Accreditation under review"))
	b.post("/people/new", h.typed()).is(http.StatusForbidden).failed().says("mediator.refused.title").says("reason.organisation_suspended").
		says("organisations.next.operator").keeps("given_names", "Fatima Zohra").keeps("phone", "06 12 34 56 78")
	must(t, h.orgs.ResumeOrganisation(t.Context(), h.actor(h.operator), h.org))
	b.post("/people/new", h.typed()).is(http.StatusSeeOther)
}

// What the pages say of who was told is what happened.
func TestContactChangeSaysWhoWasTold(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, who.ID, 31, "housing", "money")
	b, path := h.browse(h.mediator), "/people/"+who.ID.String()
	change := func(flash string, pairs ...string) {
		t.Helper()
		before := h.count("SELECT count(*) FROM messages WHERE kind = 'contact_changed'")
		if said := b.post(path+"/contact", with(h.typed(), pairs...)).goes(path).cookies; !strings.Contains(said, "="+flash+";") {
			t.Errorf("says %q, want %s", said, flash)
		}
		if told := h.count("SELECT count(*) FROM messages WHERE kind = 'contact_changed'") - before; (told == 1) != (flash == "flash.contact_changed") {
			t.Errorf("%s: %d messages", flash, told)
		}
	}
	stops := []string{"/mandates/" + m.ID.String() + "/revoke", "/mandates/" + m.ID.String() + "/grants/" + m.Grants[0].ID.String() + "/revoke", "/mandates/" + m.ID.String() + "/renounce"}
	for _, stop := range stops {
		b.get(stop).is(http.StatusOK).says("mandate.told.yes", "Name", "Fatima Haddad")
	}
	change("flash.contact_changed", "channel", "none", "phone", "06 98 76 54 32")
	change("flash.contact_same", "channel", "none", "phone", "06 98 76 54 32")
	for _, stop := range stops {
		b.get(stop).is(http.StatusOK).says("mandate.told.no", "Name", "Fatima Haddad")
	}
	// Whoever wished no messages hears of this one, at the number there was.
	b.get(path+"/contact").says("mediator.contact.told.sms", "To", "+33 6 98 76 54 32")
	change("flash.contact_changed", "channel", "none", "phone", "")
	b.get(path + "/contact").says("mediator.contact.told_none")
	change("flash.contact_changed_untold", "channel", "none", "phone", "", "address", "3 rue Haute")
}

// The thing to do next leads: a procedure where a mandate is in force, else a
// mandate. Where somebody was born stands with when.
func TestPersonPageLeadsToTheNextThing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	who := h.newPerson(h.mediator, "Ada", "Active")
	at := "/people/" + who.ID.String()
	strong := regexp.MustCompile(`data-variant="primary"[^>]*>(?:\s*<svg.*?</svg>)?\s*<span>\s*([^<]*?)\s*<`)
	first := func(key string) {
		t.Helper()
		m := strong.FindAllStringSubmatch(b.get(at).is(http.StatusOK).main(), -1)
		if len(m) != 1 || html.UnescapeString(m[0][1]) != b.printer().T(key) {
			t.Errorf("the strong button is %q, want %q", m, b.printer().T(key))
		}
	}
	first("mediator.begin.do")
	m := h.signed(h.mediator, who.ID, 31, "housing")
	first("mediator.person.open_case")
	b.get("/mandates/"+m.ID.String()).is(http.StatusOK).says("case.to_person", "Name", "Ada Active").says("mandate.show.cannot_help").
		shows(`href="/mandates/` + m.ID.String() + `/renounce"`).says("shell.promise_staff")
}

// What an answer about protection means is beside the answer, and the date of
// birth that lacks is called by its name.
func TestAddingSaysWhatLacks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	page := b.get("/people/new").is(http.StatusOK)
	for _, r := range h.pack.Protection {
		page.shows(r.Text.In("fr"))
	}
	b.post("/people/new", url.Values{"key": {page.hidden("key")}}).is(http.StatusUnprocessableEntity).failed("birth_date-day").says("error.missing_birth_date")
}
