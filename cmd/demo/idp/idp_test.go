package idp_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/idp/idptest"
)

// party is a relying party made of go-oidc and x/oauth2, which share no code
// with the provider.
type party struct {
	t        *testing.T
	idp      *idptest.IDP
	provider *oidc.Provider
	config   oauth2.Config
	browser  *http.Client
	logouts  chan string
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func setup(t *testing.T, o idp.Options) *party {
	t.Helper()
	o.People = []idp.Person{
		{Subject: "amel", Name: "Amel Benali", Email: "amel@mediation.example", EmailVerified: true, Audience: idp.AudienceStaff,
			Hint: map[string]string{"en": "mediator", "fr": "médiatrice", "es": "mediadora"}},
		{Subject: "luc", Name: "Luc <b>Petit</b>", Email: "luc@mediation.example", Audience: idp.AudienceStaff},
		{Subject: "rosa", Name: "Rosa Díaz", Audience: idp.AudiencePerson},
	}
	p := &party{t: t, idp: idptest.StartWith(t, o), logouts: make(chan string, 8)}
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.logouts <- r.PostFormValue("logout_token")
	}))
	t.Cleanup(back.Close)
	for _, audience := range []string{idp.AudienceStaff, idp.AudiencePerson} {
		p.idp.Register(t, idp.Client{ID: "rp-" + audience, Secret: "s3cret", Audience: audience,
			RedirectURIs: []string{"http://rp.test/callback"}, PostLogoutURIs: []string{"http://rp.test/bye"}, BackChannelURI: back.URL})
	}
	var err error
	if p.provider, err = oidc.NewProvider(t.Context(), p.idp.URL); err != nil {
		t.Fatal(err)
	}
	p.config = oauth2.Config{ClientID: "rp-staff", ClientSecret: "s3cret", RedirectURL: "http://rp.test/callback",
		Endpoint: p.provider.Endpoint(), Scopes: []string{"openid", "email", "profile"}}
	p.browser = newBrowser(t)
	return p
}

func newBrowser(t *testing.T) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func with(name, value string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam(name, value) }

// authURL is a good request; extra parameters may spoil it.
func (p *party) authURL(verifier string, extra ...oauth2.AuthCodeOption) string {
	return p.config.AuthCodeURL("state-1", append([]oauth2.AuthCodeOption{
		oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier)}, extra...)...)
}

