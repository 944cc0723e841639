package login_test

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/idp/idptest"
	"github.com/relais-org/relais/internal/problem"
)

// AU-01 (this package's part): who signed in, with a verified address.
func TestSignInSaysWhoItWas(t *testing.T) {
	t.Parallel()
	b, demo := withDemo(t)
	id, err := b.finish(b.callback(b.begin(login.Start{Next: "/people?q=a"}), "amel"))
	if err != nil {
		t.Fatal(err)
	}
	if id.Issuer != demo.URL || id.Subject != "amel" || id.IssuerID != "work" || id.Audience != login.AudienceStaff {
		t.Errorf("identity %+v", id)
	}
	if id.Email != "amel@mediation.example" || !id.EmailVerified || id.Name != "Amel Benali" {
		t.Errorf("claims %+v", id)
	}
	if id.SID == "" || id.IDToken == "" || id.ACR != idp.ACROneFactor || time.Since(id.AuthTime) > time.Minute {
		t.Errorf("session facts %+v", id)
	}
	if id.Next != "/people?q=a" || id.StepUp {
		t.Errorf("attempt %+v", id)
	}
}

// AU-04 (this package's part): an unverified address is said to be so.
func TestUnverifiedEmailIsNotVerified(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	id, err := b.finish(b.callback(b.begin(login.Start{}), "luc"))
	if err != nil || id.EmailVerified || id.Email == "" {
		t.Errorf("%+v, %v", id, err)
	}
}

// AU-05
func TestCallbackWithAWrongState(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	good := b.callback(b.begin(login.Start{}), "amel")
	for name, state := range map[string][]string{
		"missing": nil, "empty": {""}, "unknown": {"guess"}, "twice": {good.Get("state"), good.Get("state")},
	} {
		query := url.Values{"code": good["code"], "iss": good["iss"], "state": state}
		id, err := b.finish(query)
		t.Run(name, func(t *testing.T) { wantFault(t, id, err, login.StateUnknown) })
	}
	if _, err := b.finish(good); err != nil {
		t.Errorf("the guesses spoiled the real attempt: %v", err)
	}
}

// AU-05
func TestCallbackReplayed(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	query := b.callback(b.begin(login.Start{Stash: []byte("sealed")}), "amel")
	if _, err := b.finish(query); err != nil {
		t.Fatal(err)
	}
	id, err := b.finish(query)
	wantFault(t, id, err, login.StateReplayed)
	b.advance(11 * time.Minute)
	id, err = b.finish(query)
	wantFault(t, id, err, login.StateReplayed)
	if n := b.count(`SELECT count(*) FROM login_attempts WHERE nonce <> '' OR verifier <> '' OR stash IS NOT NULL`); n != 0 {
		t.Errorf("%d used attempts keep their secrets", n)
	}
}

// AU-05
func TestCallbackReplayedAtTheSameTime(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	query := b.callback(b.begin(login.Start{}), "amel")
	var wait sync.WaitGroup
	faults := make(chan login.Fault, 8)
	for range cap(faults) {
		wait.Go(func() {
			_, err := b.finish(query)
			faults <- login.Cause(err)
		})
	}
	wait.Wait()
	close(faults)
	accepted := 0
	for fault := range faults {
		switch fault {
		case "":
			accepted++
		case login.StateReplayed:
		default:
			t.Errorf("fault %q", fault)
		}
	}
	if accepted != 1 {
		t.Errorf("%d sign-ins out of one attempt", accepted)
	}
}

// AU-05: a callback carried to another browser, as in login CSRF.
func TestCallbackInAnotherBrowser(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	query := b.callback(b.begin(login.Start{}), "amel")
	for name, browser := range map[string][]byte{"another": browserSecret(), "none": nil, "short": b.browser[:8]} {
		id, err := b.service.Finish(t.Context(), query, browser)
		t.Run(name, func(t *testing.T) { wantFault(t, id, err, login.BrowserMismatch) })
	}
	if _, err := b.finish(query); err != nil {
		t.Errorf("the owner of the attempt was shut out: %v", err)
	}
}

