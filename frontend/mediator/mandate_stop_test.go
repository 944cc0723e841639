package mediator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

func mandatePath(m mandates.Mandate) string { return "/mandates/" + m.ID.String() }

// A mandate stops in one press from its page, and says so; the safe way out is
// there too, in each language.
func TestStoppingAMandate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, who.ID, 31, "housing", "work")
	path := mandatePath(m)
	for _, lang := range []string{"fr", "en", "es"} {
		b.in(lang).get(path).is(http.StatusOK).says("mandate.show.stop").shows(`href="` + path + `/revoke"`)
		b.in(lang).get(path+"/revoke").is(http.StatusOK).says("mandate.revoke.title").says("mandate.revoke.keep").
			says("mandate.revoke.first", "Organisation", "Maison France Services")
	}
	b.post(path+"/revoke", url.Values{"reason": {strings.Repeat("é", 501)}}).is(http.StatusUnprocessableEntity).failed("reason")
	b.post(path+"/revoke", url.Values{"reason": {"Elle déménage"}}).goes(path)
	b.get(path).is(http.StatusOK).says("mandate.show.stopped").shows("Elle déménage").hides(`href="` + path + `/revoke"`)
	b.post(path+"/revoke", nil).is(http.StatusConflict).says("problem.mandate_already_ended").hides("<textarea")
	if n := h.count(`SELECT count(*) FROM messages WHERE kind = 'mandate_revoked'`); n != 1 {
		t.Errorf("the person was told %d times", n)
	}
}

// MA-09: one line alone; with the last one the whole mandate.
func TestStoppingOneLine(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, who.ID, 31, "housing", "work")
	path := mandatePath(m)
	line := func(i int) string { return path + "/grants/" + m.Grants[i].ID.String() + "/revoke" }
	b.get(path).shows(`href="`+line(0)+`"`, `href="`+line(1)+`"`)
	b.get(line(0)).is(http.StatusOK).says("mandate.revoke_grant.lead").shows(`action="` + line(0) + `"`)
	b.post(line(0), nil).goes(path)
	b.get(path).says("grant_state.revoked").hides(`href="` + line(0) + `"`)
	b.post(line(0), nil).is(http.StatusUnprocessableEntity).says("problem.grant_already_ended")
	b.post(line(1), nil).goes(path)
	if got, _ := h.mandates.Get(t.Context(), h.actor(h.mediator), m.ID); got.State != mandates.Revoked {
		t.Errorf("the mandate is %s", got.State)
	}
	b.get(path + "/grants/" + uuid.NewString() + "/revoke").is(http.StatusNotFound)
}

// The organisation gives a mandate up: it must say why, and what was typed stays.
func TestRenouncing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := mandatePath(h.signed(h.mediator, who.ID, 31, "housing"))
	b.get(path + "/renounce").is(http.StatusOK).says("mandate.renounce.keep")
	b.post(path+"/renounce", url.Values{"reason": {" "}}).is(http.StatusUnprocessableEntity).failed("reason").says("error.say_why")
	b.post(path+"/renounce", url.Values{"reason": {"Le poste ferme"}}).goes(path)
	b.get(path).says("mandate.show.stopped").shows("Le poste ferme")
}

// A lost card: a new code, shown once; the old one no longer prints.
func TestNewCard(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b, who := h.browse(h.mediator), h.newPerson(h.mediator, "Fatima", "Haddad")
	path := mandatePath(h.signed(h.mediator, who.ID, 31, "housing"))
	b.get(path + "/card").is(http.StatusOK).says("mandate.card.first").says("mandate.card.keep")
	first := b.post(path+"/card", nil).is(http.StatusOK).says("mandate.card.done_title").shownCode()
	second := b.post(path+"/card", nil).is(http.StatusOK).shownCode()
	if first == second {
		t.Error("twice the same code")
	}
	b.post(path+"/card.pdf", url.Values{"code": {first}}).is(http.StatusConflict)
	if pdf := b.post(path+"/card.pdf", url.Values{"code": {second}}).is(http.StatusOK); !strings.HasPrefix(pdf.body, "%PDF-") {
		t.Errorf("no PDF but %.40q", pdf.body)
	}
	b.get(path).hides(second)
	b.post(path+"/revoke", nil).goes(path)
	b.post(path+"/card", nil).is(http.StatusConflict).says("problem.mandate_not_active")
}

// MA-10: a renewal is prefilled and says what changes; a revoked mandate is
// made anew.
func TestRenewing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, who.ID, 31, "housing", "work")
	path := mandatePath(m)
	h.clock.Advance(28 * 24 * time.Hour)
	b := h.browse(h.mediator)
	key := url.Values{"key": {b.get(path).says("mandate.show.renew").hidden("key")}}
	to := b.post(path+"/renew", key).is(http.StatusSeeOther).location
	b.post(path+"/renew", key).goes(to)
	b.get(to).is(http.StatusOK).says("mandate.renewal.title").shows("jeudi 24 décembre 2026", `value="housing" checked`, `value="work" checked`)
	draft := strings.TrimSuffix(to, "/what")
	b.post(to, whatFields(b.get(to).hidden("version"), "housing", "money")).goes(draft + "/how-long")
	work, _ := h.pack.Theme("work")
	money, _ := h.pack.Theme("money")
	b.get(draft+"/how-long").says("mandate.renewal.added", "Themes", money.Name.In("fr")).says("mandate.renewal.gone", "Themes", work.Name.In("fr")).
		shows(`value="31" checked`)
	b.post(path+"/revoke", nil).goes(path)
	b.get(path).hides(`action="` + path + `/renew"`)
	b.post(path+"/renew", url.Values{"key": {uuid.NewString()}}).is(http.StatusConflict).says("problem.not_renewable")
}

