package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// caseFacts are what every page about a case is made of.
type caseFacts struct {
	mandates.Case
	page      t.Page
	actor     authz.Actor
	pack      *packs.Pack
	procedure packs.Procedure // the zero one when the catalogue dropped it
	banner    *t.PersonBanner
	before    string // the mark that the steps shown come before, empty: the newest
}

func (k caseFacts) href() string       { return "/cases/" + k.ID.String() }
func (k caseFacts) personHref() string { return "/people/" + k.Beneficiary.String() }
func (k caseFacts) title() string      { return procedureName(k.page, k.pack, k.Procedure) }

// caseOf reads the case of the address, or answers not found.
func (s *Surface) caseOf(c *gin.Context, actor authz.Actor) (caseFacts, error) {
	ctx, k := c.Request.Context(), caseFacts{page: web.PageOf(c), actor: actor}
	id, err := pathID(c, "id")
	if err != nil {
		return k, err
	}
	k.before = c.Query("before")
	if k.Case, err = s.Mandates.CaseAt(ctx, actor, id, k.before); err != nil {
		return k, err
	}
	if k.pack, err = s.packOf(ctx, actor); err != nil {
		return k, err
	}
	k.procedure, _ = k.pack.Procedure(k.Procedure)
	b, err := s.Beneficiaries.Get(ctx, actor, k.Beneficiary)
	switch {
	case err == nil:
		k.banner = bannerOf(k.page, b, k.personHref())
	case problem.As(err).Kind == problem.KindNotFound: // erased: the case stays, under the name that is left
		k.banner = &t.PersonBanner{Label: k.page.T("mediator.person.label"), Name: k.BeneficiaryName}
	default:
		return k, err
	}
	return k, nil
}

// showCase shows what a case is for, what was done, and the next step.
func (s *Surface) showCase(c *gin.Context, actor authz.Actor) error {
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	f := form.New(k.page.Printer).Set("key", s.NewKey())
	k.suggest(f)
	return s.renderCase(c, k, f, nil)
}

// renderCase answers with the page of a case, whatever brought us here.
func (s *Surface) renderCase(c *gin.Context, k caseFacts, f *form.Form, refused *problem.Error) error {
	v, err := s.caseViewOf(c.Request.Context(), k, f, refused)
	if err != nil {
		return err
	}
	return web.Render(c, caseStatus(f, refused), casePage(k.page, v))
}

// caseStatus is the status of a page that came back, or 200.
func caseStatus(f *form.Form, refused *problem.Error) int {
	switch {
	case refused != nil:
		return web.Status(refused)
	case !f.Valid():
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// logStep logs the next step. Whatever is refused, the page comes back with
// the reason and everything typed (ST-03).
func (s *Surface) logStep(c *gin.Context, actor authz.Actor) error {
	f, refused, err := s.doStep(c, actor, uuid.Nil)
	switch {
	case err != nil:
		return err
	case refused == nil && f.Valid():
		return stepLogged(c)
	}
	k, err := s.caseOf(c, actor)
	if err != nil {
		return err
	}
	return s.renderCase(c, k, f, refused)
}

func stepLogged(c *gin.Context) error {
	web.Flash(c, "flash.step_logged")
	return web.SeeOther(c, "/cases/"+c.Param("id"))
}

// tryStep is logStep for a supposed actor: what is not a step logged is logStep's.
func (s *Surface) tryStep(c *gin.Context, actor authz.Actor, session authz.Session) (done bool, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return false, err
	}
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return false, err
	}
	n := readStep(f, id, uuid.Nil)
	if !f.Valid() {
		return false, nil
	}
	step, err := s.Mandates.TryStep(c.Request.Context(), actor, session, n)
	if err != nil || step == nil {
		return false, err
	}
	return true, stepLogged(c)
}

// doStep reads what was typed and logs it, as a correction when corrects is a
// step. Faults are in the form, the law's refusal is given; the rest is err.
func (s *Surface) doStep(c *gin.Context, actor authz.Actor, corrects uuid.UUID) (f *form.Form, refused *problem.Error, err error) {
	id, err := pathID(c, "id")
	if err != nil {
		return nil, nil, err
	}
	if f, err = form.Parse(c.Writer, c.Request, web.PageOf(c).Printer); err != nil {
		return nil, nil, err
	}
	n := readStep(f, id, corrects)
	if f.Valid() {
		_, err = s.Mandates.LogStep(c.Request.Context(), actor, n)
	}
	refused, err = accept(f, err)
	return f, refused, err
}

// accept sorts the answer of a command: faults and conflicts go into the form,
// the law's refusal is given to be shown on the page, the rest is handed back.
func accept(f *form.Form, err error) (refused *problem.Error, rest error) {
	if _, rest = f.Accept(err); rest == nil {
		return nil, nil
	}
	if p := problem.As(rest); p.Kind == problem.KindForbidden {
		return p, nil
	}
	return nil, rest
}

// readStep reads the big form.
func readStep(f *form.Form, of, corrects uuid.UUID) mandates.NewStep {
	n := mandates.NewStep{
		Case: of, Corrects: corrects, IdempotencyKey: f.Value("key"),
		Action:        f.Required("action", "choose_action"),
		Outcome:       f.OneOf("outcome", "choose_outcome", mandates.Outcomes()...),
		ReceiptNumber: f.Value("receipt_number"),
		Note:          f.Value("note"),
		Present:       f.Checked("present"),
	}
	n.DueOn, _ = f.OptionalDate("due_on")
	return n
}
