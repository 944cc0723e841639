package mediator

import (
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// editStep asks what a step should have said. The step itself never changes:
// the correction is another step, which refers to it (ST-06).
func (s *Surface) editStep(c *gin.Context, actor authz.Actor) error {
	k, st, err := s.stepOf(c, actor)
	if err != nil {
		return err
	}
	f := form.New(k.page.Printer).Set("key", s.NewKey()).Set("action", st.Action).Set("outcome", st.Outcome).
		Set("receipt_number", st.ReceiptNumber).Set("note", st.Note)
	if st.Present {
		f.Set("present", "1")
	}
	return s.showCorrection(c, k, st, f, nil)
}

// correctStep logs the correction.
func (s *Surface) correctStep(c *gin.Context, actor authz.Actor) error {
	step, err := pathID(c, "step")
	if err != nil {
		return err
	}
	f, refused, err := s.doStep(c, actor, step)
	switch {
	case err != nil:
		return err
	case refused == nil && f.Valid():
		web.Flash(c, "flash.step_corrected")
		return web.SeeOther(c, "/cases/"+c.Param("id"))
	}
	k, st, err := s.stepOf(c, actor)
	if err != nil {
		return err
	}
	return s.showCorrection(c, k, st, f, refused)
}

// stepOf reads a step of the case of the address, or answers not found.
func (s *Surface) stepOf(c *gin.Context, actor authz.Actor) (caseFacts, mandates.Step, error) {
	k, err := s.caseOf(c, actor)
	if err != nil {
		return k, mandates.Step{}, err
	}
	id, err := pathID(c, "step")
	if err != nil {
		return k, mandates.Step{}, err
	}
	st, err := s.Mandates.StepOf(c.Request.Context(), actor, id)
	if err == nil && st.Case != k.ID {
		err = problem.NotFound()
	}
	return k, st, err
}

func (s *Surface) showCorrection(c *gin.Context, k caseFacts, st mandates.Step, f *form.Form, refused *problem.Error) error {
	v := k.changeOf("correct", "/steps/"+st.ID.String()+"/correct", f, refused)
	v.Before = k.asItStands(st)
	v.Notice = k.page.T("case.correct.notice")
	v.Step = &stepForm{Form: f, Action: v.Action, Key: f.Value("key"), Do: v.Do, Actions: k.correctable(f), Outcomes: k.outcomes()}
	return s.renderChange(c, k, v, refused)
}

// correctable are the actions a correction may name. Of a closed case nothing
// was asked yet: the command answers.
func (k caseFacts) correctable(f *form.Form) []t.Option {
	if len(k.Answers) > 0 {
		return k.actions(f)
	}
	var out []t.Option
	for _, a := range k.procedure.Actions {
		out = append(out, t.Option{Value: a, Label: k.page.T("action." + a), Hint: k.page.T("case.act." + a)})
	}
	return out
}

// asItStands is the step as it is, and as it will go on being.
func (k caseFacts) asItStands(st mandates.Step) []t.Row {
	p, facts := k.page, k.factsOf(st)
	rows := []t.Row{
		{Key: p.T("case.correct.when"), Value: p.DateTime(st.At)},
		{Key: p.T("case.correct.who"), Value: st.MediatorName},
		{Key: p.T("case.correct.what"), Value: p.T("action." + st.Action), Body: t.Tags([]t.Tag{outcomeTag(p, st.Outcome)})},
		{Key: p.T("case.correct.more"), Lines: facts.Lines},
	}
	if len(facts.Note) > 0 {
		rows = append(rows, t.Row{Key: p.T("case.step.note"), Lines: facts.Note})
	}
	return rows
}
