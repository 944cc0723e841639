package desk_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/organisations"
)

const base = "https://relais.example"

// bundle is a desk with a few routes that say whom they answer, and one
// referent of two organisations.
type bundle struct {
	t        *testing.T
	store    *store.Store
	orgs     *organisations.Service
	sessions *authz.Sessions
	engine   *gin.Engine
	desk     *desk.Desk

	operator, referent, first, second uuid.UUID
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, store: storetest.NewWithEnv(t, store.SystemEnv())}
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	commands := command.New(command.Deps{Store: b.store, Authz: law})
	b.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: base})
	people := beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	b.sessions = authz.NewSessions(authz.SessionsDeps{Store: b.store})
	gin.SetMode(gin.TestMode)
	plumbing, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	cookies, err := authz.NewWeb(b.sessions, base)
	must(t, err)
	b.engine = gin.New()
	plumbing.Mount(b.engine)
	b.engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	b.desk = desk.New(desk.Dependencies{Authz: law, Commands: commands, Sessions: b.sessions, Cookies: cookies, Organisations: b.orgs, Beneficiaries: people})
	says := func(c *gin.Context, actor authz.Actor) error {
		c.String(http.StatusOK, actor.Organisation.String())
		return nil
	}
	b.desk.Mount(b.engine, desk.SignInPath, []desk.Route{
		desk.Get("/own", authz.Perm(authz.KindOrganisation, authz.OrganisationRestrict), says),
		desk.Get("/operators", authz.Perm(authz.KindOrganisation, authz.OrganisationCreate), says),
		desk.Get("/door", authz.Public{Because: "a test"}, says),
	})
	b.desk.Mount(b.engine, desk.CardPath, []desk.Route{desk.Get("/space", authz.Perm(authz.KindMandate, authz.MandateRead), says)})
	b.hire()
	return b
}

func (b *bundle) hire() {
	b.t.Helper()
	_, err := b.orgs.BootstrapOperator(b.t.Context(), "Olga Petit", "olga@people.example")
	must(b.t, err)
	b.operator = b.signIn("olga@people.example")
	b.first, b.second = b.organisation("Un"), b.organisation("Deux")
	b.referent = b.signIn("nadia@people.example")
}

// organisation is one with Nadia as its referent.
func (b *bundle) organisation(name string) uuid.UUID {
	b.t.Helper()
	operator, err := b.orgs.Actor(b.t.Context(), organisations.ActorQuery{Account: b.operator, StrongAt: b.store.Now()})
	must(b.t, err)
	o, err := b.orgs.Create(b.t.Context(), operator, organisations.NewOrganisation{Name: "Maison " + name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris",
		Territory: "35", City: "Rennes", Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(b.t, err)
	_, err = b.orgs.Invite(b.t.Context(), operator, organisations.Invite{Organisation: o.ID, Name: "Nadia Benali", Email: "nadia@people.example", Role: authz.Referent})
	must(b.t, err)
	return o.ID
}

func (b *bundle) signIn(email string) uuid.UUID {
	b.t.Helper()
	a, err := b.orgs.SignIn(b.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: email, Email: email, EmailVerified: true})
	must(b.t, err)
	return a.ID
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get asks for a page with a session, or with none.
func (b *bundle) get(path string, n *authz.NewSession) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(http.MethodGet, base+path, nil)
	if n != nil {
		token, _, err := b.sessions.Start(b.t.Context(), *n)
		must(b.t, err)
		r.AddCookie(&http.Cookie{Name: "__Host-relais", Value: token})
	}
	rec := httptest.NewRecorder()
	b.engine.ServeHTTP(rec, r)
	return rec
}

// refusals counts the refusals on record for a reason.
func (b *bundle) refusals(reason string) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(b.t.Context(), `SELECT count(*) FROM events WHERE kind = 'act.refused' AND convert_from(facts, 'UTF8') LIKE '%' || $1 || '%'`, reason).Scan(&n))
	return n
}

