package signin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/cmd/demo/idp"
)

func wantDone(t *testing.T, a answer, typed string) {
	t.Helper()
	if a.code != http.StatusOK || a.body != "done: "+typed {
		t.Errorf("answered %d to %q: %.300s", a.code, a.location, a.body)
	}
}

// wantsFresh demands that a sensitive act sends to the provider.
func (w *browser) wantsFresh() string {
	w.b.t.Helper()
	a := w.post(probe+"/act", "reason", "lost trust")
	if a.code != http.StatusSeeOther || !strings.HasPrefix(a.location, w.b.idp.URL) {
		w.b.t.Fatalf("a sensitive act answered %d to %q: %.200s", a.code, a.location, a.body)
	}
	return a.location
}

// AU-06
func TestADeepLinkIsReachedAfterSigningIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	asked := w.get(probe + "?tab=cases")
	if asked.code != http.StatusSeeOther || !strings.HasPrefix(asked.location, "/sign-in?next=") {
		t.Fatalf("a visitor was answered %d to %q", asked.code, asked.location)
	}
	page := w.get(asked.location)
	if !strings.Contains(page.body, `name="next" value="`+probe+`?tab=cases"`) {
		t.Fatalf("the page of providers forgot where to go: %.500s", page.body)
	}
	if a := w.signIn("staff", "nadia", probe+"?tab=cases"); a.code != http.StatusSeeOther || a.location != probe+"?tab=cases" {
		t.Errorf("led to %d %q", a.code, a.location)
	}
	if a := w.get("/sign-in?next=" + probe); a.location != probe {
		t.Errorf("whoever is signed in was led to %q", a.location)
	}
}

// AU-01: a provider may ask who it is at another host than its own name; the
// very first page lets the form end there, and so does every later one.
func TestTheFormMayEndWhereTheProviderAsks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/sign-in", "/sign-in/person", "/signed-out"} {
		if a := b.browser().get(path); a.code != http.StatusOK || !strings.Contains(a.policy, " https://login.outer.example") || !strings.Contains(a.policy, " "+b.idp.URL) {
			t.Errorf("%s answered %d with the policy %q", path, a.code, a.policy)
		}
	}
}

// AU-06: another site is never followed, at the door nor after the callback.
func TestAnOffSiteNextLeadsHome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/%2f%2fevil.example", "javascript:alert(1)"} {
		w := b.browser()
		if a := w.signIn("staff", "nadia", next); a.code != http.StatusSeeOther || a.location != "/organisation/people" {
			t.Errorf("%q led to %d %q", next, a.code, a.location)
		}
		if a := w.get("/sign-in?next=" + url.QueryEscape(next)); a.code != http.StatusSeeOther || leaves(t, a.location) {
			t.Errorf("%q led on to %q", next, a.location)
		}
		kept := regexp.MustCompile(`name="next" value="([^"]*)"`).FindStringSubmatch(w.get("/step-up?next=" + url.QueryEscape(next)).body)
		if kept == nil || leaves(t, html.UnescapeString(kept[1])) {
			t.Errorf("the page of step-up carries %q", kept)
		}
	}
}