// AU-05
func TestAttemptExpires(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	query := b.callback(b.begin(login.Start{Next: "/people", Stash: []byte("sealed"), StepUp: true, Session: session()}), "amel")
	b.advance(10 * time.Minute)
	other, err := b.service.Finish(t.Context(), query, browserSecret())
	wantFault(t, other, err, login.BrowserMismatch)
	if other.Stash != nil || other.Next != "" || other.Session != uuid.Nil {
		t.Errorf("another browser is told %+v", other)
	}
	id, err := b.finish(query)
	wantFault(t, id, err, login.Expired)
	if string(id.Stash) != "sealed" || id.Next != "/people" || id.Session != session() || !id.StepUp || id.Audience != login.AudienceStaff {
		t.Errorf("what was typed is lost with the time: %+v", id)
	}
	if id, err = b.finish(query); len(id.Stash) != 0 {
		t.Error("what was typed is given out twice")
	}
	wantFault(t, id, err, login.StateReplayed)
}

// AU-05: the provider refuses a verifier that does not fit the challenge.
func TestWrongPKCEVerifier(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	query := b.callback(b.begin(login.Start{}), "amel")
	if _, err := b.store.Pool().Exec(t.Context(), `UPDATE login_attempts SET verifier = $1`, long(43)); err != nil {
		t.Fatal(err)
	}
	id, err := b.finish(query)
	wantFault(t, id, err, login.TokenExchange)
}

// AU-05, RFC 9207: an answer of another issuer, or one that hides whose it is.
func TestAnswerOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	for name, iss := range map[string][]string{"other": {"https://evil.example"}, "missing": nil} {
		query := b.callback(b.begin(login.Start{}), "amel")
		query["iss"] = iss
		if iss == nil {
			query.Del("iss")
		}
		id, err := b.finish(query)
		t.Run(name, func(t *testing.T) { wantFault(t, id, err, login.WrongIssuer) })
	}
}

// AU-05, AU-08: cancelling at the provider keeps what was typed.
func TestCancelAtTheProvider(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	address := b.begin(login.Start{StepUp: true, Next: "/mandates/1/revoke", Stash: []byte("sealed"), Session: session()})
	back, err := idptest.Cancel(b.client, address)
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.finish(back.Query())
	wantFault(t, id, err, login.ProviderError)
	if string(id.Stash) != "sealed" || id.Next != "/mandates/1/revoke" || id.Session != session() || !id.StepUp {
		t.Errorf("what was typed is lost: %+v", id)
	}
}

// AU-08: a fresh and stronger sign-in, then the act completes.
func TestStepUp(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t, func(i *login.Issuer) { i.ACRStepUp = []string{idp.ACRTwoFactors} })
	first, err := b.finish(b.callback(b.begin(login.Start{}), "amel"))
	if err != nil {
		t.Fatal(err)
	}
	b.browser = browserSecret()
	address := b.begin(login.Start{StepUp: true, Next: "/mandates/1/sign", Stash: []byte("sealed form"), Session: session()})
	again, err := b.finish(b.callback(address, "amel"))
	if err != nil {
		t.Fatal(err)
	}
	if again.ACR != idp.ACRTwoFactors || !again.StepUp || string(again.Stash) != "sealed form" || again.Session != session() {
		t.Errorf("identity %+v", again)
	}
	if first.Strong || !again.Strong {
		t.Errorf("one factor strong: %t, two factors: %t", first.Strong, again.Strong)
	}
	if again.Subject != first.Subject || again.SID != first.SID || again.AuthTime.Before(first.AuthTime) {
		t.Errorf("first %+v, again %+v", first, again)
	}
}

