package login_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

const event = "http://schemas.openid.net/event/backchannel-logout"

// logoutClaims are those of a good logout token.
func (h *hostile) logoutClaims(jti string) map[string]any {
	now := time.Now()
	return map[string]any{
		"iss": h.URL, "aud": clientID, "sub": "somebody", "sid": "s1", "jti": jti,
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{event: map[string]any{}},
	}
}

func wantLogoutFault(t *testing.T, err error, fault login.Fault) {
	t.Helper()
	if got := login.Cause(err); got != fault {
		t.Errorf("fault %q (%v), want %q", got, err, fault)
	}
	if p := problem.As(err); p == nil || p.Kind != problem.KindInvalid || p.Code != "logout_refused" {
		t.Errorf("problem %+v", p)
	}
}

// AU-07
func TestLogoutTokenSaysWhoseSessions(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	for name, c := range map[string]struct{ drop, subject, sid string }{
		"both":         {"none", "somebody", "s1"},
		"subject only": {"sid", "somebody", ""},
		"session only": {"sub", "", "s1"},
	} {
		claims := h.logoutClaims(name)
		delete(claims, c.drop)
		got, err := b.service.BackChannel(t.Context(), h.sign(claims))
		want := login.Logout{IssuerID: "work", Issuer: h.URL, Subject: c.subject, SID: c.sid}
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// AU-07, Back-Channel Logout 1.0 §2.6
func TestBadLogoutTokens(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	for _, c := range []struct {
		name  string
		spoil func(map[string]any)
		fault login.Fault
	}{
		{"no event", set("events", nil), login.LogoutShape},
		{"another event", set("events", map[string]any{"urn:other": map[string]any{}}), login.LogoutShape},
		{"event not an object", set("events", map[string]any{event: true}), login.LogoutShape},
		{"with a nonce, as an ID token", set("nonce", "n"), login.LogoutShape},
		{"nobody", func(m map[string]any) { delete(m, "sub"); delete(m, "sid") }, login.LogoutShape},
		{"no jti", set("jti", nil), login.LogoutShape},
		{"long jti", set("jti", long(513)), login.LogoutShape},
		{"no exp", set("exp", nil), login.LogoutShape},
		{"no iat", set("iat", nil), login.LogoutShape},
		{"very long life", set("exp", time.Now().Add(48*time.Hour).Unix()), login.LogoutShape},
		{"expired", set("exp", time.Now().Add(-time.Minute).Unix()), login.Expired},
		{"from the future", set("iat", time.Now().Add(time.Hour).Unix()), login.Clock},
		{"another issuer", set("iss", "https://evil.example"), login.WrongIssuer},
		{"another audience", set("aud", "other"), login.WrongAudience},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims := h.logoutClaims("bad")
			c.spoil(claims)
			_, err := b.service.BackChannel(t.Context(), h.sign(claims))
			wantLogoutFault(t, err, c.fault)
		})
	}
	for name, raw := range map[string]string{"empty": "", "not a token": "a.b.c", "two parts": "a.b"} {
		_, err := b.service.BackChannel(t.Context(), raw)
		t.Run(name, func(t *testing.T) { wantLogoutFault(t, err, login.Signature) })
	}
	_, err := b.service.BackChannel(t.Context(), unsigned(t, h.logoutClaims("bad")))
	wantLogoutFault(t, err, login.Algorithm)
	_, err = b.service.BackChannel(t.Context(), sign(t, jose.HS256, h.publicPEM(), "k1", h.logoutClaims("bad")))
	wantLogoutFault(t, err, login.Algorithm)
	if n := b.count(`SELECT count(*) FROM logout_tokens_seen`); n != 0 {
		t.Errorf("%d refused tokens are remembered", n)
	}
}

