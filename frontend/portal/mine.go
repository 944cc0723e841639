package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/web"
)

// mineView is the first page: who may do what for me.
type mineView struct {
	Name        string
	Live, Ended []mandateView
	Phone       bool // the whole history is open
}

// mine shows the mandates, those that hold first.
func (s *Surface) mine(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	all, err := s.Mandates.OfBeneficiary(ctx, actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	v := mineView{Name: actor.Name, Phone: actor.Tier == authz.TierPhone}
	m := s.maker(page, actor.Now)
	for _, x := range all {
		view, err := m.mandate(ctx, x)
		if err != nil {
			return err
		}
		if view.Live {
			v.Live = append(v.Live, view)
		} else {
			v.Ended = append(v.Ended, view)
		}
	}
	return web.Render(c, http.StatusOK, minePage(page, v))
}
