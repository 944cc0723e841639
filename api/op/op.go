package op

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// Dependencies of the provider.
type Dependencies struct {
	// Issuer is its name and the address of everything below it,
	// "https://relais.example".
	Issuer  string
	Acting  *acting.Service
	Clients *clients.Registry
	Keys    *Keys
	Store   *store.Store
	Logger  *slog.Logger
	// Stylesheet is the path of the site's, for the few pages shown here.
	Stylesheet string
}

// Provider answers services, and browsers on their way between a service and
// the pages of choosing.
type Provider struct {
	Dependencies
	secure   bool
	document []byte        // discovery, which never changes while we run
	faults   *rate.Limiter // by address
	begun    *rate.Limiter
}

// Limits by address, of this process. What is counted are faults of clients'
// proofs, and requests begun by browsers. A service that proves who it is is never
// slowed, whoever else shares its address.
const (
	faultsPerMinute = 60
	begunPerMinute  = 600
)

// New makes the provider.
func New(d Dependencies) (*Provider, error) {
	u, err := url.Parse(d.Issuer)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("op: issuer %q is not the address of a site", d.Issuer)
	}
	p := &Provider{Dependencies: d, secure: u.Scheme == "https",
		faults: rate.NewLimiter(faultsPerMinute, d.Store.Now), begun: rate.NewLimiter(begunPerMinute, d.Store.Now)}
	if p.document, err = json.Marshal(p.metadata()); err != nil {
		return nil, err
	}
	return p, nil
}

// Mount adds every address. None needs a session: what is not public is opened
// by a client's proof or a token, in its handler.
func (p *Provider) Mount(r gin.IRouter) {
	for _, route := range []struct {
		method, path string
		handle       gin.HandlerFunc
	}{
		// public: where things are, and the keys to check what we say
		{http.MethodGet, discoveryPath, p.endpoint(invalidRequest, p.discovery)},
		{http.MethodGet, authServerPath, p.endpoint(invalidRequest, p.discovery)},
		{http.MethodGet, keysPath, p.endpoint(invalidRequest, p.publicKeys)},
		// a browser's: nothing is granted here
		{http.MethodGet, authorizePath, p.endpoint(invalidRequest, p.authorize)},
		{http.MethodPost, authorizePath, p.endpoint(invalidRequest, p.authorize)},
		{http.MethodGet, callbackPath, p.endpoint(invalidRequest, p.callback)},
		{http.MethodGet, endSessionPath, p.endpoint(invalidRequest, p.endSession)},
		{http.MethodPost, endSessionPath, p.endpoint(invalidRequest, p.endSession)},
		// a client's, which proves who it is
		{http.MethodPost, parPath, p.endpoint(invalidRequest, p.push)},
		{http.MethodPost, tokenPath, p.endpoint(invalidGrant, p.token)},
		{http.MethodPost, introspectPath, p.endpoint(invalidRequest, p.introspect)},
		{http.MethodPost, revokePath, p.endpoint(invalidRequest, p.revoke)},
		// whoever holds an access token
		{http.MethodGet, userinfoPath, p.endpoint(invalidToken, p.userinfo)},
		{http.MethodPost, userinfoPath, p.endpoint(invalidToken, p.userinfo)},
	} {
		r.Handle(route.method, route.path, route.handle)
	}
}
