package op_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/api/op"
)

func unsigned(header string, claims []byte) string {
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
}

func verifySharedSecret(t *testing.T, raw, secret string) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.HS256})
	must(t, err)
	if _, err := jws.Verify([]byte(secret)); err != nil {
		t.Errorf("the client's secret does not verify its ID token: %v", err)
	}
	if _, err := jws.Verify([]byte(secret + "x")); err == nil {
		t.Error("any secret verifies")
	}
}

// Key confusion and algorithm games with access tokens: only what we signed as
// an access token, with the algorithm we sign by, opens anything.
func TestForgedAccessTokens(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	got := r.tokens()
	access := got.text("access_token")
	claims := claimsOf(t, access)
	raw, err := json.Marshal(claims)
	must(t, err)
	kid := h.keys.PublicJWKS().Keys[0].KeyID
	set := h.keys.PublicJWKS()
	public, err := x509.MarshalPKIXPublicKey(set.Keys[0].Key)
	must(t, err)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	idLike, _, err := h.keys.SignAs("JWT", raw)
	must(t, err)
	parts := strings.Split(access, ".")
	claims["authorization_details"] = nil
	claims["iss"] = "https://other.example"
	otherIssuer, err := json.Marshal(claims)
	must(t, err)
	foreign, _, err := h.keys.SignAs("at+jwt", otherIssuer)
	must(t, err)
	claims["iss"], claims["jti"] = h.issuer, uuid.NewString()
	unknown, err := json.Marshal(claims)
	must(t, err)
	unknownID, _, err := h.keys.SignAs("at+jwt", unknown)
	must(t, err)
	for name, token := range map[string]string{
		"none":           unsigned(`{"alg":"none","typ":"at+jwt"}`, raw),
		"no signature":   parts[0] + "." + parts[1] + ".",
		"HS256":          sign(t, jose.HS256, jose.JSONWebKey{Key: public, KeyID: kid}, "at+jwt", json.RawMessage(raw)),
		"another key":    sign(t, jose.ES256, jose.JSONWebKey{Key: stranger, KeyID: kid}, "at+jwt", json.RawMessage(raw)),
		"another typ":    idLike,
		"another issuer": foreign,
		"unknown jti":    unknownID,
		"changed":        parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), "view", "edit", 1))) + "." + parts[2],
		"the ID token":   got.text("id_token"),
		"refresh token":  got.text("refresh_token"),
		"the jti itself": claimsOf(t, access)["jti"].(string),
		"nothing much":   "x",
	} {
		info := h.userinfo(token)
		if info.status != http.StatusUnauthorized || info.text("error") != "invalid_token" {
			t.Errorf("%s: userinfo %d %s", name, info.status, info.body)
		}
		if seen := r.introspect(token); name != "unknown jti" && seen.body != `{"active":false}` {
			t.Errorf("%s: introspection %s", name, seen.body)
		}
	}
	if h.userinfo(access).status != http.StatusOK {
		t.Error("the good one opens nothing")
	}
	h.advance(5*time.Minute + time.Second)
	if info := h.userinfo(access); info.status != http.StatusUnauthorized {
		t.Error("it opens after five minutes")
	}
}

// RFC 6750: how a token is shown.
func TestBearer(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	access := h.rp("caf", secret).tokens().text("access_token")
	if got := h.post("/oauth/userinfo", url.Values{"access_token": {access}}); got.status != http.StatusOK {
		t.Errorf("in the body: %d %s", got.status, got.body)
	}
	bare := h.get(http.DefaultClient, h.issuer+"/oauth/userinfo")
	if bare.status != http.StatusUnauthorized || bare.header.Get("WWW-Authenticate") != `Bearer realm="relais"` {
		t.Errorf("without: %d %q", bare.status, bare.header.Get("WWW-Authenticate"))
	}
	if got := h.get(http.DefaultClient, h.issuer+"/oauth/userinfo?access_token="+access); got.status != http.StatusUnauthorized {
		t.Errorf("in the address: %d", got.status)
	}
	twice := h.post("/oauth/userinfo", url.Values{"access_token": {access}}, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+access) })
	if twice.status != http.StatusBadRequest {
		t.Errorf("twice: %d", twice.status)
	}
}

// Keys rotate; what earlier ones signed still verifies, also after a restart.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	access := r.tokens().text("access_token")
	before := h.get(http.DefaultClient, h.issuer+"/oauth/keys")
	h.rotate()
	after := h.get(http.DefaultClient, h.issuer+"/oauth/keys")
	if len(before.json["keys"].([]any)) != 1 || len(after.json["keys"].([]any)) != 2 {
		t.Fatalf("before %s, after %s", before.body, after.body)
	}
	for _, k := range after.json["keys"].([]any) {
		if k.(map[string]any)["d"] != nil {
			t.Fatal("a private key is published")
		}
	}
	if h.userinfo(access).status != http.StatusOK {
		t.Error("a token of the earlier key opens nothing")
	}
	h.advance(10 * time.Minute)
	if fresh := r.tokens().text("access_token"); strings.Split(fresh, ".")[0] == strings.Split(access, ".")[0] {
		t.Error("the earlier key still signs")
	}
}

func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/keys/provider.json"
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	k, err := op.OpenKeys(path, rand.Reader, clock)
	must(t, err)
	must(t, k.RotateDue())
	first := k.PublicJWKS().Keys[0].KeyID
	now = now.Add(91 * 24 * time.Hour)
	must(t, k.RotateDue())
	if k.PublicJWKS().Keys[0].KeyID == first {
		t.Error("the key signs for more than 90 days")
	}
	again, err := op.OpenKeys(path, rand.Reader, clock)
	must(t, err)
	a, err := k.Public()
	must(t, err)
	b, err := again.Public()
	must(t, err)
	if string(a) != string(b) {
		t.Error("a restart lost keys")
	}
}

// RP-Initiated Logout: it ends what the ID token is of, at that service alone.
func TestEndSession(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	_, elsewhere := h.service("elsewhere")
	r, other := h.rp("caf", secret), h.rp("elsewhere", elsewhere)
	got, kept := r.tokens(), other.tokens()
	end := func(v url.Values) answer { return h.get(r.browser, h.issuer+"/oauth/end-session?"+v.Encode()) }

	shown(t, end(url.Values{"post_logout_redirect_uri": {bye}}), http.StatusOK) // nothing shown, nothing ended
	shown(t, end(url.Values{"id_token_hint": {"x.y.z"}, "post_logout_redirect_uri": {bye}}), http.StatusOK)
	shown(t, end(url.Values{"id_token_hint": {got.text("access_token")}}), http.StatusOK)
	shown(t, end(url.Values{"id_token_hint": {got.text("id_token")}, "client_id": {"elsewhere"}}), http.StatusOK)
	if h.userinfo(got.text("access_token")).status != http.StatusOK {
		t.Fatal("ended without an ID token")
	}
	h.advance(10 * time.Minute) // the hint's own time does not matter
	left := end(url.Values{"id_token_hint": {got.text("id_token")}, "post_logout_redirect_uri": {bye}, "state": {"s 1"}})
	if left.status != http.StatusSeeOther || left.location.String() != bye+"?state=s+1" {
		t.Errorf("%d %v", left.status, left.location)
	}
	refused(t, r.refresh(got.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	if next := other.refresh(kept.text("refresh_token")); next.status != http.StatusOK {
		t.Error("another service's session ended too")
	}
	shown(t, end(url.Values{"id_token_hint": {got.text("id_token")}, "post_logout_redirect_uri": {"https://evil.example/"}}), http.StatusBadRequest)
}
