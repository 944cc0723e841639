package portal

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// stepView is one step to disagree with.
type stepView struct {
	Form             *form.Form
	Action, When     string // the address to post to; the day and hour in words
	What, Who, Where string
	Note             string
}

// disagreeForm shows the step and asks what is not right.
func (s *Surface) disagreeForm(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	v, _, err := s.stepView(c, actor, form.New(page.Printer))
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, disagreePage(page, v))
}

// disagree tells the organisation and the supervisor (PO-05).
func (s *Surface) disagree(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, step, err := s.stepView(c, actor, f)
	if err != nil {
		return err
	}
	_, err = s.Mandates.RaiseDispute(c.Request.Context(), actor, step.ID, f.Value("text"))
	if problem.Is(err, "dispute_already_open") {
		return web.SeeOther(c, historyPath)
	}
	if ok, err := f.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, http.StatusUnprocessableEntity, disagreePage(page, v))
	}
	web.Flash(c, "flash.disagreement_sent")
	return web.SeeOther(c, historyPath)
}

func (s *Surface) stepView(c *gin.Context, actor authz.Actor, f *form.Form) (stepView, mandates.Step, error) {
	ctx, page := c.Request.Context(), web.PageOf(c)
	id, err := uuid.Parse(c.Param("step"))
	if err != nil {
		return stepView{}, mandates.Step{}, problem.NotFound()
	}
	step, err := s.Mandates.StepOf(ctx, actor, id)
	if err != nil {
		return stepView{}, step, err
	}
	m := s.maker(page, actor.Now)
	org, err := m.organisation(ctx, step.Organisation)
	if err != nil {
		return stepView{}, step, err
	}
	return stepView{Form: f, Action: c.Request.URL.Path, When: m.words(org).DateTime(step.At), Who: step.MediatorName, Where: org.Name,
		What: s.did(page, org.Pack, step.Procedure, step.Action), Note: step.Note}, step, nil
}

// disputeWords say where a disagreement stands.
func (m *maker) disputeWords(d mandates.Dispute) disputeView {
	v := disputeView{Text: d.Text, Answer: d.Answer}
	if d.AnsweredAt.IsZero() {
		v.State = m.page.T("portal.dispute.waiting", "Date", m.page.Date(midday(d.DueOn)))
		return v
	}
	v.State = m.page.T("portal.dispute.answered", "Name", d.AnsweredByName, "Date", m.page.Date(d.AnsweredAt))
	return v
}

// disputeView is a disagreement, in words.
type disputeView struct{ Text, State, Answer string }

// midday puts a calendar day where no time zone moves it to another.
func midday(day time.Time) time.Time { return day.Add(12 * time.Hour) }
