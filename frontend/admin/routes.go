package admin

import (
	"slices"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// Dependencies of the surface.
type Dependencies struct {
	// Commands keeps the refusals met before any command; nil keeps none.
	Commands      *command.Runner
	Organisations *organisations.Service
	Mandates      *mandates.Service
	Packs         *packs.Set
	Clients       *clients.Registry
	Acting        *acting.Service
	// Store gives the clock.
	Store *store.Store
}

// Surface answers referents and operators.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// The permissions asked for on several lines.
var (
	invite      = authz.Perm(authz.KindMembership, authz.MembershipInvite)
	confirm     = authz.Perm(authz.KindMembership, authz.MembershipConfirm)
	suspend     = authz.Perm(authz.KindMembership, authz.MembershipSuspend)
	resume      = authz.Perm(authz.KindMembership, authz.MembershipResume)
	end         = authz.Perm(authz.KindMembership, authz.MembershipEnd)
	train       = authz.Perm(authz.KindTraining, authz.TrainingRecord)
	readLetters = authz.Perm(authz.KindMessage, authz.MessageRead)
	answer      = authz.Perm(authz.KindDispute, authz.DisputeAnswer)
	restrict    = authz.Perm(authz.KindOrganisation, authz.OrganisationRestrict)
	create      = authz.Perm(authz.KindOrganisation, authz.OrganisationCreate)
	alter       = authz.Perm(authz.KindOrganisation, authz.OrganisationChange)
	suspendOrg  = authz.Perm(authz.KindOrganisation, authz.OrganisationSuspend)
	resumeOrg   = authz.Perm(authz.KindOrganisation, authz.OrganisationResume)
	grant       = authz.Perm(authz.KindRemit, authz.RemitGrant)
	endRemit    = authz.Perm(authz.KindRemit, authz.RemitEnd)

	readClient     = authz.Perm(authz.KindClient, authz.ClientRead)
	registerClient = authz.Perm(authz.KindClient, authz.ClientRegister)
	changeClient   = authz.Perm(authz.KindClient, authz.ClientChange)
	suspendClient  = authz.Perm(authz.KindClient, authz.ClientSuspend)
	resumeClient   = authz.Perm(authz.KindClient, authz.ClientResume)
	endClient      = authz.Perm(authz.KindClient, authz.ClientEnd)

	readHook     = authz.Perm(authz.KindWebhook, authz.WebhookRead)
	registerHook = authz.Perm(authz.KindWebhook, authz.WebhookRegister)
)

// Routes are all there are.
func (s *Surface) Routes() []desk.Route {
	return slices.Concat(s.peopleRoutes(), s.organisationRoutes(), s.operatorRoutes(), s.supervisorRoutes(), s.serviceRoutes(), s.softwareRoutes())
}

// peopleRoutes: who works in the referent's organisation.
func (s *Surface) peopleRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/organisation/people", confirm, s.people),
		desk.Get("/organisation/people/invite", invite, s.invitePage),
		desk.Post("/organisation/people/invite", invite, s.invite),
		desk.Get("/organisation/people/:id", confirm, s.member),
		desk.Get("/organisation/people/:id/training", train, s.trainingPage),
		desk.Post("/organisation/people/:id/training", train, s.recordTraining),
		desk.Get("/organisation/people/:id/confirm", confirm, s.actPage(confirming)),
		desk.Post("/organisation/people/:id/confirm", confirm, s.act(confirming)),
		desk.Get("/organisation/people/:id/suspend", suspend, s.actPage(suspending)),
		desk.Post("/organisation/people/:id/suspend", suspend, s.act(suspending)),
		desk.Get("/organisation/people/:id/resume", resume, s.actPage(resuming)),
		desk.Post("/organisation/people/:id/resume", resume, s.act(resuming)),
		desk.Get("/organisation/people/:id/end", end, s.actPage(ending)),
		desk.Post("/organisation/people/:id/end", end, s.act(ending)),
	}
}

