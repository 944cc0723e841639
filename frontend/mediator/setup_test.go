package mediator_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/mediator"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// house is a whole Relais behind this surface: an organisation with a referent
// and two mediators who may act, and the pages, answered in this process.
type house struct {
	t        testing.TB
	clock    *storetest.Clock
	store    *store.Store
	commands *command.Runner
	packs    *packs.Set
	pack     *packs.Pack
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	acting   *acting.Service
	sessions *authz.Sessions
	engine   *gin.Engine

	org                                     uuid.UUID
	operator, referent, mediator, colleague uuid.UUID // accounts
}

const baseURL = "https://relais.example"

func setup(t testing.TB) *house {
	t.Helper()
	gin.SetMode(gin.TestMode)
	h := &house{t: t, clock: storetest.NewClock()}
	h.store = storetest.NewWithClock(t, h.clock)
	law, err := authz.New()
	must(t, err)
	h.packs, err = packs.Load()
	must(t, err)
	h.pack, err = h.packs.Get("fr")
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, h.store.Now())
	must(t, err)
	h.commands = command.New(command.Deps{Store: h.store, Authz: law})
	h.orgs = organisations.New(organisations.Dependencies{Commands: h.commands, Packs: h.packs, BaseURL: baseURL})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: h.commands, Packs: h.packs, CodeKey: bytes.Repeat([]byte{7}, 32)})
	h.mandates = mandates.New(mandates.Dependencies{Commands: h.commands, Packs: h.packs, Organisations: h.orgs, Beneficiaries: h.people,
		Keyring: keys, BaseURL: baseURL})
	h.acting = acting.New(acting.Dependencies{Commands: h.commands, Packs: h.packs, Mandates: h.mandates, Organisations: h.orgs,
		Clients: clients.NewRegistry(clients.Dependencies{Commands: h.commands, Packs: h.packs, Key: bytes.Repeat([]byte{9}, 32)}), Key: bytes.Repeat([]byte{9}, 32), Keyring: keys, Issuer: baseURL})
	h.sessions = authz.NewSessions(authz.SessionsDeps{Store: h.store})
	h.open(law)
	h.staff()
	return h
}

