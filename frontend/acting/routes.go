package acting

import (
	"encoding/base64"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
)

// Dependencies of the surface.
type Dependencies struct {
	// Web reads the cookie that a request is bound to.
	Web           *web.Web
	Acting        *acting.Service
	Organisations *organisations.Service
	Packs         *packs.Set
}

// Surface answers mediators who come from a service.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// The pages of one request.
const (
	personPath  = "/person"
	whatPath    = "/what"
	confirmPath = "/confirm"
	declinePath = "/decline"
)

// Routes are all there are, in page order.
func (s *Surface) Routes() []desk.Route {
	choose := authz.Perm(authz.KindRequest, authz.RequestChoose)
	decline := authz.Perm(authz.KindRequest, authz.RequestDecline)
	grant := authz.Perm(authz.KindDelegation, authz.DelegationGrant)
	return []desk.Route{
		desk.Get("/act/:request", choose, s.here),
		desk.Get("/act/:request/person", choose, s.person),
		desk.Post("/act/:request/person", choose, s.choosePerson),
		desk.Get("/act/:request/what", choose, s.what),
		desk.Post("/act/:request/what", choose, s.chooseWhat),
		desk.Get("/act/:request/confirm", grant, s.confirm),
		desk.Post("/act/:request/confirm", grant, s.grant),
		desk.Post("/act/:request/decline", decline, s.decline),
		desk.Post("/delegations/:delegation/end", authz.Perm(authz.KindDelegation, authz.DelegationEnd), s.end),
	}
}

// browserCookie is made by the provider or at sign-in, in the same shape.
const browserCookie = "browser"

// browser is the secret of the browser that the request began in, made there by
// the provider; nil without one.
func (s *Surface) browser(c *gin.Context) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(s.Web.Cookie(c, browserCookie))
	if err != nil || len(raw) != login.BrowserBytes {
		return nil
	}
	return raw
}

// homeOf is the front page of the service, of which only the address that
// answers go to is known.
func homeOf(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).String()
}
