package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
)

// authority says "you may act until …, because …", or what lacks and who mends
// it (AU-09), and holds the charter.
func (s *Surface) authority(c *gin.Context, actor authz.Actor) error {
	return s.showAuthority(c, actor, form.New(web.PageOf(c).Printer), http.StatusOK, nil)
}

func (s *Surface) showAuthority(c *gin.Context, actor authz.Actor, f *form.Form, status int, refused *desk.Refusal) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	if actor.Organisation == uuid.Nil {
		return web.Render(c, http.StatusOK, homePage(page, homeView{NoOrganisation: true}))
	}
	standing := standingOf(actor)
	lacks, err := s.refusalLines(ctx, page, actor, standing.Lacks())
	if err != nil {
		return err
	}
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	return web.Render(c, status, authorityPage(page, authorityView{
		Form: f, Refused: refused, Lacks: lacks, Statement: statementOf(page, actor, standing),
		Because: becauseOf(page, standing), Elsewhere: elsewhereOf(page, actor), Charter: charterOf(page, pack, standing),
	}))
}

// acceptCharter accepts the version that was shown.
func (s *Surface) acceptCharter(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	if f.Required("read", "charter_read"); f.Valid() {
		err = s.Organisations.AcceptCharter(c.Request.Context(), actor, f.Value("version"))
	}
	refused, rest := s.keep(c.Request.Context(), page, actor, f, err)
	switch {
	case rest != nil:
		return rest
	case refused != nil:
		return s.showAuthority(c, actor, f, http.StatusForbidden, refused)
	case !f.Valid():
		return s.showAuthority(c, actor, f, http.StatusUnprocessableEntity, nil)
	}
	web.Flash(c, "flash.charter_accepted")
	return web.SeeOther(c, "/my-authority")
}
