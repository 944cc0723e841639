package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/relais-org/relais/organisations/clients"
)

// OP-04: every way a code may be misused, each with a code of its own.
func TestCodesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	r, other := h.rp("one", one), h.rp("two", two)
	for name, c := range map[string]struct {
		spoil func(url.Values)
		as    *rp
		error string
	}{
		"without verifier":     {func(v url.Values) { v.Del("code_verifier") }, r, "invalid_grant"},
		"wrong verifier":       {func(v url.Values) { v.Set("code_verifier", strings.Repeat("w", 43)) }, r, "invalid_grant"},
		"the challenge itself": {func(v url.Values) { v.Set("code_verifier", s256(r.verifier)) }, r, "invalid_grant"},
		"short verifier":       {func(v url.Values) { v.Set("code_verifier", "v") }, r, "invalid_grant"},
		"another address":      {func(v url.Values) { v.Set("redirect_uri", callback+"/") }, r, "invalid_grant"},
		"without address":      {func(v url.Values) { v.Del("redirect_uri") }, r, "invalid_request"},
		"another client":       {func(url.Values) {}, other, "invalid_grant"}, // code injection, confused client
		"without code":         {func(v url.Values) { v.Del("code") }, r, "invalid_request"},
		"after a minute":       {func(url.Values) { h.advance(61 * time.Second) }, r, "invalid_grant"},
	} {
		form := r.redeeming(r.code(r.asking()))
		c.spoil(form)
		got := c.as.post("/oauth/token", form)
		if got.status != http.StatusBadRequest || got.text("error") != c.error {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.body, c.error)
		}
	}
	refused(t, r.redeem("nonsense"), http.StatusBadRequest, "invalid_grant")
	if n := h.count(`SELECT count(*) FROM acting_tokens`); n != 0 {
		t.Errorf("%d tokens were given", n)
	}
}

// OP-04: a code that is used twice takes back what it gave.
func TestCodeReuseEndsWhatItGave(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	_, thief := h.service("thief")
	r := h.rp("caf", secret)
	code := r.code(r.asking())
	got := r.redeem(code)
	refused(t, h.rp("thief", thief).redeem(code), http.StatusBadRequest, "invalid_grant")
	if h.userinfo(got.text("access_token")).status != http.StatusOK {
		t.Error("another client could end what a code gave by trying it")
	}
	refused(t, r.redeem(code), http.StatusBadRequest, "invalid_grant")
	opensNothing(t, r, got)
}

