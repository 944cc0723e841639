package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/authz"
)

func (w *browser) opens(want string) {
	w.b.t.Helper()
	if got := w.get("/mine"); got.body != want {
		w.b.t.Errorf("the space is %q (%d), want %q", got.body, got.code, want)
	}
}

// PO-03: with card and phone a person links their national sign-in; the next
// time it opens the space by itself. Linked with two cards, it opens both.
func TestLinkingANationalSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second, stranger := b.linked("x"), b.linked("x"), b.linked("y")
	before := b.browser()
	if a := before.signIn("person", "thi-hoa", ""); a.code != http.StatusForbidden || !strings.Contains(a.body, "linked to nobody") {
		t.Fatalf("an identity nobody linked was answered %d", a.code)
	}
	w := b.holder(first, authz.TierPhone)
	if a := w.walk(w.post("/link/person").location, "thi-hoa"); a.code != http.StatusSeeOther || a.location != "/mine/sign-in" {
		t.Fatalf("linking led to %d %q %.300s", a.code, a.location, a.body)
	}
	next := b.browser()
	if a := next.signIn("person", "thi-hoa", ""); a.location != "/mine" {
		t.Fatalf("the national sign-in led to %d %q", a.code, a.location)
	}
	next.opens(first.String() + " phone 1")
	other := b.holder(second, authz.TierPhone)
	other.walk(other.post("/link/person").location, "thi-hoa")
	next.opens(first.String() + " phone 2")
	// The card alone shows no other space, and nobody else's are among them.
	b.holder(first, authz.TierCard).opens(first.String() + " card 0")
	b.holder(stranger, authz.TierPhone).opens(stranger.String() + " phone 0")
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.identity_linked' AND actor_role = 'person'`); n != 2 {
		t.Errorf("%d events", n)
	}
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE data::text LIKE '%thi-hoa%'`); n != 0 {
		t.Error("a session names the subject")
	}
	// Unlinked, it opens nothing any more, and what it had opened is closed.
	actor := authz.Actor{Beneficiary: first, Organisation: b.org, Tier: authz.TierPhone, Now: b.store.Now(), StrongAt: b.store.Now()}
	must(t, b.people.UnlinkIdentity(t.Context(), actor))
	must(t, b.people.UnlinkIdentity(t.Context(), actor)) // twice is once
	if a := next.get("/mine"); strings.Contains(a.body, first.String()) {
		t.Error("its session goes on")
	}
	again := b.browser()
	again.signIn("person", "thi-hoa", "")
	again.opens(second.String() + " phone 1")
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.identity_unlinked'`); n != 1 {
		t.Errorf("%d events of unlinking", n)
	}
}

// Linking needs the phone, proved just now, in the browser that asked; and the
// provider asks again whoever it still remembers there.
func TestLinkingNeedsTheSamePersonJustProved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	person := b.linked("x")
	links := func() int { return b.count(`SELECT count(*) FROM beneficiary_identities WHERE subject = 'thi-hoa'`) }
	card := b.holder(person, authz.TierCard)
	if a := card.walk(card.post("/link/person").location, "thi-hoa"); a.code == http.StatusSeeOther || links() != 0 {
		t.Errorf("with the card alone: %d, %d links", a.code, links())
	}
	stale := b.holder(person, authz.TierPhone)
	to := stale.post("/link/person").location
	_, err := b.store.Pool().Exec(t.Context(), `UPDATE web_sessions SET strong_at = strong_at - interval '16 minutes' WHERE tier = 'phone'`)
	must(t, err)
	if a := stale.walk(to, "thi-hoa"); a.location != "/mine/sign-in" || links() != 0 {
		t.Errorf("with an old proof: %d, %d links", a.code, links())
	}
	asked, other := b.holder(person, authz.TierPhone), b.holder(b.linked("y"), authz.TierPhone)
	if a := other.walk(asked.post("/link/person").location, "thi-hoa"); a.code != http.StatusUnauthorized || links() != 0 {
		t.Errorf("finished in another browser: %d, %d links", a.code, links())
	}
	if to := asked.post("/link/person").location; !strings.Contains(to, "prompt=login") || !strings.Contains(to, "max_age=0") {
		t.Errorf("the provider need not ask again: %s", to)
	}
	if a := asked.post("/link/staff"); a.code != http.StatusNotFound {
		t.Errorf("a provider for staff: %d", a.code)
	}
	if a := b.browser().post("/link/person"); a.code == http.StatusOK || strings.HasPrefix(a.location, b.idp.URL) {
		t.Errorf("a visitor: %d to %q", a.code, a.location)
	}
}

// A national sign-in that was silent, or weaker than what is called strong, is
// no fresh proof for a person either.
func TestAPersonsWeakSignInIsNotStrong(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	person := b.linked("x")
	_, err := b.store.Pool().Exec(t.Context(), `INSERT INTO beneficiary_identities (issuer, subject, beneficiary_id, linked_at) VALUES ($1, 'thi-hoa', $2, now())`, b.idp.URL, person)
	must(t, err)
	w := b.browser()
	w.signIn("person", "thi-hoa", "")
	w.opens(person.String() + " phone 1")
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE beneficiary_id = $1 AND strong_at > $2`, person, time.Now().Add(-time.Hour)); n != 0 {
		t.Error("one factor counts as strong")
	}
}

// The door for people says what to do when there is no card.
func TestTheDoorForPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.browser().get("/sign-in/person"); a.code != http.StatusOK || !strings.Contains(a.body, `action="/sign-in/person"`) || strings.Contains(a.body, `action="/sign-in/staff"`) ||
		strings.Count(a.body, "<h1") != 1 {
		t.Errorf("answered %d: %.600s", a.code, a.body)
	}
	w := b.holder(b.linked("x"), authz.TierCard)
	if a := w.get("/sign-in/person"); a.location != "/mine" {
		t.Errorf("whoever is in was led to %q", a.location)
	}
}
