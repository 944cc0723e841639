package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
)

// PO-01: the card's code and the year are enough to see, in easy words, and to
// stop; the effect is immediate and confirmed on the same page and by message.
func TestTheCardShowsAndStops(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing", "family")
			w, say := b.browser(lang), i18n.For(lang)
			w.open(p)
			if lang != i18n.French {
				w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
			}
			page := w.get("/mine").shows(http.StatusOK, say.T("portal.mine.title")+" – Relais", "Maison France Services", "Claire Martin", "02 99 00 00 00",
				say.T("portal.mine.until", "Date", say.Date(time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC))), say.T("portal.may.view"), say.T("portal.may.submit"))
			page.hides(say.T("portal.may.change_payment"))
			stop := "/mine/stop/" + p.mandate.ID.String()
			line := stop + "/" + p.mandate.Grants[0].ID.String()
			for _, href := range []string{stop, line} {
				if !strings.Contains(page.body, `href="`+href+`"`) {
					t.Errorf("no button leads to %s", href)
				}
			}

			// One line: its own page, then the rest goes on.
			theme, _ := b.pack.Theme(p.mandate.Grants[0].Theme)
			rest, _ := b.pack.Theme(p.mandate.Grants[1].Theme)
			w.get(line).shows(http.StatusOK, say.T("portal.stop.title_line", "Theme", theme.Name.In(string(lang))),
				say.T("portal.stop.line_rest", "Rest", rest.Name.In(string(lang))), say.T("portal.stop.keep"))
			w.post(line).leads(http.StatusSeeOther, line)
			w.get(line).shows(http.StatusOK, say.T("portal.stopped.title"), say.T("portal.stopped.rest", "Rest", rest.Name.In(string(lang))))

			// The whole: at once, and pressing twice is no fault.
			w.get(stop).shows(http.StatusOK, say.T("portal.stop.now", "Organisation", "Maison France Services"), say.T("portal.stop.rights"))
			w.post(stop).leads(http.StatusSeeOther, stop)
			w.post(stop).leads(http.StatusSeeOther, stop)
			w.get(stop).shows(http.StatusOK, say.T("portal.stopped.title"), say.T("portal.stopped.message"))
			w.get("/mine").shows(http.StatusOK, say.T("portal.mine.none"))
			if n := b.count(`SELECT count(*) FROM mandates WHERE id = $1 AND state = 'revoked' AND ended_by = 'person'`, p.mandate.ID); n != 1 {
				t.Error("the mandate is not stopped by the person")
			}
			if n := b.count(`SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND kind IN ('mandate_revoked', 'grant_revoked')`, p.id); n != 2 {
				t.Errorf("%d messages confirm it, want 2", n)
			}
		})
	}
}

// MA-09: the last line stopped alone stops the mandate; the page says so before.
func TestTheLastLineStopsTheMandate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	line := "/mine/stop/" + p.mandate.ID.String() + "/" + p.mandate.Grants[0].ID.String()
	if page := w.get("/mine"); strings.Contains(page.body, line) {
		t.Error("a mandate of one line has two buttons that do the same")
	}
	w.get(line).shows(http.StatusOK, say.T("portal.stop.line_last"))
	w.post(line).leads(http.StatusSeeOther, line)
	w.get("/mine").shows(http.StatusOK, say.T("portal.mine.none"), say.T("portal.mine.ended"))
}

// AU-11: the mandates of a suspended organisation show as on hold, and can
// still be stopped.
func TestSuspendedOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	must(t, b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "Contrôle en cours de l'organisation"))
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine").shows(http.StatusOK, say.T("portal.mine.organisation_suspended", "Organisation", "Maison France Services"), say.T("mandate_state.suspended"))
	stop := "/mine/stop/" + p.mandate.ID.String()
	w.post(stop).leads(http.StatusSeeOther, stop)
	w.get(stop).shows(http.StatusOK, say.T("portal.stopped.title"))
}

// The end counts by itself, whether or not the job has passed.
func TestMandatePastItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	b.clock.Set(p.mandate.EndsAt)
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine").shows(http.StatusOK, say.T("portal.mine.none"), say.T("mandate_state.expired"),
		say.T("portal.over.expired", "Date", say.Date(time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC))))
}

