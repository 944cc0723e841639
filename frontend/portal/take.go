package portal

import (
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// asPage asks for everything as a page to read and print, instead of a file.
const asPage = "page"

// takeView is the page that gives everything, to read or as one file.
type takeView struct {
	Form  *form.Form
	Prove bool // a new code from the phone is asked for
	// Coming: that code has just been sent.
	Coming bool
}

func (s *Surface) takeForm(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, takePage(page, takeView{Form: form.New(page.Printer)}))
}

// takeHome gives the file, after a new code when the last proof is old (PO-03).
func (s *Surface) takeHome(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, asked := takeView{Form: f}, false
	if typed := f.Value("code"); typed != "" {
		if actor, err = s.proved(c, actor, typed); err == nil {
			f.Set("code", "")
		}
		v.Prove, v.Coming = err != nil, err != nil
	}
	var everywhere []authz.Actor
	if err == nil {
		everywhere, err = s.takenFrom(c, actor)
	}
	if p := problem.As(err); p != nil && p.Kind == problem.KindNeedsStepUp {
		v.Prove, asked = true, true
		v.Coming, err = s.askCode(c, actor)
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
	c.Header("Cache-Control", "no-store")
	m := s.maker(page, actor.Now)
	if f.Value("as") == asPage {
		return web.StreamPage(c, keptPage(page, keptAt(page, actor.Now), m.kept(everywhere)))
	}
	return web.Stream(c, "relais.json", "application/json", func(w io.Writer) error {
		return m.everything(c.Request.Context(), w, everywhere)
	})
}

// takenFrom is the person in each of their spaces, this one and those that the
// same national sign-in opens, once each of them has decided and recorded that
// they take everything home.
func (s *Surface) takenFrom(c *gin.Context, actor authz.Actor) ([]authz.Actor, error) {
	all, err := s.spaces(c, actor)
	if err != nil {
		return nil, err
	}
	everywhere := []authz.Actor{actor}
	for _, space := range all {
		if space.Beneficiary == actor.Beneficiary {
			continue
		}
		there, err := s.inOther(c, actor, space)
		if err != nil {
			return nil, err
		}
		everywhere = append(everywhere, there)
	}
	for _, a := range everywhere {
		if err := s.Review.ExportOwn(c.Request.Context(), a); err != nil {
			return nil, err
		}
	}
	return everywhere, nil
}
