package v1_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/api/op"
	v1 "github.com/relais-org/relais/api/v1"
	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/mandates/software"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

const (
	issuer    = "https://relais.example"
	procedure = "housing.apl"
	purpose   = "Daily update of the appointment calendar"
)

// house is the API over real HTTP and a database of its own: an organisation
// with a mediator who may act for one person in housing benefit, and software.
type house struct {
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock
	commands *command.Runner
	pack     *packs.Pack
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	clients  *clients.Registry
	acting   *acting.Service
	keys     *document.Keyring // of mandates
	tokens   *op.Keys
	server   *httptest.Server
	logs     *bytes.Buffer
	spec     routers.Router

	operator uuid.UUID
	here     place
	software clients.Client
	token    string
}

// place is one organisation and who is there.
type place struct {
	org, referent, mediator, membership, person uuid.UUID
	mandate                                     mandates.Mandate
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func setup(t testing.TB, perMinute ...int) *house {
	t.Helper()
	gin.SetMode(gin.TestMode)
	h := &house{t: t, clock: storetest.NewClock(), logs: new(bytes.Buffer)}
	h.store = storetest.NewWithClock(t, h.clock)
	h.furnish()
	raw, err := os.ReadFile("../openapi.yaml")
	must(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	must(t, err)
	h.spec, err = gorillamux.NewRouter(doc)
	must(t, err)
	d := v1.Dependencies{Spec: raw, Store: h.store, Clients: h.clients, Acting: h.acting, Keyring: h.tokens, Issuer: issuer,
		Logger:   slog.New(slog.NewTextHandler(h.logs, nil)),
		Software: software.New(software.Dependencies{Commands: h.commands, Packs: packsOf(t), Organisations: h.orgs, Beneficiaries: h.people, Mandates: h.mandates})}
	if len(perMinute) > 0 {
		d.PerMinute = perMinute[0]
	}
	api, err := v1.New(d)
	must(t, err)
	engine := gin.New()
	api.Mount(engine)
	h.server = httptest.NewServer(engine)
	t.Cleanup(h.server.Close)
	_, err = h.orgs.BootstrapOperator(t.Context(), "Olga Petit", mailbox("Olga Petit"))
	must(t, err)
	h.operator = h.signIn("Olga Petit")
	h.here = h.place("Maison France Services", "Nadia Benali", "Claire Martin", "Fatima", "Haddad")
	h.software, h.token = h.newSoftware("Agenda", h.here.org, clients.SoftwareScopeNames())
	return h
}

func packsOf(t testing.TB) *packs.Set {
	t.Helper()
	set, err := packs.Load()
	must(t, err)
	return set
}

func (h *house) furnish() {
	h.t.Helper()
	law, err := authz.New()
	must(h.t, err)
	set := packsOf(h.t)
	h.pack, err = set.Get("fr")
	must(h.t, err)
	h.keys, err = document.NewKeyring(rand.Reader, h.store.Now())
	must(h.t, err)
	h.tokens, err = op.OpenKeys(filepath.Join(h.t.TempDir(), "keys"), rand.Reader, h.store.Now)
	must(h.t, err)
	key := bytes.Repeat([]byte{7}, 32)
	h.commands = command.New(command.Deps{Store: h.store, Authz: law})
	h.orgs = organisations.New(organisations.Dependencies{Commands: h.commands, Packs: set, BaseURL: issuer})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: h.commands, Packs: set, CodeKey: key})
	h.mandates = mandates.New(mandates.Dependencies{Commands: h.commands, Packs: set, Organisations: h.orgs, Beneficiaries: h.people, Keyring: h.keys, BaseURL: issuer})
	h.clients = clients.NewRegistry(clients.Dependencies{Commands: h.commands, Packs: set, Key: key})
	h.acting = acting.New(acting.Dependencies{Commands: h.commands, Packs: set, Mandates: h.mandates, Organisations: h.orgs,
		Clients: h.clients, Key: key, Keyring: h.tokens, Issuer: issuer, AllowPrivate: true})
}

