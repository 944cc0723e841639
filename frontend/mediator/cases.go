package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// casesHref is the list of one's open cases.
const casesHref = "/cases"

// casesView is the list of one's open cases.
type casesView struct {
	Rows  [][]t.Cell
	Pager t.Pager
}

// cases lists what the actor has to carry on, what is due first at the top, as
// on the first page but all of it.
func (s *Surface) cases(c *gin.Context, actor authz.Actor) error {
	ctx, page, trail := c.Request.Context(), web.PageOf(c), desk.TrailOf(c.Request.URL.Query())
	if actor.Organisation == uuid.Nil {
		return web.SeeOther(c, "/home") // which asks for whom
	}
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	found, err := s.Mandates.OpenCases(ctx, actor, trail.After, 0)
	switch e := problem.As(err); {
	case err == nil:
	case e.Kind == problem.KindForbidden:
		return web.SeeOther(c, "/home") // which says what lacks
	case e.Kind == problem.KindInvalid:
		return web.SeeOther(c, casesHref) // a page that never was
	default:
		return err
	}
	lists := homeLists{page: page, pack: pack, actor: actor}
	return web.Render(c, http.StatusOK, casesPage(page, casesView{Rows: lists.cases(found.Cases), Pager: trail.Pager(casesHref, nil, found.Next)}))
}
