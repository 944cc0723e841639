package mediator

import (
	"net/http"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
)

// caseRoutes: procedures being carried out, and what is done in them.
func (s *Surface) caseRoutes() []desk.Route {
	do := authz.Perm(authz.KindStep, authz.StepDo)
	correct := authz.Perm(authz.KindStep, authz.StepCorrect)
	handOver := authz.Perm(authz.KindCase, authz.CaseHandOver)
	closing := authz.Perm(authz.KindCase, authz.CaseClose)
	due := authz.Perm(authz.KindCase, authz.CaseSetDue)
	return []desk.Route{
		desk.Get(casesHref, authz.Perm(authz.KindCase, authz.CaseRead), s.cases),
		desk.Get("/cases/new", authz.Perm(authz.KindCase, authz.CaseOpen), s.newCase),
		desk.Post("/cases/new", authz.Perm(authz.KindCase, authz.CaseOpen), s.openCase),
		desk.Get("/cases/:id", authz.Perm(authz.KindCase, authz.CaseRead), s.showCase),
		{Method: http.MethodPost, Path: "/cases/:id/steps", Access: do, Handle: s.logStep, Quick: s.tryStep},
		desk.Get("/cases/:id/steps/:step/correct", correct, s.editStep),
		desk.Post("/cases/:id/steps/:step/correct", correct, s.correctStep),
		desk.Get("/cases/:id/hand-over", handOver, s.chooseColleague),
		desk.Post("/cases/:id/hand-over", handOver, s.handOver),
		desk.Get("/cases/:id/close", closing, s.chooseEnd),
		desk.Post("/cases/:id/close", closing, s.closeCase),
		desk.Get("/cases/:id/due", due, s.chooseDue),
		desk.Post("/cases/:id/due", due, s.setDue),
	}
}