// AU-07: an ID token of the same issuer must not pass for a logout token.
func TestIDTokenIsNoLogoutToken(t *testing.T) {
	t.Parallel()
	b, _ := withDemo(t)
	id, err := b.finish(b.callback(b.begin(login.Start{}), "amel"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.service.BackChannel(t.Context(), id.IDToken)
	wantLogoutFault(t, err, login.LogoutShape)
}

// AU-07
func TestLogoutTokenWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	raw := h.sign(h.logoutClaims("once"))
	faults := make(chan login.Fault, 6)
	var wait sync.WaitGroup
	for range cap(faults) {
		wait.Go(func() {
			_, err := b.service.BackChannel(t.Context(), raw)
			faults <- login.Cause(err)
		})
	}
	wait.Wait()
	close(faults)
	accepted := 0
	for fault := range faults {
		if fault == "" {
			accepted++
		} else if fault != login.LogoutReplayed {
			t.Errorf("fault %q", fault)
		}
	}
	if accepted != 1 {
		t.Errorf("accepted %d times", accepted)
	}
}

// AU-07: a logout that could not be carried out may be sent again.
func TestLogoutTokenIsNotUsedUpByAFailure(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	raw := h.sign(h.logoutClaims("again"))
	broken := errors.New("sessions cannot be ended")
	if _, err := b.service.BackChannelIn(t.Context(), raw, func(*store.Tx, login.Logout) error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	var ended login.Logout
	_, err := b.service.BackChannelIn(t.Context(), raw, func(_ *store.Tx, l login.Logout) error { ended = l; return nil })
	if err != nil || ended.SID != "s1" {
		t.Errorf("%+v, %v", ended, err)
	}
}

func TestSeenLogoutTokensAreSweptAway(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	b := setup(t, issuerAt(h.URL))
	if _, err := b.service.BackChannel(t.Context(), h.sign(h.logoutClaims("first"))); err != nil {
		t.Fatal(err)
	}
	b.advance(5 * time.Minute)
	late := h.logoutClaims("second")
	late["exp"] = time.Now().Add(10 * time.Minute).Unix()
	if _, err := b.service.BackChannel(t.Context(), h.sign(late)); err != nil {
		t.Fatal(err)
	}
	if n := b.count(`SELECT count(*) FROM logout_tokens_seen`); n != 1 {
		t.Errorf("%d remembered", n)
	}
}

// AU-07: the demonstration provider's own tokens, over HTTP, as at `make run`.
func TestBackChannelOfTheDemonstrationProvider(t *testing.T) {
	t.Parallel()
	b, demo := withDemo(t)
	ended := make(chan login.Logout, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := b.service.BackChannel(r.Context(), r.PostFormValue("logout_token"))
		if err != nil {
			http.Error(w, string(login.Cause(err)), http.StatusBadRequest)
			return
		}
		ended <- out
	}))
	t.Cleanup(endpoint.Close)
	demo.Register(t, idp.Client{ID: clientID, Secret: secret, Audience: idp.AudienceStaff,
		RedirectURIs: []string{base + login.CallbackPath}, BackChannelURI: endpoint.URL})
	id, err := b.finish(b.callback(b.begin(login.Start{}), "amel"))
	if err != nil {
		t.Fatal(err)
	}
	if n := demo.Provider.ForceLogout(context.Background(), "amel"); n != 1 {
		t.Fatalf("%d relying parties accepted", n)
	}
	if got := <-ended; got.Subject != "amel" || got.SID != id.SID || got.Issuer != id.Issuer {
		t.Errorf("%+v for %+v", got, id)
	}
}

// Two clients at one issuer: the audience says which one is meant.
func TestLogoutFindsTheRightClient(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	other := issuerAt(h.URL)
	other.ID, other.ClientID, other.Audience = "home", "relais-person", login.AudiencePerson
	b := setup(t, issuerAt(h.URL), other)
	claims := h.logoutClaims("person")
	claims["aud"] = "relais-person"
	got, err := b.service.BackChannel(t.Context(), h.sign(claims))
	if err != nil || got.IssuerID != "home" {
		t.Errorf("%+v, %v", got, err)
	}
}
