package v1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/mandates/software"
	"github.com/relais-org/relais/organisations/clients"
)

// begin sets what every answer has, bounds the body, and turns a panic into the
// problem of an internal failure.
func (a *API) begin(c *gin.Context) {
	id := a.Store.Env().NewID().String()
	c.Set(requestKey, id)
	h := c.Writer.Header()
	h.Set("X-Request-Id", id)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if c.Request.Body != nil {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	}
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(r)
		}
		a.Logger.ErrorContext(c.Request.Context(), "panic", slog.String("request", id), slog.String("route", c.FullPath()), slog.String("stack", string(debug.Stack())))
		a.fail(c, fmt.Errorf("panic: %T", r)) // its value may hold personal data
	}()
	c.Next()
}

const (
	requestKey = "relais.request"
	callerKey  = "relais.caller"
	routeKey   = "relais.route"
)

// admit finds the operation, says who asks, and counts.
func (a *API) admit(c *gin.Context) {
	route, params, err := a.router.FindRoute(c.Request)
	if err != nil {
		if errors.Is(err, routers.ErrMethodNotAllowed) {
			a.fail(c, errMethod)
			return
		}
		a.fail(c, errNotThere)
		return
	}
	c.Set(routeKey, found{route, params})
	caller, err := a.authenticate(c, route)
	c.Set(oursKey, err == nil || errors.Is(err, clients.ErrTokenOver))
	if err != nil {
		a.fail(c, a.stranger(c, err))
		return
	}
	c.Set(callerKey, caller)
	rates := a.rates[caller.client.Kind]
	left, until := rates.Take(caller.client.ID.String())
	reset := seconds(until.Sub(a.Store.Now()))
	c.Header("RateLimit-Policy", fmt.Sprintf(`"default";q=%d;w=%d`, rates.Limit(), int(rate.Window.Seconds())))
	c.Header("RateLimit-Limit", fmt.Sprint(rates.Limit()))
	c.Header("RateLimit-Remaining", fmt.Sprint(max(0, left)))
	c.Header("RateLimit-Reset", reset)
	if left < 0 {
		c.Header("Retry-After", reset)
		a.fail(c, errTooMany)
	}
}

// found is the operation that a request asks for.
type found struct {
	*routers.Route
	params map[string]string
}

// check holds a request to the specification.
func (a *API) check(c *gin.Context) {
	route := c.MustGet(routeKey).(found)
	if err := a.readable(c, route.Route); err != nil {
		a.fail(c, err)
		return
	}
	err := openapi3filter.ValidateRequest(c.Request.Context(), &openapi3filter.RequestValidationInput{
		Request: c.Request, PathParams: route.params, Route: route.Route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, RejectWhenRequestBodyNotSpecified: true},
	})
	if err != nil {
		a.fail(c, refusedBySpec(err))
	}
}

// readable refuses what no text of ours can hold, before anything parses it: a
// NUL, bytes that are not UTF-8, a body of another type or too long.
func (a *API) readable(c *gin.Context, route *routers.Route) error {
	for name, values := range c.Request.URL.Query() {
		if !clean(name) || slices.ContainsFunc(values, func(v string) bool { return !clean(v) }) {
			return problem.Invalid(problem.At("query", "unreadable_characters"))
		}
	}
	if !clean(c.Request.URL.Path) {
		return errNotThere
	}
	if route.Operation.RequestBody == nil {
		return nil
	}
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || route.Operation.RequestBody.Value.Content.Get(kind) == nil {
		return errMediaType
	}
	raw, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return unreadable(err)
	}
	if !utf8.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)) || bytes.IndexByte(raw, 0) >= 0 {
		return problem.Invalid(problem.At("body", "unreadable_characters"))
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(raw))
	return nil
}

func clean(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// printer speaks the language asked for.
func printer(c *gin.Context) *i18n.Printer {
	return i18n.For(i18n.Parse(c.GetHeader("Accept-Language"), "", ""))
}

// software is the caller of an operation of organisations' software.
func (c caller) software(purpose string) software.Caller {
	return software.Caller{Client: c.client, Purpose: purpose}
}
