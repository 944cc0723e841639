package mediator

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// newCaseView asks which procedure, among those covered by live mandates.
type newCaseView struct {
	Head     t.Head
	Refused  []desk.RefusalLine
	Form     *form.Form
	Person   string
	Covered  []procedureGroup
	Missing  []procedureGroup
	Begin    beginView
	MayBegin bool
}

// procedureGroup is one theme's procedures.
type procedureGroup struct {
	Theme   string
	Icon    t.Icon
	Choices []procedureChoice
}

// procedureChoice is one procedure, with what is worth knowing before choosing.
type procedureChoice struct {
	ID, Code, Name, Plain, More string
	OpenHref                    string // the case that is open already
}

// newCase asks for the procedure.
func (s *Surface) newCase(c *gin.Context, actor authz.Actor) error {
	if c.Query("person") == "" {
		return web.SeeOther(c, "/people")
	}
	f := form.New(web.PageOf(c).Printer).Set("key", s.NewKey()).Set("person", c.Query("person")).Set("procedure", c.Query("procedure"))
	return s.showNewCase(c, actor, f, nil)
}

// openCase opens it. A second press gives the same case.
func (s *Surface) openCase(c *gin.Context, actor authz.Actor) error {
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return err
	}
	in := mandates.OpenCase{Procedure: f.Required("procedure", "choose_procedure"), IdempotencyKey: f.Value("key")}
	in.DueOn, _ = f.OptionalDate("due_on")
	if in.Beneficiary, err = uuid.Parse(f.Value("person")); err != nil {
		return problem.NotFound()
	}
	var opened mandates.Case
	if f.Valid() {
		opened, err = s.Mandates.OpenCase(c.Request.Context(), actor, in)
	}
	refused, err := accept(f, err)
	switch {
	case err != nil:
		return err
	case refused != nil || !f.Valid():
		return s.showNewCase(c, actor, f, refused)
	}
	web.Flash(c, "flash.case_opened")
	return web.SeeOther(c, "/cases/"+opened.ID.String())
}

func (s *Surface) showNewCase(c *gin.Context, actor authz.Actor, f *form.Form, refused *problem.Error) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	id, err := uuid.Parse(f.Value("person"))
	if err != nil {
		return problem.NotFound()
	}
	b, err := s.Beneficiaries.Get(ctx, actor, id)
	if err != nil {
		return err
	}
	v := newCaseView{Form: f, Person: id.String(), MayBegin: s.may(actor, authz.KindMandate, authz.MandateDraft, id),
		Begin: beginView{Action: personHref(b) + "/mandates", Key: s.NewKey(), Kind: t.Secondary},
		Head: t.Head{Title: page.T("case.new.title"), Lead: page.T("case.new.lead"), Form: f, Failed: refused != nil,
			Person: bannerOf(page, b, personHref(b)), Back: t.Link{Text: page.T("case.to_person", "Name", b.Name()), Href: personHref(b)}}}
	if err := s.choices(ctx, page, actor, b, &v); err != nil {
		return err
	}
	if refused != nil {
		k := caseFacts{page: page, actor: actor, Case: mandates.Case{Beneficiary: b.ID, BeneficiaryName: b.Name(), Procedure: f.Value("procedure")}}
		if v.Refused, err = s.whyNot(ctx, k, reasonsOf(refused)); err != nil {
			return err
		}
	}
	return web.Render(c, max(caseStatus(f, refused), http.StatusOK), newCasePage(page, v))
}

// choices sorts the catalogue into what live mandates cover and what not.
func (s *Surface) choices(ctx context.Context, p t.Page, actor authz.Actor, b beneficiaries.Beneficiary, v *newCaseView) error {
	all, err := s.Mandates.OfBeneficiary(ctx, actor, b.ID)
	if err != nil {
		return err
	}
	cases, err := s.Mandates.CasesOf(ctx, actor, b.ID)
	if err != nil {
		return err
	}
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	covered := coveredBy(all, actor)
	open := map[string]string{}
	for _, c := range cases {
		if !c.State.Closed() {
			open[c.Procedure] = "/cases/" + c.ID.String()
		}
	}
	for _, theme := range pack.Themes {
		group := procedureGroup{Theme: theme.Name.In(string(p.Lang())), Icon: desk.ThemeIcon(theme)}
		missing := group
		for _, x := range pack.ProceduresOf(theme.Code) {
			choice := choiceOf(p, x)
			choice.OpenHref = open[x.Code]
			if covered[x.Code] {
				group.Choices = append(group.Choices, choice)
			} else {
				missing.Choices = append(missing.Choices, choice)
			}
		}
		v.add(group, missing)
	}
	return nil
}

func (v *newCaseView) add(group, missing procedureGroup) {
	if len(group.Choices) > 0 {
		// The first choice is what the summary of errors leads to.
		if len(v.Covered) == 0 {
			group.Choices[0].ID = form.ID("procedure")
		}
		v.Covered = append(v.Covered, group)
	}
	if len(missing.Choices) > 0 {
		v.Missing = append(v.Missing, missing)
	}
}

// coveredBy are the procedures that live lines name, now, in the organisation
// acted for.
func coveredBy(all []mandates.Mandate, actor authz.Actor) map[string]bool {
	out := map[string]bool{}
	for _, m := range all {
		if m.StateAt(actor.Now) != mandates.Active || m.Organisation != actor.Organisation {
			continue
		}
		for _, g := range m.Grants {
			if g.State != "active" {
				continue
			}
			for _, code := range g.Procedures {
				out[code] = true
			}
		}
	}
	return out
}

func choiceOf(p t.Page, x packs.Procedure) procedureChoice {
	lang := string(p.Lang())
	more := []string{x.AdministrationName}
	if papers := x.NeedsDocuments.In(lang); papers != "" {
		more = append(more, p.T("case.new.papers", "Papers", papers))
	}
	c := procedureChoice{ID: form.ID("procedure-" + x.Code), Code: x.Code, Name: x.Name.In(lang), Plain: x.Plain.In(lang)}
	for i, part := range slices.DeleteFunc(more, func(s string) bool { return s == "" }) {
		if i > 0 {
			c.More += " · "
		}
		c.More += part
	}
	return c
}

// procedureRows say what a procedure is; nothing of one that the catalogue
// dropped.
func procedureRows(p t.Page, x packs.Procedure) []t.Row {
	lang := string(p.Lang())
	var rows []t.Row
	add := func(key, value string) {
		if value != "" {
			rows = append(rows, t.Row{Key: key, Value: value})
		}
	}
	add(p.T("case.about.plain"), x.Plain.In(lang))
	add(p.T("case.about.administration"), x.AdministrationName)
	add(p.T("case.about.papers"), x.NeedsDocuments.In(lang))
	if x.Delay > 0 {
		add(p.T("case.about.delay"), p.N("case.about.days", x.Delay))
	}
	if x.URL != "" {
		rows = append(rows, t.Row{Key: p.T("case.about.official"), Body: officialLink(p, x.URL)})
	}
	return rows
}