// RB-01: a route without a permission, with one that does not exist, or public
// without a reason is never mounted.
func TestARouteMustSayWhoMayUseIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, access := range map[string]authz.Access{
		"no such permission": authz.Perm(authz.KindMandate, authz.OrganisationCreate),
		"empty":              authz.Permission{},
		"no reason":          authz.Public{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: mounted", name)
				}
			}()
			b.desk.Mount(gin.New(), desk.SignInPath, []desk.Route{desk.Get("/x", access, nil)})
		}()
	}
}

// Whoever is not signed in for this door is sent to it, staff and people apart.
func TestVisitorsAreSentToTheirDoor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staff := &authz.NewSession{Account: b.referent}
	for _, c := range []struct {
		path string
		as   *authz.NewSession
		door string
	}{
		{"/own", nil, "/sign-in"},
		{"/space", nil, "/card"},
		{"/space", staff, "/card"},
		{"/own", &authz.NewSession{}, "/sign-in"},
	} {
		if got := b.get(c.path, c.as); got.Code != http.StatusSeeOther || !strings.HasPrefix(got.Header().Get("Location"), c.door) {
			t.Errorf("%s: %d to %q, want %s", c.path, got.Code, got.Header().Get("Location"), c.door)
		}
	}
	if got := b.get("/door", nil); got.Code != http.StatusOK {
		t.Errorf("a public door answered %d", got.Code)
	}
}

// A known actor at a door that is not theirs is refused, and it is on record.
func TestADoorThatIsNotTheirsLeavesAnEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staff := &authz.NewSession{Account: b.referent, Organisation: b.first}
	if got := b.get("/operators", staff); got.Code != http.StatusForbidden {
		t.Errorf("answered %d", got.Code)
	}
	if n := b.refusals(string(authz.ReasonNoRule)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	if got := b.get("/operators", &authz.NewSession{Account: b.operator}); got.Code != http.StatusOK {
		t.Errorf("the operator was answered %d", got.Code)
	}
}

// A suspended account may do nothing, from the very next request on, and only
// public pages answer it.
func TestASuspendedActorIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staff := &authz.NewSession{Account: b.referent, Organisation: b.first}
	if got := b.get("/own", staff); got.Code != http.StatusOK {
		t.Fatalf("answered %d before", got.Code)
	}
	must(t, b.orgs.SuspendAccount(t.Context(), b.referent, "Olga Petit", "compte volé"))
	if got := b.get("/own", staff); got.Code != http.StatusForbidden && got.Code != http.StatusSeeOther {
		t.Errorf("answered %d after", got.Code)
	}
	if n := b.refusals(string(authz.ReasonAccountSuspended)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// The organisation acted for is the session's, as long as it is one's own:
// an id that is not leads nowhere else's.
func TestTheOrganisationActedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, org := range []uuid.UUID{b.first, b.second} {
		if got := b.get("/own", &authz.NewSession{Account: b.referent, Organisation: org}); got.Body.String() != org.String() {
			t.Errorf("acts for %s, want %s", got.Body, org)
		}
	}
	foreign := uuid.New()
	got := b.get("/own", &authz.NewSession{Account: b.referent, Organisation: foreign})
	if got.Body.String() == foreign.String() {
		t.Error("acts for an organisation that is not theirs")
	}
	// Removed from the first, the very next request acts for it no more (AU-10).
	var membership uuid.UUID
	must(t, b.store.Pool().QueryRow(t.Context(), `SELECT id FROM memberships WHERE account_id = $1 AND organisation_id = $2`, b.referent, b.first).Scan(&membership))
	operator, err := b.orgs.Actor(t.Context(), organisations.ActorQuery{Account: b.operator, StrongAt: b.store.Now()})
	must(t, err)
	_, err = b.orgs.Invite(t.Context(), operator, organisations.Invite{Organisation: b.first, Name: "Yann Le Goff", Email: "yann@people.example", Role: authz.Referent})
	must(t, err)
	yann, err := b.orgs.Actor(t.Context(), organisations.ActorQuery{Account: b.signIn("yann@people.example"), StrongAt: b.store.Now()})
	must(t, err)
	if err := b.orgs.End(t.Context(), yann, membership); problem.As(err) != nil {
		t.Fatal(err)
	}
	if got := b.get("/own", &authz.NewSession{Account: b.referent, Organisation: b.first}); got.Body.String() == b.first.String() {
		t.Error("still acts for the organisation left")
	}
}