// open mounts the surface as the server does.
func (h *house) open(law *authz.Enforcer) {
	h.t.Helper()
	plumbing, err := web.New(web.Config{BaseURL: baseURL, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	must(h.t, err)
	cookies, err := authz.NewWeb(h.sessions, baseURL)
	must(h.t, err)
	h.engine = gin.New()
	plumbing.Mount(h.engine)
	h.engine.Use(cookies.Middleware(func(c *gin.Context, err error) { c.AbortWithStatus(http.StatusServiceUnavailable) }))
	surface := mediator.New(mediator.Dependencies{Commands: h.commands, Packs: h.packs, Organisations: h.orgs, Beneficiaries: h.people,
		Mandates: h.mandates, Acting: h.acting, BaseURL: baseURL, NewKey: uuid.NewString})
	desk.New(desk.Dependencies{Authz: law, Sessions: h.sessions, Cookies: cookies, Organisations: h.orgs, Beneficiaries: h.people}).
		Mount(h.engine, desk.SignInPath, surface.Routes())
}

// staff hires an operator, a referent and two mediators.
func (h *house) staff() {
	h.t.Helper()
	_, err := h.orgs.BootstrapOperator(h.t.Context(), "Olga Petit", address("Olga Petit"))
	must(h.t, err)
	h.operator = h.identify("Olga Petit")
	h.org = h.newOrganisation("Maison France Services")
	h.referent = h.newReferent(h.org, "Nadia Benali")
	h.mediator = h.newMediator(h.org, h.referent, "Claire Martin")
	h.colleague = h.newMediator(h.org, h.referent, "Hugo Leroy")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

// identify is somebody's sign-in at the identity provider.
func (h *house) identify(name string) uuid.UUID {
	h.t.Helper()
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: "sub-" + name, Email: address(name),
		EmailVerified: true, Name: name, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

// actor is who an account is now, freshly authenticated.
func (h *house) actor(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

func (h *house) newOrganisation(name string) uuid.UUID {
	h.t.Helper()
	o, err := h.orgs.Create(h.t.Context(), h.actor(h.operator), organisations.NewOrganisation{Name: name, Kind: "France Services", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "35", City: "Rennes", Address: "1 rue de la Paix", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	return o.ID
}

func (h *house) newReferent(org uuid.UUID, name string) uuid.UUID {
	h.t.Helper()
	_, err := h.orgs.Invite(h.t.Context(), h.actor(h.operator), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Referent})
	must(h.t, err)
	return h.identify(name)
}

// invited is a mediator who signed in and lacks everything else.
func (h *house) invited(referent uuid.UUID, name string) (account, membership uuid.UUID) {
	h.t.Helper()
	by := h.actor(referent)
	m, err := h.orgs.Invite(h.t.Context(), by, organisations.Invite{Organisation: by.Organisation, Name: name, Email: address(name), Role: authz.Mediator})
	must(h.t, err)
	return h.identify(name), m.ID
}

// newMediator is a mediator who lacks nothing.
func (h *house) newMediator(org, referent uuid.UUID, name string) uuid.UUID {
	h.t.Helper()
	ctx := h.t.Context()
	account, membership := h.invited(referent, name)
	must(h.t, h.orgs.Confirm(ctx, h.actor(referent), membership))
	today := h.store.Now()
	must(h.t, h.orgs.RecordTraining(ctx, h.actor(referent), organisations.Training{Membership: membership, Course: "Aidants Connect",
		Evidence: "Certificate 12", CompletedOn: today, ExpiresOn: today.AddDate(2, 0, 0)}))
	must(h.t, h.orgs.AcceptCharter(ctx, h.actor(account), h.pack.Charter.Version))
	return account
}

// newPerson is somebody known to the organisation of the mediator.
func (h *house) newPerson(by uuid.UUID, given, family string) beneficiaries.Beneficiary {
	h.t.Helper()
	p, err := h.people.Create(h.t.Context(), h.actor(by), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Phone: "06 12 34 56 78", Channel: "sms", Language: "fr"}, DuplicateConfirmed: true})
	must(h.t, err)
	return p
}

// signed is an active mandate of a person over whole themes.
func (h *house) signed(by, person uuid.UUID, days int, themes ...string) mandates.Mandate {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.actor(by)
	m := h.presented(by, person, days, themes...)
	_, err := h.mandates.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(h.t)})
	must(h.t, err)
	m, err = h.mandates.Get(ctx, actor, m.ID)
	must(h.t, err)
	return m
}

// presented is a mandate that was read and not signed yet.
func (h *house) presented(by, person uuid.UUID, days int, themes ...string) mandates.Mandate {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.actor(by)
	m, err := h.mandates.Begin(ctx, actor, person, uuid.NewString())
	must(h.t, err)
	d := mandates.Draft{DurationDays: days, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"}
	for _, theme := range themes {
		d.Grants = append(d.Grants, mandates.GrantChoice{Theme: theme, Actions: packs.DefaultActions()})
	}
	m, err = h.mandates.ChangeDraft(ctx, actor, m.ID, m.Version, d)
	must(h.t, err)
	m, err = h.mandates.Present(ctx, actor, m.ID, m.Version)
	must(h.t, err)
	return m
}

// drawn is a signature as the page sends it.
func drawn(t testing.TB) *mandates.Drawn {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	var strokes [1][]map[string]float64
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		strokes[0] = append(strokes[0], map[string]float64{"x": float64(10 + 4*i), "y": float64(20 + i), "t": float64(i)})
	}
	var picture bytes.Buffer
	must(t, png.Encode(&picture, img))
	raw, err := json.Marshal(strokes)
	must(t, err)
	return &mandates.Drawn{Strokes: raw, PNG: picture.Bytes()}
}

// browser is one signed-in browser.
type browser struct {
	h     *house
	token string
	lang  string
}

// browse signs an account in, reading French.
func (h *house) browse(account uuid.UUID) *browser {
	h.t.Helper()
	token, _, err := h.sessions.Start(h.t.Context(), authz.NewSession{Account: account, Issuer: "demo"})
	must(h.t, err)
	return &browser{h: h, token: token, lang: "fr"}
}

// in is the same browser, reading another language.
func (b *browser) in(lang string) *browser {
	c := *b
	c.lang = lang
	return &c
}

func (b *browser) printer() *i18n.Printer { return i18n.For(i18n.Lang(b.lang)) }

// answer is what came back.
type answer struct {
	b        *browser
	status   int
	location string
	cookies  string
	body     string
}

func (b *browser) get(path string) answer { return b.send(http.MethodGet, path, nil) }

func (b *browser) post(path string, fields url.Values) answer {
	return b.send(http.MethodPost, path, fields)
}

func (b *browser) send(method, path string, fields url.Values) answer {
	b.h.t.Helper()
	r := httptest.NewRequestWithContext(b.h.t.Context(), method, baseURL+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Accept-Language", b.lang)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.token != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-relais", Value: b.token})
	}
	rec := httptest.NewRecorder()
	b.h.engine.ServeHTTP(rec, r)
	return answer{b: b, status: rec.Code, location: rec.Header().Get("Location"), cookies: strings.Join(rec.Header().Values("Set-Cookie"), "\n"), body: html.UnescapeString(rec.Body.String())}
}