// PO-04: five wrong tries lock the card; the answer never tells what was wrong;
// the right code still works from the person's own phone.
func TestLockedCardOpensFromThePhone(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
			w, say := b.browser(lang), i18n.For(lang)
			unknown := w.post("/card", "code", "2222-2222-22", "birth_year", "1946").shows(http.StatusUnprocessableEntity,
				say.T("shell.error_title", "Title", say.T("public.card.title")), say.T("problem.card_unknown"))
			for range 5 {
				wrong := w.post("/card", "code", p.code, "birth_year", "1950").shows(http.StatusUnprocessableEntity, say.T("problem.card_unknown"))
				if got, want := text(wrong.body), text(unknown.body); got != want {
					t.Fatal("a wrong year does not look like an unknown code")
				}
			}
			locked := w.post("/card", "code", p.code, "birth_year", "1946").shows(http.StatusTooManyRequests, say.T("shell.error_title", "Title", say.T("public.card.locked_title")),
				say.T("public.card.locked_kept"), say.T("public.card.locked_misread_title"), p.code, say.T("public.card.locked_phone"), say.T("public.card.locked_call"), say.T("public.card.locked_wait")).
				hides(say.T("shell.error_summary"), say.T("public.card.code_hint")) // there is nothing to mend, and no box to try again in
			if !strings.Contains(locked.body, `href="/card"`) {
				t.Error("whoever misread their card has no way to type it again")
			}
			// A code that is no card's is locked in the same words.
			const nobodys = "3333-3333-33"
			elsewhere := b.browser(lang)
			elsewhere.address = "192.0.2.8:1234"
			for range 5 {
				elsewhere.post("/card", "code", nobodys, "birth_year", "1946").shows(http.StatusUnprocessableEntity)
			}
			no := elsewhere.post("/card", "code", nobodys, "birth_year", "1946").shows(http.StatusTooManyRequests, say.T("public.card.locked_title"))
			if got, want := strings.ReplaceAll(text(no.body), nobodys, ""), strings.ReplaceAll(text(locked.body), p.code, ""); got != want {
				t.Errorf("a locked code tells whether it is a card's: %s", got)
			}

			w.post("/card/unlock", "code", strings.ToLower(p.code), "birth_year", "1946").shows(http.StatusOK, say.T("public.unlock.code_title"))
			w.post("/card/unlock/code", "code", p.code, "birth_year", "1946", "sms", "000000").shows(http.StatusUnprocessableEntity, say.T("error.unlock_code_wrong"))
			w.post("/card/unlock/code", "code", p.code, "birth_year", "1946", "sms", b.sms(p.id)).leads(http.StatusSeeOther, "/mine")
			w.get("/mine/history").shows(http.StatusOK)
			// And the card works again.
			other := b.browser(lang)
			other.open(p)
		})
	}
}

// What was typed stands in attributes, which text leaves out: two pages whose
// texts are equal tell the same.

