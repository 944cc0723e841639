package benefits_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/cmd/demo/benefits"
	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// town is the whole of Relais, serving and with its jobs, and the benefits
// service beside it: they know each other by HTTP only. The mediator's browser
// is a real one at the service; what they choose at Relais goes through the
// rules behind its pages.
type town struct {
	t       *testing.T
	h       *house.House
	service *httptest.Server
	browser *http.Client
	stale   bool // the mediator signed in long ago

	mediator, session uuid.UUID
	person            beneficiaries.Beneficiary
	mandate           mandates.Mandate
}

const procedure = "housing.apl"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settle with deaf: the service registered no address for what Relais pushes.
func settle(t *testing.T, deaf ...bool) *town {
	t.Helper()
	db := storetest.NewWithEnv(t, store.SystemEnv())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	given := map[string]string{"RELAIS_ADDR": address, "RELAIS_VAR": t.TempDir(), "DATABASE_URL": storetest.AppURL(t, db), "RELAIS_DATABASE_OWNER_URL": storetest.OwnerURL(t, db)}
	config, err := house.ReadConfig(func(name string) string { return given[name] })
	must(t, err)
	h, err := house.Open(t.Context(), config, store.Env{}, slog.New(slog.DiscardHandler))
	must(t, err)
	w := &town{t: t, h: h, service: httptest.NewUnstartedServer(nil)}
	w.run()
	at := "http://" + w.service.Listener.Addr().String()
	events, logout := at+benefits.EventsPath, at+benefits.LogoutPath
	if len(deaf) > 0 {
		events, logout = "", ""
	}
	_, secret, err := h.Clients.Register(t.Context(), authz.Actor{System: true}, clients.New{ClientID: "caf-demo", Kind: clients.Service, Pack: "fr",
		Changes: clients.Changes{Name: "Caisse de Rive-sur-Loire", RedirectURIs: []string{at + benefits.CallbackPath}, EventsURI: events,
			BackChannelLogoutURI: logout, Procedures: []string{procedure}, Claims: []string{"given_name", "family_name", "preferred_username", "birthdate", "address"},
			Scopes: []string{"openid", "profile", "birth", "address", "offline_access"}}})
	must(t, err)
	office, err := benefits.New(benefits.Options{BaseURL: at, Issuer: config.BaseURL, ClientID: "caf-demo", Secret: secret.Reveal(), Procedure: procedure,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	w.service.Config.Handler = office
	w.service.Start()
	t.Cleanup(w.service.Close)
	jar, err := cookiejar.New(nil)
	must(t, err)
	w.browser = &http.Client{Jar: jar}
	w.people()
	return w
}

// run serves Relais until the test ends.
func (w *town) run() {
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- w.h.Run(ctx, house.Parts{Web: true, Jobs: true}, func(a string) { ready <- a }) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Errorf("Relais: %v", err)
		}
		w.h.Close()
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		w.t.Fatalf("Relais: %v", err)
	}
}

