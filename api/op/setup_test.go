package op_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/api/op"
	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// house is a provider over real HTTP and a database of its own: an organisation
// with a mediator who may act for one person, in housing benefit. Independent
// clients live in real time, so the clock is the real one, moved on by the test,
// until the test holds it.
type house struct {
	t        testing.TB
	store    *store.Store
	ahead    atomic.Int64
	held     atomic.Pointer[time.Time]
	commands *command.Runner
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	clients  *clients.Registry
	acting   *acting.Service
	keys     *op.Keys
	keysAt   string // their file
	logs     *bytes.Buffer
	issuer   string
	pack     *packs.Pack

	org                          uuid.UUID
	operator, referent, mediator uuid.UUID // accounts
	membership, session          uuid.UUID
	person                       uuid.UUID
	mandate                      mandates.Mandate
}

const (
	procedure = "housing.apl"
	callback  = "http://127.0.0.1:9999/callback"
	bye       = "http://127.0.0.1:9999/bye"
)

var everyScope = []string{"openid", "profile", "birth", "address", "contact", "email", "phone", "offline_access"}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func setup(t testing.TB) *house {
	t.Helper()
	gin.SetMode(gin.TestMode)
	h := &house{t: t, logs: new(bytes.Buffer), session: uuid.New()}
	env := store.SystemEnv()
	env.Now = func() time.Time {
		now := time.Now()
		if held := h.held.Load(); held != nil {
			now = *held
		}
		return now.Add(time.Duration(h.ahead.Load())).UTC().Truncate(time.Microsecond)
	}
	h.store = storetest.NewWithEnv(t, env)
	server := httptest.NewUnstartedServer(nil)
	h.issuer = "http://" + server.Listener.Addr().String()
	h.furnish()
	logger := slog.New(slog.NewTextHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	provider, err := op.New(op.Dependencies{Issuer: h.issuer, Acting: h.acting, Clients: h.clients, Keys: h.keys, Store: h.store, Logger: logger})
	must(t, err)
	engine := gin.New()
	provider.Mount(engine)
	server.Config.Handler = engine
	server.Start()
	t.Cleanup(server.Close)
	h.staff()
	return h
}

func (h *house) advance(d time.Duration) { h.ahead.Add(int64(d)) }

// hold stops the clock, so that what is counted by the minute does not depend on
// how fast this machine is. Only advance moves it from then on.
func (h *house) hold() {
	now := time.Now()
	h.held.Store(&now)
}

func (h *house) furnish() {
	h.t.Helper()
	law, err := authz.New()
	must(h.t, err)
	set, err := packs.Load()
	must(h.t, err)
	h.pack, err = set.Get("fr")
	must(h.t, err)
	h.keysAt = filepath.Join(h.t.TempDir(), "keys", "provider.json")
	h.keys, err = op.OpenKeys(h.keysAt, rand.Reader, h.store.Now)
	must(h.t, err)
	mandateKeys, err := document.NewKeyring(rand.Reader, h.store.Now())
	must(h.t, err)
	key := bytes.Repeat([]byte{7}, 32)
	h.commands = command.New(command.Deps{Store: h.store, Authz: law})
	h.orgs = organisations.New(organisations.Dependencies{Commands: h.commands, Packs: set, BaseURL: h.issuer})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: h.commands, Packs: set, CodeKey: key})
	h.mandates = mandates.New(mandates.Dependencies{Commands: h.commands, Packs: set, Organisations: h.orgs, Beneficiaries: h.people,
		Keyring: mandateKeys, BaseURL: h.issuer})
	h.clients = clients.NewRegistry(clients.Dependencies{Commands: h.commands, Packs: set, Key: key})
	h.acting = acting.New(acting.Dependencies{Commands: h.commands, Packs: set, Mandates: h.mandates, Organisations: h.orgs,
		Clients: h.clients, Key: key, Keyring: h.keys, Issuer: h.issuer, AllowPrivate: true})
}

func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

func (h *house) signIn(name string) uuid.UUID {
	h.t.Helper()
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: "sub-of-" + address(name),
		Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated or not.
func (h *house) as(account uuid.UUID) authz.Actor { return h.actor(account, h.store.Now()) }

func (h *house) actor(account uuid.UUID, strongAt time.Time) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, Session: h.session, StrongAt: strongAt})
	must(h.t, err)
	return a
}

