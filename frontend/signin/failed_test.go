package signin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
)

// cancelled is the callback of somebody who pressed "cancel" at the provider.
func (w *browser) cancelled(to string) answer {
	w.b.t.Helper()
	u, err := url.Parse(to)
	must(w.b.t, err)
	return w.get("/sign-in/callback?" + url.Values{"state": {u.Query().Get("state")}, "error": {"access_denied"}, "iss": {w.b.idp.URL}}.Encode())
}

func (w *browser) wantsPage(a answer, key string, links ...string) {
	w.b.t.Helper()
	body := html.UnescapeString(a.body)
	if a.code != http.StatusUnauthorized || !strings.Contains(body, i18n.For("en").T(key)) {
		w.b.t.Errorf("answered %d without %s: %.1500s", a.code, key, body)
	}
	for _, link := range links {
		if !strings.Contains(body, `href="`+link+`"`) {
			w.b.t.Errorf("%s: no way to %s", key, link)
		}
	}
}

// AU-08: whoever cancels a fresh sign-in, or comes back too late, has what they
// typed again, unsent; sending it asks once more.
func TestACancelledStepUpLosesNothingTyped(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]func(w *browser, to string) answer{
		"cancelled": func(w *browser, to string) answer { return w.cancelled(to) },
		"too late": func(w *browser, to string) answer {
			_, err := w.b.store.Pool().Exec(w.b.t.Context(), `UPDATE login_attempts SET expires_at = now() - interval '1 second'`)
			must(w.b.t, err)
			return w.walk(to, "nadia")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, strongIsTwo)
			w := b.browser()
			w.signIn("staff", "nadia", probe)
			page := back(w, w.wantsFresh())
			w.wantsPage(page, "signin.not_confirmed.title")
			if !strings.Contains(page.body, "lost trust") {
				t.Fatalf("what was typed is lost: %.1500s", page.body)
			}
			page.code = http.StatusOK // a page to press a button on all the same
			asked := w.resume(page)
			if asked.code != http.StatusSeeOther || !strings.HasPrefix(asked.location, b.idp.URL) {
				t.Fatalf("sent without a fresh sign-in: %d %q", asked.code, asked.body)
			}
			wantDone(t, w.resume(w.walk(asked.location, "nadia")), "lost trust")
		})
	}
}

// AU-08: a link, unlike a form, leads back to its page.
func TestACancelledStepUpOfALinkLeadsBack(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	a := w.cancelled(w.get(probe + "/act").location)
	w.wantsPage(a, "signin.not_confirmed.lead_link", probe+"/act")
	if !strings.Contains(a.body, `name="next" value="`+probe+`/act"`) {
		t.Errorf("confirming again leads elsewhere: %.1500s", a.body)
	}
}

// AU-08: what one session kept is not shown in the next one of the same browser.
func TestWhatWasTypedIsNotShownToTheNextSession(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	to := w.wantsFresh()
	w.signIn("staff", "nadia", probe)
	if a := w.cancelled(to); a.code != http.StatusUnauthorized || strings.Contains(a.body, "lost trust") {
		t.Errorf("another session was answered %d", a.code)
	}
}

// AU-08: after a colleague's sign-in the form waits, sealed, for its own author.
func TestAColleaguesSignInLosesNothingTyped(t *testing.T) {
	t.Parallel()
	for name, invited := range map[string]bool{"known here": true, "unknown here": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, strongIsTwo)
			w := b.browser()
			w.signIn("staff", "nadia", probe)
			if invited {
				_, err := b.orgs.Invite(t.Context(), b.as(b.account("nadia@people.example")), organisationsInvite(b.org))
				must(t, err)
			}
			page := w.walk(w.wantsFresh(), "claire")
			kept := regexp.MustCompile(`name="kept" value="([^"]+)"`).FindStringSubmatch(page.body)
			if page.code != http.StatusForbidden || kept == nil || strings.Contains(page.body, "lost trust") {
				t.Fatalf("answered %d: %.1500s", page.code, page.body)
			}
			again := w.post("/step-up", "next", probe, "kept", kept[1])
			wantDone(t, w.resume(w.walk(again.location, "nadia")), "lost trust")
			// Elsewhere, or bent, it is nothing, and hinders nobody.
			other := b.browser()
			other.signIn("staff", "nadia", probe)
			for _, bad := range []string{kept[1], kept[1][1:], "%"} {
				if a := other.walk(other.post("/step-up", "next", probe, "kept", bad).location, "nadia"); a.location != probe {
					t.Errorf("led to %d %q", a.code, a.location)
				}
			}
		})
	}
}

