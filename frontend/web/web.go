package web

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/internal/problem"
)

// Config is what the plumbing needs to know.
type Config struct {
	// BaseURL is where browsers reach us, "https://relais.example". With http
	// (a demonstration on localhost) cookies have plain names.
	BaseURL string
	// IdentityOrigins are where a sign-in form may lead ("https://idp.example").
	// It is asked with every page and MUST NOT wait; default nowhere.
	IdentityOrigins func() []string
	// SignInPath and StepUpPath receive whoever must sign in, with ?next=.
	// Default /sign-in and /step-up.
	SignInPath, StepUpPath string
	// MaxBody bounds every request body, in bytes; default 8 MiB.
	MaxBody int64
	// Log receives failures; default slog.Default().
	Log *slog.Logger
	// NewRequestID names a request; default 16 random hexadecimal digits.
	NewRequestID func() string
}

// Web is the plumbing of one surface.
type Web struct {
	cfg     Config
	secure  bool
	headers [][2]string
	guard   *http.CrossOriginProtection
}

// New checks the configuration.
func New(cfg Config) (*Web, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("web: base URL %q is not an http(s) address", cfg.BaseURL)
	}
	defaults(&cfg)
	w := &Web{cfg: cfg, secure: base.Scheme == "https", guard: http.NewCrossOriginProtection()}
	if err := w.guard.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	w.headers = securityHeaders(w.secure)
	return w, nil
}

func defaults(cfg *Config) {
	if cfg.SignInPath == "" {
		cfg.SignInPath = "/sign-in"
	}
	if cfg.StepUpPath == "" {
		cfg.StepUpPath = "/step-up"
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = 8 << 20
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.IdentityOrigins == nil {
		cfg.IdentityOrigins = func() []string { return nil }
	}
	if cfg.NewRequestID == nil {
		cfg.NewRequestID = func() string {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails since Go 1.24
			return hex.EncodeToString(b[:])
		}
	}
}

// Mount installs the middleware, the static files and the 404 page on an
// engine. Routes of pages come after it.
func (w *Web) Mount(e *gin.Engine) {
	e.HandleMethodNotAllowed = false // a known path with another method is a 404 too
	e.Use(w.Middleware()...)
	w.Static(e)
	e.NoRoute(Handle(func(*gin.Context) error { return problem.NotFound() }))
}

// Middleware is what every browser-facing route goes through, in order. Use it
// on a group when machine endpoints share the engine.
func (w *Web) Middleware() []gin.HandlerFunc {
	return []gin.HandlerFunc{w.begin, w.recover, w.limit, w.preferences, w.sameOrigin}
}

// Secure says whether browsers reach us over TLS.
func (w *Web) Secure() bool { return w.secure }

// CookieName gives the name a cookie really has: "__Host-relais-<name>" over
// TLS, so that no sibling domain can plant it, else "relais-<name>".
func (w *Web) CookieName(name string) string {
	if w.secure {
		return "__Host-relais-" + name
	}
	return "relais-" + name
}

// SetCookie sets one of our cookies for maxAge seconds; 0 lasts the browser's
// session, below 0 removes it.
func (w *Web) SetCookie(c *gin.Context, name, value string, maxAge int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: w.CookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: w.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Cookie reads one of our cookies, "" when absent.
func (w *Web) Cookie(c *gin.Context, name string) string {
	v, err := c.Cookie(w.CookieName(name))
	if err != nil {
		return ""
	}
	return v
}

// LocalPath gives next when it is a path of ours, else fallback. What is ours
// is said in one place, [login.LocalPath].
func LocalPath(next, fallback string) string {
	if path := login.LocalPath(next); path != "/" || next == "/" {
		return path
	}
	return fallback
}
