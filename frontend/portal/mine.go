package portal

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/access"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
)

// mineView is the first page: who may do what for me.
type mineView struct {
	Name        string
	Live, Ended []mandateView
	Phone       bool            // the whole history is open
	Open        templ.Component // what is open at services; nil for nothing
	// Others are the spaces that the same national sign-in opens elsewhere.
	Others []otherView
}

// elsewhere: somebody of another organisation may act.
func (v mineView) elsewhere() bool {
	return slices.ContainsFunc(v.Others, func(o otherView) bool { return len(o.Mandates) > 0 })
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
	open, err := s.Acting.LiveOf(ctx, actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	v.Open = access.About(page, s.Packs, open, "acting.live.yours", func(l acting.Live) (string, string) {
		return "/mine/services/" + l.ID.String() + "/end", homePath
	})
	if v.Others, err = s.otherSpaces(c, actor, m); err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, minePage(page, v))
}

// endAccess closes one access at a service, at the person's word. Pressed twice,
// it is closed.
func (s *Surface) endAccess(c *gin.Context, actor authz.Actor) error {
	id, err := uuid.Parse(c.Param("delegation"))
	if err != nil {
		return problem.NotFound()
	}
	if err := s.Acting.EndDelegation(c.Request.Context(), actor, id); err != nil {
		return err
	}
	web.Flash(c, "flash.access_ended")
	return web.SeeOther(c, homePath)
}
