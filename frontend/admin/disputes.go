package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// mostDisputes shown on one page.
const mostDisputes = 200

// disputes lists disagreements, the late ones first (PO-05).
func (s *Surface) disputes(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	state := c.Query("state")
	if state != "answered" {
		state = "open"
	}
	list, err := s.Mandates.Disputes(c.Request.Context(), actor, mandates.DisputeQuery{State: state, Limit: mostDisputes})
	if err != nil {
		return err
	}
	pack, err := s.pack(here)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, disputesPage(page, newDisputes(page, here, pack, list, state, s.Store.Now())))
}

// disputeHere finds the disagreement of the address among the organisation's.
func (s *Surface) disputeHere(c *gin.Context, actor authz.Actor, refused []string) (disputeView, error) {
	here, err := s.here(c, actor)
	if err != nil {
		return disputeView{}, err
	}
	id, err := idOf(c)
	if err != nil {
		return disputeView{}, err
	}
	pack, err := s.pack(here)
	if err != nil {
		return disputeView{}, err
	}
	list, err := s.Mandates.Disputes(c.Request.Context(), actor, mandates.DisputeQuery{Limit: mostDisputes})
	if err != nil {
		return disputeView{}, err
	}
	for _, d := range list {
		if d.ID == id {
			v := newDispute(web.PageOf(c), here, pack, d, s.Store.Now())
			v.Refused, v.Own = refused, d.Of.Mediator == actor.Account
			return v, nil
		}
	}
	return disputeView{}, problem.NotFound()
}

func (s *Surface) dispute(c *gin.Context, actor authz.Actor) error {
	v, err := s.disputeHere(c, actor, nil)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, disputePage(page, form.New(page.Printer), v))
}

// answerDispute answers one; the person is told and reads it.
func (s *Surface) answerDispute(c *gin.Context, actor authz.Actor) error {
	if _, err := s.disputeHere(c, actor, nil); err != nil {
		return err
	}
	id, err := idOf(c)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	err = s.Mandates.AnswerDispute(c.Request.Context(), actor, id, f.Value("answer"))
	return settle(c, f, err, func(refused []string) error {
		v, err := s.disputeHere(c, actor, refused) // as it stands now: somebody may have been quicker
		if err != nil {
			return err
		}
		return web.Render(c, statusOf(refused), disputePage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_answered")
		return web.SeeOther(c, "/organisation/disputes")
	})
}
