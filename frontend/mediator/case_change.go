package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// caseChangeView is one question about a case: who has it, how it ends, when
// to look again, or what a step should have said.
type caseChangeView struct {
	Head    t.Head
	Refused []desk.RefusalLine
	Form    *form.Form
	Action  string
	Do      string
	Choice  t.ChoiceField // when there is something to choose
	Empty   string        // when there is nothing to choose from
	Date    bool
	Before  []t.Row // what is being corrected
	Step    *stepForm
	Notice  string
}

// changeOf begins the view of one question.
func (k caseFacts) changeOf(page, action string, f *form.Form, refused *problem.Error) caseChangeView {
	p := k.page
	return caseChangeView{Form: f, Action: k.href() + action, Do: p.T("case." + page + ".do"),
		Head: t.Head{Title: p.T("case." + page + ".title"), Caption: k.title(), Lead: p.T("case." + page + ".lead"), Form: f,
			Failed: refused != nil, Person: k.banner, Back: t.Link{Text: p.T("case.to_case"), Href: k.href()}}}
}

func (s *Surface) renderChange(c *gin.Context, k caseFacts, v caseChangeView, refused *problem.Error) error {
	if refused != nil {
		var err error
		if v.Refused, err = s.whyNot(c.Request.Context(), k, reasonsOf(refused)); err != nil {
			return err
		}
	}
	return web.Render(c, max(caseStatus(v.Form, refused), http.StatusOK), caseChangePage(k.page, v))
}

// changed runs one command on a case and goes back to it; show renders the
// question again when it was refused.
func (s *Surface) changed(c *gin.Context, actor authz.Actor, flash string, command func(f *form.Form, id uuid.UUID) error,
	show func(k caseFacts, f *form.Form, refused *problem.Error) error) error {
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return err
	}
	refused, err := accept(f, command(f, id))
	switch {
	case err != nil:
		return err
	case refused == nil && f.Valid():
		web.Flash(c, flash)
		return web.SeeOther(c, "/cases/"+id.String())
	}
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	return show(k, f, refused)
}

// chooseColleague asks who takes the case over (ST-08).
func (s *Surface) chooseColleague(c *gin.Context, actor authz.Actor) error {
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	return s.showColleagues(c, k, form.New(k.page.Printer), nil)
}

func (s *Surface) handOver(c *gin.Context, actor authz.Actor) error {
	return s.changed(c, actor, "flash.case_handed_over", func(f *form.Form, id uuid.UUID) error {
		to, err := uuid.Parse(f.Value("to"))
		if err != nil {
			f.Fail("to", "choose_colleague")
			return nil //nolint:nilerr // the form says it, beside the question
		}
		return s.Mandates.HandOver(c.Request.Context(), actor, id, to)
	}, func(k caseFacts, f *form.Form, refused *problem.Error) error {
		return s.showColleagues(c, k, f, refused)
	})
}

func (s *Surface) showColleagues(c *gin.Context, k caseFacts, f *form.Form, refused *problem.Error) error {
	all, err := s.Organisations.Mediators(c.Request.Context(), k.actor)
	if err != nil {
		return err
	}
	v := k.changeOf("hand_over", "/hand-over", f, refused)
	v.Choice = t.ChoiceField{Name: "to", Label: k.page.T("case.hand_over.label"), Filter: len(all) > 10}
	for _, x := range all {
		if x.Account == k.AssignedTo {
			continue
		}
		o := t.Option{Value: x.Account.String(), Label: x.Name}
		if x.Account == k.actor.Account {
			o.Hint = k.page.T("case.hand_over.you")
		}
		v.Choice.Options = append(v.Choice.Options, o)
	}
	if len(v.Choice.Options) == 0 {
		v.Empty = k.page.T("case.hand_over.nobody")
	}
	return s.renderChange(c, k, v, refused)
}

// chooseEnd asks how the case ended.
func (s *Surface) chooseEnd(c *gin.Context, actor authz.Actor) error {
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	return s.showEnds(c, k, form.New(k.page.Printer), nil)
}

func (s *Surface) closeCase(c *gin.Context, actor authz.Actor) error {
	return s.changed(c, actor, "flash.case_closed", func(f *form.Form, id uuid.UUID) error {
		state := f.Required("state", "choose_case_end")
		if !f.Valid() {
			return nil
		}
		return s.Mandates.CloseCase(c.Request.Context(), actor, id, state)
	}, func(k caseFacts, f *form.Form, refused *problem.Error) error { return s.showEnds(c, k, f, refused) })
}

func (s *Surface) showEnds(c *gin.Context, k caseFacts, f *form.Form, refused *problem.Error) error {
	v := k.changeOf("close", "/close", f, refused)
	v.Choice = t.ChoiceField{Name: "state", Label: k.page.T("case.close.label")}
	for _, end := range mandates.CaseEnds(k.State) {
		v.Choice.Options = append(v.Choice.Options,
			t.Option{Value: string(end), Label: k.page.T("case_state." + string(end)), Hint: k.page.T("case.end." + string(end))})
	}
	if len(v.Choice.Options) == 0 {
		v.Empty = k.page.T("problem.case_closed")
	}
	return s.renderChange(c, k, v, refused)
}

// chooseDue asks for the date to watch; no date takes it away.
func (s *Surface) chooseDue(c *gin.Context, actor authz.Actor) error {
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	return s.showDue(c, k, form.New(k.page.Printer).SetDate("due_on", k.DueOn), nil)
}

func (s *Surface) setDue(c *gin.Context, actor authz.Actor) error {
	return s.changed(c, actor, "flash.case_due_set", func(f *form.Form, id uuid.UUID) error {
		due, _ := f.OptionalDate("due_on")
		if !f.Valid() {
			return nil
		}
		return s.Mandates.SetDue(c.Request.Context(), actor, id, due)
	}, func(k caseFacts, f *form.Form, refused *problem.Error) error { return s.showDue(c, k, f, refused) })
}

func (s *Surface) showDue(c *gin.Context, k caseFacts, f *form.Form, refused *problem.Error) error {
	v := k.changeOf("due", "/due", f, refused)
	v.Date = true
	return s.renderChange(c, k, v, refused)
}
