package op_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// OP-01, OP-02: the whole way, pushed, as the benefits service goes it.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	client, secret := h.service("caf")
	r := h.rp("caf", secret)
	asking := r.asking()
	asking.Set("authorization_details", fmt.Sprintf(`[{"type":"%s/rar/mandate-step/1","actions":["view","prepare"],"procedures":["housing.apl"],"locations":["http://127.0.0.1:9999/"]}]`, h.issuer))
	r.actions = []string{"view", "prepare"}
	got := r.redeem(r.code(r.push(asking)))
	if got.status != http.StatusOK || got.text("token_type") != "Bearer" || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if in := got.json["expires_in"].(float64); in < 290 || in > 300 {
		t.Errorf("expires_in %v", in)
	}
	access, id := claimsOf(t, got.text("access_token")), claimsOf(t, got.text("id_token"))
	for name, c := range map[string]map[string]any{"access": access, "id": id} {
		act, _ := c["act"].(map[string]any)
		if c["iss"] != h.issuer || c["sub"] == "" || c["sub"] == h.person.String() || act["sub"] == "" || act["sub"] == h.mediator.String() ||
			act["org"] != h.org.String() || act["org_name"] != "Maison France Services" || c["sid"] == "" {
			t.Errorf("%s token: %v", name, c)
		}
		if c["sub"] == act["sub"] {
			t.Error("the person and the mediator have one name")
		}
		wantDetail(t, r, c["authorization_details"], "view", "prepare")
	}
	wantDetail(t, r, got.json["authorization_details"], "view", "prepare")
	if id["nonce"] != r.nonce || id["aud"] != "caf" || id["auth_time"] == nil || id["acr"] == nil {
		t.Errorf("ID token %v", id)
	}
	if _, personal := id["given_name"]; personal {
		t.Error("the ID token carries identity claims; they belong to userinfo")
	}
	if access["client_id"] != "caf" || !slices.Contains(access["aud"].([]any), any(h.issuer)) {
		t.Errorf("access token %v", access)
	}
	info := h.userinfo(got.text("access_token"))
	if info.status != http.StatusOK || info.text("sub") != id["sub"] || info.text("given_name") != "Fatima" || info.text("birthdate") != "1957-03-12" {
		t.Errorf("userinfo %d %s", info.status, info.body)
	}
	if _, told := info.json["email"]; told {
		t.Error("e-mail told without its scope")
	}
	seen := r.introspect(got.text("access_token"))
	if seen.json["active"] != true || seen.text("sub") != id["sub"] || seen.text("client_id") != "caf" {
		t.Errorf("introspection %s", seen.body)
	}
	wantDetail(t, r, seen.json["authorization_details"], "view", "prepare")
	_ = client
}

func wantDetail(t *testing.T, r *rp, raw any, actions ...string) {
	t.Helper()
	h := r.h
	list, _ := raw.([]any)
	if len(list) != 1 {
		t.Errorf("authorization_details %v", raw)
		return
	}
	d := list[0].(map[string]any)
	var got []string
	for _, a := range d["actions"].([]any) {
		got = append(got, a.(string))
	}
	slices.Sort(got)
	slices.Sort(actions)
	until, err := time.Parse(time.RFC3339, d["not_after"].(string))
	if d["type"] != h.issuer+"/rar/mandate-step/1" || d["identifier"] != h.mandateAt(r.id) || !slices.Equal(got, actions) ||
		fmt.Sprint(d["procedures"]) != "[housing.apl]" || err != nil || until.After(h.mandate.EndsAt) {
		t.Errorf("authorization_details %v", d)
	}
}

// mandateAt is what the mandate is called at a service.
func (h *house) mandateAt(client string) string {
	h.t.Helper()
	c, err := h.clients.ByClientID(h.t.Context(), client)
	must(h.t, err)
	return h.acting.MandateAt(c, acting.Delegation{Mandate: h.mandate.ID})
}

