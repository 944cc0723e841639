package signin

import (
	"log/slog"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/organisations"
)

// Dependencies of the surface.
type Dependencies struct {
	Web           *web.Web
	Login         *login.Service
	Sessions      *authz.Sessions
	Cookies       *authz.Web
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	BaseURL       string
	Logger        *slog.Logger
}

// Surface answers at the door.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// Routes are all there are.
func (s *Surface) Routes() []desk.Route {
	door := authz.Public{Because: "the door itself"}
	own := authz.Public{Because: "anybody may leave, or say whom they act for; checked against their own session"}
	return []desk.Route{
		desk.Get("/sign-in", door, s.choose),
		desk.Get("/sign-in/person", door, s.choosePerson),
		desk.Post("/sign-in/:issuer", door, s.begin),
		desk.Get(login.CallbackPath, door, s.callback),
		desk.Get("/step-up", own, s.stepUpPage),
		desk.Post("/step-up", own, s.stepUpBegin),
		desk.Post("/sign-out", own, s.signOut),
		desk.Get("/signed-out", door, s.signedOut),
		desk.Get("/organisation/switch", own, s.switchPage),
		desk.Post("/organisation/switch", own, s.switchTo),
	}
}

// BackChannel is for providers, not browsers: it has no session and no CSRF
// check, only the signed logout token (OpenID Connect Back-Channel Logout 1.0).
func (s *Surface) BackChannel(r gin.IRouter) {
	r.POST(login.BackChannelPath, s.backChannel)
}