func (h *house) staff() {
	h.t.Helper()
	ctx := h.t.Context()
	_, err := h.orgs.BootstrapOperator(ctx, "Olga Petit", address("Olga Petit"))
	must(h.t, err)
	h.operator = h.signIn("Olga Petit")
	h.org, h.referent, h.mediator, h.membership = h.newOrganisation("Maison France Services", "Nadia Benali", "Claire Martin")
	h.startSession()
	h.person = h.newPerson(h.mediator, "Fatima", "Haddad")
	h.mandate = h.signed(h.mediator, h.person, append(packs.DefaultActions(), packs.ActionChangePayment), "housing")
}

func (h *house) newOrganisation(name, referent, mediator string) (org, ref, med, membership uuid.UUID) {
	h.t.Helper()
	ctx := h.t.Context()
	o, err := h.orgs.Create(ctx, h.as(h.operator), organisations.NewOrganisation{Name: name, Kind: "France Services", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "35", City: "Rennes", Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	_, err = h.orgs.Invite(ctx, h.as(h.operator), organisations.Invite{Organisation: o.ID, Name: referent, Email: address(referent), Role: authz.Referent})
	must(h.t, err)
	ref = h.signIn(referent)
	m, err := h.orgs.Invite(ctx, h.as(ref), organisations.Invite{Organisation: o.ID, Name: mediator, Email: address(mediator), Role: authz.Mediator})
	must(h.t, err)
	med = h.signIn(mediator)
	must(h.t, h.orgs.Confirm(ctx, h.as(ref), m.ID))
	today := h.store.Now()
	must(h.t, h.orgs.RecordTraining(ctx, h.as(ref), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12",
		CompletedOn: today, ExpiresOn: today.AddDate(2, 0, 0)}))
	must(h.t, h.orgs.AcceptCharter(ctx, h.as(med), h.pack.Charter.Version))
	return o.ID, ref, med, m.ID
}

func (h *house) newPerson(mediator uuid.UUID, given, family string) uuid.UUID {
	h.t.Helper()
	p, err := h.people.Create(h.t.Context(), h.as(mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: "06 12 34 56 78", Email: strings.ToLower(given) + "@home.example", Channel: "mail", Language: "fr"},
		DuplicateConfirmed: true,
	})
	must(h.t, err)
	return p.ID
}

