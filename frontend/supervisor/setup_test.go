package supervisor_test

import (
	"bytes"
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
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/supervisor"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog/ledger"
)

const (
	base = "http://relais.example"
	why  = "Complaint received on Monday"
	apl  = "housing.apl"
)

// site is one organisation with a referent, a mediator and a person helped.
type site struct {
	org, referent, mediator, person uuid.UUID
	membership                      uuid.UUID // of the mediator
	mandate                         mandates.Mandate
	caseID                          uuid.UUID
}

// house has two sites: here, which the supervisor watches, and there, which
// is nobody's.
type house struct {
	t          testing.TB
	engine     *gin.Engine
	sessions   *authz.Sessions
	store      *store.Store
	clock      *storetest.Clock
	orgs       *organisations.Service
	people     *beneficiaries.Service
	mandates   *mandates.Service
	pack       *packs.Pack
	operator   uuid.UUID
	supervisor uuid.UUID
	here       site
	there      site
}

func setup(t testing.TB) *house {
	t.Helper()
	clock := storetest.NewClock()
	st := storetest.NewWithClock(t, clock)
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, st.Now())
	must(t, err)
	commands := command.New(command.Deps{Store: st, Authz: law})
	h := &house{t: t, store: st, clock: clock}
	h.pack, err = set.Get("fr")
	must(t, err)
	h.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: base})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	h.mandates = mandates.New(mandates.Dependencies{Commands: commands, Packs: set, Organisations: h.orgs, Beneficiaries: h.people,
		Keyring: keys, BaseURL: base})
	h.sessions = authz.NewSessions(authz.SessionsDeps{Store: st})
	h.engine = h.serve(law, commands, set, review.New(review.Dependencies{Commands: commands, Packs: set, Log: ledger.NewReader(st)}))
	_, err = h.orgs.BootstrapOperator(t.Context(), "Olga Petit", address("Olga Petit"))
	must(t, err)
	h.operator = h.signIn("Olga Petit")
	h.here = h.site("Maison France Services", "35", "Nadia Benali", "Claire Martin", "Fatima", "Haddad")
	h.there = h.site("CCAS de Nantes", "44", "Rose Lemoine", "Hugo Leroy", "Ahmed", "Saïd")
	h.supervisor = h.newSupervisor("Sofia Costa", organisations.Remit{Organisation: h.here.org})
	return h
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
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{
		Issuer: "https://idp.example", Subject: "sub-of-" + address(name), Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated.
func (h *house) as(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

func (h *house) newSupervisor(name string, remit organisations.Remit) uuid.UUID {
	h.t.Helper()
	remit.Name, remit.Email = name, address(name)
	_, err := h.orgs.GrantRemit(h.t.Context(), h.as(h.operator), remit)
	must(h.t, err)
	return h.signIn(name)
}

func (h *house) site(name, territory, referent, mediator, given, family string) site {
	h.t.Helper()
	ctx := h.t.Context()
	o, err := h.orgs.Create(ctx, h.as(h.operator), organisations.NewOrganisation{
		Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: territory, City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	s := site{org: o.ID}
	_, err = h.orgs.Invite(ctx, h.as(h.operator), organisations.Invite{Organisation: s.org, Name: referent, Email: address(referent), Role: authz.Referent})
	must(h.t, err)
	s.referent = h.signIn(referent)
	m, err := h.orgs.Invite(ctx, h.as(s.referent), organisations.Invite{Organisation: s.org, Name: mediator, Email: address(mediator), Role: authz.Mediator})
	must(h.t, err)
	s.membership, s.mediator = m.ID, h.signIn(mediator)
	must(h.t, h.orgs.Confirm(ctx, h.as(s.referent), m.ID))
	must(h.t, h.orgs.RecordTraining(ctx, h.as(s.referent), organisations.Training{
		Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12", CompletedOn: h.store.Now()}))
	must(h.t, h.orgs.AcceptCharter(ctx, h.as(s.mediator), h.pack.Charter.Version))
	s.person = h.newPerson(s.mediator, given, family, "06 12 34 56 78")
	s.mandate = h.signed(s.mediator, s.person)
	c, err := h.mandates.OpenCase(ctx, h.as(s.mediator), mandates.OpenCase{Beneficiary: s.person, Procedure: apl, IdempotencyKey: uuid.NewString()})
	must(h.t, err)
	s.caseID = c.ID
	return s
}

func (h *house) newPerson(mediator uuid.UUID, given, family, phone string) uuid.UUID {
	h.t.Helper()
	p, err := h.people.Create(h.t.Context(), h.as(mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: phone, Email: strings.ToLower(given) + "@home.example", Channel: "mail", Language: "fr"},
		DuplicateConfirmed: true})
	must(h.t, err)
	return p.ID
}

// signed is an active mandate over housing, signed by hand.
func (h *house) signed(mediator, person uuid.UUID) mandates.Mandate {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.as(mediator)
	m, err := h.mandates.Begin(ctx, actor, person, uuid.NewString())
	must(h.t, err)
	m, err = h.mandates.ChangeDraft(ctx, actor, m.ID, m.Version, mandates.Draft{
		Grants:       []mandates.GrantChoice{{Theme: "housing", Actions: packs.DefaultActions()}},
		DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(h.t, err)
	m, err = h.mandates.Present(ctx, actor, m.ID, m.Version)
	must(h.t, err)
	out, err := h.mandates.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(h.t)})
	must(h.t, err)
	return out.Mandate
}

func signature(t testing.TB) *mandates.Drawn {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	var strokes [1][]map[string]float64
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		strokes[0] = append(strokes[0], map[string]float64{"x": float64(10 + 4*i), "y": float64(20 + i), "t": float64(i)})
	}
	var drawn bytes.Buffer
	must(t, png.Encode(&drawn, img))
	raw, err := json.Marshal(strokes)
	must(t, err)
	return &mandates.Drawn{Strokes: raw, PNG: drawn.Bytes()}
}

// step logs one in a site's case.
func (h *house) step(s site, action, outcome, note string) error {
	_, err := h.mandates.LogStep(h.t.Context(), h.as(s.mediator), mandates.NewStep{
		Case: s.caseID, Action: action, Outcome: outcome, Note: note, IdempotencyKey: uuid.NewString()})
	return err
}

// serve mounts the surface as the program does.
func (h *house) serve(law *authz.Enforcer, commands *command.Runner, set *packs.Set, log *review.Service) *gin.Engine {
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
	counter.Mount(engine, desk.SignInPath, supervisor.New(supervisor.Dependencies{Review: log, Organisations: h.orgs, Mandates: h.mandates, Packs: set, Sessions: h.sessions}).Routes())
	return engine
}

func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	must(h.t, h.store.Pool().QueryRow(h.t.Context(), query, args...).Scan(&n))
	return n
}

// looks counts the looks in the log.
func (h *house) looks() int { return h.count(`SELECT count(*) FROM events WHERE kind LIKE 'log.%'`) }

// client is a browser.
type client struct {
	h            *house
	cookie, lang string
}

func (h *house) browser(account uuid.UUID) *client {
	h.t.Helper()
	token, _, err := h.sessions.Start(h.t.Context(), authz.NewSession{Account: account, Issuer: "demo"})
	must(h.t, err)
	return &client{h: h, lang: "en", cookie: "relais=" + token}
}

// answer is what came back.
type answer struct {
	t        testing.TB
	status   int
	location string
	header   http.Header
	body     string
}

func (c *client) get(path string) answer { return c.send(http.MethodGet, path, nil) }

func (c *client) post(path string, pairs ...string) answer {
	fields := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return c.send(http.MethodPost, path, fields)
}

func (c *client) send(method, path string, fields url.Values) answer {
	c.h.t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(fields.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Cookie", c.cookie)
	r.Header.Set("Accept-Language", c.lang)
	w := httptest.NewRecorder()
	c.h.engine.ServeHTTP(w, r)
	return answer{t: c.h.t, status: w.Code, location: w.Header().Get("Location"), header: w.Header(), body: w.Body.String()}
}

var titleOf = regexp.MustCompile(`(?s)<title>(.*?)</title>`)

// shows demands a status and these words on the page, spaces aside.
func (a answer) shows(status int, words ...string) answer {
	a.t.Helper()
	text := plain(a.body)
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %.600s", a.status, status, text)
	}
	for _, w := range words {
		if !strings.Contains(text, plain(w)) {
			a.t.Errorf("the page lacks %q", w)
		}
	}
	return a
}

func (a answer) lacks(words ...string) answer {
	a.t.Helper()
	for _, w := range words {
		if strings.Contains(plain(a.body), plain(w)) {
			a.t.Errorf("the page holds %q", w)
		}
	}
	return a
}

func (a answer) title() string {
	m := titleOf.FindStringSubmatch(a.body)
	if m == nil {
		return ""
	}
	return plain(m[1])
}

func plain(s string) string {
	s = html.UnescapeString(s)
	return strings.Join(strings.Fields(strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s)), " ")
}
