package login_test

import (
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/idp/idptest"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

const (
	base     = "https://relais.example"
	clientID = "relais"
	secret   = "a client secret that is long enough to sign with"
)

// bundle is one service on a database of its own. Providers live in real time,
// so the clock is the real one, moved on by the test.
type bundle struct {
	t       *testing.T
	service *login.Service
	store   *store.Store
	ahead   atomic.Int64
	browser []byte
	client  *http.Client
}

func setup(t *testing.T, issuers ...login.Issuer) *bundle {
	t.Helper()
	b := &bundle{t: t, browser: browserSecret()}
	env := store.SystemEnv()
	env.Now = func() time.Time {
		return time.Now().Add(time.Duration(b.ahead.Load())).UTC().Truncate(time.Microsecond)
	}
	b.store = storetest.NewWithEnv(t, env)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.client = &http.Client{Jar: jar}
	b.service, err = login.New(login.Dependencies{
		Issuers: issuers, BaseURL: base, Store: b.store, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) advance(d time.Duration) { b.ahead.Add(int64(d)) }

func browserSecret() []byte {
	secret := make([]byte, login.BrowserBytes)
	_, _ = rand.Read(secret) // never fails
	return secret
}

// issuerAt is a configuration that fits every provider of these tests.
func issuerAt(address string) login.Issuer {
	return login.Issuer{
		ID: "work", Name: map[string]string{"en": "Work", "fr": "Travail"}, URL: address,
		ClientID: clientID, ClientSecret: secret, Audience: login.AudienceStaff, AllowInsecureHTTP: true,
	}
}

var people = []idp.Person{
	{Subject: "amel", Name: "Amel Benali", Email: "amel@mediation.example", EmailVerified: true, Audience: idp.AudienceStaff},
	{Subject: "luc", Name: "Luc Petit", Email: "luc@mediation.example", Audience: idp.AudienceStaff},
}

// withDemo is a service whose only issuer is the demonstration provider.
func withDemo(t *testing.T, configure ...func(*login.Issuer)) (*bundle, *idptest.IDP) {
	t.Helper()
	demo := idptest.Start(t, people...)
	demo.Register(t, idp.Client{ID: clientID, Secret: secret, Audience: idp.AudienceStaff,
		RedirectURIs: []string{base + login.CallbackPath}, PostLogoutURIs: []string{base + "/"}})
	config := issuerAt(demo.URL)
	for _, c := range configure {
		c(&config)
	}
	return setup(t, config), demo
}

// begin starts at the only issuer; the browser is filled in.
func (b *bundle) begin(start login.Start) string {
	b.t.Helper()
	start.IssuerID, start.Browser = "work", b.browser
	address, err := b.service.Begin(b.t.Context(), start)
	if err != nil {
		b.t.Fatal(err)
	}
	return address
}

// callback walks somebody through the demonstration provider.
func (b *bundle) callback(address, subject string) url.Values {
	b.t.Helper()
	back, err := idptest.Login(b.client, address, subject)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := back.Scheme + "://" + back.Host + back.Path; got != base+login.CallbackPath {
		b.t.Fatalf("sent back to %s", got)
	}
	return back.Query()
}

func (b *bundle) finish(query url.Values) (login.Identity, error) {
	return b.service.Finish(b.t.Context(), query, b.browser)
}

// wantFault demands the one answer for all faults, with this cause behind it,
// and that nobody was identified.
func wantFault(t *testing.T, id login.Identity, err error, fault login.Fault) {
	t.Helper()
	if got := login.Cause(err); got != fault {
		t.Errorf("fault %q (%v), want %q", got, err, fault)
	}
	if p := problem.As(err); p == nil || p.Kind != problem.KindUnauthenticated || p.Code != "login_failed" {
		t.Errorf("problem %+v, want unauthenticated login_failed", p)
	}
	if id.Subject != "" || id.Issuer != "" || id.IDToken != "" || id.Email != "" {
		t.Errorf("a refused sign-in identified somebody: %+v", id)
	}
}

// count runs a query that gives one number.
func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	if err := b.store.Pool().QueryRow(b.t.Context(), query, args...).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func session() uuid.UUID { return uuid.MustParse("6f1d3f1e-7f0e-4b43-9f07-8c7c1a52a1d4") }

func stateOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("state") == "" {
		t.Fatalf("no state in %s (%v)", address, err)
	}
	return u.Query().Get("state")
}

func long(n int) string { return strings.Repeat("x", n) }
