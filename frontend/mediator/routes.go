package mediator

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
)

// Dependencies of the surface.
type Dependencies struct {
	Commands      *command.Runner
	Packs         *packs.Set
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	Mandates      *mandates.Service
	Acting        *acting.Service
	// BaseURL is where people open their space, for cards and documents.
	BaseURL string
	// NewKey makes the idempotency key of a form that creates.
	NewKey func() string
}

// Surface answers mediators.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// Routes are all there are. What is about people is asked as a member of the
// organisation acted for, and as nothing else.
func (s *Surface) Routes() []desk.Route {
	return slices.Concat(
		s.homeRoutes(),
		asMember(s.peopleRoutes()),
		asMember(s.mandateRoutes()),
		asMember(s.caseRoutes()),
	)
}

// asMember has each route answered to the member of one organisation that the
// actor is now. Another organisation of theirs, or a remit over it, opens
// nothing here: its people are under another name on top of the page, another
// country's choices, and supervision has pages of its own, which ask why before
// they show and say so to the person. What is not here is not there, and no
// look is recorded of it.
func asMember(routes []desk.Route) []desk.Route {
	for i, r := range routes {
		routes[i].Handle = func(c *gin.Context, actor authz.Actor) error { return r.Handle(c, memberOf(actor)) }
		if r.Quick != nil {
			routes[i].Quick = func(c *gin.Context, actor authz.Actor, session authz.Session) (bool, error) {
				return r.Quick(c, memberOf(actor), session)
			}
		}
	}
	return routes
}

// memberOf is the actor in the organisation acted for alone.
func memberOf(actor authz.Actor) authz.Actor {
	actor.Remit, actor.Operator = authz.Remit{}, false
	actor.Memberships = slices.DeleteFunc(slices.Clone(actor.Memberships), func(m authz.Membership) bool {
		return m.Organisation != actor.Organisation
	})
	return actor
}

// homeRoutes: the first page, and one's own authority.
func (s *Surface) homeRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/home", authz.Perm(authz.KindBeneficiary, authz.BeneficiarySearch), s.home),
		desk.Get("/my-authority", authz.Perm(authz.KindCharter, authz.CharterAccept), s.authority),
		desk.Post("/my-authority/charter", authz.Perm(authz.KindCharter, authz.CharterAccept), s.acceptCharter),
	}
}

// peopleRoutes: the people helped.
func (s *Surface) peopleRoutes() []desk.Route {
	create := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryCreate)
	change := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryChange)
	contact := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryChangeContact)
	erase := authz.Perm(authz.KindBeneficiary, authz.BeneficiaryErase)
	return []desk.Route{
		desk.Get("/people", authz.Perm(authz.KindBeneficiary, authz.BeneficiarySearch), s.people),
		desk.Get("/people/new", create, s.newPerson),
		desk.Post("/people/new", create, s.addPerson),
		desk.Get("/people/:id", authz.Perm(authz.KindBeneficiary, authz.BeneficiaryRead), s.person),
		desk.Get("/people/:id/edit", change, s.editPerson),
		desk.Post("/people/:id/edit", change, s.changePerson),
		desk.Get("/people/:id/contact", contact, s.editContact),
		desk.Post("/people/:id/contact", contact, s.changeContact),
		desk.Get("/people/:id/erase", erase, s.eraseForm),
		desk.Post("/people/:id/erase", erase, s.erase),
	}
}
