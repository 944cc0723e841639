package portal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/portal"
	"github.com/relais-org/relais/frontend/public"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

const base = "https://relais.example"

// bundle is a whole house behind the public pages and the person's space.
type bundle struct {
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	review   *review.Service
	acting   *acting.Service
	pack     *packs.Pack
	engine   *gin.Engine

	operator, referent, mediator, supervisor, org uuid.UUID
}

func setup(t testing.TB) *bundle {
	t.Helper()
	clock := storetest.NewClock()
	b := &bundle{t: t, clock: clock, store: storetest.NewWithClock(t, clock)}
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, b.store.Now())
	must(t, err)
	b.pack, err = set.Get("fr")
	must(t, err)
	commands := command.New(command.Deps{Store: b.store, Authz: law})
	b.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: base})
	b.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	b.mandates = mandates.New(mandates.Dependencies{Commands: commands, Packs: set, Organisations: b.orgs, Beneficiaries: b.people, Keyring: keys, BaseURL: base})
	b.acting = acting.New(acting.Dependencies{Commands: commands, Packs: set, Mandates: b.mandates, Organisations: b.orgs,
		Clients: clients.NewRegistry(clients.Dependencies{Commands: commands, Packs: set, Key: bytes.Repeat([]byte{9}, 32)}),
		Key:     bytes.Repeat([]byte{9}, 32), Keyring: keys, Issuer: base})
	b.review = review.New(review.Dependencies{Commands: commands, Packs: set})
	b.mount(law, set)
	b.hire()
	return b
}

// mount puts the two surfaces behind the real plumbing.
func (b *bundle) mount(law *authz.Enforcer, set *packs.Set) {
	b.t.Helper()
	gin.SetMode(gin.TestMode)
	plumbing, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.NewTextHandler(b.t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))})
	must(b.t, err)
	sessions := authz.NewSessions(authz.SessionsDeps{Store: b.store})
	cookies, err := authz.NewWeb(sessions, base)
	must(b.t, err)
	b.engine = gin.New()
	plumbing.Mount(b.engine)
	b.engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	counter := desk.New(desk.Dependencies{Authz: law, Sessions: sessions, Cookies: cookies, Organisations: b.orgs, Beneficiaries: b.people})
	counter.Mount(b.engine, desk.SignInPath, public.New(public.Dependencies{Web: plumbing, Organisations: b.orgs, Beneficiaries: b.people, Sessions: sessions,
		Cookies: cookies, Packs: set, Store: b.store}).Routes())
	counter.Mount(b.engine, desk.CardPath, portal.New(portal.Dependencies{Beneficiaries: b.people, Mandates: b.mandates, Review: b.review,
		Organisations: b.orgs, Acting: b.acting, Packs: set, Sessions: sessions, Cookies: cookies,
		Providers: []login.IssuerInfo{{ID: "national", Name: map[string]string{"fr": "FranceConnect"}, Audience: login.AudiencePerson}},
		Link:      func(c *gin.Context, issuer string) error { return web.SeeOther(c, "https://"+issuer+".example/") }}).Routes())
}