// signed is an active mandate over one theme.
func (h *house) signed(mediator, person uuid.UUID, actions []string, theme string) mandates.Mandate {
	h.t.Helper()
	ctx, who := h.t.Context(), h.as(mediator)
	m, err := h.mandates.Begin(ctx, who, person, uuid.NewString())
	must(h.t, err)
	m, err = h.mandates.ChangeDraft(ctx, who, m.ID, m.Version, mandates.Draft{Grants: []mandates.GrantChoice{{Theme: theme, Actions: slices.Clone(actions)}},
		DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(h.t, err)
	m, err = h.mandates.Present(ctx, who, m.ID, m.Version)
	must(h.t, err)
	out, err := h.mandates.Sign(ctx, who, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(h.t)})
	must(h.t, err)
	m, err = h.mandates.Get(ctx, who, out.Mandate.ID)
	must(h.t, err)
	return m
}

// drawn is a hand-drawn signature, as the page sends it.
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

// startSession lays the web session that delegations end with.
func (h *house) startSession() {
	h.t.Helper()
	_, s, err := authz.NewSessions(authz.SessionsDeps{Store: h.store}).Start(h.t.Context(), authz.NewSession{Account: h.mediator, Organisation: h.org})
	must(h.t, err)
	h.session = s.ID
}

// service registers a client; change spoils or bends it.
func (h *house) service(id string, change ...func(*clients.New)) (clients.Client, string) {
	h.t.Helper()
	n := clients.New{ClientID: id, Kind: clients.Service, Pack: "fr", Changes: clients.Changes{
		Name: "Service " + id, AuthMethod: clients.SecretBasic, RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{bye},
		Claims: clients.ClaimNames(), Procedures: []string{procedure}, Scopes: everyScope,
	}}
	for _, c := range change {
		c(&n)
	}
	client, secret, err := h.clients.Register(h.t.Context(), authz.Actor{System: true, Now: h.store.Now()}, n)
	must(h.t, err)
	return client, secret.Reveal()
}

// browser has its own cookies and follows nothing.
func newBrowser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// rp is a relying party written by hand, so that it can do everything wrong.
type rp struct {
	h            *house
	id, secret   string
	browser      *http.Client
	state, nonce string
	verifier     string
	basic        bool
	actions      []string
	strongAt     time.Time
	person       uuid.UUID
	mediator     uuid.UUID
	redirect     string
}

func (h *house) rp(id, secret string) *rp {
	return &rp{h: h, id: id, secret: secret, browser: newBrowser(h.t), state: "state-" + id, nonce: "nonce-" + id,
		verifier: strings.Repeat("v", 43), basic: true, actions: []string{"view", "prepare", "submit"}, person: h.person, mediator: h.mediator, redirect: callback}
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// asking is a good request.
func (r *rp) asking() url.Values {
	return url.Values{"client_id": {r.id}, "response_type": {"code"}, "redirect_uri": {r.redirect}, "scope": {"openid profile birth offline_access"},
		"state": {r.state}, "nonce": {r.nonce}, "code_challenge": {s256(r.verifier)}, "code_challenge_method": {"S256"}}
}

// answer is an HTTP answer, read.
type answer struct {
	status   int
	location *url.URL
	header   http.Header
	body     string
	json     map[string]any
}

func (a answer) text(name string) string { s, _ := a.json[name].(string); return s }

// at reads the answer's place: the address, or its query.
func (a answer) query(name string) string {
	if a.location == nil {
		return ""
	}
	return a.location.Query().Get(name)
}

func (h *house) do(client *http.Client, req *http.Request) answer {
	h.t.Helper()
	res, err := client.Do(req)
	must(h.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	must(h.t, err)
	out := answer{status: res.StatusCode, header: res.Header, body: string(body)}
	if to := res.Header.Get("Location"); to != "" {
		out.location, err = url.Parse(to)
		must(h.t, err)
	}
	_ = json.Unmarshal(body, &out.json) // not every answer is JSON
	return out
}

func (h *house) get(client *http.Client, address string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, address, nil)
	must(h.t, err)
	return h.do(client, req)
}

func (h *house) post(path string, form url.Values, with ...func(*http.Request)) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.issuer+path, strings.NewReader(form.Encode()))
	must(h.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, w := range with {
		w(req)
	}
	return h.do(http.DefaultClient, req)
}

// prove adds the client's secret in the header.
func (r *rp) prove(req *http.Request) {
	if r.basic {
		req.SetBasicAuth(url.QueryEscape(r.id), url.QueryEscape(r.secret))
	}
}

func (r *rp) post(path string, form url.Values) answer {
	if !r.basic {
		form.Set("client_id", r.id)
		form.Set("client_secret", r.secret)
	}
	return r.h.post(path, form, r.prove)
}

// authorize sends the browser with a request.
func (r *rp) authorize(v url.Values) answer {
	return r.h.get(r.browser, r.h.issuer+"/oauth/authorize?"+v.Encode())
}

// push sends the request ahead and gives what the browser then brings.
func (r *rp) push(v url.Values) url.Values {
	r.h.t.Helper()
	pushed := r.post("/oauth/par", v)
	if pushed.status != http.StatusCreated {
		r.h.t.Fatalf("push: %d %s", pushed.status, pushed.body)
	}
	return url.Values{"client_id": {r.id}, "request_uri": {pushed.text("request_uri")}}
}

// secretOfBrowser is the cookie that binds a request to the browser.
func (r *rp) secretOfBrowser() []byte {
	u, err := url.Parse(r.h.issuer)
	must(r.h.t, err)
	for _, c := range r.browser.Jar.Cookies(u) {
		if c.Name == "relais-browser" {
			raw, err := base64.RawURLEncoding.DecodeString(c.Value)
			must(r.h.t, err)
			return raw
		}
	}
	r.h.t.Fatal("the browser has no secret")
	return nil
}

// choose is what the mediator does on the pages.
func (r *rp) choose(begun answer) uuid.UUID {
	r.h.t.Helper()
	id := r.requestOf(begun)
	ctx, who := r.h.t.Context(), r.h.actor(r.mediator, r.strong())
	seen, err := r.h.acting.Open(ctx, who, id, r.secretOfBrowser())
	must(r.h.t, err)
	must(r.h.t, r.h.acting.ChoosePerson(ctx, who, id, seen.Version, r.person))
	seen, err = r.h.acting.Open(ctx, who, id, r.secretOfBrowser())
	must(r.h.t, err)
	must(r.h.t, r.h.acting.ChooseScope(ctx, who, id, seen.Version, procedure, r.actions))
	seen, err = r.h.acting.Open(ctx, who, id, r.secretOfBrowser())
	must(r.h.t, err)
	_, err = r.h.acting.Grant(ctx, who, id, seen.Version)
	must(r.h.t, err)
	return id
}

func (r *rp) strong() time.Time {
	if r.strongAt.IsZero() {
		return r.h.store.Now()
	}
	return r.strongAt
}

func (r *rp) requestOf(begun answer) uuid.UUID {
	r.h.t.Helper()
	if begun.location == nil || !strings.HasPrefix(begun.location.Path, "/act/") {
		r.h.t.Fatalf("not sent to choose: %d %v %s", begun.status, begun.location, begun.body)
	}
	id, err := uuid.Parse(strings.TrimPrefix(begun.location.Path, "/act/"))
	must(r.h.t, err)
	return id
}

// back returns from choosing and gives the answer to the service.
func (r *rp) back(id uuid.UUID) answer {
	return r.h.get(r.browser, r.h.issuer+"/oauth/authorize/callback?id="+id.String())
}

// code walks the whole way to a code.
func (r *rp) code(v url.Values) string {
	r.h.t.Helper()
	got := r.back(r.choose(r.authorize(v)))
	code := got.query("code")
	if code == "" || got.query("iss") != r.h.issuer || got.query("state") != v.Get("state") && !v.Has("request_uri") {
		r.h.t.Fatalf("no code: %d %v %s", got.status, got.location, got.body)
	}
	return code
}

func (r *rp) redeeming(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {r.redirect}, "code_verifier": {r.verifier}}
}

