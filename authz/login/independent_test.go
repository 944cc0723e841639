package login_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/authz/login"
)

// The provider of these tests is npm oidc-provider: its authors never saw our
// code, nor that of the Go libraries on our side.

// independent starts it with one client, signing with alg.
func independent(t *testing.T, alg jose.SignatureAlgorithm, backChannel string) string {
	t.Helper()
	client, err := json.Marshal(map[string]any{
		"client_id": clientID, "client_secret": secret, "redirect_uris": []string{base + login.CallbackPath},
		"post_logout_redirect_uris": []string{base + "/"}, "id_token_signed_response_alg": alg,
		"backchannel_logout_uri": backChannel, "backchannel_logout_session_required": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // one that says nothing is killed
	node := exec.CommandContext(ctx, "node", "testdata/provider.mjs")
	node.Env = append(os.Environ(), "CLIENT="+string(client), "JWKS="+privateKeys(t))
	said := new(strings.Builder)
	node.Stderr = said
	stdin, err := node.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = node.Wait() // killed by the test's context at the latest
		cancel()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = stdin.Close()
		_ = node.Wait()
		t.Fatalf("oidc-provider did not start (npm ci at the repository root installs it): %v\n%s", err, said)
	}
	return strings.TrimSpace(address)
}

func privateKeys(t *testing.T) string {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: rsaKey, KeyID: "r", Use: "sig"}, {Key: ecKey, KeyID: "e", Use: "sig"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)
	xsrf       = regexp.MustCompile(`name="xsrf" value="([^"]+)"`)
)

// visit walks the provider's development pages and gives the address it sends
// the browser back to.
func (b *bundle) visit(address, subject string) *url.URL {
	b.t.Helper()
	var back *url.URL
	walk := *b.client
	walk.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), base) {
			back = next.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	page := b.page(walk.Get(address))
	for step := 0; back == nil; step++ {
		action := formAction.FindStringSubmatch(page)
		if action == nil || step == 4 {
			b.t.Fatalf("no way on from this page: %.600s", page)
		}
		form := url.Values{"prompt": {"consent"}}
		switch token := xsrf.FindStringSubmatch(page); {
		case token != nil:
			form = url.Values{"xsrf": {token[1]}, "logout": {"yes"}}
		case strings.Contains(page, `name="login"`):
			form = url.Values{"prompt": {"login"}, "login": {subject}, "password": {"x"}}
		}
		page = b.page(walk.PostForm(html.UnescapeString(action[1]), form))
	}
	return back
}

func (b *bundle) page(answer *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(body)
}

// AU-01, AU-04, AU-05, AU-06 with an independent provider.
func TestIndependentProvider(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.PS256} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			issuer := independent(t, alg, base+login.BackChannelPath)
			b := setup(t, issuerAt(issuer))
			query := b.visit(b.begin(login.Start{Next: "/people"}), "amel").Query()
			if query.Get("iss") != issuer {
				t.Errorf("the provider does not name itself: %v", query)
			}
			id, err := b.finish(query)
			if err != nil {
				t.Fatal(err)
			}
			if id.Issuer != issuer || id.Subject != "amel" || id.Email != "amel@mediation.example" || !id.EmailVerified ||
				id.Name != "Amel Benali" || id.Next != "/people" {
				t.Errorf("identity %+v", id)
			}
			again, err := b.finish(query)
			wantFault(t, again, err, login.StateReplayed)
		})
	}
}

// AU-04
func TestIndependentProviderUnverifiedEmail(t *testing.T) {
	t.Parallel()
	b := setup(t, issuerAt(independent(t, jose.ES256, base+login.BackChannelPath)))
	id, err := b.finish(b.visit(b.begin(login.Start{}), "luc").Query())
	if err != nil || id.Email != "luc@mediation.example" || id.EmailVerified {
		t.Errorf("%+v, %v", id, err)
	}
}

// AU-05: the provider itself refuses the verifier.
func TestIndependentProviderWrongVerifier(t *testing.T) {
	t.Parallel()
	b := setup(t, issuerAt(independent(t, jose.ES256, base+login.BackChannelPath)))
	query := b.visit(b.begin(login.Start{}), "amel").Query()
	if _, err := b.store.Pool().Exec(t.Context(), `UPDATE login_attempts SET verifier = $1`, long(43)); err != nil {
		t.Fatal(err)
	}
	id, err := b.finish(query)
	wantFault(t, id, err, login.TokenExchange)
}

// AU-08: max_age=0 asks again although the browser is signed in there, and an
// acr that the provider does not assert is not taken on trust.
func TestIndependentProviderStepUp(t *testing.T) {
	t.Parallel()
	config := issuerAt(independent(t, jose.ES256, base+login.BackChannelPath))
	demanding := config
	demanding.ID, demanding.ACRStepUp = "demanding", []string{"urn:test:strong"}
	b := setup(t, config, demanding)
	if _, err := b.finish(b.visit(b.begin(login.Start{}), "amel").Query()); err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	id, err := b.finish(b.visit(b.begin(login.Start{StepUp: true, Stash: []byte("sealed")}), "amel").Query())
	if err != nil || id.AuthTime.Before(asked.Truncate(time.Second)) || string(id.Stash) != "sealed" {
		t.Errorf("asked at %v: %+v, %v", asked, id, err)
	}
	address, err := b.service.Begin(t.Context(), login.Start{IssuerID: "demanding", Browser: b.browser, StepUp: true, Stash: []byte("sealed")})
	if err != nil {
		t.Fatal(err)
	}
	id, err = b.finish(b.visit(address, "amel").Query())
	wantFault(t, id, err, login.ACRNotMet)
	if string(id.Stash) != "sealed" {
		t.Error("what was typed is lost")
	}
}

// AU-07: sign-out there, and its logout token here.
func TestIndependentProviderLogout(t *testing.T) {
	t.Parallel()
	raw := make(chan string, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { raw <- r.PostFormValue("logout_token") }))
	t.Cleanup(endpoint.Close)
	b := setup(t, issuerAt(independent(t, jose.ES256, endpoint.URL)))
	id, err := b.finish(b.visit(b.begin(login.Start{}), "amel").Query())
	if err != nil {
		t.Fatal(err)
	}
	if id.SID == "" {
		t.Error("no sid in the ID token")
	}
	address, err := b.service.EndSessionURL(t.Context(), "work", id.IDToken, base+"/", "")
	if err != nil {
		t.Fatal(err)
	}
	if back := b.visit(address, ""); back.String() != base+"/" {
		t.Errorf("sent to %s", back)
	}
	select {
	case token := <-raw:
		out, err := b.service.BackChannel(t.Context(), token)
		if err != nil || out.SID != id.SID || !slices.Contains([]string{"", "amel"}, out.Subject) {
			t.Errorf("%+v, %v", out, err)
		}
		_, err = b.service.BackChannel(t.Context(), token)
		wantLogoutFault(t, err, login.LogoutReplayed)
	case <-time.After(30 * time.Second):
		t.Fatal("no logout token came")
	}
}
