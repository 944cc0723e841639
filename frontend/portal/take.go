package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// takeView is the page that gives everything as one file.
type takeView struct {
	Form  *form.Form
	Prove bool // a new code from the phone is asked for
}

func (s *Surface) takeForm(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, takePage(page, takeView{Form: form.New(page.Printer)}))
}

// takeHome gives the file, after a new code when the last proof is old (PO-03).
func (s *Surface) takeHome(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, asked := takeView{Form: f}, false
	if typed := f.Value("code"); typed != "" {
		v.Prove = true
		actor, err = s.proved(c, actor, typed)
	}
	if err == nil {
		err = s.Review.ExportOwn(ctx, actor)
	}
	if p := problem.As(err); p != nil && p.Kind == problem.KindNeedsStepUp {
		v.Prove, asked = true, true
		err = s.Beneficiaries.SendPortalCode(ctx, actor)
	}
	ok, err := f.Accept(err)
	switch {
	case err != nil:
		return err
	case !ok:
		return web.Render(c, http.StatusUnprocessableEntity, takePage(page, v))
	case asked:
		return web.Render(c, http.StatusOK, takePage(page, v))
	}
	raw, err := s.everything(c, actor)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	return web.Download(c, "relais.json", "application/json", raw)
}