// AU-06
func TestOffSiteNextIsNeverFollowed(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/people/7?tab=cases":     "/people/7?tab=cases",
		"/":                       "/",
		"":                        "/",
		"people":                  "/",
		"//evil.example":          "/",
		"/\\evil.example":         "/",
		"\\\\evil.example":        "/",
		"https://evil.example/":   "/",
		"javascript:alert(1)":     "/",
		"/\t/evil.example":        "/",
		"/\n//evil.example":       "/",
		"/.//evil.example":        "/",
		"/%2f%2fevil.example":     "/",
		"/a#fragment":             "/a",
		"/sign-in/callback?a=b":   "/",
		"/" + long(3000):          "/",
		"/search?next=//evil.org": "/search?next=//evil.org",
		"/médiation":              "/m%C3%A9diation",
	} {
		if got := login.LocalPath(next); got != want {
			t.Errorf("%q became %q, want %q", next, got, want)
		}
	}
	b, _ := withDemo(t)
	id, err := b.finish(b.callback(b.begin(login.Start{Next: "https://evil.example/"}), "amel"))
	if err != nil || id.Next != "/" {
		t.Errorf("next %q, %v", id.Next, err)
	}
}

func TestKeysMayRotateAtTheIssuer(t *testing.T) {
	t.Parallel()
	b, demo := withDemo(t)
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256} {
		if _, err := b.finish(b.callback(b.begin(login.Start{}), "amel")); err != nil {
			t.Fatal(err)
		}
		if err := demo.Provider.RotateKey(alg); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.finish(b.callback(b.begin(login.Start{}), "amel")); err != nil {
		t.Errorf("after the rotations: %v", err)
	}
}

func TestBeginRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	for name, c := range map[string]struct {
		start login.Start
		kind  problem.Kind
	}{
		"unknown issuer": {login.Start{IssuerID: "other", Browser: b.browser}, problem.KindNotFound},
		"no browser":     {login.Start{IssuerID: "work"}, problem.KindInvalid},
		"long stash":     {login.Start{IssuerID: "work", Browser: b.browser, Stash: make([]byte, login.MaxStash+1)}, problem.KindInvalid},
	} {
		if _, err := b.service.Begin(t.Context(), c.start); problem.As(err).Kind != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := login.Start{IssuerID: "work", Browser: b.browser, Stash: make([]byte, login.MaxStash)}
	if _, err := b.service.Begin(t.Context(), full); err != nil {
		t.Errorf("largest stash: %v", err)
	}
	if n := b.count(`SELECT count(*) FROM login_attempts`); n != 1 {
		t.Errorf("%d attempts kept", n)
	}
}

func TestDatabaseKeepsNoStateNorCookie(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	state := stateOf(t, b.begin(login.Start{}))
	n := b.count(`SELECT count(*) FROM login_attempts a WHERE position($1 in a::text) > 0
		OR position(encode($2, 'hex') in a::text) > 0 OR position(encode($1::bytea, 'hex') in a::text) > 0`, state, b.browser)
	if n != 0 {
		t.Error("the row shows the state or the cookie")
	}
}

func TestExpiredAttemptsAreSweptAway(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	for range 3 {
		b.begin(login.Start{})
	}
	b.advance(2 * time.Hour)
	b.begin(login.Start{})
	if n := b.count(`SELECT count(*) FROM login_attempts`); n != 1 {
		t.Errorf("%d attempts kept, want the new one only", n)
	}
}

// AU-07: sign-out reaches the provider.
func TestEndSessionURL(t *testing.T) {
	t.Parallel()
	b, demo := withDemo(t)
	id, err := b.finish(b.callback(b.begin(login.Start{}), "amel"))
	if err != nil {
		t.Fatal(err)
	}
	address, err := b.service.EndSessionURL(t.Context(), "work", id.IDToken, base+"/", "kept")
	if err != nil {
		t.Fatal(err)
	}
	back, err := idptest.Login(b.client, address, "nobody") // follows the provider's redirect
	if err != nil || back.String() != base+"/?state=kept" {
		t.Fatalf("sent to %v, %v", back, err)
	}
	next, err := b.finish(b.callback(b.begin(login.Start{}), "luc"))
	if err != nil || next.Subject != "luc" {
		t.Errorf("%s's session at %s outlived the sign-out: %v", next.Subject, demo.URL, err)
	}
	if _, err := b.service.EndSessionURL(t.Context(), "work", "", "https://evil.example/", ""); problem.As(err).Kind != problem.KindInvalid {
		t.Errorf("off-site: %v", err)
	}
	if _, err := b.service.EndSessionURL(t.Context(), "work", "", base+".evil.example/", ""); err == nil {
		t.Error("a longer host name passed for ours")
	}
}
