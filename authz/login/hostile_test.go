package login_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/authz/login"
)

// hostile is a provider that says whatever a test wants it to say.
type hostile struct {
	t      *testing.T
	URL    string
	key    *ecdsa.PrivateKey
	others []jose.JSONWebKey
	// metadata changes the discovery document.
	metadata func(map[string]any)
	down     atomic.Bool
	asked    atomic.Int64
	// token and userinfo are the endpoints' answers.
	token    func(w http.ResponseWriter, r *http.Request)
	userinfo map[string]any
}

func newHostile(t *testing.T) *hostile {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", h.discovery)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		set := jose.JSONWebKeySet{Keys: append([]jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}, h.others...)}
		answer(w, set)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) { h.token(w, r) })
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) { answer(w, h.userinfo) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (h *hostile) discovery(w http.ResponseWriter, _ *http.Request) {
	h.asked.Add(1)
	if h.down.Load() {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	doc := map[string]any{
		"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token",
		"jwks_uri": h.URL + "/keys", "userinfo_endpoint": h.URL + "/userinfo",
		// Promises what must not be believed.
		"id_token_signing_alg_values_supported": []string{"none", "HS256", "ES256", "ES384"},
	}
	if h.metadata != nil {
		h.metadata(doc)
	}
	answer(w, doc)
}

// says makes the token endpoint answer with an ID token and an access token.
func (h *hostile) says(idToken string) {
	h.token = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": idToken})
	}
}

// claims are those of a good token for the attempt behind this address.
func (h *hostile) claims(address string) map[string]any {
	u, err := url.Parse(address)
	if err != nil {
		h.t.Fatal(err)
	}
	now := time.Now()
	return map[string]any{
		"iss": h.URL, "aud": clientID, "sub": "somebody", "nonce": u.Query().Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "auth_time": now.Unix(),
		"email": "somebody@example.org", "email_verified": true, "name": "Somebody",
	}
}

func (h *hostile) sign(claims map[string]any) string {
	return sign(h.t, jose.ES256, h.key, "k1", claims)
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// publicPEM is the issuer's public key as bytes: the shared secret of the
// algorithm confusion attack.
func (h *hostile) publicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(h.key.Public())
	if err != nil {
		h.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func unsigned(t *testing.T, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(body) + "."
}

func set(name string, value any) func(map[string]any) {
	return func(claims map[string]any) {
		if value == nil {
			delete(claims, name)
			return
		}
		claims[name] = value
	}
}

// badClaims are tokens correctly signed by the issuer that must be refused.
var badClaims = []struct {
	name  string
	spoil func(map[string]any)
	fault login.Fault
}{
	{"nonce of another attempt", set("nonce", "other"), login.WrongNonce},
	{"no nonce", set("nonce", nil), login.WrongNonce},
	{"another issuer", set("iss", "https://evil.example"), login.WrongIssuer},
	{"no issuer", set("iss", nil), login.WrongIssuer},
	{"another audience", set("aud", "other-client"), login.WrongAudience},
	{"no audience", set("aud", nil), login.WrongAudience},
	{"several audiences, no azp", set("aud", []string{clientID, "other"}), login.WrongAudience},
	{"another azp", set("azp", "other"), login.WrongAudience},
	{"expired", set("exp", time.Now().Add(-time.Second).Unix()), login.Expired},
	{"no expiry", set("exp", nil), login.Expired},
	{"from the future", set("iat", time.Now().Add(time.Hour).Unix()), login.Clock},
	{"not yet valid", set("nbf", time.Now().Add(time.Hour).Unix()), login.Clock},
	{"signed in in the future", set("auth_time", time.Now().Add(time.Hour).Unix()), login.Clock},
	{"no subject", set("sub", nil), login.Subject},
	{"long subject", set("sub", long(256)), login.Subject},
	{"access token of another", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), login.AccessTokenHash},
	{"claims of another shape", set("email", []int{1}), login.Signature},
}

// AU-05
func TestBadClaims(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	for _, c := range badClaims {
		t.Run(c.name, func(t *testing.T) {
			address := b.begin(login.Start{})
			claims := h.claims(address)
			c.spoil(claims)
			h.says(h.sign(claims))
			id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
			wantFault(t, id, err, c.fault)
		})
	}
}

// AU-05
func TestBadSignatures(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	h.others = []jose.JSONWebKey{{Key: p384.Public(), KeyID: "k384", Algorithm: "ES384", Use: "sig"}}
	for name, c := range map[string]struct {
		mint  func(map[string]any) string
		fault login.Fault
	}{
		"unsigned":                   {func(m map[string]any) string { return unsigned(t, m) }, login.Algorithm},
		"HS256 with the public key":  {func(m map[string]any) string { return sign(t, jose.HS256, h.publicPEM(), "k1", m) }, login.Algorithm},
		"HS256 with the secret":      {func(m map[string]any) string { return sign(t, jose.HS256, []byte(secret), "k1", m) }, login.Algorithm},
		"ES384, promised, not named": {func(m map[string]any) string { return sign(t, jose.ES384, p384, "k384", m) }, login.Algorithm},
		"a stranger's key":           {func(m map[string]any) string { return sign(t, jose.ES256, stranger, "k1", m) }, login.Signature},
		"unknown key":                {func(m map[string]any) string { return sign(t, jose.ES256, stranger, "k9", m) }, login.Signature},
		"not a token":                {func(map[string]any) string { return "a.b" }, login.Signature},
		"claims changed after": {func(m map[string]any) string {
			good := h.sign(m)
			m["sub"] = "somebody-else"
			return spliced(unsigned(t, m), good)
		}, login.Signature},
	} {
		address := b.begin(login.Start{})
		h.says(c.mint(h.claims(address)))
		id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
		t.Run(name, func(t *testing.T) { wantFault(t, id, err, c.fault) })
	}
}

// spliced takes the body of one token and the rest of another.
func spliced(body, rest string) string {
	b, r := strings.Split(body, "."), strings.Split(rest, ".")
	return r[0] + "." + b[1] + "." + r[2]
}

func TestNamedAlgorithmsAreAccepted(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	h.others = []jose.JSONWebKey{{Key: rsaKey.Public(), KeyID: "rsa", Use: "sig"}, {Key: edKey.Public(), KeyID: "ed", Use: "sig"}}
	for _, c := range []struct {
		alg jose.SignatureAlgorithm
		key crypto.Signer
		kid string
	}{{jose.ES256, h.key, "k1"}, {jose.RS256, rsaKey, "rsa"}, {jose.PS256, rsaKey, "rsa"}, {jose.EdDSA, edKey, "ed"}} {
		address := b.begin(login.Start{})
		h.says(sign(t, c.alg, c.key, c.kid, h.claims(address)))
		id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
		if err != nil || id.Subject != "somebody" {
			t.Errorf("%s: %+v, %v", c.alg, id, err)
		}
	}
}

// AU-05
func TestBadTokenEndpoints(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	for name, c := range map[string]struct {
		endpoint http.HandlerFunc
		fault    login.Fault
	}{
		"refuses": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]string{"error": "invalid_grant", "error_description": "somebody@example.org"})
		}, login.TokenExchange},
		"no ID token": {func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]string{"access_token": "a", "token_type": "Bearer"})
		}, login.TokenExchange},
		"not JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, login.TokenExchange},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, login.ProviderUnavailable},
	} {
		h.token = c.endpoint
		address := b.begin(login.Start{})
		id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
		t.Run(name, func(t *testing.T) {
			wantFault(t, id, err, c.fault)
			if err != nil && strings.Contains(err.Error(), "somebody@example.org") {
				t.Error("the error quotes the provider's answer")
			}
		})
	}
}