func (r *rp) redeem(code string) answer { return r.post("/oauth/token", r.redeeming(code)) }

// tokens walks the whole way.
func (r *rp) tokens() answer {
	r.h.t.Helper()
	got := r.redeem(r.code(r.asking()))
	if got.status != http.StatusOK {
		r.h.t.Fatalf("tokens: %d %s", got.status, got.body)
	}
	return got
}

func (h *house) userinfo(token string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.issuer+"/oauth/userinfo", nil)
	must(h.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	return h.do(http.DefaultClient, req)
}

func (r *rp) introspect(token string) answer {
	return r.post("/oauth/introspect", url.Values{"token": {token}})
}

// claimsOf reads a token's claims without checking anything.
func claimsOf(t testing.TB, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", raw)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var out map[string]any
	must(t, json.Unmarshal(payload, &out))
	return out
}

// refused demands an error of the protocol in JSON.
func refused(t testing.TB, got answer, status int, code string) {
	t.Helper()
	if got.status != status || got.text("error") != code {
		t.Errorf("got %d %s, want %d %s", got.status, got.body, status, code)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control %q", got.header.Get("Cache-Control"))
	}
}

// sentBack demands an error in the answer to the service.
func sentBack(t testing.TB, r *rp, got answer, code string) {
	t.Helper()
	if got.location == nil || got.location.Scheme+"://"+got.location.Host+got.location.Path != r.redirect ||
		got.query("error") != code || got.query("iss") != r.h.issuer || got.query("code") != "" {
		t.Errorf("got %d %v %s, want %s sent back", got.status, got.location, got.body, code)
	}
}

// shown demands a page here, and nothing sent anywhere.
func shown(t testing.TB, got answer, status int) {
	t.Helper()
	if got.status != status || got.location != nil || !strings.Contains(got.body, "<h1>") {
		t.Errorf("got %d to %v, want a page with %d: %s", got.status, got.location, status, got.body)
	}
}

func (h *house) revokeMandate() {
	h.t.Helper()
	must(h.t, h.mandates.Revoke(h.t.Context(), h.as(h.mediator), mandates.Revocation{Mandate: h.mandate.ID}))
}

func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	must(h.t, h.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}
