package idp_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/relais-org/relais/cmd/demo/idp"
)

func (p *party) logoutClaims() map[string]any {
	p.t.Helper()
	select {
	case raw := <-p.logouts:
		verified, err := p.provider.Verifier(&oidc.Config{ClientID: "rp-staff"}).VerifyLogout(p.t.Context(), raw)
		if err != nil {
			p.t.Fatal(err)
		}
		c := map[string]any{}
		if err := verified.Claims(&c); err != nil {
			p.t.Fatal(err)
		}
		return c
	case <-time.After(30 * time.Second):
		p.t.Fatal("no logout token came")
		return nil
	}
}

// AU-07: sign-out reaches the provider, and the provider reaches others.
func TestEndSessionEndsItAndTellsRelyingParties(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	signedIn, _ := p.signIn("amel")
	end := p.idp.URL + "/end_session?" + url.Values{"id_token_hint": {signedIn.raw}, "post_logout_redirect_uri": {"http://rp.test/bye"}}.Encode()
	p.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := p.browser.Get(end)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if to := answer.Header.Get("Location"); to != "http://rp.test/bye" {
		t.Errorf("sent to %q (%s)", to, answer.Status)
	}
	if c := p.logoutClaims(); c["sid"] != signedIn.SID || c["sub"] != "amel" {
		t.Errorf("logout token: %v", c)
	}
	p.browser.CheckRedirect = nil
	if again, _ := p.signIn("luc"); again.Subject != "luc" {
		t.Error("the session still answers after its end")
	}
}

func TestForceLogout(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	p.signIn("amel")
	if n := p.idp.Provider.ForceLogout(context.Background(), "amel"); n != 1 {
		t.Errorf("told %d relying parties", n)
	}
	if c := p.logoutClaims(); c["sub"] != "amel" {
		t.Errorf("logout token: %v", c)
	}
}

func TestEndSessionWithoutHintAsksFirst(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	p.signIn("amel")
	if body := p.read(p.browser.Get(p.idp.URL + "/end_session")); !strings.Contains(body, `action="/signed-out"`) {
		t.Fatalf("no question asked: %.300s", body)
	}
	p.read(p.browser.Post(p.idp.URL+"/signed-out", "application/x-www-form-urlencoded", nil))
	if again, _ := p.signIn("luc"); again.Subject != "luc" {
		t.Error("still signed in as amel")
	}
}
