package signin_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/idp/idptest"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/signin"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

const (
	base   = "https://relais.example"
	secret = "a client secret that is long enough to sign with"
	// The probe is a page with a sensitive act, which answers what was typed.
	probe = "/probe"
)

// bundle is the door before real services and the demonstration provider,
// whose people are a referent, a mediator and somebody helped. Tokens are
// judged in real time, so only the provider's clock can be put back.
type bundle struct {
	t      testing.TB
	engine *gin.Engine
	store  *store.Store
	law    *authz.Enforcer
	orgs   *organisations.Service
	people *beneficiaries.Service
	sess   *authz.Sessions
	idp    *idptest.IDP
	outer  *signer
	late   atomic.Int64 // how far the provider's clock is behind
	pack   *packs.Pack
	org    uuid.UUID
	told   []told // of sessions that end
}

// setup registers the provider twice, for staff and for people; configure may
// change both configurations.
func setup(t *testing.T, configure ...func(*login.Issuer)) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.store = storetest.NewWithEnv(t, store.SystemEnv())
	var err error
	b.law, err = authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	b.pack, err = set.Get("fr")
	must(t, err)
	commands := command.New(command.Deps{Store: b.store, Authz: b.law})
	commands.Observe(b.note, translog.SignOutDone, translog.SessionsEnded)
	b.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: base})
	b.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	b.sess = authz.NewSessions(authz.SessionsDeps{Store: b.store})
	b.idp = idptest.StartWith(t, idp.Options{Now: func() time.Time { return time.Now().Add(-time.Duration(b.late.Load())) }, People: []idp.Person{
		{Subject: "nadia", Name: "Nadia Benali", Email: "nadia@people.example", EmailVerified: true, Audience: idp.AudienceStaff},
		{Subject: "claire", Name: "Claire Martin", Email: "claire@people.example", EmailVerified: true, Audience: idp.AudienceStaff},
		{Subject: "thi-hoa", Name: "Thi Hoa Nguyen", Audience: idp.AudiencePerson},
	}})
	b.outer = newSigner(t)
	b.mount(b.logins(configure))
	b.hire()
	return b
}

// note keeps what is told to whoever ends what was granted in a session, and
// whether the session is over by then.
func (b *bundle) note(tx *command.Tx, _ uuid.UUID, e translog.Event) error {
	x := told{kind: e.Kind, session: tx.Actor().Session, account: tx.Actor().Account}
	if d, ok := e.Detail.(organisations.AccountDetail); ok {
		x.account = d.Account
	}
	if err := tx.SQL().QueryRowContext(tx.Context(), `SELECT count(*) FROM web_sessions WHERE account_id = $1 AND ($2::uuid = $3::uuid OR id = $2::uuid)`,
		x.account, x.session, uuid.Nil).Scan(&x.left); err != nil {
		return err
	}
	b.told = append(b.told, x)
	return nil
}

// told is what follows from a session's end.
type told struct {
	kind             translog.Kind
	account, session uuid.UUID
	left             int // sessions that are still there
}

func (b *bundle) logins(configure []func(*login.Issuer)) *login.Service {
	b.t.Helper()
	var issuers []login.Issuer
	for _, audience := range []login.Audience{login.AudienceStaff, login.AudiencePerson} {
		client := "relais-" + string(audience)
		b.idp.Register(b.t, idp.Client{ID: client, Secret: secret, Audience: string(audience),
			RedirectURIs: []string{base + login.CallbackPath}, PostLogoutURIs: []string{base + "/signed-out"}})
		i := login.Issuer{ID: string(audience), Name: map[string]string{"en": "Demo"}, URL: b.idp.URL, ClientID: client, ClientSecret: secret,
			Audience: audience, AllowInsecureHTTP: true}
		for _, c := range configure {
			c(&i)
		}
		issuers = append(issuers, i, login.Issuer{ID: "outer-" + string(audience), Name: map[string]string{"en": "Outer"}, URL: b.outer.URL,
			ClientID: "outer-" + string(audience), Audience: audience, AllowInsecureHTTP: true})
	}
	s, err := login.New(login.Dependencies{Issuers: issuers, BaseURL: base, Store: b.store, Logger: slog.New(slog.DiscardHandler)})
	must(b.t, err)
	return s
}