func mailbox(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

func (h *house) signIn(name string) uuid.UUID {
	h.t.Helper()
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: "sub-of-" + mailbox(name),
		Email: mailbox(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

func (h *house) as(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

// place makes an organisation with a referent, a mediator, and a person with a
// mandate over housing.
func (h *house) place(name, referent, mediator, given, family string) place {
	h.t.Helper()
	ctx := h.t.Context()
	o, err := h.orgs.Create(ctx, h.as(h.operator), organisations.NewOrganisation{Name: name, Kind: "France Services", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "35", City: "Rennes", Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	p := place{org: o.ID}
	_, err = h.orgs.Invite(ctx, h.as(h.operator), organisations.Invite{Organisation: o.ID, Name: referent, Email: mailbox(referent), Role: authz.Referent})
	must(h.t, err)
	p.referent = h.signIn(referent)
	m, err := h.orgs.Invite(ctx, h.as(p.referent), organisations.Invite{Organisation: o.ID, Name: mediator, Email: mailbox(mediator), Role: authz.Mediator})
	must(h.t, err)
	p.mediator, p.membership = h.signIn(mediator), m.ID
	must(h.t, h.orgs.Confirm(ctx, h.as(p.referent), m.ID))
	today := h.store.Now()
	must(h.t, h.orgs.RecordTraining(ctx, h.as(p.referent), organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12",
		CompletedOn: today, ExpiresOn: today.AddDate(2, 0, 0)}))
	must(h.t, h.orgs.AcceptCharter(ctx, h.as(p.mediator), h.pack.Charter.Version))
	p.person = h.newPerson(p.mediator, given, family)
	p.mandate = h.signed(p, append(packs.DefaultActions(), packs.ActionChangePayment))
	return p
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

func (h *house) signed(p place, actions []string) mandates.Mandate {
	h.t.Helper()
	ctx, who := h.t.Context(), h.as(p.mediator)
	m, err := h.mandates.Begin(ctx, who, p.person, uuid.NewString())
	must(h.t, err)
	m, err = h.mandates.ChangeDraft(ctx, who, m.ID, m.Version, mandates.Draft{Grants: []mandates.GrantChoice{{Theme: "housing", Actions: slices.Clone(actions)}},
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

// newSoftware registers software of an organisation, with a token for all that
// it may do.
func (h *house) newSoftware(name string, org uuid.UUID, scopes []string) (clients.Client, string) {
	h.t.Helper()
	c, _, err := h.clients.Register(h.t.Context(), authz.Actor{System: true, Now: h.store.Now()}, clients.New{Kind: clients.Software, Organisation: org, Pack: "fr",
		Changes: clients.Changes{Name: name, Scopes: scopes}})
	must(h.t, err)
	token, err := h.clients.IssueSoftwareToken(h.t.Context(), c, nil)
	must(h.t, err)
	return c, token.Token
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    []byte
	json   map[string]any
}

func (a answer) text(name string) string { s, _ := a.json[name].(string); return s }

func (a answer) items() []map[string]any {
	list, _ := a.json["items"].([]any)
	out := make([]map[string]any, len(list))
	for i, one := range list {
		out[i], _ = one.(map[string]any)
	}
	return out
}

// faults are the fields at fault, "field:code".
func (a answer) faults() string {
	list, _ := a.json["errors"].([]any)
	var out []string
	for _, one := range list {
		f, _ := one.(map[string]any)
		out = append(out, f["field"].(string)+":"+f["code"].(string))
	}
	return strings.Join(out, " ")
}

func (a answer) reasons() string {
	list, _ := a.json["reasons"].([]any)
	var out []string
	for _, one := range list {
		f, _ := one.(map[string]any)
		out = append(out, f["code"].(string))
	}
	return strings.Join(out, " ")
}

// call asks as the software, with a purpose and a key of its own; with changes
// the request. Every answer is held to the specification.
func (h *house) call(method, path string, body any, with ...func(*http.Request)) answer {
	h.t.Helper()
	var sent io.Reader
	if body != nil {
		raw, is := body.([]byte)
		if !is {
			var err error
			raw, err = json.Marshal(body)
			must(h.t, err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, h.server.URL+path, sent)
	must(h.t, err)
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Accept-Language", "en")
	switch method {
	case http.MethodGet:
		req.Header.Set("Relais-Purpose", purpose)
	case http.MethodPost:
		req.Header.Set("Idempotency-Key", uuid.NewString())
		req.Header.Set("Content-Type", "application/json")
	case http.MethodPatch:
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	for _, change := range with {
		change(req)
	}
	return h.send(req)
}

func (h *house) send(req *http.Request) answer {
	h.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	must(h.t, err)
	defer func() { must(h.t, res.Body.Close()) }()
	got := answer{status: res.StatusCode, header: res.Header}
	got.raw, err = io.ReadAll(res.Body)
	must(h.t, err)
	if len(got.raw) > 0 {
		must(h.t, json.Unmarshal(got.raw, &got.json))
	}
	h.conforms(req, got)
	return got
}

// conforms holds an answer to the specification; what has no operation answers a
// problem all the same.
func (h *house) conforms(req *http.Request, got answer) {
	h.t.Helper()
	if got.status >= 400 && got.header.Get("Content-Type") != "application/problem+json" {
		h.t.Errorf("%s %s: %d of type %s", req.Method, req.URL.Path, got.status, got.header.Get("Content-Type"))
	}
	route, params, err := h.spec.FindRoute(req)
	if err != nil {
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 got.status, Header: got.header, Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(got.raw)
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		h.t.Errorf("%s %s answered %d against the specification: %v\n%s", req.Method, req.URL.Path, got.status, err, got.raw)
	}
}

// refused demands a problem.
func (h *house) refused(got answer, status int, code string) {
	h.t.Helper()
	if got.status != status || got.text("code") != code || got.json["status"] != float64(status) || got.text("title") == "" {
		h.t.Errorf("got %d %s, want %d %s", got.status, got.raw, status, code)
	}
}

func (h *house) ok(got answer, status int) answer {
	h.t.Helper()
	if got.status != status {
		h.t.Fatalf("got %d %s, want %d\n%s", got.status, got.raw, status, h.logs)
	}
	return got
}

func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	must(h.t, h.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// with sets a header; empty removes it.
func with(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if r.Header.Del(name); value != "" {
			r.Header.Set(name, value)
		}
	}
}
