package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// papers lists what was signed.
func (s *Surface) papers(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	all, err := s.Mandates.OfBeneficiary(ctx, actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	m := s.maker(page, actor.Now)
	views := make([]paperView, 0, len(all))
	for _, x := range all {
		v, err := m.mandate(ctx, x)
		if err != nil {
			return err
		}
		org, err := m.organisation(ctx, x.Organisation)
		if err != nil {
			return err
		}
		views = append(views, paperView{mandateView: v, SignedOn: m.words(org).Date(x.SignedAt)})
	}
	return web.Render(c, http.StatusOK, papersPage(page, views))
}

// paperView is one signed mandate.
type paperView struct {
	mandateView
	SignedOn string
}

// paper gives the signed document as a file: browsers do not open a PDF in the
// sandbox that keeps a file from running in our name.
func (s *Surface) paper(c *gin.Context, actor authz.Actor) error {
	id, err := uuid.Parse(c.Param("mandate"))
	if err != nil {
		return problem.NotFound()
	}
	pdf, err := s.Mandates.Paper(c.Request.Context(), actor, id)
	if err != nil {
		return err
	}
	return web.Download(c, web.PageOf(c).T("portal.papers.file")+"-"+mandates.Reference(id)+".pdf", "application/pdf", pdf)
}