// "Not yours" looks like "not there", on every page of a mandate.
func TestMandateOfAnotherOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, who.ID, 31, "housing")
	other := h.newOrganisation("Autre Maison")
	b := h.browse(h.newMediator(other, h.newReferent(other, "Rita Costa"), "Mia Lopez"))
	for _, path := range []string{mandatePath(m), "/mandates/" + uuid.NewString(), "/mandates/nonsense"} {
		for _, page := range []string{"", "/what", "/how-long", "/read", "/sign", "/waiting", "/witness", "/void", "/revoke", "/renounce", "/card",
			"/document.pdf", "/grants/" + m.Grants[0].ID.String() + "/revoke", "/evidence/" + m.Evidences[0].ID.String()} {
			b.get(path + page).is(http.StatusNotFound).hides("Haddad")
		}
		for _, page := range []string{"/what", "/how-long", "/read", "/sign", "/witness", "/void", "/revoke", "/renounce", "/renew", "/card", "/card.pdf"} {
			b.post(path+page, url.Values{"reason": {"x"}, "code": {"AAAA-AAAA-AA"}}).is(http.StatusNotFound).hides("Haddad")
		}
	}
	b.post("/people/"+who.ID.String()+"/mandates", url.Values{"key": {"k"}}).is(http.StatusNotFound)
}

// A supervisor reads where the reading leaves an event, never here: what staff
// can see, the person can list.
func TestSupervisorsDoNotReadHere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.signed(h.mediator, h.newPerson(h.mediator, "Fatima", "Haddad").ID, 31, "housing")
	_, err := h.orgs.GrantRemit(t.Context(), h.actor(h.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: h.org})
	must(t, err)
	b := h.browse(h.identify("Sofia Costa"))
	for _, page := range []string{"", "/revoke", "/evidence/" + m.Evidences[0].ID.String()} {
		b.get(mandatePath(m) + page).is(http.StatusNotFound).hides("Haddad")
	}
	b.post(mandatePath(m)+"/revoke", nil).is(http.StatusNotFound)
}

// AU-09: somebody who may not act is told why, and who can mend it.
func TestBeginningWithoutAuthority(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	account, membership := h.invited(h.referent, "Théo Blanc")
	must(t, h.orgs.Confirm(t.Context(), h.actor(h.referent), membership))
	h.browse(account).post("/people/"+who.ID.String()+"/mandates", url.Values{"key": {"k"}}).is(http.StatusForbidden).failed().
		says("reason.mediator_not_trained").shows("Nadia Benali")
	if n := h.count(`SELECT count(*) FROM mandates`); n != 0 {
		t.Errorf("%d mandates", n)
	}
}

// The page of a mandate says how it stands, in each state and language.
func TestMandateStates(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "فاطمة الزهراء", "حداد")
	m := h.signed(h.mediator, who.ID, 31, "housing")
	path := mandatePath(m)
	see := func(key string, pairs ...any) {
		t.Helper()
		b := h.browse(h.mediator)
		for _, lang := range []string{"fr", "en", "es"} {
			b.in(lang).get(path).is(http.StatusOK).says(key, pairs...).shows("<bdi>فاطمة الزهراء حداد</bdi>")
		}
	}
	see("mandate.show.fingerprint")
	must(t, h.mandates.Suspend(t.Context(), h.actor(h.referent), m.ID, "On vérifie une plainte"))
	see("mandate.show.suspended")
	h.browse(h.mediator).get(path).shows("On vérifie une plainte").hides("/cases/new")
	must(t, h.mandates.Resume(t.Context(), h.actor(h.referent), m.ID))
	newer := h.signed(h.mediator, who.ID, 182, "housing")
	see("mandate.show.superseded")
	path = mandatePath(newer)
	h.clock.Advance(200 * 24 * time.Hour)
	see("mandate.show.expired")
}

// A card lost while the person is away: staff end it without making another,
// and say so once; the referent may too.
func TestCancellingACard(t *testing.T) {
	t.Parallel()
	h := setup(t)
	who := h.newPerson(h.mediator, "Fatima", "Haddad")
	path := mandatePath(h.signed(h.mediator, who.ID, 31, "housing"))
	live := func() int {
		return h.count(`SELECT count(*) FROM access_codes WHERE beneficiary_id = $1 AND revoked_at IS NULL`, who.ID)
	}
	for _, b := range []*browser{h.browse(h.mediator), h.browse(h.referent)} {
		if live() != 1 {
			t.Fatal("there is no card to cancel")
		}
		b.get(path).is(http.StatusOK).shows(path + "/card/cancel")
		b.get(path + "/card/cancel").is(http.StatusOK).says("mandate.card_cancel.first").says("mandate.card_cancel.keep")
		b.post(path+"/card/cancel", nil).goes(path)
		if live() != 0 {
			t.Fatal("the card still works")
		}
		b.post(path+"/card/cancel", nil).is(http.StatusUnprocessableEntity).says("problem.card_already_cancelled")
		h.browse(h.mediator).post(path+"/card", nil).is(http.StatusOK) // a new one may still be made
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'card.cancelled' AND mandate_id IS NOT NULL`); n != 2 {
		t.Errorf("%d events", n)
	}
}
