package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
)

// PO-02: everything is in the history, and nothing in it frightens for nothing:
// the same look again is told once, with its times, and says whom it is about;
// what only led to a mandate stands apart; one's own wrong digits are no alarm;
// a stranger at the card is told as one, with what to do.
func TestTheHistoryIsCalm(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
			const purpose = "Contrôle annuel des mandats"
			for range 3 {
				_, err := b.review.Timeline(t.Context(), b.as(b.supervisor), review.Look{Subject: review.Subject{Beneficiary: p.id}, Purpose: purpose})
				must(t, err)
				b.clock.Advance(time.Minute)
			}
			w, say := b.browser(lang), i18n.For(lang)
			w.post("/card", "code", p.code, "birth_year", "1950").shows(http.StatusUnprocessableEntity)
			w.open(p)
			if lang != i18n.French {
				w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
			}
			w.post("/mine/code/send").leads(http.StatusSeeOther, "/mine/code?sent=1&next=%2Fmine%2Fhistory")
			w.post("/mine/code", "code", "000000").shows(http.StatusUnprocessableEntity)
			w.prove(p)
			page := w.get("/mine/history").shows(http.StatusOK, say.N("portal.history.times", 3), say.T("portal.history.look_note"),
				say.T("portal.history.somebody"), say.T("portal.history.nothing_done"), say.T("portal.history.not_you"), say.T("portal.history.not_worked"),
				say.T("story.mandate_drafted"), say.T("story.mandate_signed"), say.T("portal.history.wonder"), "02 99 00 00 00").
				hides(say.T("portal.history.wonder_disagree")) // nothing was done yet
			for text, times := range map[string]int{purpose: 1, say.T("portal.history.look_note"): 1, say.T("portal.history.blocked"): 1, say.T("portal.history.not_worked"): 1} {
				if n := strings.Count(page.body, text); n != times {
					t.Errorf("%q is there %d times, want %d", text, n, times)
				}
			}
			_, apart, _ := strings.Cut(page.body, "<details")
			before, _, _ := strings.Cut(page.body, "<details")
			if !strings.Contains(before, say.T("story.mandate_signed")) || strings.Contains(before, say.T("story.mandate_drafted")) || !strings.Contains(apart, say.T("story.mandate_drafted")) {
				t.Error("what led to the mandate does not stand apart from it")
			}
			// On paper every line is there by itself.
			if n := strings.Count(w.post("/mine/everything", "as", "page").shows(http.StatusOK).body, purpose); n != 3 {
				t.Errorf("%d looks on paper, want 3", n)
			}
		})
	}
}

// A day with little in it hides nothing.
func TestAShortDayIsShownWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	b.clock.Advance(48 * time.Hour)
	_, err := b.mandates.Begin(t.Context(), b.as(b.mediator), p.id, "a-draft-of-its-own")
	must(t, err)
	b.clock.Advance(48 * time.Hour)
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	page := w.get("/mine/history").shows(http.StatusOK)
	before, _, there := strings.Cut(page.body, say.T("story.mandate_drafted"))
	if !there || strings.Contains(before, say.T("story.mandate_signed")) {
		t.Error("the only line of a day is not there")
	}
	if strings.Count(before, "<details") != strings.Count(before, "</details>") {
		t.Error("the only line of a day is hidden")
	}
}

// Two who have one name are two: their looks are told one by one.
func TestTwoOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	const purpose = "Contrôle annuel des mandats"
	const namesake = "sofia.costa.bis@people.example"
	_, err := b.orgs.GrantRemit(t.Context(), b.as(b.operator), organisations.Remit{Name: "Sofia Costa", Email: namesake, Organisation: b.org})
	must(t, err)
	other, err := b.orgs.SignIn(t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: namesake, Email: namesake, EmailVerified: true, Name: "Sofia Costa", ACR: "eidas1"})
	must(t, err)
	for _, who := range []uuid.UUID{b.supervisor, other.ID, other.ID} {
		_, err := b.review.Timeline(t.Context(), b.as(who), review.Look{Subject: review.Subject{Beneficiary: p.id}, Purpose: purpose})
		must(t, err)
		b.clock.Advance(time.Minute)
	}
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	page := w.get("/mine/history").shows(http.StatusOK, say.N("portal.history.times", 2)).hides(say.N("portal.history.times", 3))
	if n := strings.Count(page.body, purpose); n != 2 {
		t.Errorf("the looks of two people are told %d times, want 2", n)
	}
	for _, id := range []uuid.UUID{b.supervisor, other.ID} {
		if strings.Contains(page.body, id.String()) || strings.Contains(w.post("/mine/everything").body, id.String()) {
			t.Error("the id of somebody of staff is shown")
		}
	}
}

// The days left are those of the calendar: what was signed today for 31 days has
// 31 left, and the last day is said to be it. The way to stop comes before the
// details, and the telephone can be pressed.
func TestDaysLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	page := w.get("/mine").shows(http.StatusOK, say.N("portal.mine.days_left", 31)).hides(say.T("portal.mine.last_day"))
	stop, what := strings.Index(page.body, `href="/mine/stop/`+p.mandate.ID.String()+`"`), strings.Index(page.body, say.T("portal.mine.what"))
	if stop < 0 || what < stop {
		t.Error("the details come before the way to stop")
	}
	if !strings.Contains(page.body, `href="tel:0299000000"`) {
		t.Error("the telephone cannot be pressed")
	}
	b.clock.Set(p.mandate.EndsAt.Add(-time.Hour))
	w = b.browser(i18n.French)
	w.open(p)
	w.get("/mine").shows(http.StatusOK, say.T("portal.mine.end")+" "+say.T("portal.mine.last_day")).hides(say.T("portal.mine.days"))
	w.get("/mine/stop/"+p.mandate.ID.String()).shows(http.StatusOK, say.T("portal.stop.rights"), say.T("portal.stop.unfinished", "Organisation", "Maison France Services"))
	w.post("/mine/stop/" + p.mandate.ID.String())
	w.get("/mine/stop/"+p.mandate.ID.String()).shows(http.StatusOK, say.T("portal.stopped.title"), say.T("portal.stop.rights"))
}