type claims struct {
	Subject  string   `json:"sub"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	SID      string   `json:"sid"`
	Email    string   `json:"email"`
	AuthTime int64    `json:"auth_time"`
	raw      string
}

// signIn walks the whole way and returns the verified ID token's claims.
func (p *party) signIn(subject string, extra ...oauth2.AuthCodeOption) (claims, *oauth2.Token) {
	p.t.Helper()
	verifier := oauth2.GenerateVerifier()
	back, err := idptest.Login(p.browser, p.authURL(verifier, extra...), subject)
	if err != nil {
		p.t.Fatal(err)
	}
	if got := back.Query().Get("iss"); got != p.idp.URL { // RFC 9207
		p.t.Fatalf("iss in the answer: %q", got)
	}
	token, err := p.config.Exchange(p.t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		p.t.Fatalf("exchange (%s): %v", back, err)
	}
	return p.verify(token), token
}

func (p *party) verify(token *oauth2.Token) claims {
	p.t.Helper()
	raw, _ := token.Extra("id_token").(string)
	verified, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(p.t.Context(), raw)
	if err != nil {
		p.t.Fatal(err)
	}
	if verified.Nonce != "nonce-1" {
		p.t.Fatalf("nonce %q", verified.Nonce)
	}
	if err := verified.VerifyAccessToken(token.AccessToken); err != nil {
		p.t.Fatal(err)
	}
	c := claims{raw: raw}
	if err := verified.Claims(&c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

func TestSignInGivesWhatTheScopesAskFor(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	got, token := p.signIn("amel")
	if got.Subject != "amel" || got.ACR != idp.ACROneFactor || got.SID == "" || got.AuthTime == 0 {
		t.Errorf("claims: %+v", got)
	}
	if got.Email != "" {
		t.Error("the ID token carries the e-mail; it belongs to userinfo")
	}
	info, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Email != "amel@mediation.example" || !info.EmailVerified {
		t.Errorf("userinfo: %+v", info)
	}
}

func TestEmailVerifiedIsPerPerson(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	_, token := p.signIn("luc")
	info, err := p.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	if info.Email == "" || info.EmailVerified {
		t.Errorf("userinfo: %+v", info)
	}
}

func TestSessionAnswersAgainUntilFreshnessIsAsked(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	p := setup(t, idp.Options{Now: c.Now})
	first, _ := p.signIn("amel")
	c.Advance(10 * time.Minute)
	silent, _ := p.signIn("luc") // no page is shown: the session answers for amel
	if silent.Subject != "amel" || silent.AuthTime != first.AuthTime || silent.SID != first.SID {
		t.Errorf("second: %+v, first: %+v", silent, first)
	}
	for name, fresh := range map[string]oauth2.AuthCodeOption{
		"prompt=login": with("prompt", "login"), "max_age=0": with("max_age", "0"), "max_age=300": with("max_age", "300"),
	} {
		c.Advance(6 * time.Minute)
		again, _ := p.signIn("amel", fresh)
		if again.AuthTime != c.Now().Unix() || again.SID != first.SID {
			t.Errorf("%s: %+v, want auth_time %d and the same sid", name, again, c.Now().Unix())
		}
	}
}

func TestSecondFactorOnlyWhenAskedAndPressed(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	if weak, _ := p.signIn("amel"); weak.ACR != idp.ACROneFactor {
		t.Errorf("acr %q", weak.ACR)
	}
	strong, _ := p.signIn("amel", with("acr_values", idp.ACRTwoFactors))
	if strong.ACR != idp.ACRTwoFactors || !slices.Contains(strong.AMR, "mfa") {
		t.Errorf("after the second button: %+v", strong)
	}
}

func TestPromptNoneAndCancelGoBackWithAnError(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	back, err := idptest.Login(p.browser, p.authURL("v", with("prompt", "none")), "amel")
	if err != nil || back.Query().Get("error") != "login_required" || back.Query().Get("state") != "state-1" {
		t.Errorf("prompt=none: %v %v", back, err)
	}
	back, err = idptest.Cancel(p.browser, p.authURL("v"))
	if err != nil || back.Query().Get("error") != "access_denied" || back.Query().Get("iss") != p.idp.URL {
		t.Errorf("cancel: %v %v", back, err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	bare := p.config.AuthCodeURL("s", oidc.Nonce("n"))
	for name, address := range map[string]string{
		"no PKCE":         bare,
		"plain PKCE":      bare + "&code_challenge=abc&code_challenge_method=plain",
		"implicit":        strings.Replace(p.authURL("v"), "response_type=code", "response_type=id_token", 1),
		"form_post":       p.authURL("v", with("response_mode", "form_post")),
		"no openid":       p.authURL("v", with("scope", "email")),
		"foreign address": p.authURL("v", with("redirect_uri", "http://elsewhere.test/callback")),
	} {
		back, err := idptest.Login(p.browser, address, "amel")
		if err == nil && back.Query().Get("error") == "" {
			t.Errorf("%s: accepted, %v", name, back)
		}
		if back != nil && back.Host != "rp.test" {
			t.Errorf("%s: sent to %v", name, back)
		}
	}
}

func TestCodeWorksOnceAndOnlyWithItsVerifier(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	code := func(verifier string) string {
		back, err := idptest.Login(p.browser, p.authURL(verifier), "amel")
		if err != nil {
			t.Fatal(err)
		}
		return back.Query().Get("code")
	}
	right := oauth2.GenerateVerifier()
	used := code(right)
	if _, err := p.config.Exchange(t.Context(), used, oauth2.VerifierOption(right)); err != nil {
		t.Fatal(err)
	}
	stolen := p.config
	stolen.ClientSecret = "guess"
	for name, try := range map[string]func() (*oauth2.Token, error){
		"used twice": func() (*oauth2.Token, error) {
			return p.config.Exchange(t.Context(), used, oauth2.VerifierOption(right))
		},
		"wrong verifier": func() (*oauth2.Token, error) {
			return p.config.Exchange(t.Context(), code(right), oauth2.VerifierOption(rand.Text()+rand.Text()))
		},
		"no verifier": func() (*oauth2.Token, error) { return p.config.Exchange(t.Context(), code(right)) },
		"wrong secret": func() (*oauth2.Token, error) {
			return stolen.Exchange(t.Context(), code(right), oauth2.VerifierOption(right))
		},
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: tokens were given", name)
		}
	}
}

func TestKeysRotateWithoutBreakingOldTokens(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	_, old := p.signIn("amel")
	if err := p.idp.Provider.RotateKey(jose.RS256); err != nil {
		t.Fatal(err)
	}
	_, fresh := p.signIn("amel")
	p.verify(old)
	p.verify(fresh)
}

func TestAudiencesAreApart(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	if _, err := idptest.Login(p.browser, p.authURL("v"), "rosa"); err == nil {
		t.Error("a person helped signed in at the staff's client")
	}
	staff, _ := p.signIn("amel")
	p.config.ClientID = "rp-person"
	person, _ := p.signIn("rosa")
	if person.Subject != "rosa" || person.SID == staff.SID {
		t.Errorf("person: %+v", person)
	}
}

func (p *party) read(answer *http.Response, err error) string {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

func TestDiscoveryPromisesOnlyWhatIsMounted(t *testing.T) {
	t.Parallel()
	p := setup(t, idp.Options{})
	var doc map[string]any
	if err := json.Unmarshal([]byte(p.read(p.browser.Get(p.idp.URL+"/.well-known/openid-configuration"))), &doc); err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"introspection_endpoint", "device_authorization_endpoint", "revocation_endpoint", "registration_endpoint"} {
		if doc[absent] != nil {
			t.Errorf("promises %s", absent)
		}
	}
	for _, path := range []string{"/oauth/introspect", "/device_authorization", "/revoke"} {
		answer, err := p.browser.Get(p.idp.URL + path)
		p.read(answer, err)
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s answered %s", path, answer.Status)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]idp.Options{
		"issuer":    {Issuer: "http://x.test/"},
		"colon":     {Issuer: "http://x.test", People: []idp.Person{{Subject: "a:b", Name: "A", Audience: idp.AudienceStaff}}},
		"client":    {Issuer: "http://x.test", Clients: []idp.Client{{ID: "c"}}},
		"algorithm": {Issuer: "http://x.test", Algorithm: jose.HS256},
	} {
		if _, err := idp.New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
