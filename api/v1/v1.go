package v1

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/software"
	"github.com/relais-org/relais/organisations/clients"
)

// Dependencies of the API.
type Dependencies struct {
	// Spec is openapi.yaml.
	Spec     []byte
	Store    *store.Store
	Clients  *clients.Registry
	Software *software.Service
	Acting   *acting.Service
	// Keyring reads the provider's access tokens, checked (op.Keys).
	Keyring interface {
		Access(raw, issuer string) (clients.AccessToken, error)
	}
	// Issuer is the provider's name, "https://relais.example".
	Issuer string
	Logger *slog.Logger
	// PerMinute is how many requests an organisation's software may make; 600
	// when zero. ServicePerMinute is the same for services, which ask for every
	// mediator of the country: 60,000 when zero.
	PerMinute, ServicePerMinute int
}

// API answers organisations' software and services.
type API struct {
	Dependencies
	router  routers.Router
	inner   *gin.Engine
	rates   map[clients.Kind]*rate.Windows // by client
	strange *rate.Windows                  // refused tokens that were never ours, by address
}

const (
	perMinute        = 600
	servicePerMinute = 60_000
	strangeMinute    = 60
	// maxBody bounds a request's body; the longest text is a note.
	maxBody = 64 << 10
)

// New reads the specification and makes the API.
func New(d Dependencies) (*API, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(d.Spec)
	if err != nil {
		return nil, fmt.Errorf("read the specification: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("check the specification: %w", err)
	}
	// For a document of 3.1 the library compiles a JSON Schema anew for each value
	// it checks, which costs more than all the rest of a request. Our specification
	// says nothing that 3.0's own reading would take otherwise; the answers of the
	// tests are held to it as 3.1.
	doc.OpenAPI = "3.0.3"
	if d.PerMinute == 0 {
		d.PerMinute = perMinute
	}
	if d.ServicePerMinute == 0 {
		d.ServicePerMinute = servicePerMinute
	}
	a := &API{Dependencies: d, rates: map[clients.Kind]*rate.Windows{
		clients.Software: rate.NewWindows(d.PerMinute, d.Store.Now),
		clients.Service:  rate.NewWindows(d.ServicePerMinute, d.Store.Now),
	}, strange: rate.NewWindows(strangeMinute, d.Store.Now)}
	if a.router, err = gorillamux.NewRouter(doc); err != nil {
		return nil, fmt.Errorf("route the specification: %w", err)
	}
	if a.inner, err = a.engine(); err != nil {
		return nil, err
	}
	return a, nil
}

// engine routes what is under our own prefixes, so that what is not there
// answers a problem as well.
func (a *API) engine() (*gin.Engine, error) {
	e := gin.New()
	if err := e.SetTrustedProxies(nil); err != nil { // enter says whose address it is
		return nil, err
	}
	e.RedirectTrailingSlash = false // another path is another thing
	e.Use(a.begin, a.admit, a.check)
	strict := NewStrictHandlerWithOptions(&operations{a}, nil, StrictGinServerOptions{
		RequestErrorHandlerFunc:  func(c *gin.Context, err error) { a.fail(c, unreadable(err)) },
		HandlerErrorFunc:         a.fail,
		ResponseErrorHandlerFunc: a.fail,
	})
	RegisterHandlersWithOptions(e, strict, GinServerOptions{ErrorHandler: func(c *gin.Context, err error, _ int) { a.fail(c, unreadable(err)) }})
	return e, nil
}

// Mount adds our addresses. Every one needs a token; none a session.
func (a *API) Mount(r gin.IRouter) {
	r.Any("/api/v1/*rest", a.enter)
	r.Any("/access/v1/*rest", a.enter)
}

// enter hands a request to our own routes. The address it comes from was found by
// the engine outside, which knows what stands in front of it.
func (a *API) enter(c *gin.Context) {
	r := *c.Request
	r.RemoteAddr = net.JoinHostPort(c.ClientIP(), "0")
	a.inner.ServeHTTP(c.Writer, &r)
}

func seconds(d time.Duration) string {
	return fmt.Sprint(max(1, int((d+time.Second-1)/time.Second)))
}
