package portal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
)

// A lost card: the person stops it from their space once they proved their
// phone; what somebody else opened with it ends, their own page goes on.
func TestALostCardIsStoppedByThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	_, second := b.sign(p.id, "money") // a mandate more, with a card of its own
	w, finder, say := b.browser(i18n.French), b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	finder.open(p)
	w.get("/mine").shows(http.StatusOK, say.T("portal.more.card"))
	// The card alone is not enough: whoever found it does not decide.
	finder.get("/mine/card").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fcard")
	finder.post("/mine/card").leads(http.StatusSeeOther, "/mine/code?next=%2Fmine%2Fcard")
	w.prove(p)
	w.get("/mine/card").shows(http.StatusOK, say.T("portal.card.title"), say.T("portal.card.sessions"), say.T("portal.card.new", "Organisation", "Maison France Services"))
	for range 2 { // pressing twice shows the same
		w.post("/mine/card").leads(http.StatusSeeOther, "/mine/card")
		w.get("/mine/card").shows(http.StatusOK, say.T("portal.card.none_title"), say.T("portal.card.ask", "Organisation", "Maison France Services", "Phone", "02 99 00 00 00"))
	}
	finder.get("/mine").leads(http.StatusSeeOther, "/card?next=%2Fmine")
	for _, code := range []string{p.code, second} {
		finder.post("/card", "code", code, "birth_year", "1946").shows(http.StatusUnprocessableEntity, say.T("problem.card_unknown"))
	}
	w.get("/mine/history").shows(http.StatusOK, say.T("story.card_cancelled"))
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'card.cancelled' AND beneficiary_id = $1 AND actor_role = 'person'`, p.id); n != 1 {
		t.Errorf("%d events", n)
	}
	if n := b.count(`SELECT count(*) FROM mandates WHERE beneficiary_id = $1 AND state = 'active'`, p.id); n != 2 {
		t.Errorf("%d mandates go on, want 2", n)
	}
}

// The command asks for the phone by itself, whatever the page did, and touches
// nobody else's card (PO-07).
func TestACardIsStoppedAtThePhoneTierOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, other := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing"), b.newPerson("Fatima", "Haddad", "06 12 34 56 79", "housing")
	actor := authz.Actor{Beneficiary: p.id, Organisation: b.org, Tier: authz.TierCard, Now: b.store.Now()}
	if err := b.people.CancelMyCards(t.Context(), actor); err == nil {
		t.Fatal("cancelled with the card alone")
	}
	b.browser(i18n.English).open(p)
	actor.Tier = authz.TierPhone
	must(t, b.people.CancelMyCards(t.Context(), actor))
	b.browser(i18n.English).open(other)
}

// PO-04: one subscriber holds a whole /64 of IPv6: its addresses are one.
func TestTriesFromOneNetworkAreCountedTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "", "housing")
	say := i18n.For(i18n.French)
	try := func(address, code string) answer {
		w := b.browser(i18n.French)
		w.address = address
		return w.post("/card", "code", code, "birth_year", "1946")
	}
	for i := range 20 {
		try(fmt.Sprintf("[2001:db8:1:2:%x::1]:1234", i), fmt.Sprintf("2222-2222-%d%d", 2+i/7, 2+i%7)).shows(http.StatusUnprocessableEntity, say.T("problem.card_unknown"))
	}
	try("[2001:db8:1:2:ffff::9]:1234", p.code).shows(http.StatusTooManyRequests, say.T("problem.too_many_tries"))
	try("[2001:db8:1:3::1]:1234", p.code).leads(http.StatusSeeOther, "/mine")
}

// A card opened on a mediator's own screen ends the mediator's session there,
// with its event: what was granted in it ends with it.
func TestACardOnAMediatorsScreenSignsThemOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	token, _, err := authz.NewSessions(authz.SessionsDeps{Store: b.store}).Start(t.Context(), authz.NewSession{Account: b.mediator, Organisation: b.org})
	must(t, err)
	w := b.browser(i18n.French)
	w.cookies["session"] = &http.Cookie{Name: "__Host-relais", Value: token}
	w.open(p)
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'sign_out.done' AND actor_id = $1`, b.mediator); n != 1 {
		t.Errorf("%d events", n)
	}
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE account_id = $1`, b.mediator); n != 0 {
		t.Errorf("%d sessions of the mediator", n)
	}
}
