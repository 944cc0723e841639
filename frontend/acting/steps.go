package acting

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
)

// Fields of the pages.
const (
	personField    = "beneficiary"
	procedureField = "procedure"
	actionFields   = "actions."   // and the procedure
	sensitiveField = "sensitive." // and the procedure
)

// person asks for whom: a search, never a list of everybody (OP-03).
func (s *Surface) person(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		f := form.FromValues(v.page.Printer, c.Request.URL.Query())
		return s.showPerson(c, v, f, answer{})
	})
}

func (s *Surface) showPerson(c *gin.Context, v visit, f *form.Form, a answer) error {
	text := f.Value("q")
	var found []acting.Offered
	if text != "" && v.r.State == acting.Open {
		var err error
		found, err = s.Acting.Offer(c.Request.Context(), v.actor, v.r.ID, text)
		if problem.Is(err, "invalid") {
			f.Fail("q", "search_too_short")
		} else if err != nil {
			return err
		}
	}
	return web.Render(c, a.status(f), personPage(v.page, newPerson(v, f, a, found)))
}

func (s *Surface) choosePerson(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		f, err := form.Parse(c.Writer, c.Request, v.page.Printer)
		if err != nil {
			return err
		}
		id, err := uuid.Parse(f.Value(personField))
		if err != nil {
			err = problem.NotFound()
		} else {
			err = s.Acting.ChoosePerson(c.Request.Context(), actor, v.r.ID, versionOf(f), id)
		}
		a, err := s.answerOf(c, &v, f, err)
		switch {
		case err != nil:
			return err
		case a.ok:
			return web.SeeOther(c, v.href(whatPath))
		case v.r.State != acting.Open:
			return s.over(c, v)
		}
		return s.showPerson(c, v, f, a)
	})
}

// what asks what for: the procedure, and what may be done in it.
func (s *Surface) what(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		if v.r.Person == nil {
			return web.SeeOther(c, v.href(personPath))
		}
		f := form.New(v.page.Printer).Set(procedureField, v.r.Procedure)
		for _, choice := range v.r.Choices {
			ticked := choice.Actions
			if choice.Procedure == v.r.Procedure {
				ticked = v.r.Actions
			} else {
				ticked = slices.DeleteFunc(slices.Clone(ticked), packs.Sensitive)
			}
			f.Set(actionFields+choice.Procedure, ticked...).Set(sensitiveField+choice.Procedure, ticked...)
		}
		return s.showWhat(c, v, f, answer{})
	})
}

func (s *Surface) showWhat(c *gin.Context, v visit, f *form.Form, a answer) error {
	if v.r.Person == nil { // the mandate ended meanwhile
		return s.showPerson(c, v, form.New(v.page.Printer), a)
	}
	return web.Render(c, a.status(f), whatPage(v.page, newWhat(v, f, a)))
}

func (s *Surface) chooseWhat(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		f, err := form.Parse(c.Writer, c.Request, v.page.Printer)
		if err != nil {
			return err
		}
		procedure := f.Value(procedureField)
		actions := append(f.Values(actionFields+procedure), f.Values(sensitiveField+procedure)...)
		if f.Checked(personField) && (v.r.Person == nil || f.Value(personField) != v.r.Person.Beneficiary.String()) {
			err = problem.Conflict("stale") // another person was chosen in another window
		} else if procedure == "" {
			f.Fail(procedureField, "unknown_procedure")
		} else if len(actions) == 0 {
			f.Fail(actionFields+procedure, "choose_what_to_do")
		} else {
			err = s.Acting.ChooseScope(c.Request.Context(), actor, v.r.ID, versionOf(f), procedure, actions)
		}
		a, err := s.answerOf(c, &v, f, err)
		switch {
		case err != nil:
			return err
		case a.ok:
			return web.SeeOther(c, v.href(confirmPath))
		case v.r.State != acting.Open:
			return s.over(c, v)
		}
		return s.showWhat(c, v, f, a)
	})
}

// confirm shows what the service will receive, before it does.
func (s *Surface) confirm(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		if v.next() != confirmPath {
			return web.SeeOther(c, v.href(v.next()))
		}
		return s.showConfirm(c, v, form.New(v.page.Printer), answer{})
	})
}

func (s *Surface) showConfirm(c *gin.Context, v visit, f *form.Form, a answer) error {
	switch v.next() {
	case personPath:
		return s.showPerson(c, v, form.New(v.page.Printer), a)
	case whatPath:
		return s.showWhat(c, v, form.New(v.page.Printer), a)
	}
	return web.Render(c, a.status(f), confirmPage(v.page, newConfirm(v, f, a)))
}

// grant gives it, and goes back to the service. A sensitive action asks for a
// fresh sign-in first; the desk keeps the form (OP-10).
func (s *Surface) grant(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error {
		f, err := form.Parse(c.Writer, c.Request, v.page.Printer)
		if err != nil {
			return err
		}
		_, err = s.Acting.Grant(c.Request.Context(), actor, v.r.ID, versionOf(f))
		a, err := s.answerOf(c, &v, f, err)
		switch {
		case err != nil:
			return err
		case a.ok:
			return web.SeeOther(c, callback(v.r.ID))
		case v.r.State != acting.Open:
			return s.over(c, v)
		}
		return s.showConfirm(c, v, f, a)
	})
}

// fold cuts a list that would hide the rest of the page.
func fold(words []string, most int) (shown []string, left int) {
	if len(words) <= most+1 {
		return words, 0
	}
	return words[:most], len(words) - most
}

// sentence begins with a capital letter.
func sentence(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}