// OP-02: two services cannot compare whom they know.
func TestSubjectsArePairwise(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	a, b := claimsOf(t, h.rp("one", one).tokens().text("id_token")), claimsOf(t, h.rp("two", two).tokens().text("id_token"))
	mandate := func(c map[string]any) any {
		return c["authorization_details"].([]any)[0].(map[string]any)["identifier"]
	}
	if mandate(a) == mandate(b) || mandate(a) == h.mandate.ID.String() || a["sid"] == b["sid"] {
		t.Error("two services got the same mandate or session")
	}
	if a["sub"] == b["sub"] || a["act"].(map[string]any)["sub"] == b["act"].(map[string]any)["sub"] {
		t.Error("two services got the same names")
	}
	again := claimsOf(t, h.rp("one", one).tokens().text("id_token"))
	if a["sub"] != again["sub"] || mandate(a) != mandate(again) {
		t.Error("one service got two names for one person or mandate")
	}
}

// OP-09 in Go: discovery, keys, ID token and userinfo by go-oidc, which shares
// no code with the provider; each signing algorithm.
func TestGoOIDC(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, alg := range []string{"ES256", "RS256"} {
		_, secret := h.service("go-"+strings.ToLower(alg), func(n *clients.New) { n.IDTokenAlg, n.UserinfoAlg = alg, alg })
		provider, err := oidc.NewProvider(t.Context(), h.issuer)
		must(t, err)
		config := oauth2.Config{ClientID: "go-" + strings.ToLower(alg), ClientSecret: secret, RedirectURL: callback, Endpoint: provider.Endpoint(),
			Scopes: []string{"openid", "profile", "offline_access"}}
		verifier := oauth2.GenerateVerifier()
		to, err := url.Parse(config.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption(verifier)))
		must(t, err)
		r := h.rp(config.ClientID, secret)
		token, err := config.Exchange(t.Context(), r.code(to.Query()), oauth2.VerifierOption(verifier))
		must(t, err)
		raw, _ := token.Extra("id_token").(string)
		checked, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID, SupportedSigningAlgs: []string{alg}}).Verify(t.Context(), raw)
		must(t, err)
		must(t, checked.VerifyAccessToken(token.AccessToken))
		if checked.Nonce != "n" {
			t.Errorf("nonce %q", checked.Nonce)
		}
		info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		must(t, err)
		if info.Subject != checked.Subject {
			t.Errorf("userinfo about %s, ID token about %s", info.Subject, checked.Subject)
		}
		token.Expiry = time.Now().Add(-time.Minute)
		next, err := config.TokenSource(t.Context(), token).Token()
		must(t, err)
		if next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
			t.Error("refreshing changed nothing")
		}
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		got := h.get(http.DefaultClient, h.issuer+path)
		if got.text("issuer") != h.issuer || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Fatalf("%s: %s", path, got.body)
		}
		for name, want := range map[string]any{
			"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true,
			"backchannel_logout_session_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
			"pushed_authorization_request_endpoint": h.issuer + "/oauth/par", "jwks_uri": h.issuer + "/oauth/keys",
			"code_challenge_methods_supported": []any{"S256"}, "response_types_supported": []any{"code"},
			"authorization_details_types_supported": []any{h.issuer + "/rar/mandate-step/1"}, "subject_types_supported": []any{"pairwise"},
		} {
			if fmt.Sprint(got.json[name]) != fmt.Sprint(want) {
				t.Errorf("%s: %v, want %v", name, got.json[name], want)
			}
		}
		// every address that is promised answers
		for name, value := range got.json {
			if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
				continue
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, value.(string), nil)
			must(t, err)
			if name == "jwks_uri" {
				req.Method = http.MethodGet
			}
			if a := h.do(newBrowser(t), req); a.status == http.StatusNotFound {
				t.Errorf("%s is not mounted", name)
			}
		}
	}
}

// Only what scripts of other origins need is open to them.
func TestNoOtherOrigins(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, path := range []string{"/oauth/token", "/oauth/par", "/oauth/introspect", "/oauth/revoke"} {
		got := h.post(path, url.Values{}, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
		if got.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other origins", path)
		}
	}
}

// Claims a service is not entitled to are never told, whatever it asks for.
func TestOnlyEntitledClaims(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("little", func(n *clients.New) { n.Claims = []string{"family_name"} })
	info := h.userinfo(h.rp("little", secret).tokens().text("access_token"))
	for name := range info.json {
		if !slices.Contains([]string{"sub", "act", "authorization_details", "family_name"}, name) {
			t.Errorf("told %s", name)
		}
	}
}