// AU-08: what was asked for is checked in the token.
func TestStepUpThatTheIssuerIgnored(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	config := issuerAt(h.URL)
	config.ACRStepUp = []string{"strong", "stronger"}
	b := setup(t, config)
	for name, c := range map[string]struct {
		spoil func(map[string]any)
		fault login.Fault
	}{
		"an old sign-in":     {set("auth_time", time.Now().Add(-5*time.Minute).Unix()), login.MaxAgeNotMet},
		"no time of sign-in": {set("auth_time", nil), login.MaxAgeNotMet},
		"too weak":           {set("acr", "weak"), login.ACRNotMet},
		"strength not said":  {set("acr", nil), login.ACRNotMet},
	} {
		address := b.begin(login.Start{StepUp: true, Stash: []byte("sealed")})
		claims := h.claims(address)
		claims["acr"] = "stronger"
		c.spoil(claims)
		h.says(h.sign(claims))
		id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
		t.Run(name, func(t *testing.T) {
			wantFault(t, id, err, c.fault)
			if string(id.Stash) != "sealed" {
				t.Error("what was typed is lost")
			}
		})
	}
	address := b.begin(login.Start{StepUp: true})
	if query, _ := url.Parse(address); query.Query().Get("max_age") != "0" || query.Query().Get("acr_values") != "strong stronger" {
		t.Errorf("asked for %s", address)
	}
}

// The e-mail address and its verification come from the same source, and
// userinfo must be about the same person.
func TestUserinfo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil    func(map[string]any)
		userinfo map[string]any
		verified bool
		email    string
		fault    login.Fault
	}{
		"only in userinfo":      {set("email", nil), map[string]any{"sub": "somebody", "email": "u@example.org", "email_verified": true}, true, "u@example.org", ""},
		"verified as a word":    {set("email", nil), map[string]any{"sub": "somebody", "email": "u@example.org", "email_verified": "true"}, true, "u@example.org", ""},
		"verification borrowed": {set("email", nil), map[string]any{"sub": "somebody", "email": "u@example.org"}, false, "u@example.org", ""},
		"somebody else":         {set("email", nil), map[string]any{"sub": "else", "email": "u@example.org", "email_verified": true}, false, "", login.Subject},
		"no subject":            {set("email", nil), map[string]any{"email": "u@example.org", "email_verified": true}, false, "", login.Subject},
		"not needed":            {func(map[string]any) {}, map[string]any{"sub": "else"}, true, "somebody@example.org", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHostile(t)
			h.userinfo = c.userinfo
			b := setup(t, issuerAt(h.URL))
			address := b.begin(login.Start{})
			claims := h.claims(address)
			c.spoil(claims)
			h.says(h.sign(claims))
			id, err := b.finish(url.Values{"state": {stateOf(t, address)}, "code": {"c"}})
			if c.fault != "" {
				wantFault(t, id, err, c.fault)
				return
			}
			if err != nil || id.Email != c.email || id.EmailVerified != c.verified {
				t.Errorf("%+v, %v", id, err)
			}
		})
	}
}
