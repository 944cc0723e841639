package admin_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"html"
	"image"
	"image/color"
	"image/png"
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
	"github.com/relais-org/relais/frontend/admin"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

const base = "http://relais.example"

// house is the surface over real services, with one organisation: a referent,
// a mediator who lacks nothing, a supervisor of it, and an operator.
type house struct {
	t        testing.TB
	engine   *gin.Engine
	store    *store.Store
	clock    *storetest.Clock
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	sessions *authz.Sessions
	pack     *packs.Pack
	keys     *document.Keyring

	org                                      uuid.UUID
	operator, referent, mediator, supervisor uuid.UUID
	mediatorMember, referentMember           uuid.UUID
}

func setup(t testing.TB) *house {
	t.Helper()
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	clock := storetest.NewClock()
	h := &house{t: t, clock: clock, store: storetest.NewWithClock(t, clock)}
	h.pack, err = set.Get("fr")
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, clock.Now())
	must(t, err)
	h.keys = keys
	commands := command.New(command.Deps{Store: h.store, Authz: law})
	h.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: base})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	h.mandates = mandates.New(mandates.Dependencies{Commands: commands, Packs: set, Organisations: h.orgs, Beneficiaries: h.people, Keyring: keys, BaseURL: base})
	h.sessions = authz.NewSessions(authz.SessionsDeps{Store: h.store})
	h.engine = h.serve(law, commands, set)
	h.furnish()
	return h
}

// serve mounts the surface as the program does.
func (h *house) serve(law *authz.Enforcer, commands *command.Runner, set *packs.Set) *gin.Engine {
	h.t.Helper()
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	plumbing, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler)})
	must(h.t, err)
	plumbing.Mount(engine)
	cookies, err := authz.NewWeb(h.sessions, base)
	must(h.t, err)
	engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	counter := desk.New(desk.Dependencies{Authz: law, Commands: commands, Sessions: h.sessions, Cookies: cookies, Organisations: h.orgs,
		Beneficiaries: h.people, StepUp: func(c *gin.Context) error { return web.SeeOther(c, "/fresh-sign-in") }})
	counter.Mount(engine, desk.SignInPath, h.surface(commands, set).Routes())
	return engine
}

func (h *house) surface(commands *command.Runner, set *packs.Set) *admin.Surface {
	key := bytes.Repeat([]byte{8}, 32)
	registry := clients.NewRegistry(clients.Dependencies{Commands: commands, Packs: set, Key: key})
	return admin.New(admin.Dependencies{Commands: commands, Organisations: h.orgs, Mandates: h.mandates, Packs: set, Store: h.store, Clients: registry,
		Acting: acting.New(acting.Dependencies{Commands: commands, Packs: set, Mandates: h.mandates, Organisations: h.orgs,
			Clients: registry, Key: key, Keyring: h.keys, Issuer: base})})
}

func (h *house) furnish() {
	h.t.Helper()
	ctx := h.t.Context()
	_, err := h.orgs.BootstrapOperator(ctx, "Olga Petit", address("Olga Petit"))
	must(h.t, err)
	h.operator = h.signIn("Olga Petit")
	org, err := h.orgs.Create(ctx, h.as(h.operator), organisations.NewOrganisation{Name: "Maison France Services", Kind: "France Services", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "35", City: "Rennes", Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	h.org = org.ID
	h.referent, h.referentMember = h.newReferent("Nadia Benali")
	m := h.confirmed("Claire Martin")
	today := h.clock.Now()
	must(h.t, h.orgs.RecordTraining(ctx, h.as(h.referent), organisations.Training{Membership: m.ID, Course: "Agir sous mandat", Evidence: "Certificate 12",
		CompletedOn: today, ExpiresOn: today.AddDate(2, 0, 0)}))
	h.mediator, h.mediatorMember = m.Account, m.ID
	must(h.t, h.orgs.AcceptCharter(ctx, h.as(m.Account), h.pack.Charter.Version))
	_, err = h.orgs.GrantRemit(ctx, h.as(h.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: h.org})
	must(h.t, err)
	h.supervisor = h.signIn("Sofia Costa")
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

func (h *house) signIn(name string) uuid.UUID {
	h.t.Helper()
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: "sub-of-" + address(name),
		Email: address(name), EmailVerified: true, Name: name})
	must(h.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated.
func (h *house) as(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.clock.Now()})
	must(h.t, err)
	return a
}

func (h *house) newReferent(name string) (account, membership uuid.UUID) {
	h.t.Helper()
	m, err := h.orgs.Invite(h.t.Context(), h.as(h.operator), organisations.Invite{Organisation: h.org, Name: name, Email: address(name), Role: authz.Referent})
	must(h.t, err)
	return h.signIn(name), m.ID
}

// invited is a mediator who has not signed in.
func (h *house) invited(name string) organisations.Member {
	h.t.Helper()
	m, err := h.orgs.Invite(h.t.Context(), h.as(h.referent), organisations.Invite{Organisation: h.org, Name: name, Email: address(name), Role: authz.Mediator})
	must(h.t, err)
	return m
}

// confirmed is a mediator without training or charter.
func (h *house) confirmed(name string) organisations.Member {
	h.t.Helper()
	m := h.invited(name)
	h.signIn(name)
	must(h.t, h.orgs.Confirm(h.t.Context(), h.as(h.referent), m.ID))
	return m
}

// person is somebody helped, who reads letters.
func (h *house) person(given, family string) uuid.UUID {
	h.t.Helper()
	b, err := h.people.Create(h.t.Context(), h.as(h.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1946, 3, 27, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Address: "2 rue Haute\n35000 Rennes", Channel: "letter", Language: "fr"},
		DuplicateConfirmed: true})
	must(h.t, err)
	return b.ID
}

