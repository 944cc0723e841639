package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// Where a remit is, as the form says it.
const (
	inOrganisation = "organisation"
	inTerritory    = "territory"
)

func (s *Surface) supervisors(c *gin.Context, actor authz.Actor) error {
	all, err := s.Organisations.Supervisors(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, supervisorsPage(page, newSupervisors(page, all, whereIn(supervisorsPath, c.Request.URL.Query()))))
}

// newRemit asks who supervises what; an organisation in the query is chosen.
func (s *Surface) newRemit(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f := form.New(page.Printer)
	if chosen := c.Query("organisation"); chosen != "" {
		f.Set("place", inOrganisation).Set("organisation", chosen)
	}
	v, err := s.remitForm(c, actor, f)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, remitFormPage(page, f, v))
}

// remitForm lists the organisations to choose from: the first hundred, and the
// one that is chosen already.
func (s *Surface) remitForm(c *gin.Context, actor authz.Actor, f *form.Form) (remitView, error) {
	ctx := c.Request.Context()
	found, err := s.Organisations.Organisations(ctx, actor, organisations.Query{Limit: 100})
	if err != nil {
		return remitView{}, err
	}
	v := remitView{More: found.Next != ""}
	chosen := f.Value("organisation")
	for _, o := range found.Rows {
		v.add(o)
		if o.ID.String() == chosen {
			chosen = ""
		}
	}
	if id, err := uuid.Parse(chosen); err == nil {
		if o, err := s.Organisations.Organisation(ctx, actor, id); err == nil {
			v.add(o)
		}
	}
	return v, nil
}

// grantRemit gives it, and invites whoever is new.
func (s *Surface) grantRemit(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	in := organisations.Remit{Name: f.Required("name", "staff_name_missing"), Email: f.Required("email", "staff_email_missing")}
	switch f.OneOf("place", "place_missing", inOrganisation, inTerritory) {
	case inOrganisation:
		if in.Organisation, err = uuid.Parse(f.Value("organisation")); err != nil {
			f.Fail("organisation", "organisation_missing")
		}
	case inTerritory:
		in.Territory = f.Required("territory", "territory_missing")
	}
	err = nil
	if f.Valid() {
		_, err = s.Organisations.GrantRemit(c.Request.Context(), actor, in)
	}
	return settle(c, f, err, func(refused []string) error {
		v, err := s.remitForm(c, actor, f)
		if err != nil {
			return err
		}
		v.Refused = refused
		return web.Render(c, statusOf(refused), remitFormPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_remit_granted")
		return web.SeeOther(c, "/operator/supervisors")
	})
}

// remitOf finds the remit of the address and its holder.
func (s *Surface) remitOf(c *gin.Context, actor authz.Actor) (uuid.UUID, actView, error) {
	id, err := idOf(c)
	if err != nil {
		return id, actView{}, err
	}
	all, err := s.Organisations.Supervisors(c.Request.Context(), actor)
	if err != nil {
		return id, actView{}, err
	}
	for _, sv := range all {
		for _, r := range sv.Remits {
			if r.ID == id {
				return id, newEndRemit(web.PageOf(c), sv, r), nil
			}
		}
	}
	return id, actView{}, problem.NotFound()
}

func (s *Surface) endRemitPage(c *gin.Context, actor authz.Actor) error {
	_, v, err := s.remitOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, memberActPage(page, form.New(page.Printer), v))
}

func (s *Surface) endRemit(c *gin.Context, actor authz.Actor) error {
	id, v, err := s.remitOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f := form.New(page.Printer)
	return settle(c, f, s.Organisations.EndRemit(c.Request.Context(), actor, id), func(refused []string) error {
		v.Refused = refused
		return web.Render(c, statusOf(refused), memberActPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_remit_ended")
		return web.SeeOther(c, "/operator/supervisors")
	})
}

// supervisorsView lists remits.
type supervisorsView struct {
	Tabs  []t.Tab
	Count string
	Table t.Table
	Pager t.Pager
}

const supervisorsPath = "/operator/supervisors"

// held is one remit and who holds it.
type held struct {
	organisations.Supervisor
	remit organisations.RemitRow
}

func newSupervisors(p t.Page, all []organisations.Supervisor, w where) supervisorsView {
	v := supervisorsView{Tabs: operatorSections(p, supervisorsPath),
		Table: t.Table{Caption: p.T("admin.supervisors.caption"), Columns: []t.Column{{Title: p.T("admin.supervisors.name")},
			{Title: p.T("admin.supervisors.place")}, {Title: p.T("admin.supervisors.since"), Tight: true}, {Title: p.T("admin.supervisors.end"), Tight: true}}}}
	var remits []held
	for _, sv := range all {
		for _, r := range sv.Remits {
			remits = append(remits, held{sv, r})
		}
	}
	capped := len(remits) >= mostRemits
	v.Count = countOf(p, len(all), capped, "admin.supervisors.count", "admin.supervisors.count_many")
	remits, v.Pager = pageOf(p, remits, w, capped)
	for _, h := range remits {
		name := t.Cell{Text: h.Name, Small: h.Email}
		if h.State == organisations.AccountInvited {
			name.Tags = []t.Tag{{Text: p.T("admin.status.invited"), Tone: t.Info, Icon: t.IconMail}}
		}
		v.Table.Rows = append(v.Table.Rows, []t.Cell{name, {Text: placeOf(p, h.remit)}, {Text: p.LongDate(h.remit.GrantedAt)},
			{Text: p.T("admin.supervisors.do_end"), Href: supervisorsPath + "/" + h.remit.ID.String() + "/end"}})
	}
	return v
}

func placeOf(p t.Page, r organisations.RemitRow) string {
	if r.Territory != "" {
		return p.T("admin.supervisors.territory", "Name", r.Territory)
	}
	return r.OrganisationName
}

// remitView is the form of a remit.
type remitView struct {
	Refused       []string
	Organisations []t.Option
	More          bool // there are others, reached from their own page
}

func (v *remitView) add(o organisations.Organisation) {
	label := o.Name
	if o.City != "" {
		label += " · " + o.City
	}
	v.Organisations = append(v.Organisations, t.Option{Value: o.ID.String(), Label: label})
}

func newEndRemit(p t.Page, sv organisations.Supervisor, r organisations.RemitRow) actView {
	v := newAct(p, "admin.remit_end", sv.Name, "/operator/supervisors", nil)
	v.Caption, v.Danger = placeOf(p, r), true
	v.Confirm.Action = "/operator/supervisors/" + r.ID.String() + "/end"
	return v
}

func (v remitView) moreHint(p t.Page) string {
	if v.More {
		return p.T("admin.remit.more")
	}
	return ""
}