// HS256: the secret itself signs, and nobody else's verifies.
func TestSharedSecretIDToken(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("shared", func(n *clients.New) { n.IDTokenAlg = "HS256" })
	raw := h.rp("shared", secret).tokens().text("id_token")
	verifySharedSecret(t, raw, secret)
}

// Neither codes, nor tokens, nor secrets reach the log, nor does a name.
func TestNoSecretInLogs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	code := r.code(r.asking())
	got := r.redeem(code)
	r.redeem(code)
	h.userinfo(got.text("access_token"))
	r.introspect("nonsense")
	for _, hidden := range []string{code, secret, got.text("access_token"), got.text("refresh_token"), r.verifier, "Haddad", "Claire"} {
		if hidden != "" && strings.Contains(h.logs.String(), hidden) {
			t.Errorf("the log holds %q", hidden)
		}
	}
}

// Mix-up (RFC 9207, RFC 9700 §4.4): every answer names its issuer, errors too,
// by the name that discovery and tokens give; and a proof made for another
// provider, or a code of another, is worth nothing here.
func TestMixUp(t *testing.T) {
	t.Parallel()
	h, other := setup(t), setup(t)
	_, here := h.service("caf")
	_, there := other.service("caf")
	r, s := h.rp("caf", here), other.rp("caf", there)
	named := h.get(http.DefaultClient, h.issuer+"/.well-known/openid-configuration").text("issuer")
	v := r.asking()
	v.Set("prompt", "none")
	if iss := r.authorize(v).query("iss"); iss != named {
		t.Errorf("an error names %q, discovery %q", iss, named)
	}
	code := s.code(s.asking())
	refused(t, r.redeem(code), http.StatusBadRequest, "invalid_grant")
	token := s.redeem(code).text("access_token")
	if info := h.userinfo(token); info.status != http.StatusUnauthorized {
		t.Error("another provider's token opens userinfo")
	}
	k := other.keyed("keyed")
	h.service("keyed", func(n *clients.New) {
		n.AuthMethod = clients.PrivateKeyJWT
		n.Keys = []byte(`{"keys":[` + publicOf(t, k.key) + `]}`)
	})
	sent := url.Values{"token": {"x"}, "client_assertion": {sign(t, "ES256", k.key, "", k.saying())},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	refused(t, h.post("/oauth/introspect", sent), http.StatusUnauthorized, "invalid_client")
}

// CSRF: what another site can make a browser do here changes nothing. A request
// that it begins waits for the mediator; without an ID token nothing ends; what
// gives something asks for a client's proof, which browsers do not hold.
func TestOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	got := r.tokens()
	cross := func(path string, form url.Values) answer {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.issuer+path, strings.NewReader(form.Encode()))
		must(t, err)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		return h.do(r.browser, req)
	}
	before := h.count(`SELECT count(*) FROM delegations`)
	cross("/oauth/authorize", r.asking())
	cross("/oauth/end-session", url.Values{"post_logout_redirect_uri": {bye}})
	for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/par", "/oauth/introspect"} {
		if a := cross(path, url.Values{"token": {got.text("refresh_token")}, "client_id": {"caf"}, "grant_type": {"refresh_token"},
			"refresh_token": {got.text("refresh_token")}}); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if h.userinfo(got.text("access_token")).status != http.StatusOK || h.count(`SELECT count(*) FROM delegations`) != before ||
		h.count(`SELECT count(*) FROM delegations WHERE ended_at IS NOT NULL`) != 0 {
		t.Error("something changed")
	}
}

// What userinfo and introspection say of the actions is what the mandate's line
// lends now, though the token that is shown was made for more.
func TestActionsAreTheMandatesOfNow(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	access := r.tokens().text("access_token")
	lent := func(got answer) string {
		details, _ := got.json["authorization_details"].([]any)
		if len(details) != 1 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return fmt.Sprint(details[0].(map[string]any)["actions"])
	}
	is := func(want string) {
		t.Helper()
		if info, seen := lent(h.userinfo(access)), lent(r.introspect(access)); info != want || seen != want {
			t.Errorf("userinfo says %s, introspection %s, want %s", info, seen, want)
		}
	}
	is("[view prepare submit]")
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`UPDATE grants SET actions = '{view}' WHERE mandate_id = ?`, h.mandate.ID).Error
	}))
	is("[view]")
}