// signed is a mandate of 31 days over housing.
func (h *house) signed(person uuid.UUID) mandates.Mandate {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.as(h.mediator)
	m, err := h.mandates.Begin(ctx, actor, person, uuid.NewString())
	must(h.t, err)
	m, err = h.mandates.ChangeDraft(ctx, actor, m.ID, m.Version, mandates.Draft{DurationDays: 31, Language: "fr", ProtectionAnswer: "none",
		ConflictAnswer: "none", Grants: []mandates.GrantChoice{{Theme: "housing", Actions: packs.DefaultActions()}}})
	must(h.t, err)
	m, err = h.mandates.Present(ctx, actor, m.ID, m.Version)
	must(h.t, err)
	_, err = h.mandates.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(h.t)})
	must(h.t, err)
	return m
}

func drawn(t testing.TB) *mandates.Drawn {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	var strokes [1][]map[string]float64
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		strokes[0] = append(strokes[0], map[string]float64{"x": float64(10 + 4*i), "y": float64(20 + i), "t": float64(i)})
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	raw, err := json.Marshal(strokes)
	must(t, err)
	return &mandates.Drawn{Strokes: raw, PNG: b.Bytes()}
}

// dispute is a disagreement of the person with an act of the mediator.
func (h *house) dispute(person uuid.UUID) mandates.Dispute {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.as(h.mediator)
	procedure := h.pack.ProceduresOf("housing")[0]
	c, err := h.mandates.OpenCase(ctx, actor, mandates.OpenCase{Beneficiary: person, Procedure: procedure.Code, IdempotencyKey: uuid.NewString()})
	must(h.t, err)
	step, err := h.mandates.LogStep(ctx, actor, mandates.NewStep{Case: c.ID, Action: procedure.Actions[0], Outcome: mandates.OutcomeDone, IdempotencyKey: uuid.NewString()})
	must(h.t, err)
	p, err := h.people.PersonActor(ctx, beneficiaries.PersonQuery{Beneficiary: person, Session: uuid.New(), Tier: authz.TierPhone, StrongAt: h.clock.Now()})
	must(h.t, err)
	d, err := h.mandates.RaiseDispute(ctx, p, step.ID, "Je n’ai jamais demandé cela.")
	must(h.t, err)
	return d
}

// letter queues a letter and gives its id.
func (h *house) letter(body string) uuid.UUID {
	h.t.Helper()
	key := uuid.NewString()
	must(h.t, h.store.InTx(h.t.Context(), store.System(), func(tx *store.Tx) error {
		return notify.Queue(tx, notify.Message{DedupeKey: key, Kind: "mandate_signed", Channel: notify.Letter, Language: "fr",
			Recipient: "Fatima Haddad\n2 rue Haute\n35000 Rennes", Subject: "Votre mandat a commencé", Body: body, Organisation: h.org})
	}))
	var id uuid.UUID
	must(h.t, h.store.Pool().QueryRow(h.t.Context(), `SELECT id FROM messages WHERE dedupe_key = $1`, key).Scan(&id))
	return id
}

