package login_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

func TestConfigurationFaultsAreListedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := login.New(login.Dependencies{
		BaseURL: "http://relais.example", Store: new(store.Store),
		Issuers: []login.Issuer{
			{ID: "Bad ID", URL: "http://127.0.0.1:1", Audience: "all", ClientSecretFile: "/nowhere/at/all", Via: []string{"http://broker.example"}},
			{ID: "ok", URL: "http://idp.example", ClientID: "c", Audience: login.AudienceStaff, Name: map[string]string{"en": "x"}, AllowInsecureHTTP: true},
			{ID: "ok", URL: "https://idp.example", ClientID: "c", Audience: login.AudienceStaff, Name: map[string]string{"en": "x"}},
		},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"base URL", "lower-case", "audience must be", "client_id", "name is missing", "client_secret_file",
		`issuer "ok": url must be https`, `issuer "Bad ID": `, "via must be https", `"ok" stands twice`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in:\n%v", want, err)
		}
	}
}

func TestIssuersAreReadFromJSON(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHostile(t)
	var issuers []login.Issuer
	err := json.Unmarshal([]byte(`[{"id":"work","name":{"fr":"Travail","en":"Work"},"url":"`+h.URL+`","client_id":"relais",
		"client_secret_file":"`+file+`","audience":"staff","scopes":["openid","email"],"acr_values":["eidas1"],
		"acr_step_up":["eidas2"],"allow_insecure_http":true}]`), &issuers)
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t, issuers...)
	infos := b.service.Issuers(login.AudienceStaff)
	if len(infos) != 1 || infos[0].NameIn("fr") != "Travail" || infos[0].NameIn("sv") != "Work" {
		t.Errorf("issuers %+v", infos)
	}
	if none := b.service.Issuers(login.AudiencePerson); len(none) != 0 {
		t.Errorf("for people: %+v", none)
	}
	var user, pass string
	h.token = func(_ http.ResponseWriter, r *http.Request) { user, pass, _ = r.BasicAuth() }
	address := b.begin(login.Start{Language: "fr"})
	asked, _ := url.Parse(address)
	for name, want := range map[string]string{"scope": "openid email", "acr_values": "eidas1", "ui_locales": "fr", "prompt": "",
		"redirect_uri": base + login.CallbackPath, "code_challenge_method": "S256", "response_type": "code"} {
		if got := asked.Query().Get(name); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	_, _ = b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}}) // refused; only the request matters
	if secret, _ := url.QueryUnescape(pass); user != "relais" || secret != "from a file" {
		t.Errorf("authenticated as %q with %q", user, pass)
	}
}

// An acr demanded at every sign-in is checked at every sign-in.
func TestDemandedACRAtFirstSignIn(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	config := issuerAt(h.URL)
	config.ACRValues = []string{"eidas2"}
	b := setup(t, config)
	address := b.begin(login.Start{})
	h.says(h.sign(h.claims(address)))
	id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
	wantFault(t, id, err, login.ACRNotMet)
}

// The secret goes in the body only where the issuer does not take it in the
// header, and the code is never sent twice.
func TestClientAuthenticationFollowsTheMetadata(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		methods []string
		inBody  bool
	}{"unsaid": {nil, false}, "basic": {[]string{"client_secret_basic", "client_secret_post"}, false}, "post": {[]string{"client_secret_post"}, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.metadata = func(doc map[string]any) {
				if c.methods != nil {
					doc["token_endpoint_auth_methods_supported"] = c.methods
				}
			}
			b := setup(t, issuerAt(h.URL))
			calls := 0
			h.token = func(w http.ResponseWriter, r *http.Request) {
				calls++
				if inBody := r.PostFormValue("client_secret") == secret; inBody != c.inBody {
					t.Errorf("secret in the body: %v", inBody)
				}
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, err := b.finish(url.Values{"state": {stateOf(t, b.begin(login.Start{}))}, "code": {"c"}})
			if login.Cause(err) != login.TokenExchange || calls != 1 {
				t.Errorf("%d calls, %v", calls, err)
			}
		})
	}
}