// strongIsTwo calls only the second factor strong.
func strongIsTwo(i *login.Issuer) { i.ACRStepUp = []string{idp.ACRTwoFactors} }

// mount puts the door and the probe behind the real plumbing.
func (b *bundle) mount(logins *login.Service) {
	b.t.Helper()
	gin.SetMode(gin.TestMode)
	plumbing, err := web.New(web.Config{BaseURL: base, IdentityOrigins: logins.FormOrigins, Log: slog.New(slog.DiscardHandler)})
	must(b.t, err)
	cookies, err := authz.NewWeb(b.sess, base)
	must(b.t, err)
	b.engine = gin.New()
	door := signin.New(signin.Dependencies{Web: plumbing, Login: logins, Sessions: b.sess, Cookies: cookies, Organisations: b.orgs,
		Beneficiaries: b.people, BaseURL: base, Logger: slog.New(slog.DiscardHandler)})
	door.BackChannel(b.engine)
	plumbing.Mount(b.engine)
	b.engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	counter := desk.New(desk.Dependencies{Authz: b.law, Sessions: b.sess, Cookies: cookies, Organisations: b.orgs, Beneficiaries: b.people, StepUp: door.StepUp})
	revoke := authz.Perm(authz.KindMandate, authz.MandateRevoke)
	counter.Mount(b.engine, desk.SignInPath, append(door.Routes(),
		desk.Get(probe, authz.Perm(authz.KindPage, authz.PageSee), func(c *gin.Context, _ authz.Actor) error { c.String(http.StatusOK, "probe"); return nil }),
		desk.Get("/mine", authz.Public{Because: "a test"}, b.whose), desk.Get("/mine/sign-in", authz.Public{Because: "a test"}, b.whose),
		desk.Post("/link/:issuer", authz.Public{Because: "a test"}, func(c *gin.Context, _ authz.Actor) error { return door.LinkPerson(c, c.Param("issuer")) }),
		desk.Get(probe+"/act", revoke, b.act), desk.Post(probe+"/act", revoke, b.act)))
}

// act is a sensitive act, by the real law.
func (b *bundle) act(c *gin.Context, actor authz.Actor) error {
	d := b.law.Decide(actor, authz.MandateRevoke, authz.Object{Kind: authz.KindMandate, Organisation: b.org, Sensitive: true})
	if err := d.Err(); err != nil {
		return err
	}
	c.String(http.StatusOK, "done: "+c.PostForm("reason"))
	return nil
}