// organisationRoutes: the rest of a referent's work.
func (s *Surface) organisationRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/organisation/mandates", restrict, s.endingMandates),
		desk.Get("/organisation/letters", readLetters, s.letters),
		desk.Get("/organisation/letters/:id", readLetters, s.letter),
		desk.Get("/organisation/letters/:id/letter.pdf", readLetters, s.letterPDF),
		desk.Post("/organisation/letters/:id/printed", authz.Perm(authz.KindMessage, authz.MessagePrint), s.letterPrinted),
		desk.Get("/organisation/disputes", answer, s.disputes),
		desk.Get("/organisation/disputes/:id", answer, s.dispute),
		desk.Post("/organisation/disputes/:id", answer, s.answerDispute),
		desk.Get("/organisation/settings", restrict, s.settings),
		desk.Post("/organisation/settings", restrict, s.changeSettings),
	}
}

// operatorRoutes: the organisations of the platform.
func (s *Surface) operatorRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/operator/organisations", create, s.organisations),
		desk.Get("/operator/organisations/new", create, s.newOrganisation),
		desk.Post("/operator/organisations/new", create, s.addOrganisation),
		desk.Get("/operator/organisations/:id", alter, s.organisation),
		desk.Get("/operator/organisations/:id/edit", alter, s.editOrganisation),
		desk.Post("/operator/organisations/:id/edit", alter, s.changeOrganisation),
		desk.Get("/operator/organisations/:id/people", alter, s.organisationPeople),
		desk.Get("/operator/organisations/:id/referent", alter, s.referentPage), // a referent invites on their own page
		desk.Post("/operator/organisations/:id/referent", alter, s.inviteReferent),
		desk.Get("/operator/organisations/:id/suspend", suspendOrg, s.orgActPage(suspendingOrg)),
		desk.Post("/operator/organisations/:id/suspend", suspendOrg, s.orgAct(suspendingOrg)),
		desk.Get("/operator/organisations/:id/resume", resumeOrg, s.orgActPage(resumingOrg)),
		desk.Post("/operator/organisations/:id/resume", resumeOrg, s.orgAct(resumingOrg)),
	}
}

// supervisorRoutes: who may see what.
func (s *Surface) supervisorRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/operator/supervisors", grant, s.supervisors),
		desk.Get("/operator/supervisors/new", grant, s.newRemit),
		desk.Post("/operator/supervisors/new", grant, s.grantRemit),
		desk.Get("/operator/supervisors/:id/end", endRemit, s.endRemitPage),
		desk.Post("/operator/supervisors/:id/end", endRemit, s.endRemit),
	}
}

// softwareRoutes: an organisation's own software, and the addresses it is told at.
func (s *Surface) softwareRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/organisation/software", readHook, s.software),
		desk.Get("/organisation/software/new", registerHook, s.newHook),
		desk.Post("/organisation/software/new", registerHook, s.addHook),
		desk.Get("/organisation/software/:id", readHook, s.hook),
		desk.Post("/organisation/software/:id/end", authz.Perm(authz.KindWebhook, authz.WebhookEnd), s.endHook),
	}
}

// serviceRoutes: the services linked to Relais, and organisations' software.
func (s *Surface) serviceRoutes() []desk.Route {
	return []desk.Route{
		desk.Get("/operator/services", readClient, s.services),
		desk.Get("/operator/services/new", registerClient, s.newService),
		desk.Post("/operator/services/new", registerClient, s.addService),
		desk.Get("/operator/services/:id", readClient, s.service),
		desk.Get("/operator/services/:id/deliveries", readClient, s.serviceDeliveries),
		desk.Get("/operator/services/:id/edit", changeClient, s.editService),
		desk.Post("/operator/services/:id/edit", changeClient, s.changeService),
		desk.Get("/operator/services/:id/secret", changeClient, s.rotatePage),
		desk.Post("/operator/services/:id/secret", changeClient, s.rotate),
		desk.Get("/operator/services/:id/suspend", suspendClient, s.clientActPage(suspendingClient)),
		desk.Post("/operator/services/:id/suspend", suspendClient, s.clientAct(suspendingClient)),
		desk.Get("/operator/services/:id/resume", resumeClient, s.clientActPage(resumingClient)),
		desk.Post("/operator/services/:id/resume", resumeClient, s.clientAct(resumingClient)),
		desk.Get("/operator/services/:id/end", endClient, s.clientActPage(endingClient)),
		desk.Post("/operator/services/:id/end", endClient, s.clientAct(endingClient)),
	}
}
