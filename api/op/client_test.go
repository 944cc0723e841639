package op_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/organisations/clients"
)

// keyed is a client that proves itself by a key.
type keyed struct {
	*rp
	key jose.JSONWebKey
}

func (h *house) keyed(id string, change ...func(*clients.New)) *keyed {
	h.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(h.t, err)
	k := jose.JSONWebKey{Key: private, KeyID: "k-" + id, Algorithm: "ES256", Use: "sig"}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.Public()}})
	must(h.t, err)
	h.service(id, append([]func(*clients.New){func(n *clients.New) { n.AuthMethod, n.Keys = clients.PrivateKeyJWT, set }}, change...)...)
	return &keyed{h.rp(id, ""), k}
}

// saying is a good assertion.
func (k *keyed) saying() map[string]any {
	now := k.h.store.Now()
	return map[string]any{"iss": k.id, "sub": k.id, "aud": k.h.issuer, "jti": uuid.NewString(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, typ string, claims any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	if typ != "" {
		o.WithType(jose.ContentType(typ))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	must(t, err)
	raw, err := json.Marshal(claims)
	must(t, err)
	jws, err := s.Sign(raw)
	must(t, err)
	out, err := jws.CompactSerialize()
	must(t, err)
	return out
}

func publicOf(t testing.TB, key jose.JSONWebKey) string {
	t.Helper()
	public := key.Public()
	raw, err := public.MarshalJSON()
	must(t, err)
	return string(raw)
}

func (k *keyed) with(assertion string) answer {
	return k.h.post("/oauth/introspect", url.Values{"token": {"x"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
}

// private_key_jwt: each spoilt assertion, and replay, have one answer.
func TestClientAssertions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	k, other := h.keyed("keyed"), h.keyed("other")
	good := sign(t, jose.ES256, k.key, "JWT", k.saying())
	if got := k.with(good); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, k.with(good), http.StatusUnauthorized, "invalid_client") // replay
	for _, aud := range []any{h.issuer + "/oauth/token", []string{h.issuer}} {
		c := k.saying()
		c["aud"] = aud
		if got := k.with(sign(t, jose.ES256, k.key, "", c)); got.status != http.StatusOK {
			t.Errorf("aud %v: %d %s", aud, got.status, got.body)
		}
	}
	now := h.store.Now()
	for name, change := range map[string]map[string]any{
		"wrong aud": {"aud": "https://other.example"}, "two aud": {"aud": []string{h.issuer, "https://other.example"}}, "no aud": {"aud": nil},
		"another's name": {"iss": "other", "sub": "other"}, "sub of another": {"sub": "other"}, "no jti": {"jti": nil},
		"expired": {"exp": now.Add(-2 * time.Minute).Unix()}, "no exp": {"exp": nil}, "for a day": {"exp": now.Add(24 * time.Hour).Unix()},
		"from the future": {"iat": now.Add(5 * time.Minute).Unix()}, "not yet": {"nbf": now.Add(5 * time.Minute).Unix()},
		"huge exp": {"exp": 1e300}, "long jti": {"jti": strings.Repeat("j", 300)},
	} {
		c := k.saying()
		for n, v := range change {
			c[n] = v
			if v == nil {
				delete(c, n)
			}
		}
		if got := k.with(sign(t, jose.ES256, k.key, "JWT", c)); got.status != http.StatusUnauthorized || got.text("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	// clock skew within a minute is no fault
	c := k.saying()
	c["iat"], c["nbf"] = now.Add(50*time.Second).Unix(), now.Add(50*time.Second).Unix()
	if got := k.with(sign(t, jose.ES256, k.key, "", c)); got.status != http.StatusOK {
		t.Errorf("50 s of skew: %s", got.body)
	}
	refused(t, k.with(sign(t, jose.ES256, other.key, "JWT", k.saying())), http.StatusUnauthorized, "invalid_client")
	refused(t, k.with(sign(t, jose.ES256, k.key, "at+jwt", k.saying())), http.StatusUnauthorized, "invalid_client")
}

// Algorithm games: none, the public key as a shared secret, another key under
// the registered kid, a key brought along.
func TestAssertionAlgorithms(t *testing.T) {
	t.Parallel()
	h := setup(t)
	k := h.keyed("keyed")
	claims, err := json.Marshal(k.saying())
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(k.key.Public().Key)
	must(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	jwk, err := json.Marshal(k.key.Public())
	must(t, err)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: stranger}, &jose.SignerOptions{EmbedJWK: true})
	must(t, err)
	brought, err := embedded.Sign(claims)
	must(t, err)
	broughtCompact, err := brought.CompactSerialize()
	must(t, err)
	for name, assertion := range map[string]string{
		"none":              unsigned(`{"alg":"none"}`, claims),
		"None":              unsigned(`{"alg":"None"}`, claims),
		"HS256 with PEM":    sign(t, jose.HS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), "", k.saying()),
		"HS256 with JWK":    sign(t, jose.HS256, jwk, "", k.saying()),
		"RS256, same kid":   sign(t, jose.RS256, jose.JSONWebKey{Key: rsaKey, KeyID: k.key.KeyID}, "", k.saying()),
		"its own key":       broughtCompact,
		"unknown kid":       sign(t, jose.ES256, jose.JSONWebKey{Key: k.key.Key, KeyID: "elsewhere"}, "", k.saying()),
		"not a JWT":         "a.b.c",
		"the provider's ID": "x",
	} {
		if got := k.with(assertion); got.status != http.StatusUnauthorized || got.text("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// A used assertion is remembered across parallel requests.
func TestAssertionReplayRace(t *testing.T) {
	t.Parallel()
	h := setup(t)
	k := h.keyed("keyed")
	assertion := sign(t, jose.ES256, k.key, "JWT", k.saying())
	const tries = 8
	statuses := make([]int, tries)
	var all sync.WaitGroup
	for i := range tries {
		all.Add(1)
		go func() { defer all.Done(); statuses[i] = k.with(assertion).status }()
	}
	all.Wait()
	accepted := 0
	for _, s := range statuses {
		if s == http.StatusOK {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d of %d were accepted", accepted, tries)
	}
}

// Exactly one proof, of the registered method (confused client).
func TestClientProofs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, basic := h.service("basic")
	_, posted := h.service("posted", func(n *clients.New) { n.AuthMethod = clients.SecretPost })
	k := h.keyed("keyed")
	form := func(kv ...string) url.Values {
		v := url.Values{"token": {"x"}}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return v
	}
	header := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	type try struct {
		form   url.Values
		with   []func(*http.Request)
		status int
		code   string
	}
	for name, c := range map[string]try{
		"basic":                 {form(), []func(*http.Request){header("basic", basic)}, 200, ""},
		"post":                  {form("client_id", "posted", "client_secret", posted), nil, 200, ""},
		"basic, same client_id": {form("client_id", "basic"), []func(*http.Request){header("basic", basic)}, 200, ""},
		"nothing":               {form(), nil, 401, "invalid_client"},
		"only a name":           {form("client_id", "basic"), nil, 401, "invalid_client"},
		"wrong secret":          {form(), []func(*http.Request){header("basic", basic+"x")}, 401, "invalid_client"},
		"unknown":               {form(), []func(*http.Request){header("nobody", basic)}, 401, "invalid_client"},
		"another's secret":      {form(), []func(*http.Request){header("basic", posted)}, 401, "invalid_client"},
		"empty secret":          {form(), []func(*http.Request){header("keyed", "")}, 401, "invalid_client"},
		"a null in the name":    {form(), []func(*http.Request){header("ba\x00sic", basic)}, 401, "invalid_client"},
		"not UTF-8":             {form(), []func(*http.Request){header("ba\xffsic", basic)}, 401, "invalid_client"},
		"not UTF-8, posted":     {form("client_id", "ba\xffsic", "client_secret", basic), nil, 400, "invalid_request"},
		"post for basic":        {form("client_id", "basic", "client_secret", basic), nil, 401, "invalid_client"},
		"basic for post":        {form(), []func(*http.Request){header("posted", posted)}, 401, "invalid_client"},
		"key for secret": {form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion",
			sign(h.t, jose.ES256, k.key, "", map[string]any{"iss": "basic", "sub": "basic", "aud": h.issuer, "jti": "1", "exp": h.store.Now().Add(time.Minute).Unix()})), nil, 401, "invalid_client"},
		"a key's null in the name": {form("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion",
			sign(h.t, jose.ES256, k.key, "", map[string]any{"iss": "ke\x00yed"})), nil, 401, "invalid_client"},
		"two proofs":      {form("client_id", "basic", "client_secret", basic), []func(*http.Request){header("basic", basic)}, 400, "invalid_request"},
		"two names":       {form("client_id", "posted"), []func(*http.Request){header("basic", basic)}, 400, "invalid_request"},
		"unknown kind":    {form("client_assertion_type", "urn:x", "client_assertion", "y"), nil, 400, "invalid_request"},
		"bearer as proof": {form(), []func(*http.Request){func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }}, 401, "invalid_client"},
	} {
		got := h.post("/oauth/introspect", c.form, c.with...)
		if got.status != c.status || got.text("error") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.body, c.status, c.code)
		}
		if got.status == 401 && len(c.with) > 0 && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: WWW-Authenticate %q", name, got.header.Get("WWW-Authenticate"))
		}
	}
}

// Guessing is slowed down by address: each failed proof beyond the limit is told to
// wait, and still recorded. A client that is who it says is never, not even in the
// same minute and from the same address, nor with whatever method it is registered.
func TestGuessingIsSlowed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hold()
	_, secret := h.service("caf")
	stale, _ := h.service("stale")
	r, k := h.rp("caf", secret), h.keyed("keyed")
	guess := func() answer {
		return h.post("/oauth/introspect", url.Values{"token": {"x"}}, func(q *http.Request) { q.SetBasicAuth("stale", "an-old-secret") })
	}
	for n := range 60 {
		if got := guess(); got.status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d %s", n+1, got.status, got.body)
		}
	}
	for range 20 {
		slowed := guess()
		refused(t, slowed, http.StatusTooManyRequests, "temporarily_unavailable")
		if slowed.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if got := r.introspect("x"); got.status != http.StatusOK {
			t.Fatalf("a neighbour by secret: %d %s", got.status, got.body)
		}
		if got := k.with(sign(t, jose.ES256, k.key, "JWT", k.saying())); got.status != http.StatusOK {
			t.Fatalf("a neighbour by key: %d %s", got.status, got.body)
		}
	}
	if got := h.rp("caf", secret).tokens(); got.text("access_token") == "" {
		t.Errorf("a neighbour at the token endpoint: %s", got.body)
	}
	if n := strings.Count(h.logs.String(), "why=secret_wrong client="+stale.ID.String()); n != 80 {
		t.Errorf("%d of 80 guesses are in the structured log", n)
	}
	h.advance(time.Minute)
	refused(t, guess(), http.StatusUnauthorized, "invalid_client")
}