func TestIssuerThatIsDownKeepsNobodyElseOut(t *testing.T) {
	t.Parallel()
	h, up := newHostile(t), newHostile(t)
	h.down.Store(true)
	other := issuerAt(up.URL)
	other.ID = "other"
	b := setup(t, issuerAt(h.URL), other)
	begin := func(id string) error {
		_, err := b.service.Begin(t.Context(), login.Start{IssuerID: id, Browser: b.browser})
		return err
	}
	for range 3 {
		if p := problem.As(begin("work")); p.Kind != problem.KindUnavailable || p.Code != "login_unavailable" {
			t.Errorf("problem %+v", p)
		}
	}
	if n := h.asked.Load(); n != 1 {
		t.Errorf("asked %d times in a row", n)
	}
	if err := begin("other"); err != nil {
		t.Errorf("the other issuer: %v", err)
	}
	h.down.Store(false)
	b.advance(2 * time.Second)
	if err := begin("work"); err != nil {
		t.Errorf("after it came back: %v", err)
	}
	h.down.Store(true)
	b.advance(2 * time.Hour)
	if err := begin("work"); err != nil {
		t.Errorf("the last good answer is not used: %v", err)
	}
}

func TestDiscoveryThatMustNotBeBelieved(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(map[string]any){
		"another issuer":     set("issuer", "https://evil.example"),
		"plain http tokens":  set("token_endpoint", "http://idp.example/token"),
		"plain http keys":    set("jwks_uri", "http://idp.example/keys"),
		"no keys":            set("jwks_uri", nil),
		"plain http logout":  set("end_session_endpoint", "http://idp.example/bye"),
		"script as endpoint": set("authorization_endpoint", "javascript:alert(1)"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.metadata = spoil
			b := setup(t, issuerAt(h.URL))
			_, err := b.service.Begin(t.Context(), login.Start{IssuerID: "work", Browser: b.browser})
			if problem.As(err) == nil || problem.As(err).Kind != problem.KindUnavailable {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Pages ask where forms may end at each request: the answer follows discovery,
// comes at once while an issuer does not answer, and is whole after Prepare.
func TestFormOriginsFollowDiscovery(t *testing.T) {
	t.Parallel()
	h, slow := newHostile(t), newHostile(t)
	h.metadata = func(doc map[string]any) {
		doc["authorization_endpoint"], doc["end_session_endpoint"] = "https://login.example/authorize", "https://bye.example/out"
	}
	held := make(chan struct{})
	slow.metadata = func(doc map[string]any) {
		<-held
		doc["authorization_endpoint"] = "https://slow.example/authorize"
	}
	answer := sync.OnceFunc(func() { close(held) })
	t.Cleanup(answer)
	other := issuerAt(slow.URL)
	other.ID, other.Via = "other", []string{"https://broker.example/choose?site=1"}
	b := setup(t, issuerAt(h.URL), other)
	if got := b.service.FormOrigins(); !slices.Contains(got, h.URL) || !slices.Contains(got, slow.URL) || !slices.Contains(got, "https://broker.example") {
		t.Errorf("before anything is known: %v", got)
	}
	b.service.Prepare(t.Context())
	want := []string{h.URL, "https://login.example", "https://bye.example", slow.URL, "https://broker.example"}
	if got := b.service.FormOrigins(); !slices.Equal(got, want) {
		t.Errorf("while the other one is slow: %v, want %v", got, want)
	}
	answer()
	for range 600 {
		if slices.Contains(b.service.FormOrigins(), "https://slow.example") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("what the slow one said at last is not known")
}

// RFC 9207 §2.3: an issuer that promises iss and leaves it out is not believed.
func TestPromisedIssMustBeThere(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	h.metadata = set("authorization_response_iss_parameter_supported", true)
	b := setup(t, issuerAt(h.URL))
	for name, query := range map[string]url.Values{"code": {"code": {"c"}}, "error": {"error": {"access_denied"}}} {
		query.Set("state", stateOf(t, b.begin(login.Start{})))
		id, err := b.finish(query)
		t.Run(name, func(t *testing.T) { wantFault(t, id, err, login.WrongIssuer) })
	}
}

// What a provider puts into error must be fit for a log.
func TestErrorOfTheProviderIsCleaned(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	id, err := b.finish(url.Values{"state": {stateOf(t, b.begin(login.Start{}))}, "error": {"access_denied\nsomebody@example.org <b>"}})
	wantFault(t, id, err, login.ProviderError)
	if text := err.Error(); strings.ContainsAny(text, "\n<@") || !strings.Contains(text, "access_denied") {
		t.Errorf("error %q", text)
	}
}
