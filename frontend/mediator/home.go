package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// home is a mediator's first page: the two things to do, who waits, what ends.
// Somebody who may not act yet sees what lacks instead (AU-09).
func (s *Surface) home(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	if actor.Organisation == uuid.Nil {
		return web.Render(c, http.StatusOK, homePage(page, homeView{NoOrganisation: true}))
	}
	lacks, err := s.refusalLines(ctx, page, actor, standingOf(actor).Lacks())
	if err != nil {
		return err
	}
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	found, err := s.Mandates.Home(ctx, actor)
	closed := err != nil && problem.As(err).Kind == problem.KindForbidden
	if err != nil && !closed {
		return err
	}
	h := homeLists{page: page, pack: pack, actor: actor}
	view := homeView{
		Name: actor.Name, Form: form.New(page.Printer), Lacks: lacks, Closed: closed, Until: untilSoon(page, actor),
		MayBegin: s.may(actor, authz.KindMandate, authz.MandateDraft, uuid.Nil),
		Waiting:  h.waiting(found.Waiting), Ending: h.ending(found.EndingSoon), Cases: h.cases(found.Cases),
		Whole: len(found.Waiting)+len(found.EndingSoon)+len(found.Cases) == 0,
	}
	return web.Render(c, http.StatusOK, homePage(page, view))
}

// forWitness reports whether a mandate waits for the actor as its witness: a
// colleague asked, and nobody may witness their own.
func forWitness(actor authz.Actor, m mandates.Mandate) bool {
	return m.State == mandates.Awaiting && m.Method == mandates.MethodWitness && m.Mediator != actor.Account
}