// AU-05: each is sent to their own door: a person helped has a card and no
// referent.
func TestAFailureLeadsToOnesOwnDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	w.wantsPage(w.cancelled(w.post("/sign-in/staff", "next", probe+"?tab=cases").location), "signin.failed.text", "/sign-in?next=%2Fprobe%3Ftab%3Dcases")
	w.wantsPage(w.cancelled(w.post("/sign-in/person").location), "signin.failed.person_text", "/sign-in/person", "/card")
	w.wantsPage(w.get("/sign-in/callback?state=unknown&code=x"), "signin.failed.text_any", "/sign-in", "/card")
	space := b.holder(b.linked("x"), authz.TierPhone)
	space.wantsPage(space.cancelled(space.post("/link/person").location), "signin.not_linked.lead", "/mine/sign-in", "/mine")
}

// AU-07: that the provider's session is over is said only to a browser that the
// provider sent back.
func TestWhatHasEndedIsSaidTruly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	says := func(a answer, everywhere bool) {
		t.Helper()
		body, say := html.UnescapeString(a.body), i18n.For("en")
		if a.code != http.StatusOK || strings.Contains(body, say.T("signin.out.lead")) != everywhere || strings.Contains(body, say.T("signin.out.still_text")) == everywhere {
			t.Errorf("answered %d, everywhere %t: %.1500s", a.code, everywhere, body)
		}
	}
	says(b.browser().get("/signed-out"), false)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	if a := w.get("/signed-out"); a.code != http.StatusSeeOther || a.location == "/signed-out" {
		t.Errorf("whoever is signed in was answered %d", a.code)
	}
	left := w.post("/sign-out")
	says(w.get("/signed-out"), false)
	says(w.get("/signed-out?state=guessed"), false)
	says(b.browser().get("/signed-out?state="), false)
	says(w.walk(left.location, "nobody is pressed"), true)
	// The outer provider ends no sessions.
	token, _, err := b.sess.Start(t.Context(), authz.NewSession{Account: b.account("nadia@people.example"), Issuer: "outer-staff"})
	must(t, err)
	outer := b.browser()
	outer.cookies["__Host-relais"] = &http.Cookie{Name: "__Host-relais", Value: token}
	if a := outer.post("/sign-out"); a.location != "/signed-out" {
		t.Fatalf("sent to %q", a.location)
	}
	says(outer.get("/signed-out"), false)
}

// AU-03: whom the provider knows and Relais does not let in is told with which
// address they came and what to try, and keeps where they were going.
func TestAnAccountThatOpensNothingIsToldWhatToDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, subject := range []string{"claire"} {
		w := b.browser()
		a := w.signIn("staff", subject, probe)
		body := html.UnescapeString(a.body)
		if a.code != http.StatusForbidden {
			t.Fatalf("%s was answered %d %q", subject, a.code, a.location)
		}
		for _, want := range []string{i18n.For("en").T("signin.not_in.title"), i18n.For("en").T("problem.not_invited"), i18n.For("en").T("signin.not_in.account"),
			`href="/sign-in?another=1&next=` + url.QueryEscape(probe) + `"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is not told %q: %.1500s", subject, want, body)
			}
		}
		if strings.Contains(body, i18n.For("en").T("signin.not_in.address")) {
			t.Error("an address vouched for is said not to be")
		}
		if next := w.get(probe); next.code == http.StatusOK {
			t.Error("somebody refused came in")
		}
		if door := w.get("/sign-in?another=1&next=" + url.QueryEscape(probe)); !strings.Contains(door.body, `name="another" value="1"`) {
			t.Errorf("the door forgets that another account is wanted: %.1500s", door.body)
		}
		to, err := url.Parse(w.post("/sign-in/staff", "next", probe, "another", "1").location)
		must(t, err)
		if to.Query().Get("prompt") != "select_account" {
			t.Errorf("the provider is not asked for a choice: %s", to)
		}
	}
	// Whom another account would not help is sent round in no circle.
	b.browser().signIn("staff", "nadia", probe)
	_, err := b.orgs.Invite(t.Context(), b.as(b.account("nadia@people.example")), organisationsInvite(b.org))
	must(t, err)
	b.browser().signIn("staff", "claire", probe)
	must(t, b.orgs.SuspendAccount(t.Context(), b.account("claire@people.example"), "test", "Enquête"))
	body := html.UnescapeString(b.browser().signIn("staff", "claire", probe).body)
	if !strings.Contains(body, i18n.For("en").T("problem.account_suspended")) || strings.Contains(body, i18n.For("en").T("signin.not_in.again")) ||
		strings.Contains(body, i18n.For("en").T("signin.not_in.account")) {
		t.Errorf("who is suspended is told: %.1500s", body)
	}
}
