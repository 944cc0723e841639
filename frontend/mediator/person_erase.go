package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
)

// eraseView is the page before somebody's details are erased.
type eraseView struct {
	Person  beneficiaries.Beneficiary
	Form    *form.Form
	Refused *desk.Refusal
	// Standing are the mandates to stop first; while there is one, nothing is
	// offered.
	Standing []t.Link
	Confirm  t.Confirmation
	Stays    []string
}

// eraseForm says what erasing takes away and what stays (Regulation (EU)
// 2016/679, article 17).
func (s *Surface) eraseForm(c *gin.Context, actor authz.Actor) error {
	return s.showErase(c, actor, form.New(web.PageOf(c).Printer), nil)
}

// erase destroys what is known of somebody, for good, after a fresh sign-in.
func (s *Surface) erase(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	err = s.Beneficiaries.Erase(c.Request.Context(), actor, b.ID)
	if err == nil {
		web.Flash(c, "flash.person_erased")
		return web.SeeOther(c, "/people")
	}
	return s.showErase(c, actor, f, err)
}

// showErase shows the page, with a refusal when there was one.
func (s *Surface) showErase(c *gin.Context, actor authz.Actor, f *form.Form, err error) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	refused, err := s.keep(ctx, page, actor, f, err)
	if err != nil {
		return err
	}
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	v := eraseView{Person: b, Form: f, Refused: refused, Stays: eraseWords(page, "mediator.erase.stays_log", "mediator.erase.stays_sent", "mediator.erase.stays_paper")}
	v.Confirm = t.Confirmation{Consequences: eraseWords(page, "mediator.erase.name", "mediator.erase.mandates", "mediator.erase.words", "mediator.erase.space", "mediator.erase.forever"),
		Action: personHref(b) + "/erase", Do: page.T("mediator.erase.do"), Safe: t.Link{Text: page.T("mediator.erase.keep"), Href: personHref(b)}}
	all, err := s.Mandates.OfBeneficiary(ctx, actor, b.ID)
	if err != nil {
		return err
	}
	view := personView{page: page, now: actor.Now, Person: b}
	if view.pack, err = s.packOf(ctx, actor); err != nil {
		return err
	}
	for _, m := range all {
		if !m.StateAt(actor.Now).Terminal() {
			v.Standing = append(v.Standing, t.Link{Text: view.mandateTitle(view.scope(m)), Href: mandateHref(m)})
		}
	}
	return web.Render(c, eraseStatus(v), erasePage(page, v))
}

func eraseStatus(v eraseView) int {
	switch {
	case v.Refused != nil:
		return http.StatusForbidden
	case !v.Form.Valid():
		return http.StatusConflict // a mandate stands
	}
	return http.StatusOK
}

func eraseWords(p t.Page, keys ...string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = p.T(key)
	}
	return out
}
