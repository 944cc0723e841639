package api

import (
	"log/slog"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/relais-org/relais/api/op"
	v1 "github.com/relais-org/relais/api/v1"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog/ledger"
)

// Dependencies of the machine-facing side.
type Dependencies struct {
	Store    *store.Store
	Mandates *mandates.Service
	Log      *ledger.Reader
	// Provider is how services learn who acts for whom; nil in tests without it.
	Provider *op.Provider
	// V1 is the REST API; nil in tests without it.
	V1 *v1.API
	// OwnMetrics: figures have an address of their own, and none here.
	OwnMetrics bool
	Logger     *slog.Logger
}

// API answers machines.
type API struct{ Dependencies }

// New makes it.
func New(d Dependencies) *API { return &API{d} }

// Mount adds every address. All are public: probes and keys are for whoever
// asks, figures for this machine alone.
func (a *API) Mount(r gin.IRouter) {
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/readyz", a.ready)
	r.GET("/.well-known/jwks.json", a.keys)
	r.GET("/log/checkpoint", a.checkpoint)
	if a.Provider != nil {
		a.Provider.Mount(r)
	}
	if a.V1 != nil {
		a.V1.Mount(r)
		r.GET("/api/openapi.yaml", specification)
	}
	if !a.OwnMetrics {
		r.GET("/metrics", onlyLoopback, gin.WrapH(promhttp.Handler()))
	}
}

// ready says whether the parts answer.
func (a *API) ready(c *gin.Context) {
	if err := a.Store.Ping(c.Request.Context()); err != nil {
		c.String(http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	c.String(http.StatusOK, "ready\n")
}

// onlyLoopback keeps figures to the machine itself: nothing proxied, nothing
// from outside.
func onlyLoopback(c *gin.Context) {
	ip := net.ParseIP(c.RemoteIP())
	if ip == nil || !ip.IsLoopback() || c.GetHeader("X-Forwarded-For") != "" {
		c.AbortWithStatus(http.StatusNotFound)
	}
}

// keys are the mandates' public keys (RFC 7517), retired ones included.
func (a *API) keys(c *gin.Context) {
	keys, err := a.Mandates.PublicKeys()
	if err != nil {
		a.Logger.ErrorContext(c.Request.Context(), "public keys", slog.Any("error", err))
		c.Status(http.StatusInternalServerError)
		return
	}
	public(c, "public, max-age=300")
	c.Data(http.StatusOK, "application/jwk-set+json", keys)
}

// checkpoint is the signed head of the log (C2SP tlog-checkpoint).
func (a *API) checkpoint(c *gin.Context) {
	text, err := a.Log.Checkpoint(c.Request.Context())
	public(c, "no-store")
	switch {
	case err == nil:
		c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	case problem.As(err).Kind == problem.KindInternal:
		a.Logger.ErrorContext(c.Request.Context(), "checkpoint", slog.Any("error", err))
		c.Status(http.StatusInternalServerError)
	default:
		c.String(http.StatusServiceUnavailable, "no checkpoint yet\n")
	}
}

func public(c *gin.Context, cache string) {
	c.Header("Cache-Control", cache)
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("X-Content-Type-Options", "nosniff")
}