// hire makes one organisation with those who work there and watch over it.
func (b *bundle) hire() {
	b.t.Helper()
	ctx := b.t.Context()
	_, err := b.orgs.BootstrapOperator(ctx, "Olga Petit", address("Olga Petit"))
	must(b.t, err)
	b.operator = b.signIn("Olga Petit")
	o, err := b.orgs.Create(ctx, b.as(b.operator), organisations.NewOrganisation{
		Name: "Maison France Services", Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(b.t, err)
	b.org = o.ID
	_, err = b.orgs.Invite(ctx, b.as(b.operator), organisations.Invite{Organisation: b.org, Name: "Nadia Benali", Email: address("Nadia Benali"), Role: authz.Referent})
	must(b.t, err)
	b.referent = b.signIn("Nadia Benali")
	m, err := b.orgs.Invite(ctx, b.as(b.referent), organisations.Invite{Organisation: b.org, Name: "Claire Martin", Email: address("Claire Martin"), Role: authz.Mediator})
	must(b.t, err)
	b.mediator = b.signIn("Claire Martin")
	must(b.t, b.orgs.Confirm(ctx, b.as(b.referent), m.ID))
	must(b.t, b.orgs.RecordTraining(ctx, b.as(b.referent), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12",
		CompletedOn: b.store.Now(), ExpiresOn: b.store.Now().AddDate(2, 0, 0)}))
	must(b.t, b.orgs.AcceptCharter(ctx, b.as(b.mediator), b.pack.Charter.Version))
	_, err = b.orgs.GrantRemit(ctx, b.as(b.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: b.org})
	must(b.t, err)
	b.supervisor = b.signIn("Sofia Costa")
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

func (b *bundle) signIn(name string) uuid.UUID {
	b.t.Helper()
	a, err := b.orgs.SignIn(b.t.Context(), organisations.Identity{
		Issuer: "https://idp.example", Subject: "sub-of-" + address(name), Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(b.t, err)
	return a.ID
}

func (b *bundle) as(account uuid.UUID) authz.Actor {
	b.t.Helper()
	a, err := b.orgs.Actor(b.t.Context(), organisations.ActorQuery{Account: account, StrongAt: b.store.Now()})
	must(b.t, err)
	return a
}

// person is somebody helped, with a signed mandate and its card.
type person struct {
	id      uuid.UUID
	code    string
	mandate mandates.Mandate
}

// newPerson signs a mandate over the themes; phone may be empty.
func (b *bundle) newPerson(given, family, phone string, themes ...string) person {
	b.t.Helper()
	ctx := b.t.Context()
	channel := "sms"
	if phone == "" {
		channel = "none"
	}
	p, err := b.people.Create(ctx, b.as(b.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1946, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: phone, Channel: channel, Language: "fr"},
		DuplicateConfirmed: true})
	must(b.t, err)
	m, code := b.sign(p.ID, themes...)
	return person{id: p.ID, code: code, mandate: m}
}

func (b *bundle) sign(beneficiary uuid.UUID, themes ...string) (mandates.Mandate, string) {
	b.t.Helper()
	ctx, mediator := b.t.Context(), b.as(b.mediator)
	m, err := b.mandates.Begin(ctx, mediator, beneficiary, uuid.NewString())
	must(b.t, err)
	var scope []mandates.GrantChoice
	for _, theme := range themes {
		scope = append(scope, mandates.GrantChoice{Theme: theme, Actions: slices.Clone(packs.DefaultActions())})
	}
	m, err = b.mandates.ChangeDraft(ctx, mediator, m.ID, m.Version, mandates.Draft{Grants: scope, DurationDays: 31, Language: "fr",
		ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(b.t, err)
	m, err = b.mandates.Present(ctx, mediator, m.ID, m.Version)
	must(b.t, err)
	out, err := b.mandates.Sign(ctx, mediator, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(b.t)})
	must(b.t, err)
	m, err = b.mandates.Get(ctx, mediator, m.ID)
	must(b.t, err)
	return m, out.Code.Reveal()
}

func drawn(t testing.TB) *mandates.Drawn {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	var strokes [1][]map[string]float64
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		strokes[0] = append(strokes[0], map[string]float64{"x": float64(10 + 4*i), "y": float64(20 + i), "t": float64(i)})
	}
	var out bytes.Buffer
	must(t, png.Encode(&out, img))
	raw, err := json.Marshal(strokes)
	must(t, err)
	return &mandates.Drawn{Strokes: raw, PNG: out.Bytes()}
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// sms is the code of the last message to somebody, as their phone shows it.
func (b *bundle) sms(beneficiary uuid.UUID) string {
	b.t.Helper()
	var body string
	must(b.t, b.store.Pool().QueryRow(context.Background(),
		`SELECT body FROM messages WHERE beneficiary_id = $1 AND kind = 'portal_code' ORDER BY created_at DESC, id DESC LIMIT 1`, beneficiary).Scan(&body))
	return sixDigits.FindString(body)
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// browser keeps cookies, and follows nothing by itself.
type browser struct {
	b       *bundle
	lang    i18n.Lang
	address string
	cookies map[string]*http.Cookie
}

func (b *bundle) browser(lang i18n.Lang) *browser {
	return &browser{b: b, lang: lang, address: "192.0.2.7:1234", cookies: map[string]*http.Cookie{}}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t    testing.TB
	body string
}

func (w *browser) do(method, path string, form url.Values) answer {
	w.b.t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(form.Encode()))
	r.RemoteAddr = w.address
	r.Header.Set("Accept-Language", string(w.lang))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range w.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.b.engine.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		} else {
			w.cookies[c.Name] = c
		}
	}
	return answer{rec, w.b.t, rec.Body.String()}
}

func (w *browser) get(path string) answer { w.b.t.Helper(); return w.do(http.MethodGet, path, nil) }

func (w *browser) post(path string, pairs ...string) answer {
	w.b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.do(http.MethodPost, path, form)
}

// open opens somebody's space with the card.
func (w *browser) open(p person) {
	w.b.t.Helper()
	w.post("/card", "code", p.code, "birth_year", "1946").leads(http.StatusSeeOther, "/mine")
}

// prove raises the space to the phone.
func (w *browser) prove(p person) {
	w.b.t.Helper()
	w.post("/mine/code/send", "next", "/mine/history").leads(http.StatusSeeOther, "/mine/code?sent=1&next=%2Fmine%2Fhistory")
	w.post("/mine/code", "next", "/mine/history", "code", w.b.sms(p.id)).leads(http.StatusSeeOther, "/mine/history")
}

func (a answer) leads(status int, location string) {
	a.t.Helper()
	if a.Code != status || a.Header().Get("Location") != location {
		a.t.Fatalf("answered %d to %q, want %d to %q\n%s", a.Code, a.Header().Get("Location"), status, location, text(a.body))
	}
}

// shows demands a status and words; words are compared without markup.
func (a answer) shows(status int, words ...string) answer {
	a.t.Helper()
	plain := text(a.body)
	if a.Code != status {
		a.t.Fatalf("answered %d, want %d\n%s", a.Code, status, plain)
	}
	for _, w := range words {
		if !strings.Contains(plain, text(w)) {
			a.t.Errorf("does not say %q:\n%s", w, plain)
		}
	}
	return a
}

func (a answer) hides(words ...string) answer {
	a.t.Helper()
	for _, w := range words {
		if strings.Contains(text(a.body), text(w)) {
			a.t.Errorf("says %q:\n%s", w, text(a.body))
		}
	}
	return a
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)
)

// text drops the markup and what only typography cares about.
func text(page string) string {
	_, main, ok := strings.Cut(page, "<title>")
	if ok {
		page = main
	}
	page = tags.ReplaceAllString(page, " ")
	page = strings.NewReplacer("&#39;", "'", "&amp;", "&", "&#34;", `"`, "&lt;", "<", "&gt;", ">").Replace(page)
	page = spaces.ReplaceAllString(page, " ")
	return strings.NewReplacer(" .", ".", " ,", ",").Replace(page)
}