// hire invites the staff; nobody signs in yet.
func (b *bundle) hire() {
	b.t.Helper()
	ctx := b.t.Context()
	_, err := b.orgs.BootstrapOperator(ctx, "Olga Petit", "olga@people.example")
	must(b.t, err)
	a, err := b.orgs.SignIn(ctx, organisations.Identity{Issuer: "https://other.example", Subject: "olga", Email: "olga@people.example", EmailVerified: true})
	must(b.t, err)
	o, err := b.orgs.Create(ctx, b.as(a.ID), organisations.NewOrganisation{Name: "Maison France Services", Kind: "France Services", Pack: "fr",
		TimeZone: "Europe/Paris", Territory: "35", City: "Rennes", Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(b.t, err)
	b.org = o.ID
	_, err = b.orgs.Invite(ctx, b.as(a.ID), organisations.Invite{Organisation: b.org, Name: "Nadia Benali", Email: "nadia@people.example", Role: authz.Referent})
	must(b.t, err)
}

func (b *bundle) as(account uuid.UUID) authz.Actor {
	b.t.Helper()
	a, err := b.orgs.Actor(b.t.Context(), organisations.ActorQuery{Account: account, StrongAt: b.store.Now()})
	must(b.t, err)
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// browser keeps our cookies, and the provider's in the jar of its client.
type browser struct {
	b       *bundle
	cookies map[string]*http.Cookie
	client  *http.Client
}

func (b *bundle) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(b.t, err)
	return &browser{b: b, cookies: map[string]*http.Cookie{}, client: &http.Client{Jar: jar}}
}

type answer struct {
	code           int
	location, body string
	policy         string
}

func (w *browser) do(method, path string, pairs ...string) answer {
	w.b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(method, base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Accept-Language", "en")
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
	return answer{rec.Code, rec.Header().Get("Location"), rec.Body.String(), rec.Header().Get("Content-Security-Policy")}
}

func (w *browser) get(path string) answer { w.b.t.Helper(); return w.do(http.MethodGet, path) }

func (w *browser) post(path string, pairs ...string) answer {
	w.b.t.Helper()
	return w.do(http.MethodPost, path, pairs...)
}

// walk goes where the provider is, presses a name there and comes back.
func (w *browser) walk(to, subject string) answer {
	w.b.t.Helper()
	if !strings.HasPrefix(to, w.b.idp.URL) {
		w.b.t.Fatalf("sent to %q, not to the provider", to)
	}
	back, err := idptest.Login(w.client, to, subject)
	must(w.b.t, err)
	return w.get(back.RequestURI())
}

// signIn signs in at the door and gives what the callback answered.
func (w *browser) signIn(audience, subject, next string) answer {
	w.b.t.Helper()
	return w.walk(w.post("/sign-in/"+audience, "next", next).location, subject)
}

var hiddenFields = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// resume presses the one button of the page that gives back what was typed.
func (w *browser) resume(page answer) answer {
	w.b.t.Helper()
	action := regexp.MustCompile(`<form[^>]*action="(/probe[^"]*)"`).FindStringSubmatch(page.body)
	if page.code != http.StatusOK || action == nil {
		w.b.t.Fatalf("no form to press: %d %q\n%.2000s", page.code, page.location, page.body)
	}
	var pairs []string
	for _, f := range hiddenFields.FindAllStringSubmatch(page.body, -1) {
		pairs = append(pairs, f[1], f[2])
	}
	return w.post(action[1], pairs...)
}

func (b *bundle) account(email string) (id uuid.UUID) {
	b.t.Helper()
	must(b.t, b.store.Pool().QueryRow(context.Background(), `SELECT id FROM accounts WHERE email = $1`, email).Scan(&id))
	return id
}

// organisationsInvite invites Claire as a mediator.
func organisationsInvite(org uuid.UUID) organisations.Invite {
	return organisations.Invite{Organisation: org, Name: "Claire Martin", Email: "claire@people.example", Role: authz.Mediator}
}

// whose answers whose space is open, with how many the session's identity opens.
func (b *bundle) whose(c *gin.Context, actor authz.Actor) error {
	session, _ := authz.SessionOf(c)
	spaces, err := b.people.Spaces(c.Request.Context(), actor, session.Data[signin.IdentityData])
	if err != nil {
		return err
	}
	c.String(http.StatusOK, "%s %s %d", actor.Beneficiary, actor.Tier, len(spaces))
	return nil
}

// holder is a browser in which a person's space is open.
func (b *bundle) holder(person uuid.UUID, tier authz.Tier) *browser {
	b.t.Helper()
	token, _, err := b.sess.Start(b.t.Context(), authz.NewSession{Beneficiary: person, Organisation: b.org, Tier: tier})
	must(b.t, err)
	w := b.browser()
	w.cookies["__Host-relais"] = &http.Cookie{Name: "__Host-relais", Value: token}
	return w
}
