package frontend

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	choosing "github.com/relais-org/relais/frontend/acting"
	"github.com/relais-org/relais/frontend/admin"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/mediator"
	"github.com/relais-org/relais/frontend/portal"
	"github.com/relais-org/relais/frontend/public"
	"github.com/relais-org/relais/frontend/signin"
	"github.com/relais-org/relais/frontend/supervisor"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog/ledger"
)

// Dependencies of the pages.
type Dependencies struct {
	BaseURL, Contact string
	TrustedProxies   []string
	// OTelEndpoint receives traces; empty: there is no tracing at all.
	OTelEndpoint  string
	Logger        *slog.Logger
	Store         *store.Store
	Authz         *authz.Enforcer
	Sessions      *authz.Sessions
	Login         *login.Service
	Packs         *packs.Set
	Commands      *command.Runner
	Organisations *organisations.Service
	Clients       *clients.Registry
	Acting        *acting.Service
	Beneficiaries *beneficiaries.Service
	Mandates      *mandates.Service
	Review        *review.Service
	Log           *ledger.Reader
	// APISpec is the specification of the REST API, shown as a page.
	APISpec []byte
	// Machines mounts what is not for browsers, before the plumbing of pages.
	Machines func(gin.IRouter)
}

// maxBody lets a scanned page of 8 MiB through with its form.
const maxBody = 10 << 20

// list is the routes of one surface, and where its visitors are sent.
type list struct {
	signIn string
	routes []desk.Route
}

// Handler is everything that answers HTTP. flush sends what traces are left.
func Handler(ctx context.Context, d Dependencies) (handler http.Handler, flush func(context.Context) error, err error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RemoveExtraSlash = true
	if err := engine.SetTrustedProxies(d.TrustedProxies); err != nil {
		return nil, nil, fmt.Errorf("trusted proxies: %w", err)
	}
	trace, flush, err := web.Trace(ctx, d.OTelEndpoint)
	if err != nil {
		return nil, nil, err
	}
	plumbing, err := web.New(web.Config{BaseURL: d.BaseURL, IdentityOrigins: d.Login.FormOrigins, MaxBody: maxBody, Log: d.Logger})
	if err != nil {
		return nil, nil, err
	}
	cookies, err := authz.NewWeb(d.Sessions, d.BaseURL)
	if err != nil {
		return nil, nil, err
	}
	engine.Use(web.Measure(), trace)
	if d.Machines != nil {
		d.Machines(engine)
	}
	door := signin.New(signin.Dependencies{Web: plumbing, Login: d.Login, Sessions: d.Sessions, Cookies: cookies,
		Organisations: d.Organisations, Beneficiaries: d.Beneficiaries, BaseURL: d.BaseURL, Logger: d.Logger})
	door.BackChannel(engine)
	plumbing.Mount(engine)
	engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	counter := desk.New(desk.Dependencies{Authz: d.Authz, Commands: d.Commands, Sessions: d.Sessions, Cookies: cookies,
		Organisations: d.Organisations, Beneficiaries: d.Beneficiaries, StepUp: door.StepUp})
	for _, l := range surfaces(d, door, cookies) {
		counter.Mount(engine, l.signIn, l.routes)
	}
	handler, err = web.Compress(engine)
	return handler, flush, err
}

// surfaces are all the lists of routes there are.
func surfaces(d Dependencies, door *signin.Surface, cookies *authz.Web) []list {
	return []list{
		{desk.SignInPath, door.Routes()},
		{desk.SignInPath, public.New(public.Dependencies{Web: door.Web, Organisations: d.Organisations, Beneficiaries: d.Beneficiaries, Sessions: d.Sessions,
			Cookies: cookies, Packs: d.Packs, Store: d.Store, Log: d.Log, Contact: d.Contact, APISpec: d.APISpec}).Routes()},
		{desk.CardPath, portal.New(portal.Dependencies{Beneficiaries: d.Beneficiaries, Mandates: d.Mandates, Review: d.Review,
			Acting: d.Acting, Organisations: d.Organisations, Packs: d.Packs, Sessions: d.Sessions, Cookies: cookies,
			Providers: d.Login.Issuers(login.AudiencePerson), Link: door.LinkPerson}).Routes()},
		{desk.SignInPath, mediator.New(mediator.Dependencies{Commands: d.Commands, Packs: d.Packs, Organisations: d.Organisations,
			Beneficiaries: d.Beneficiaries, Mandates: d.Mandates, Acting: d.Acting, BaseURL: d.BaseURL, NewKey: func() string { return d.Store.NewID().String() }}).Routes()},
		{desk.SignInPath, admin.New(admin.Dependencies{Commands: d.Commands, Organisations: d.Organisations, Mandates: d.Mandates,
			Packs: d.Packs, Clients: d.Clients, Acting: d.Acting, Store: d.Store}).Routes()},
		{desk.SignInPath, choosing.New(choosing.Dependencies{Web: door.Web, Acting: d.Acting, Organisations: d.Organisations, Packs: d.Packs}).Routes()},
		{desk.SignInPath, supervisor.New(supervisor.Dependencies{Review: d.Review, Organisations: d.Organisations, Mandates: d.Mandates, Packs: d.Packs,
			Sessions: d.Sessions}).Routes()},
	}
}
