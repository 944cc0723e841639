package admin

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/organisations"
)

// organisations searches and lists.
func (s *Surface) organisations(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f := form.FromValues(page.Printer, c.Request.URL.Query())
	w := whereIn(organisationsPath, c.Request.URL.Query(), "q")
	found, err := s.Organisations.Organisations(c.Request.Context(), actor, organisations.Query{Text: f.Value("q"), Cursor: w.trail.After, Limit: onPage})
	ok, err := f.Accept(err)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(c, status, organisationsPage(page, f, newOrganisations(page, s.Packs, found, w)))
}

// newOrganisation asks for the facts of one to add.
func (s *Surface) newOrganisation(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, organisationFormPage(page, form.New(page.Printer), newFacts(page, s.Packs, nil)))
}

func (s *Surface) addOrganisation(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	org, err := s.Organisations.Create(c.Request.Context(), actor, s.factsOf(f))
	return settle(c, f, err, func(refused []string) error {
		v := newFacts(page, s.Packs, nil)
		v.Refused = refused
		return web.Render(c, statusOf(refused), organisationFormPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_created")
		return web.SeeOther(c, organisationPath(org.ID))
	})
}

// factsOf reads the form; no time zone means that of the country pack.
func (s *Surface) factsOf(f *form.Form) organisations.NewOrganisation {
	in := organisations.NewOrganisation{
		Name: f.Value("name"), Kind: f.Value("kind"), Pack: f.Value("pack"), TimeZone: f.Value("time_zone"), Territory: f.Value("territory"),
		Address: f.Value("address"), City: f.Value("city"), Phone: f.Value("phone"), Email: f.Value("email"), AllowedThemes: f.Values("allowed_themes"),
	}
	if pack, err := s.Packs.Get(in.Pack); err == nil && in.TimeZone == "" {
		in.TimeZone = pack.TimeZone
	}
	return in
}

// organisationOf loads the organisation of the address.
func (s *Surface) organisationOf(c *gin.Context, actor authz.Actor) (organisations.Organisation, error) {
	id, err := idOf(c)
	if err != nil {
		return organisations.Organisation{}, err
	}
	return s.Organisations.Organisation(c.Request.Context(), actor, id)
}

func (s *Surface) organisation(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, organisationPage(page, newOrganisation(page, s.Packs, org)))
}

func (s *Surface) editOrganisation(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, organisationFormPage(page, filled(page, s.Packs, org), newFacts(page, s.Packs, &org)))
}

func (s *Surface) changeOrganisation(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	f.Set("pack", org.Pack) // shown, not asked
	if len(f.Values("allowed_themes")) == 0 {
		f.Fail("allowed_themes", "themes_missing")
	}
	if f.Valid() {
		err = s.Organisations.Change(c.Request.Context(), actor, org.ID, organisations.Changes(s.factsOf(f)))
	}
	return settle(c, f, err, func(refused []string) error {
		v := newFacts(page, s.Packs, &org)
		v.Refused = refused
		return web.Render(c, statusOf(refused), organisationFormPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_changed")
		return web.SeeOther(c, organisationPath(org.ID))
	})
}

// organisationPeople shows who works there. The look is an event.
func (s *Surface) organisationPeople(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	members, err := s.Organisations.Members(c.Request.Context(), actor, org.ID)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, organisationPeoplePage(page, newOrganisationPeople(page, org, team{members: members, now: s.Store.Now(), where: whereIn(organisationPath(org.ID)+"/people", c.Request.URL.Query())})))
}

func (s *Surface) referentPage(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, referentFormPage(page, form.New(page.Printer), referentView{Name: org.Name, Path: organisationPath(org.ID)}))
}

// inviteReferent invites a referent: the first one has nobody else to ask.
func (s *Surface) inviteReferent(c *gin.Context, actor authz.Actor) error {
	org, err := s.organisationOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	in := organisations.Invite{Organisation: org.ID, Name: f.Required("name", "staff_name_missing"), Email: f.Required("email", "staff_email_missing"), Role: authz.Referent}
	if f.Valid() {
		_, err = s.Organisations.Invite(c.Request.Context(), actor, in)
	}
	return settle(c, f, err, func(refused []string) error {
		v := referentView{Name: org.Name, Path: organisationPath(org.ID), Refused: refused}
		return web.Render(c, statusOf(refused), referentFormPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_invited")
		return web.SeeOther(c, organisationPath(org.ID))
	})
}

// orgAct is one act on a whole organisation, with a page of its own before it.
type orgAct struct {
	code   string // its texts are admin.org_act.<code>.…
	reason bool
	run    func(o *organisations.Service, ctx context.Context, actor authz.Actor, id uuid.UUID, reason string) error
}

// The acts. Both ask for a fresh sign-in.
var (
	suspendingOrg = orgAct{"suspend", true, (*organisations.Service).SuspendOrganisation}
	resumingOrg   = orgAct{"resume", false, func(o *organisations.Service, ctx context.Context, a authz.Actor, id uuid.UUID, _ string) error {
		return o.ResumeOrganisation(ctx, a, id)
	}}
)

func (s *Surface) orgActPage(act orgAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		org, err := s.organisationOf(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		return web.Render(c, http.StatusOK, memberActPage(page, form.New(page.Printer), newOrgAct(page, act, org, nil)))
	}
}

func (s *Surface) orgAct(act orgAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		org, err := s.organisationOf(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		f, err := form.Parse(c.Writer, c.Request, page.Printer)
		if err != nil {
			return err
		}
		err = act.run(s.Organisations, c.Request.Context(), actor, org.ID, f.Value("reason"))
		return settle(c, f, err, func(refused []string) error {
			return web.Render(c, statusOf(refused), memberActPage(page, f, newOrgAct(page, act, org, refused)))
		}, func() error {
			web.Flash(c, "flash.admin_org_"+act.code)
			return web.SeeOther(c, organisationPath(org.ID))
		})
	}
}