// client is a browser, signed in or not.
type client struct {
	h      *house
	cookie string
	lang   string
}

// browser signs an account in.
func (h *house) browser(account uuid.UUID) *client {
	h.t.Helper()
	c := &client{h: h, lang: "fr"}
	if account != uuid.Nil {
		n := authz.NewSession{Account: account, Issuer: "demo"}
		token, _, err := h.sessions.Start(h.t.Context(), n)
		must(h.t, err)
		c.cookie = "relais=" + token
	}
	return c
}

// page is an answer, read.
type page struct {
	status   int
	location string
	title    string
	text     string // without markup
	body     string
}

func (c *client) get(path string) page { return c.ask(http.MethodGet, path, nil) }

func (c *client) post(path string, pairs ...string) page {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return c.ask(http.MethodPost, path, values)
}

var (
	titleOf = regexp.MustCompile(`(?s)<title>(.*?)</title>`)
	markup  = regexp.MustCompile(`(?s)<svg.*?</svg>|<[^>]*>`)
	spaces  = regexp.MustCompile(`\s+`)
)

func (c *client) ask(method, path string, values url.Values) page {
	c.h.t.Helper()
	r := httptest.NewRequestWithContext(c.h.t.Context(), method, base+path, strings.NewReader(values.Encode()))
	r.Header.Set("Accept-Language", c.lang)
	if c.cookie != "" {
		r.Header.Set("Cookie", c.cookie)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	c.h.engine.ServeHTTP(w, r)
	p := page{status: w.Code, location: w.Header().Get("Location"), body: w.Body.String()}
	if m := titleOf.FindStringSubmatch(p.body); m != nil {
		p.title = plain(m[1])
	}
	p.text = plain(p.body)
	return p
}

// plain is what a person reads, with ordinary spaces.
func plain(s string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(html.UnescapeString(markup.ReplaceAllString(s, " "))), " "))
}

func (p page) has(t testing.TB, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(p.text, w) && !strings.Contains(p.body, w) {
			t.Errorf("%q does not say %q:\n%.3000s", p.title, w, p.text)
		}
	}
}

func (p page) lacks(t testing.TB, unwanted ...string) {
	t.Helper()
	for _, w := range unwanted {
		if strings.Contains(p.text, w) || strings.Contains(p.body, w) {
			t.Errorf("%q says %q", p.title, w)
		}
	}
}

func (p page) is(t testing.TB, status int, title string) {
	t.Helper()
	if p.status != status || !strings.Contains(p.title, title) {
		t.Errorf("got %d %q, want %d %q\n%.2000s", p.status, p.title, status, title, p.text)
	}
}

func (p page) goes(t testing.TB, to string) {
	t.Helper()
	if p.status != http.StatusSeeOther || p.location != to {
		t.Errorf("got %d to %q, want %q: %q\n%.2000s", p.status, p.location, to, p.title, p.text)
	}
}

// happened counts events of a kind.
func (h *house) happened(kind translog.Kind) int {
	h.t.Helper()
	var n int
	must(h.t, h.store.Pool().QueryRow(context.Background(), `SELECT count(*) FROM events WHERE kind = $1`, string(kind)).Scan(&n))
	return n
}

// leaves runs act and demands one event more of a kind.
func (h *house) leaves(kind translog.Kind, act func()) {
	h.t.Helper()
	before := h.happened(kind)
	act()
	if n := h.happened(kind) - before; n != 1 {
		h.t.Errorf("%d events %s, want one", n, kind)
	}
}

// why are the reasons of the last refusal.
func (h *house) why() string {
	h.t.Helper()
	var raw []byte
	must(h.t, h.store.Pool().QueryRow(context.Background(), `SELECT facts FROM events WHERE kind = 'act.refused' ORDER BY id DESC LIMIT 1`).Scan(&raw))
	facts, err := translog.ParseFacts(raw)
	must(h.t, err)
	return string(facts.Detail)
}

func (h *house) state(membership uuid.UUID) string {
	h.t.Helper()
	var s string
	must(h.t, h.store.Pool().QueryRow(context.Background(), `SELECT state FROM memberships WHERE id = $1`, membership).Scan(&s))
	return s
}