// leaves: a browser would follow this to another site.
func leaves(t *testing.T, location string) bool {
	t.Helper()
	here, err := url.Parse(base + "/sign-in")
	must(t, err)
	to, err := here.Parse(location)
	return err != nil || to.Scheme != here.Scheme || to.Host != here.Host || strings.HasPrefix(strings.ReplaceAll(location, `\`, "/"), "//")
}

// AU-07: the token changes at a sign-in, and the one before is worth nothing.
func TestASignInEndsTheSessionTheBrowserCameWith(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	old := b.browser()
	for k, v := range w.cookies {
		old.cookies[k] = v
	}
	w.signIn("staff", "nadia", probe)
	if a := old.get(probe); a.code != http.StatusSeeOther {
		t.Errorf("the earlier token still opens: %d", a.code)
	}
	if a := w.get(probe); a.code != http.StatusOK {
		t.Errorf("the new one does not: %d", a.code)
	}
	if n := b.count(`SELECT count(*) FROM web_sessions WHERE account_id IS NOT NULL`); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// AU-08: right after a sign-in that is strong enough nothing more is asked.
func TestAFreshStrongSignInActsAtOnce(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(*login.Issuer){
		"no acr is called strong": func(*login.Issuer) {},
		"demanded at the door":    func(i *login.Issuer) { strongIsTwo(i); i.ACRValues = []string{idp.ACRTwoFactors} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, configure)
			w := b.browser()
			w.signIn("staff", "nadia", probe)
			wantDone(t, w.post(probe+"/act", "reason", "lost trust"), "lost trust")
		})
	}
}

// AU-08: a sign-in of a moment ago, but with one factor where two are called
// strong, is no fresh one for a sensitive act; what was typed comes back.
func TestAFreshWeakSignInIsNotStrong(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	if a := w.get(probe); a.code != http.StatusOK {
		t.Fatalf("a weak sign-in does not open pages: %d", a.code)
	}
	page := w.walk(w.wantsFresh(), "nadia")
	wantDone(t, w.resume(page), "lost trust")
	wantDone(t, w.post(probe+"/act", "reason", "again"), "again")
}

// AU-08: a provider that lets somebody through without asking vouches for when
// they last proved who they are, not for now.
func TestASilentSignInIsNoFreshOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	b.late.Store(int64(20 * time.Minute))
	w.signIn("staff", "nadia", probe)
	b.late.Store(0)
	if a := w.post("/sign-out"); a.code != http.StatusSeeOther {
		t.Fatalf("sign-out answered %d", a.code)
	}
	// The provider was not visited on the way out: its session is still there.
	if a := w.signIn("staff", "nobody is pressed", probe); a.location != probe {
		t.Fatalf("not let in silently: %d %q", a.code, a.location)
	}
	page := w.walk(w.wantsFresh(), "nadia")
	wantDone(t, w.resume(page), "lost trust")
}

// AU-08: fifteen minutes after the sign-in a sensitive act asks again. A link,
// unlike a form, is simply opened again.
func TestAnOldSignInIsAskedAgainAndNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	_, err := b.store.Pool().Exec(t.Context(), `UPDATE web_sessions SET strong_at = strong_at - interval '16 minutes'`)
	must(t, err)
	typed := `said "stop" & left <now>`
	a := w.post(probe+"/act", "reason", typed, "signature_png", "cGljdHVyZQ==")
	before := w.cookies["__Host-relais"]
	page := w.walk(a.location, "nadia")
	if strings.Contains(page.body, "signature_png") || strings.Contains(page.body, typed) {
		t.Error("the page gives back a picture, or unescaped words")
	}
	page.body = strings.NewReplacer("&#34;", `"`, "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(page.body)
	if !strings.Contains(page.body, typed) {
		t.Errorf("what was typed is lost: %.2000s", page.body)
	}
	if after := w.cookies["__Host-relais"]; before == nil || after == nil || before.Value == after.Value {
		t.Error("the token did not change with the step-up")
	}
	_, err = b.store.Pool().Exec(t.Context(), `UPDATE web_sessions SET strong_at = strong_at - interval '16 minutes'`)
	must(t, err)
	a = w.get(probe + "/act")
	if a = w.walk(a.location, "nadia"); a.location != probe+"/act" {
		t.Errorf("led to %q", a.location)
	}
	wantDone(t, w.get(probe+"/act"), "")
}

// AU-08: what one browser kept cannot be opened by another.
func TestAnotherBrowserCannotFinishAStepUp(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	w, other := b.browser(), b.browser()
	w.signIn("staff", "nadia", probe)
	to := w.wantsFresh()
	if page := other.walk(to, "nadia"); page.code != http.StatusUnauthorized || strings.Contains(page.body, "lost trust") {
		t.Errorf("another browser was answered %d", page.code)
	}
	w.wantsFresh() // and this one is no stronger for it
}

// AU-08: the fresh sign-in must be by whoever asked.
func TestSomebodyElseCannotStrengthenASession(t *testing.T) {
	t.Parallel()
	b := setup(t, strongIsTwo)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	_, err := b.orgs.Invite(t.Context(), b.as(b.account("nadia@people.example")),
		organisationsInvite(b.org))
	must(t, err)
	if page := w.walk(w.wantsFresh(), "claire"); page.code != http.StatusForbidden || strings.Contains(page.body, "lost trust") {
		t.Errorf("a colleague's sign-in was answered %d", page.code)
	}
	w.wantsFresh()
}

// One acts for an organisation of one's own, and for no other.
func TestSwitchingOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	w.signIn("staff", "nadia", probe)
	acting := func() int {
		return b.count(`SELECT count(*) FROM web_sessions WHERE account_id = $1 AND organisation_id = $2`, b.account("nadia@people.example"), b.org)
	}
	for _, bad := range []string{"", "x", "00000000-0000-0000-0000-000000000000", "11111111-1111-4111-8111-111111111111"} {
		if a := w.post("/organisation/switch", "organisation", bad); a.code != http.StatusNotFound || acting() != 0 {
			t.Errorf("%q answered %d", bad, a.code)
		}
	}
	if a := w.post("/organisation/switch", "organisation", b.org.String()); a.code != http.StatusSeeOther || a.location != "/organisation/people" || acting() != 1 {
		t.Errorf("answered %d to %q", a.code, a.location)
	}
	if a := b.browser().post("/organisation/switch", "organisation", b.org.String()); a.code == http.StatusSeeOther && a.location == "/organisation/people" {
		t.Error("a visitor switched")
	}
}
