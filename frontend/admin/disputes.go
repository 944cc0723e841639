package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// disputesOnPage are shown together.
const disputesOnPage = 50

// disputes lists disagreements: those without an answer, the late ones first, or
// those with one, the last answered first (PO-05).
func (s *Surface) disputes(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	state := c.Query("state")
	if state != "answered" {
		state = "open"
	}
	trail := desk.TrailOf(c.Request.URL.Query())
	found, err := s.Mandates.DisputePage(c.Request.Context(), actor, mandates.DisputeQuery{State: state, After: trail.After, Limit: disputesOnPage})
	switch {
	case err != nil && problem.As(err).Kind == problem.KindInvalid:
		return web.SeeOther(c, disputesPath(state)) // a page that never was
	case err != nil:
		return err
	}
	pack, err := s.pack(here)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, disputesPage(page, newDisputes(page, here, pack, found, disputesAsk{state, trail, s.Store.Now()})))
}

// disputeHere reads the disagreement of the address, one of the organisation's.
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
	d, err := s.Mandates.Dispute(c.Request.Context(), actor, id)
	if err != nil {
		return disputeView{}, err
	}
	v := newDispute(web.PageOf(c), here, pack, d, s.Store.Now())
	v.Refused, v.Own = refused, d.Of.Mediator == actor.Account
	return v, nil
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