// people are an operator, a referent, a mediator who may act, and Fatou Diallo,
// whose mandate lends everything in housing but the bank account.
func (w *town) people() {
	w.t.Helper()
	ctx, orgs := w.t.Context(), w.h.Organisations
	_, err := orgs.BootstrapOperator(ctx, "Olga Petit", "olga@people.example")
	must(w.t, err)
	operator := w.signIn("Olga Petit", "olga@people.example")
	o, err := orgs.Create(ctx, w.as(operator), organisations.NewOrganisation{Name: "Centre social Les Tilleuls", Kind: "Centre social", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "45", City: "Orléans", Address: "1 rue de la Paix", Phone: "02 38 00 00 12", Email: "contact@tilleuls.example"})
	must(w.t, err)
	_, err = orgs.Invite(ctx, w.as(operator), organisations.Invite{Organisation: o.ID, Name: "Nadia Benali", Email: "nadia@people.example", Role: authz.Referent})
	must(w.t, err)
	referent := w.signIn("Nadia Benali", "nadia@people.example")
	m, err := orgs.Invite(ctx, w.as(referent), organisations.Invite{Organisation: o.ID, Name: "Jean Martin", Email: "jean@people.example", Role: authz.Mediator})
	must(w.t, err)
	w.mediator = w.signIn("Jean Martin", "jean@people.example")
	must(w.t, orgs.Confirm(ctx, w.as(referent), m.ID))
	must(w.t, orgs.RecordTraining(ctx, w.as(referent), organisations.Training{Membership: m.ID, Course: "Deux jours", Evidence: "12", CompletedOn: time.Now()}))
	pack, err := w.h.Packs.Get("fr")
	must(w.t, err)
	must(w.t, orgs.AcceptCharter(ctx, w.as(w.mediator), pack.Charter.Version))
	_, s, err := w.h.Sessions.Start(ctx, authz.NewSession{Account: w.mediator, Organisation: o.ID})
	must(w.t, err)
	w.session = s.ID
	w.person, err = w.h.Beneficiaries.Create(ctx, w.as(w.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: "Fatou", FamilyName: "Diallo", BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Dakar", IdentityCheck: pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Address: "12 rue du Moulin\n45000 Orléans", Channel: "letter", Language: "fr"}})
	must(w.t, err)
	w.mandate = w.sign(packs.DefaultActions()...)
}

func (w *town) signIn(name, email string) uuid.UUID {
	w.t.Helper()
	a, err := w.h.Organisations.SignIn(w.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: email, Email: email,
		EmailVerified: true, Name: name, ACR: "eidas1"})
	must(w.t, err)
	return a.ID
}

func (w *town) as(account uuid.UUID) authz.Actor {
	w.t.Helper()
	q := organisations.ActorQuery{Account: account, Session: w.session, StrongAt: time.Now()}
	if w.stale {
		q.StrongAt = time.Now().Add(-3 * time.Hour)
	}
	a, err := w.h.Organisations.Actor(w.t.Context(), q)
	must(w.t, err)
	return a
}

// sign is a mandate over housing with these actions.
func (w *town) sign(actions ...string) mandates.Mandate {
	w.t.Helper()
	ctx, who := w.t.Context(), w.as(w.mediator)
	m, err := w.h.Mandates.Begin(ctx, who, w.person.ID, uuid.NewString())
	must(w.t, err)
	m, err = w.h.Mandates.ChangeDraft(ctx, who, m.ID, m.Version, mandates.Draft{Grants: []mandates.GrantChoice{{Theme: "housing", Actions: actions}},
		DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(w.t, err)
	m, err = w.h.Mandates.Present(ctx, who, m.ID, m.Version)
	must(w.t, err)
	out, err := w.h.Mandates.Sign(ctx, who, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn(w.t)})
	must(w.t, err)
	return out.Mandate
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

// page is an answer to the browser.
type page struct {
	status   int
	body     string
	at       *url.URL // where it ended
	location *url.URL // where it was sent, for those who follow nothing
}

func (w *town) read(r *http.Response, err error) page {
	w.t.Helper()
	must(w.t, err)
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	must(w.t, err)
	p := page{status: r.StatusCode, body: string(body), at: r.Request.URL}
	p.location, _ = r.Location() // most answers have none
	return p
}

func (w *town) get(path string) page {
	w.t.Helper()
	return w.read(w.browser.Get(w.service.URL + path))
}

func (w *town) post(path string, pairs ...string) page {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return w.read(w.browser.PostForm(w.service.URL+path, form))
}

// still follows redirects only as far as Relais's choosing pages.
func (w *town) still() *http.Client {
	c := *w.browser
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/act/") || strings.HasPrefix(r.URL.Path, "/callback") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

// begin starts at the service and stops where Relais asks for whom.
func (w *town) begin(path string) uuid.UUID {
	w.t.Helper()
	p := w.read(w.still().Get(w.service.URL + path))
	if p.location == nil || !strings.HasPrefix(p.location.Path, "/act/") {
		w.t.Fatalf("not asked to choose: %d at %s: %.400s", p.status, p.at, p.body)
	}
	id, err := uuid.Parse(strings.Split(p.location.Path, "/")[2])
	must(w.t, err)
	return id
}

// choose is what the mediator does on Relais's pages; the error is the last
// rule's answer.
func (w *town) choose(id uuid.UUID, actions ...string) error {
	w.t.Helper()
	ctx, acting, secret := w.t.Context(), w.h.Acting, w.browserSecret()
	seen, err := acting.Open(ctx, w.as(w.mediator), id, secret)
	must(w.t, err)
	must(w.t, acting.ChoosePerson(ctx, w.as(w.mediator), id, seen.Version, w.person.ID))
	seen, err = acting.Open(ctx, w.as(w.mediator), id, secret)
	must(w.t, err)
	if err := acting.ChooseScope(ctx, w.as(w.mediator), id, seen.Version, procedure, actions); err != nil {
		return err
	}
	seen, err = acting.Open(ctx, w.as(w.mediator), id, secret)
	must(w.t, err)
	_, err = acting.Grant(ctx, w.as(w.mediator), id, seen.Version)
	return err
}

func (w *town) browserSecret() []byte {
	w.t.Helper()
	at, err := url.Parse(w.h.Config.BaseURL)
	must(w.t, err)
	for _, c := range w.browser.Jar.Cookies(at) {
		if c.Name == "relais-browser" {
			raw, err := base64.RawURLEncoding.DecodeString(c.Value)
			must(w.t, err)
			return raw
		}
	}
	w.t.Fatal("Relais gave the browser no secret")
	return nil
}

func (w *town) callback(id uuid.UUID) string {
	return w.h.Config.BaseURL + "/oauth/authorize/callback?id=" + id.String()
}

// arrive goes all the way, and is back with an application.
func (w *town) arrive(actions ...string) (path string, p page) {
	w.t.Helper()
	id := w.begin("/act")
	must(w.t, w.choose(id, actions...))
	p = w.read(w.browser.Get(w.callback(id)))
	if p.status != http.StatusOK || !strings.HasPrefix(p.at.Path, "/applications/") {
		w.t.Fatalf("not back with an application: %d at %s: %.600s", p.status, p.at, p.body)
	}
	return strings.Join(strings.Split(p.at.Path, "/")[:3], "/"), p
}

func (w *town) fill(path string) page {
	w.t.Helper()
	w.post(path+"/household", "living", "alone", "children", "1")
	w.post(path+"/home", "street", "12 rue du Moulin", "postcode", "45000", "town", "Orléans", "dwelling", "flat", "moved_in-day", "1", "moved_in-month", "9",
		"moved_in-year", "2024", "rent", "512,40", "landlord", "SCI du Fort")
	p := w.post(path+"/resources", "pension", "812,50", "changed", "no")
	if p.status != http.StatusOK || !strings.HasSuffix(p.at.Path, "/check") {
		w.t.Fatalf("not filled: %d at %s", p.status, p.at)
	}
	return p
}

// journal waits for a line of the service's own log.
func (w *town) journal(words string) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if strings.Contains(plain(w.get("/journal?lang=en").body), words) {
			return
		}
	}
	w.t.Fatalf("the journal does not say %q: %s", words, plain(w.get("/journal").body))
}

// plain is a page without the marks that set names apart.
func plain(body string) string { return strings.NewReplacer("<bdi>", "", "</bdi>", "").Replace(body) }

func (w *town) steps() []mandates.Step {
	w.t.Helper()
	cases, err := w.h.Mandates.CasesOf(w.t.Context(), w.as(w.mediator), w.person.ID)
	must(w.t, err)
	var all []mandates.Step
	for _, c := range cases {
		steps, err := w.h.Mandates.StepsOf(w.t.Context(), w.as(w.mediator), mandates.StepPage{Case: c.ID, Limit: 100})
		must(w.t, err)
		all = append(all, steps...)
	}
	slices.Reverse(all) // newest first
	return all
}
