package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
)

// cardView is the page of a lost card: what cancelling does, or that it is done.
type cardView struct {
	Organisation, Phone string
	// Live: at least one card still opens the space.
	Live bool
}

// cardForm says what cancelling the card does.
func (s *Surface) cardForm(c *gin.Context, actor authz.Actor) error {
	ctx := c.Request.Context()
	live, err := s.Beneficiaries.LiveCards(ctx, actor)
	if err != nil {
		return err
	}
	org, err := s.Organisations.Facts(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, cardPage(web.PageOf(c), cardView{Organisation: org.Name, Phone: org.Phone, Live: live > 0}))
}

// cancelCard cancels it. Pressing twice shows the same page.
func (s *Surface) cancelCard(c *gin.Context, actor authz.Actor) error {
	if err := s.Beneficiaries.CancelMyCards(c.Request.Context(), actor); err != nil {
		return err
	}
	return web.SeeOther(c, cardPath)
}

func (v cardView) consequences(p t.Page) []string {
	return []string{p.T("portal.card.now"), p.T("portal.card.sessions"), p.T("portal.card.mandate"), p.T("portal.card.new", "Organisation", v.Organisation)}
}
