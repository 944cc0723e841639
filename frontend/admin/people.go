package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/organisations"
)

// people lists who works here, and what each still lacks (AU-09); whoever waits
// for the reader first.
func (s *Surface) people(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	ctx, page := c.Request.Context(), web.PageOf(c)
	members, err := s.Organisations.Members(ctx, actor, here.Organisation)
	if err != nil {
		return err
	}
	turn, err := s.nextFor(ctx, actor)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, peoplePage(page, newPeople(page, here, team{members, turn, s.Store.Now(), whereIn(peoplePath, c.Request.URL.Query(), "q")})))
}

// invitePage asks who to invite; an address in the query is filled in, to
// invite somebody again.
func (s *Surface) invitePage(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f := form.FromValues(page.Printer, c.Request.URL.Query())
	return web.Render(c, http.StatusOK, inviteFormPage(page, f, newInvite(page, here, nil)))
}

// invite invites one person.
func (s *Surface) invite(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	name, email := f.Required("name", "staff_name_missing"), f.Required("email", "staff_email_missing")
	role := f.OneOf("role", "unknown_role", string(authz.Mediator), string(authz.Referent))
	var member organisations.Member
	if f.Valid() {
		member, err = s.Organisations.Invite(c.Request.Context(), actor, organisations.Invite{
			Organisation: here.Organisation, Name: name, Email: email, Role: authz.Role(role)})
	}
	return settle(c, f, err, func(refused []string) error {
		return web.Render(c, statusOf(refused), inviteFormPage(page, f, newInvite(page, here, refused)))
	}, func() error {
		web.Flash(c, "flash.admin_invited")
		return web.SeeOther(c, memberPath(member))
	})
}
