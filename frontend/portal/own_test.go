package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates"
)

// PO-02: the person's own sign-in, leaving and download read as theirs, not as
// the team's or a supervisor's; each session's end is an event.
func TestTheHistoryTellsOnesOwnActsAsOnesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	second := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "money")
	for _, p := range []person{first, second} {
		must(t, b.people.LinkIdentity(t.Context(), b.me(p.id), "https://national.example", "fatima"))
	}
	count := func(kind string, p person) int {
		return b.count(`SELECT count(*) FROM events WHERE kind = $1 AND actor_role = 'person' AND beneficiary_id = $2`, kind, p.id)
	}
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	b.national(w, first.id, "fatima")
	w.post("/mine/everything").shows(http.StatusOK)
	for _, p := range []person{first, second} {
		if n := count("log.exported", p); n != 1 {
			t.Errorf("%d events say that a space was taken home, want 1", n)
		}
	}
	w.get("/mine/history").shows(http.StatusOK, say.T("story.own_log_exported")).hides(say.T("story.log_exported"))

	w.post("/mine/space", "space", second.id.String()).leads(http.StatusSeeOther, "/mine")
	if count("sign_out.done", first) != 1 || count("sign_out.done", second) != 0 {
		t.Error("the session of the space left did not end with its event")
	}
	w.get("/mine/history").shows(http.StatusOK, say.T("story.own_sign_in_done")).hides(say.T("story.sign_in_done"))
	w.post("/mine/leave").leads(http.StatusSeeOther, "/")
	if count("sign_out.done", second) != 1 {
		t.Error("leaving left no event")
	}
	b.national(w, first.id, "fatima")
	w.get("/mine/history").shows(http.StatusOK, say.T("story.own_sign_out_done")).hides(say.T("story.sign_out_done"))
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE beneficiary_id = $1`, second.id); n != 0 {
		t.Errorf("%d sessions are left in the space left", n)
	}
}

// The file is nobody's until every space has decided: a proof too old for one
// is too old for all, and leaves no event.
func TestTakingHomeIsDecidedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	second := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "money")
	for _, p := range []person{first, second} {
		must(t, b.people.LinkIdentity(t.Context(), b.me(p.id), "https://national.example", "fatima"))
	}
	w := b.browser(i18n.French)
	b.national(w, first.id, "fatima")
	b.clock.Advance(authz.StepUpAge + time.Minute)
	w.post("/mine/everything").shows(http.StatusOK).hides("relais/everything")
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'log.exported'`); n != 0 {
		t.Errorf("%d events of what was not taken", n)
	}
}

// A step that failed is not told as if it had been done.
func TestAFailedStepIsToldAsFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	c, err := b.mandates.OpenCase(t.Context(), b.as(b.mediator), mandates.OpenCase{Beneficiary: p.id, Procedure: "housing.apl", IdempotencyKey: uuid.NewString()})
	must(t, err)
	_, err = b.mandates.LogStep(t.Context(), b.as(b.mediator), mandates.NewStep{Case: c.ID, Action: "submit", Outcome: mandates.OutcomeFailed,
		Note: "Le site ne répondait pas", IdempotencyKey: uuid.NewString()})
	must(t, err)
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	apl, _ := b.pack.Procedure("housing.apl")
	name := apl.Name.In("fr")
	page := w.get("/mine/history").shows(http.StatusOK, say.T("portal.history.failed", "Action", say.T("action.submit"), "Procedure", name), say.T("outcome.failed")).
		hides(say.T("portal.did.submit", "Procedure", name))
	before, _, _ := strings.Cut(page.body, say.T("outcome.failed"))
	if tag := before[max(0, strings.LastIndex(before, " r-tag\"")):]; !strings.Contains(tag, "warning") {
		t.Errorf("the tag of a failure is not a warning: %s", tag)
	}
}

// When no further code leaves, the page does not say that one did; the box for
// the last one stays.
func TestACodeTooManyIsNotAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	for range 3 {
		w.post("/mine/code/send").leads(http.StatusSeeOther, "/mine/code?sent=1&next=%2Fmine%2Fhistory")
	}
	w.get("/mine/code?sent=1").shows(http.StatusOK, say.T("portal.code.sent"))
	w.post("/mine/code/send").shows(http.StatusTooManyRequests, say.T("problem.sms_sent_too_much"), say.T("portal.code.digits")).hides(say.T("portal.code.sent"))
	w.post("/mine/code", "code", b.sms(p.id)).leads(http.StatusSeeOther, "/mine/history") // what the page says of the last code is true

	b.clock.Advance(authz.StepUpAge + time.Minute)
	for range 3 {
		w.post("/mine/everything").shows(http.StatusOK, say.T("portal.take.prove"))
	}
	w.post("/mine/everything").shows(http.StatusUnprocessableEntity, say.T("problem.sms_sent_too_much"), say.T("portal.code.digits")).hides(say.T("portal.take.prove"))
	w.post("/mine/sign-in/national").shows(http.StatusUnprocessableEntity, say.T("problem.sms_sent_too_much")).hides(say.T("portal.link.prove"))
	w.post("/mine/contact", "channel", "letter", "address", "3 rue Haute", "language", "fr").
		shows(http.StatusUnprocessableEntity, say.T("problem.sms_sent_too_much")).hides(say.T("portal.contact.prove_text"))
}

// A code that was right is used: another fault on the page asks for no code
// again, and shows none.
func TestACodeIsAskedForOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	b.clock.Advance(authz.StepUpAge + time.Minute)
	w.post("/mine/contact", "channel", "mail", "phone", "06 12 34 56 78", "language", "fr").shows(http.StatusOK, say.T("portal.contact.prove"))
	code := b.sms(p.id)
	page := w.post("/mine/contact", "channel", "mail", "phone", "06 12 34 56 78", "language", "fr", "code", code).
		shows(http.StatusUnprocessableEntity, say.T("error.needed_for_mail")).hides(say.T("portal.contact.prove"), say.T("portal.code.digits"))
	if strings.Contains(page.body, code) {
		t.Error("a used code is on the page")
	}
	w.post("/mine/contact", "channel", "letter", "address", "3 rue Haute", "phone", "06 12 34 56 78", "language", "fr").leads(http.StatusSeeOther, "/mine/contact")
}