// PO-04: on the way to the phone too, whoever has neither code nor year learns
// nothing, and nobody gets a message.
func TestUnlockingTellsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	right := w.post("/card/unlock", "code", p.code, "birth_year", "1946").shows(http.StatusOK, say.T("public.unlock.code_title"))
	wrong := w.post("/card/unlock", "code", p.code, "birth_year", "1950").shows(http.StatusOK)
	if text(right.body) != text(wrong.body) {
		t.Error("the page tells whether the year is right")
	}
	for range 4 { // beyond the messages one phone gets in a quarter of an hour
		w.post("/card/unlock", "code", p.code, "birth_year", "1946").shows(http.StatusOK, say.T("public.unlock.code_title"))
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'portal_code'`); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
	known := w.post("/card/unlock/code", "code", p.code, "birth_year", "1946", "sms", "12")
	nobody := w.post("/card/unlock/code", "code", p.code, "birth_year", "1950", "sms", "12")
	if known.Code != nobody.Code || text(known.body) != text(nobody.body) {
		t.Error("the page of the code tells whether the year is right")
	}
}

// UI-04: what was typed is kept, and the summary leads to the field.
func TestCardFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	page := w.post("/card", "code", "7kq4 m2xt", "birth_year", "").shows(http.StatusUnprocessableEntity, say.T("error.birth_year_missing"))
	for _, want := range []string{`value="7kq4 m2xt"`, `href="#f-birth_year"`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// PO-02: card and phone open the whole history, refusals and looks included.
func TestHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	ctx := t.Context()
	c, err := b.mandates.OpenCase(ctx, b.as(b.mediator), mandates.OpenCase{Beneficiary: p.id, Procedure: "housing.apl", IdempotencyKey: uuid.NewString()})
	must(t, err)
	step, err := b.mandates.LogStep(ctx, b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "submit", Outcome: "submitted",
		ReceiptNumber: "CAF-77", Note: "Demande envoyée avec le bail", Present: true, IdempotencyKey: uuid.NewString()})
	must(t, err)
	_, err = b.mandates.OpenCase(ctx, b.as(b.mediator), mandates.OpenCase{Beneficiary: p.id, Procedure: "family.birth", IdempotencyKey: uuid.NewString()})
	if err == nil {
		t.Fatal("a procedure outside of the mandate was opened")
	}
	_, err = b.review.Timeline(ctx, b.as(b.supervisor), review.Look{Subject: review.Subject{Beneficiary: p.id}, Purpose: "Contrôle annuel des mandats"})
	must(t, err)

	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine/history").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fhistory")
	w.get("/mine/code?next=/mine/history").shows(http.StatusOK, say.T("portal.code.without"), "02 99 00 00 00")
	w.prove(p)
	apl, _ := b.pack.Procedure("housing.apl")
	page := w.get("/mine/history").shows(http.StatusOK, say.T("portal.did.submit", "Procedure", apl.Name.In("fr")), "Claire Martin",
		"Sofia Costa", "Contrôle annuel des mandats", say.T("why.procedure_not_in_scope"), say.T("outcome.submitted"),
		say.T("portal.history.under", "Date", "23 novembre 2026", "End", "24 décembre 2026"),
		"CAF-77", "Demande envoyée avec le bail", say.T("portal.history.blocked"), say.T("portal.history.messages"), say.T("portal.history.disagree"), say.T("portal.history.wonder_disagree"))
	if code := b.sms(p.id); strings.Contains(page.body, code) {
		t.Error("the history shows a code that was sent")
	}

	// PO-05: disagree, and read the answer.
	disagree := "/mine/steps/" + step.ID.String() + "/disagree"
	w.get(disagree).shows(http.StatusOK, "Claire Martin", "Demande envoyée avec le bail")
	w.post(disagree, "text", "").shows(http.StatusUnprocessableEntity, say.T("shell.error_title", "Title", say.T("portal.disagree.title")))
	w.post(disagree, "text", "Je n'ai jamais demandé cela.").leads(http.StatusSeeOther, "/mine/history")
	w.get("/mine/history").shows(http.StatusOK, say.T("flash.disagreement_sent"), "Je n'ai jamais demandé cela.", say.T("portal.dispute.title"))
	list, err := b.mandates.Disputes(ctx, b.as(b.referent), mandates.DisputeQuery{})
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("the referent sees %d disagreements, want 1", len(list))
	}
	must(t, b.mandates.AnswerDispute(ctx, b.as(b.referent), list[0].ID, "Vous avez raison, nous retirons la demande."))
	w.get("/mine/history").shows(http.StatusOK, "Vous avez raison, nous retirons la demande.", "Nadia Benali")
}

// A phone that is not known, a wrong code and a code too many are told in
// words, on the page.
func TestPhoneCodeFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	none := b.newPerson("Jean", "Dupont", "", "housing")
	w, say := b.browser(i18n.Spanish), i18n.For(i18n.Spanish)
	w.open(none)
	w.get("/mine?lang=es").leads(http.StatusSeeOther, "/mine")
	w.post("/mine/code/send").shows(http.StatusConflict, say.T("shell.error_whole"), say.T("problem.no_phone"), say.T("portal.code.without_stop")).
		hides(say.T("shell.error_summary"))

	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w = b.browser(i18n.French)
	say = i18n.For(i18n.French)
	w.open(p)
	w.post("/mine/code/send", "next", "https://evil.example/").leads(http.StatusSeeOther, "/mine/code?sent=1&next=%2Fmine%2Fhistory")
	w.post("/mine/code", "code", "").shows(http.StatusUnprocessableEntity, say.T("error.sms_missing"))
	w.post("/mine/code", "code", "1").shows(http.StatusUnprocessableEntity, say.T("error.phone_code_wrong"))
	b.clock.Advance(11 * time.Minute)
	w.post("/mine/code", "code", b.sms(p.id)).shows(http.StatusUnprocessableEntity, say.T("error.phone_code_over"))
}

// PO-07: the same name and the same birth date never open another's space.
func TestNamesakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := b.newPerson("Jean", "Martin", "06 12 34 56 78", "housing")
	two := b.newPerson("Jean", "Martin", "06 22 34 56 78", "family")
	w := b.browser(i18n.French)
	w.open(one)
	w.prove(one)
	family, _ := b.pack.Theme("family")
	w.get("/mine").shows(http.StatusOK).hides(family.Name.In("fr"))
	missing := w.get("/mine/stop/" + uuid.NewString()).shows(http.StatusNotFound)
	for _, path := range []string{
		"/mine/stop/" + two.mandate.ID.String(),
		"/mine/stop/" + two.mandate.ID.String() + "/" + two.mandate.Grants[0].ID.String(),
		"/mine/stop/" + one.mandate.ID.String() + "/" + two.mandate.Grants[0].ID.String(),
		"/mine/papers/" + two.mandate.ID.String(),
		"/mine/steps/" + uuid.NewString() + "/disagree",
	} {
		if got := w.get(path).shows(http.StatusNotFound); !strings.Contains(path, "steps") && text(got.body) != text(missing.body) {
			t.Errorf("%s does not look as if it were not there", path)
		}
	}
	w.post("/mine/stop/" + two.mandate.ID.String()).shows(http.StatusNotFound)
	if n := b.count(`SELECT count(*) FROM mandates WHERE id = $1 AND state = 'active'`, two.mandate.ID); n != 1 {
		t.Error("a namesake stopped the mandate")
	}
}

// The contact changes with a fresh code, loses nothing typed on the way, and
// the previous channel is told.
func TestContact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine/contact").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fcontact")
	w.prove(p)
	w.get("/mine/contact").shows(http.StatusOK, say.T("portal.contact.title"))
	w.post("/mine/contact", "channel", "mail", "phone", "06 12 34 56 78", "language", "fr").shows(http.StatusUnprocessableEntity, say.T("error.needed_for_mail"))
	b.clock.Advance(16 * time.Minute) // the proof is too old for a sensitive act
	kept := w.post("/mine/contact", "channel", "letter", "phone", "06 12 34 56 78", "address", "3 rue Haute", "language", "es").
		shows(http.StatusOK, say.T("portal.contact.prove"))
	if !strings.Contains(kept.body, "3 rue Haute") {
		t.Error("what was typed is lost")
	}
	w.post("/mine/contact", "channel", "letter", "phone", "06 12 34 56 78", "address", "3 rue Haute", "language", "es", "code", b.sms(p.id)).
		leads(http.StatusSeeOther, "/mine/contact")
	w.get("/mine/contact").shows(http.StatusOK, say.T("flash.contact_kept"), "3 rue Haute")
	if n := b.count(`SELECT count(*) FROM messages WHERE kind = 'contact_changed' AND channel = 'sms' AND recipient = '+33612345678'`); n != 1 {
		t.Error("the previous channel was not told")
	}
	// The same again tells nobody, and does not say so.
	w.post("/mine/contact", "channel", "letter", "phone", "06 12 34 56 78", "address", "3 rue Haute", "language", "es").leads(http.StatusSeeOther, "/mine/contact")
	w.get("/mine/contact").shows(http.StatusOK, say.T("flash.contact_same")).hides(say.T("flash.contact_kept"))
}

// Papers open at the phone tier and print as PDF; leaving ends the session.
func TestPapersAndLeaving(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.get("/mine/papers").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fpapers")
	w.prove(p)
	w.get("/mine/papers").shows(http.StatusOK, say.T("portal.papers.title"))
	pdf := w.get("/mine/papers/" + p.mandate.ID.String())
	if pdf.Code != http.StatusOK || !strings.HasPrefix(pdf.body, "%PDF-") {
		t.Fatalf("answered %d, not a PDF", pdf.Code)
	}
	// Browsers show an empty page for a PDF in the sandbox of our files.
	if h := pdf.Header().Get("Content-Disposition"); !strings.HasPrefix(h, "attachment") {
		t.Errorf("the paper is answered as %q", h)
	}
	w.post("/mine/leave").leads(http.StatusSeeOther, "/")
	w.get("/").shows(http.StatusOK, say.T("flash.space_left"), say.T("public.home.helped"))
	w.get("/mine").leads(http.StatusSeeOther, "/card?next=%2Fmine")
}

// A session idle for half an hour shows nothing more to whoever comes next.
func TestTheSpaceClosesByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	w := b.browser(i18n.French)
	w.open(p)
	b.clock.Advance(31 * time.Minute)
	w.get("/mine").leads(http.StatusSeeOther, "/card?next=%2Fmine")
	w.post("/mine/stop/"+p.mandate.ID.String()).shows(http.StatusUnauthorized, i18n.For(i18n.French).T("failure.unauthenticated.title"))
}