// is demands a status.
func (a answer) is(status int) answer {
	a.b.h.t.Helper()
	if a.status != status {
		a.b.h.t.Fatalf("status %d, want %d (location %q)\n%s", a.status, status, a.location, a.main())
	}
	return a
}

// goes demands a redirect.
func (a answer) goes(to string) answer {
	a.b.h.t.Helper()
	if a.is(http.StatusSeeOther); a.location != to {
		a.b.h.t.Fatalf("goes to %q, want %q", a.location, to)
	}
	return a
}

// shows demands texts of the page.
func (a answer) shows(texts ...string) answer {
	a.b.h.t.Helper()
	for _, s := range texts {
		if !strings.Contains(a.body, s) {
			a.b.h.t.Errorf("the page does not show %q\n%s", s, a.main())
		}
	}
	return a
}

// hides demands that texts are not on the page.
func (a answer) hides(texts ...string) answer {
	a.b.h.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.body, s) {
			a.b.h.t.Errorf("the page shows %q\n%s", s, a.main())
		}
	}
	return a
}

// says demands the text of a key, in the browser's language.
func (a answer) says(key string, pairs ...any) answer {
	a.b.h.t.Helper()
	return a.shows(a.b.printer().T(key, pairs...))
}

// keeps demands that a text field still holds what was typed.
func (a answer) keeps(name, value string) answer {
	a.b.h.t.Helper()
	pattern := fmt.Sprintf(`name="%s"[^>]*value="%s"`, regexp.QuoteMeta(name), regexp.QuoteMeta(value))
	if !regexp.MustCompile(pattern).MatchString(a.body) {
		a.b.h.t.Errorf("the field %s does not hold %q\n%s", name, value, a.main())
	}
	return a
}

// hidden is the value of a hidden field.
func (a answer) hidden(name string) string {
	a.b.h.t.Helper()
	m := regexp.MustCompile(`type="hidden" name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		a.b.h.t.Fatalf("no hidden field %q\n%s", name, a.main())
	}
	return m[1]
}

// failed demands the prefix of the title and a summary that links to fields.
func (a answer) failed(fields ...string) answer {
	a.b.h.t.Helper()
	prefix := a.b.printer().T("shell.error_title", "Title", "")
	if !strings.Contains(a.body, "<title>"+strings.TrimSpace(prefix)) {
		a.b.h.t.Errorf("the title does not begin with %q", prefix)
	}
	for _, f := range fields {
		a.shows(`href="#f-` + f + `"`)
	}
	return a
}

// main is the page without what surrounds it, for messages.
func (a answer) main() string {
	_, body, ok := strings.Cut(a.body, "<main")
	if !ok {
		return a.body
	}
	body, _, _ = strings.Cut(body, "</main>")
	return body
}

// count runs a query that counts.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	must(h.t, h.store.Pool().QueryRow(h.t.Context(), query, args...).Scan(&n))
	return n
}
