package mediator

import (
	"slices"

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

// Routes are all there are.
func (s *Surface) Routes() []desk.Route {
	return slices.Concat(
		s.homeRoutes(),
		s.peopleRoutes(),
		s.mandateRoutes(),
		s.caseRoutes(),
	)
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
