package signin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// signer is a provider that signs what logout tokens a test wants.
type signer struct {
	t   testing.TB
	URL string
	key *ecdsa.PrivateKey
}

func newSigner(t testing.TB) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	s := &signer{t: t, key: key}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var body any = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
		if strings.HasSuffix(r.URL.Path, "openid-configuration") {
			body = map[string]any{"issuer": s.URL, "authorization_endpoint": "https://login.outer.example/a", "token_endpoint": s.URL + "/t", "jwks_uri": s.URL + "/keys"}
		}
		_ = json.NewEncoder(w).Encode(body)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// logout is a signed logout token; empty parts are left out.
func (s *signer) logout(audience login.Audience, subject, sid string) string {
	s.t.Helper()
	now := time.Now()
	claims := map[string]any{"iss": s.URL, "aud": "outer-" + string(audience), "jti": uuid.NewString(), "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}}
	if subject != "" {
		claims["sub"] = subject
	}
	if sid != "" {
		claims["sid"] = sid
	}
	raw, err := json.Marshal(claims)
	must(s.t, err)
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: "k1"}}, nil)
	must(s.t, err)
	signed, err := maker.Sign(raw)
	must(s.t, err)
	token, err := signed.CompactSerialize()
	must(s.t, err)
	return token
}

// hand brings a logout token, as a provider does.
func (b *bundle) hand(ctx context.Context, token string) int {
	r := httptest.NewRequest(http.MethodPost, base+login.BackChannelPath, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	b.engine.ServeHTTP(rec, r.WithContext(ctx))
	return rec.Code
}

// bound is an account bound to a subject of the outer provider.
func (b *bundle) bound(subject string) uuid.UUID {
	b.t.Helper()
	_, err := b.orgs.Invite(b.t.Context(), b.as(b.account("olga@people.example")), organisations.Invite{Organisation: b.org, Name: subject,
		Email: subject + "@people.example", Role: authz.Referent})
	must(b.t, err)
	a, err := b.orgs.SignIn(b.t.Context(), organisations.Identity{Issuer: b.outer.URL, Subject: subject, Email: subject + "@people.example", EmailVerified: true})
	must(b.t, err)
	return a.ID
}

// linked is somebody helped who linked a subject of the outer provider.
func (b *bundle) linked(subject string) uuid.UUID {
	b.t.Helper()
	return b.linkedAt(b.outer.URL, subject)
}

// linkedAt is somebody helped who linked a subject of this provider.
func (b *bundle) linkedAt(issuer, subject string) uuid.UUID {
	b.t.Helper()
	id, by := uuid.New(), b.account("olga@people.example")
	must(b.t, b.store.InTx(b.t.Context(), store.System(), func(tx *store.Tx) error {
		if err := tx.DB().Exec(`INSERT INTO beneficiaries (id, organisation_id, given_names, family_name, channel, identity_check, identity_checked_by,
			identity_checked_at, created_at, created_by) VALUES (?, ?, 'A', 'Du', 'none', 'card', ?, now(), now(), ?)`, id, b.org, by, by).Error; err != nil {
			return err
		}
		return tx.DB().Exec(`INSERT INTO beneficiary_identities (issuer, subject, beneficiary_id, linked_at) VALUES (?, ?, ?, now())`, issuer, subject, id).Error
	}))
	return id
}

func (b *bundle) begin(n authz.NewSession) uuid.UUID {
	b.t.Helper()
	_, s, err := b.sess.Start(b.t.Context(), n)
	must(b.t, err)
	return s.ID
}

// left demands which of the sessions are still there.
func (b *bundle) left(want ...uuid.UUID) {
	b.t.Helper()
	n := b.count(`SELECT count(*) FROM web_sessions`)
	for _, id := range want {
		if b.count(`SELECT count(*) FROM web_sessions WHERE id = $1`, id) != 1 {
			b.t.Errorf("a session that should go on is over")
		}
	}
	if n != len(want) {
		b.t.Errorf("%d sessions are left, want %d", n, len(want))
	}
}

func (b *bundle) ended() int {
	return b.count(`SELECT count(*) FROM events WHERE kind = 'sessions.ended'`)
}

// AU-07: a token that names a subject, a session, or both ends the sessions of
// the account and of the person, and leaves an event for each.
func TestALogoutTokenEndsSessionsAndLeavesAnEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	account, person := b.bound("ana"), b.linked("maria")
	other := b.begin(authz.NewSession{Account: b.bound("zoe"), Issuer: "outer-staff", SID: "z"})
	card := b.begin(authz.NewSession{Beneficiary: person, Tier: authz.TierCard})
	staff := func() {
		b.begin(authz.NewSession{Account: account, Issuer: "outer-staff", SID: "s1"})
		b.begin(authz.NewSession{Account: account})
	}
	national := func() {
		b.begin(authz.NewSession{Beneficiary: person, Tier: authz.TierPhone, Issuer: "outer-person", SID: "p1"})
	}
	for _, c := range []struct {
		name, subject, sid string
		audience           login.Audience
		begin              func()
		events             int
	}{
		{"account, sub only", "ana", "", login.AudienceStaff, staff, 1},
		{"account, sid only", "", "s1", login.AudienceStaff, staff, 1},
		{"account, both", "ana", "s1", login.AudienceStaff, staff, 1},
		{"person, sub only", "maria", "", login.AudiencePerson, national, 1},
		{"person, sid only", "", "p1", login.AudiencePerson, national, 1},
		{"person, both", "maria", "p1", login.AudiencePerson, national, 1},
		{"nobody's subject", "unknown", "", login.AudienceStaff, func() {}, 0},
		{"nobody's session", "", "unknown", login.AudiencePerson, func() {}, 0},
	} {
		c.begin()
		before := b.ended()
		if code := b.hand(ctx, b.outer.logout(c.audience, c.subject, c.sid)); code != http.StatusOK {
			t.Errorf("%s: answered %d", c.name, code)
		}
		b.left(other, card)
		if got := b.ended() - before; got != c.events {
			t.Errorf("%s: %d events, want %d", c.name, got, c.events)
		}
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'sessions.ended' AND beneficiary_id = $1 AND organisation_id = $2`, person, b.org); n != 3 {
		t.Errorf("%d of the events are the person's", n)
	}
}

// AU-07, OP-05: what was granted in the sessions is told that they are over, in
// the transaction that ends them.
func TestALogoutTokenIsToldToWhatWasGranted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.bound("ana")
	for range 2 {
		b.begin(authz.NewSession{Account: account, Issuer: "outer-staff", SID: "s1"})
	}
	if code := b.hand(t.Context(), b.outer.logout(login.AudienceStaff, "ana", "")); code != http.StatusOK {
		t.Fatalf("answered %d", code)
	}
	if want := []told{{kind: translog.SessionsEnded, account: account}}; !slices.Equal(b.told, want) {
		t.Errorf("told of %+v, want %+v", b.told, want)
	}
}

// OP-05: who signs out, or whose browser somebody else signs in with, leaves
// nothing behind that was granted in the session.
func TestLeavingIsToldToWhatWasGranted(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *browser){
		"signed out":                  func(w *browser) { w.post("/sign-out") },
		"a colleague signs in":        func(w *browser) { w.signIn("staff", "claire", probe) },
		"signed in again":             func(w *browser) { w.signIn("staff", "nadia", probe) },
		"a person's national sign-in": func(w *browser) { w.signIn("person", "thi-hoa", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w := b.browser()
			w.signIn("staff", "nadia", probe)
			if len(b.told) != 0 {
				t.Fatalf("told of %+v before anybody left", b.told)
			}
			var session uuid.UUID
			must(t, b.store.Pool().QueryRow(t.Context(), `SELECT id FROM web_sessions WHERE account_id = $1`, b.account("nadia@people.example")).Scan(&session))
			_, err := b.orgs.Invite(t.Context(), b.as(b.account("nadia@people.example")), organisationsInvite(b.org))
			must(t, err)
			b.linkedAt(b.idp.URL, "thi-hoa")
			w.client = b.browser().client // the provider asks who it is
			leave(w)
			want := []told{{kind: translog.SignOutDone, account: b.account("nadia@people.example"), session: session}}
			if !slices.Equal(b.told, want) {
				t.Errorf("told of %+v, want %+v", b.told, want)
			}
			if n := b.count(`SELECT count(*) FROM web_sessions WHERE id = $1`, session); n != 0 {
				t.Error("the session goes on")
			}
		})
	}
}

// AU-07: a refused token ends nothing.
func TestABadLogoutTokenEndsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stays := b.begin(authz.NewSession{Account: b.bound("ana"), Issuer: "outer-staff", SID: "s1"})
	forged := newSigner(t)
	forged.URL = b.outer.URL
	for _, token := range []string{"", "a.b.c", forged.logout(login.AudienceStaff, "ana", "s1")} {
		if code := b.hand(t.Context(), token); code != http.StatusBadRequest {
			t.Errorf("answered %d", code)
		}
	}
	b.left(stays)
}

// AU-07: a database that fails half-way loses neither token nor sessions: the
// same token, sent again, ends them.
func TestALogoutThatFailedMayBeSentAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account := b.bound("ana")
	session := b.begin(authz.NewSession{Account: account})
	token := b.outer.logout(login.AudienceStaff, "ana", "")
	// Somebody holds the session's row, and the provider does not wait.
	hold, err := b.store.Pool().Begin(t.Context())
	must(t, err)
	_, err = hold.Exec(t.Context(), `SELECT 1 FROM web_sessions WHERE id = $1 FOR UPDATE`, session)
	must(t, err)
	hurried, leave := context.WithTimeout(t.Context(), time.Minute)
	defer leave()
	go func() { // gone once it waits for the row, however long the way there took
		defer leave()
		for waits := false; !waits; time.Sleep(10 * time.Millisecond) {
			if err := b.store.Pool().QueryRow(hurried, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits); err != nil {
				return
			}
		}
	}()
	if code := b.hand(hurried, token); code != http.StatusInternalServerError {
		t.Fatalf("answered %d while the row was held", code)
	}
	must(t, hold.Rollback(t.Context()))
	b.left(session)
	if n := b.count(`SELECT count(*) FROM logout_tokens_seen`) + b.ended(); n != 0 {
		t.Fatalf("a failed logout left %d traces", n)
	}
	if code := b.hand(t.Context(), token); code != http.StatusOK {
		t.Fatalf("sent again: %d", code)
	}
	b.left()
	if code := b.hand(t.Context(), token); code != http.StatusBadRequest || b.ended() != 1 {
		t.Errorf("a third time: %d, %d events", code, b.ended())
	}
}
