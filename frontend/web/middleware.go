package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

// Cookies that hold choices, and nothing about anybody.
const (
	langCookie   = "lang"
	schemeCookie = "theme"
	typeCookie   = "type"
	flashCookie  = "flash"
	aYear        = 365 * 24 * 60 * 60
)

// begin names the request, sets the headers and prepares the page.
func (w *Web) begin(c *gin.Context) {
	id := w.cfg.NewRequestID()
	h := c.Writer.Header()
	for _, kv := range w.headers {
		h.Set(kv[0], kv[1])
	}
	h.Set(policyHeader, w.policy())
	h.Set("X-Request-Id", id)
	lang := i18n.Parse(c.GetHeader("Accept-Language"), w.Cookie(c, langCookie), "")
	h.Set("Content-Language", string(lang))
	c.Set(stateKey, &state{web: w, page: templates.Page{
		Printer:   i18n.For(lang),
		Path:      c.Request.URL.RequestURI(),
		Scheme:    schemeOf(w.Cookie(c, schemeCookie)),
		LargeType: w.Cookie(c, typeCookie) == "large",
		RequestID: id,
	}})
	c.Next()
}

func schemeOf(s string) templates.Scheme {
	switch s := templates.Scheme(s); s {
	case templates.SchemeLight, templates.SchemeDark:
		return s
	default:
		return templates.SchemeAuto
	}
}

// recover turns a panic into the page of an internal failure.
func (w *Web) recover(c *gin.Context) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(r) // net/http's own way to cut a connection
		}
		w.cfg.Log.ErrorContext(c.Request.Context(), "panic", slog.String("request", stateOf(c).page.RequestID), slog.String("route", c.FullPath()), slog.String("stack", string(debug.Stack())))
		fail(c, fmt.Errorf("panic: %T", r)) // its value may hold personal data
		c.Abort()
	}()
	c.Next()
}

// limit bounds the body before anything reads it.
func (w *Web) limit(c *gin.Context) {
	if c.Request.Body != nil {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, w.cfg.MaxBody)
	}
	c.Next()
}

// preferences takes ?lang, ?theme and ?type of a link, keeps the choice in a
// cookie and goes back to the same page without them.
func (w *Web) preferences(c *gin.Context) {
	if c.Request.Method != http.MethodGet || c.Request.URL.RawQuery == "" {
		c.Next()
		return
	}
	q := c.Request.URL.Query()
	chosen := w.keep(c, q, "lang", langCookie, "fr", "en", "es")
	chosen = w.keep(c, q, "theme", schemeCookie, "auto", "light", "dark") || chosen
	chosen = w.keep(c, q, "type", typeCookie, "normal", "large") || chosen
	if !chosen {
		c.Next()
		return
	}
	back := url.URL{Path: c.Request.URL.Path, RawPath: c.Request.URL.RawPath, RawQuery: q.Encode()}
	c.Redirect(http.StatusSeeOther, LocalPath(back.String(), "/"))
	c.Abort()
}

// keep stores one choice if it is one of those allowed, and takes it out of q.
func (w *Web) keep(c *gin.Context, q url.Values, name, cookie string, allowed ...string) bool {
	for _, a := range allowed {
		if q.Get(name) == a {
			q.Del(name)
			w.SetCookie(c, cookie, a, aYear)
			return true
		}
	}
	return false
}

// sameOrigin refuses changes asked for by another site (the standard library's
// protection: Sec-Fetch-Site, then Origin).
func (w *Web) sameOrigin(c *gin.Context) {
	if err := w.guard.Check(c.Request); err != nil {
		fail(c, problem.New(problem.KindForbidden, "cross_origin").Because(err))
		c.Abort()
		return
	}
	c.Next()
}

// next is where to come back to after signing in: the page itself, or the page
// that posted.
func next(c *gin.Context) string {
	if c.Request.Method == http.MethodGet {
		return c.Request.URL.RequestURI()
	}
	u, err := url.Parse(c.GetHeader("Referer"))
	if err != nil || !strings.EqualFold(u.Host, c.Request.Host) {
		return "/"
	}
	return LocalPath(u.RequestURI(), "/")
}
