package house

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/admin"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/mediator"
	"github.com/relais-org/relais/frontend/portal"
	"github.com/relais-org/relais/frontend/public"
	"github.com/relais-org/relais/frontend/signin"
	"github.com/relais-org/relais/frontend/supervisor"
	"github.com/relais-org/relais/frontend/web"
)

// maxBody lets a scanned page of 8 MiB through with its form.
const maxBody = 10 << 20

// Handler is everything that answers HTTP: pages, and the few addresses for
// machines. first runs before everything else (tracing).
func (h *House) Handler(first ...gin.HandlerFunc) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RemoveExtraSlash = true
	if err := engine.SetTrustedProxies(h.Config.TrustedProxies); err != nil {
		return nil, err
	}
	plumbing, err := web.New(web.Config{BaseURL: h.Config.BaseURL, IdentityOrigins: h.Login.FormOrigins(), MaxBody: maxBody, Log: h.Logger})
	if err != nil {
		return nil, err
	}
	cookies, err := authz.NewWeb(h.Sessions, h.Config.BaseURL)
	if err != nil {
		return nil, err
	}
	engine.Use(append([]gin.HandlerFunc{h.measure()}, first...)...)
	h.machines(engine)
	door := signin.New(signin.Dependencies{Web: plumbing, Login: h.Login, Sessions: h.Sessions, Cookies: cookies,
		Organisations: h.Organisations, Beneficiaries: h.Beneficiaries, BaseURL: h.Config.BaseURL, Logger: h.Logger})
	door.BackChannel(engine)
	plumbing.Mount(engine)
	engine.Use(cookies.Middleware(func(c *gin.Context, err error) { web.Handle(func(*gin.Context) error { return err })(c) }))
	counter := desk.New(desk.Dependencies{Authz: h.Authz, Commands: h.Commands, Sessions: h.Sessions, Cookies: cookies, Organisations: h.Organisations,
		Beneficiaries: h.Beneficiaries, StepUp: door.StepUp})
	h.surfaces(engine, counter, door, cookies)
	return web.Compress(engine)
}

// surfaces mounts every list of routes there is.
func (h *House) surfaces(r gin.IRouter, counter *desk.Desk, door *signin.Surface, cookies *authz.Web) {
	counter.Mount(r, desk.SignInPath, door.Routes())
	counter.Mount(r, desk.SignInPath, public.New(public.Dependencies{Web: door.Web, Beneficiaries: h.Beneficiaries, Sessions: h.Sessions,
		Cookies: cookies, Packs: h.Packs, Store: h.Store, Log: h.LogReader, Contact: h.Config.Contact}).Routes())
	counter.Mount(r, desk.CardPath, portal.New(portal.Dependencies{Beneficiaries: h.Beneficiaries, Mandates: h.Mandates, Review: h.Review,
		Organisations: h.Organisations, Packs: h.Packs, Sessions: h.Sessions, Cookies: cookies}).Routes())
	counter.Mount(r, desk.SignInPath, mediator.New(mediator.Dependencies{Commands: h.Commands, Packs: h.Packs, Organisations: h.Organisations,
		Beneficiaries: h.Beneficiaries, Mandates: h.Mandates, BaseURL: h.Config.BaseURL, NewKey: func() string { return h.Store.NewID().String() }}).Routes())
	counter.Mount(r, desk.SignInPath, admin.New(admin.Dependencies{Commands: h.Commands, Organisations: h.Organisations, Mandates: h.Mandates, Packs: h.Packs, Store: h.Store}).Routes())
	counter.Mount(r, desk.SignInPath, supervisor.New(supervisor.Dependencies{Review: h.Review, Organisations: h.Organisations,
		Mandates: h.Mandates, Packs: h.Packs}).Routes())
}

// machines are the addresses without a session: health, figures, keys, the
// log's head.
func (h *House) machines(r gin.IRouter) {
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", h.ready)
	if h.Config.MetricsAddr == "" {
		r.GET("/metrics", onlyLoopback, gin.WrapH(promhttp.Handler()))
	}
	r.GET("/.well-known/jwks.json", h.jwks)
	r.GET("/log/checkpoint", h.checkpoint)
}

func (h *House) ready(c *gin.Context) {
	if err := h.Store.Ping(c.Request.Context()); err != nil {
		c.String(http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}

// onlyLoopback keeps figures to the machine itself unless they have an address
// of their own (RELAIS_METRICS_ADDR).
func onlyLoopback(c *gin.Context) {
	if !isLoopback(c.RemoteIP()) || c.GetHeader("X-Forwarded-For") != "" {
		c.AbortWithStatus(http.StatusNotFound)
	}
}

func (h *House) jwks(c *gin.Context) {
	keys, err := h.Mandates.PublicKeys()
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Header("Cache-Control", "public, max-age=300")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Data(http.StatusOK, "application/jwk-set+json", keys)
}

func (h *House) checkpoint(c *gin.Context) {
	text, err := h.LogReader.Checkpoint(c.Request.Context())
	if err != nil {
		c.String(http.StatusServiceUnavailable, "no checkpoint yet\n")
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}