// opensNothing: neither access nor refresh token opens anything any more.
func opensNothing(t *testing.T, r *rp, got answer) {
	t.Helper()
	info := r.h.userinfo(got.text("access_token"))
	if info.status != http.StatusUnauthorized || !strings.Contains(info.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("userinfo %d %s %s", info.status, info.header.Get("WWW-Authenticate"), info.body)
	}
	if seen := r.introspect(got.text("access_token")); seen.status != http.StatusOK || strings.TrimSpace(seen.body) != `{"active":false}` {
		t.Errorf("introspection %d %s", seen.status, seen.body)
	}
	refused(t, r.refresh(got.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
}

func (r *rp) refresh(token string) answer {
	return r.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// OP-04: of many that redeem one code together, at most one gets tokens, and
// those end as the others show that the code leaked.
func TestParallelRedemption(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	code := r.code(r.asking())
	const tries = 8
	answers := make([]answer, tries)
	var all sync.WaitGroup
	for i := range tries {
		all.Add(1)
		go func() {
			defer all.Done()
			answers[i] = r.redeem(code)
		}()
	}
	all.Wait()
	given := 0
	for _, got := range answers {
		if got.status == http.StatusOK {
			given++
			opensNothing(t, r, got)
		} else if got.text("error") != "invalid_grant" {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if given > 1 {
		t.Errorf("%d redeemed one code", given)
	}
}

// OP-04, OP-05: rotation, and the whole family ends when one is shown twice.
func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	_, thief := h.service("thief")
	r := h.rp("caf", secret)
	first := r.tokens()
	refused(t, h.rp("thief", thief).refresh(first.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	second := r.refresh(first.text("refresh_token"))
	if second.status != http.StatusOK || second.text("refresh_token") == "" || second.text("refresh_token") == first.text("refresh_token") {
		t.Fatalf("%d %s", second.status, second.body)
	}
	a, b := claimsOf(t, first.text("id_token")), claimsOf(t, second.text("id_token"))
	if a["sub"] != b["sub"] || a["auth_time"] != b["auth_time"] || a["sid"] != b["sid"] || b["nonce"] != nil {
		t.Errorf("refreshed ID token %v, first %v", b, a)
	}
	if h.userinfo(second.text("access_token")).status != http.StatusOK {
		t.Error("the refreshed token opens nothing")
	}
	refused(t, r.refresh(first.text("refresh_token")), http.StatusBadRequest, "invalid_grant")
	opensNothing(t, r, second)
}

// Without the scope there is no refresh token.
func TestRefreshIsAskedFor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	v := r.asking()
	v.Set("scope", "openid profile")
	got := r.redeem(r.code(v))
	if got.status != http.StatusOK || got.text("refresh_token") != "" || got.text("scope") != "openid profile" {
		t.Errorf("%d %s", got.status, got.body)
	}
	v.Set("scope", "profile")
	plain := r.redeem(r.code(v))
	if plain.status != http.StatusOK || plain.text("id_token") != "" {
		t.Errorf("an ID token without openid: %s", plain.body)
	}
	info := h.userinfo(plain.text("access_token"))
	if info.status != http.StatusForbidden || info.text("error") != "insufficient_scope" {
		t.Errorf("%d %s", info.status, info.body)
	}
}

// OP-05: whatever stops, every hop says no at once.
func TestStopsBite(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(h *house, c clients.Client){
		"mandate revoked": func(h *house, _ clients.Client) { h.revokeMandate() },
		"mediator suspended": func(h *house, _ clients.Client) {
			must(h.t, h.orgs.Suspend(h.t.Context(), h.as(h.referent), h.membership, "lost the charter"))
		},
		"mandate expired": func(h *house, _ clients.Client) { h.advance(40 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			client, secret := h.service("caf")
			r := h.rp("caf", secret)
			got, code := r.tokens(), r.code(r.asking())
			waiting := r.choose(r.authorize(r.asking()))
			stop(h, client)
			opensNothing(t, r, got)
			refused(t, r.redeem(code), http.StatusBadRequest, "invalid_grant")
			if late := r.back(waiting); late.query("code") != "" {
				if given := r.redeem(late.query("code")); given.status == http.StatusOK {
					t.Error("tokens after the stop")
				}
			}
		})
	}
}

// A client that is suspended is unknown from then on.
func TestSuspendedClient(t *testing.T) {
	t.Parallel()
	h := setup(t)
	client, secret := h.service("caf")
	r := h.rp("caf", secret)
	got := r.tokens()
	must(t, h.clients.Suspend(t.Context(), h.as(h.operator), client.ID))
	if info := h.userinfo(got.text("access_token")); info.status != http.StatusUnauthorized {
		t.Errorf("userinfo %d %s", info.status, info.body)
	}
	refused(t, r.refresh(got.text("refresh_token")), http.StatusUnauthorized, "invalid_client")
	refused(t, r.introspect(got.text("access_token")), http.StatusUnauthorized, "invalid_client")
}

// Tokens of others: introspection and revocation say nothing about them.
func TestOthersTokens(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	r, other := h.rp("one", one), h.rp("two", two)
	got := r.tokens()
	for _, token := range []string{got.text("access_token"), got.text("refresh_token"), got.text("id_token"), "x"} {
		if seen := other.introspect(token); seen.body != `{"active":false}` {
			t.Errorf("another client is told %s", seen.body)
		}
		if ended := other.post("/oauth/revoke", url.Values{"token": {token}}); ended.status != http.StatusOK {
			t.Errorf("revocation %d", ended.status)
		}
	}
	if h.userinfo(got.text("access_token")).status != http.StatusOK {
		t.Fatal("another client revoked a token")
	}
	// An ID token opens nothing.
	if info := h.userinfo(got.text("id_token")); info.status != http.StatusUnauthorized {
		t.Errorf("an ID token opened userinfo: %s", info.body)
	}
	if ended := r.post("/oauth/revoke", url.Values{"token": {got.text("access_token")}}); ended.status != http.StatusOK {
		t.Errorf("revocation %d", ended.status)
	}
	if info := h.userinfo(got.text("access_token")); info.status != http.StatusUnauthorized {
		t.Error("a revoked access token opens userinfo")
	}
	again := r.tokens()
	r.post("/oauth/revoke", url.Values{"token": {again.text("refresh_token")}, "token_type_hint": {"refresh_token"}})
	opensNothing(t, r, again) // RFC 7009 §2.1: the family
	refused(t, r.post("/oauth/revoke", url.Values{}), http.StatusBadRequest, "invalid_request")
}

// RFC 6749 §5.2, to the letter.
func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	refused(t, r.post("/oauth/token", url.Values{}), http.StatusBadRequest, "invalid_request")
	refused(t, r.post("/oauth/token", url.Values{"grant_type": {"password"}}), http.StatusBadRequest, "unsupported_grant_type")
	refused(t, r.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}), http.StatusBadRequest, "unauthorized_client")
	refused(t, r.post("/oauth/token", url.Values{"grant_type": {"authorization_code", "authorization_code"}}), http.StatusBadRequest, "invalid_request")
	refused(t, r.post("/oauth/token?grant_type=authorization_code", url.Values{}), http.StatusBadRequest, "invalid_request")
	refused(t, r.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}}), http.StatusBadRequest, "invalid_request")
	refused(t, h.post("/oauth/token", url.Values{"code": {strings.Repeat("x", 70<<10)}}, r.prove), http.StatusRequestEntityTooLarge, "invalid_request")
	json := func(req *http.Request) { r.prove(req); req.Header.Set("Content-Type", "application/json") }
	refused(t, h.post("/oauth/token", url.Values{"grant_type": {"x"}}, json), http.StatusBadRequest, "invalid_request")
	if got := h.get(http.DefaultClient, h.issuer+"/oauth/token"); got.status != http.StatusNotFound {
		t.Errorf("GET on the token endpoint: %d", got.status)
	}
}
