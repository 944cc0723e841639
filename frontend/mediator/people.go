package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// thenMandate, as ?then=, means that the person is looked for to begin a
// mandate with.
const thenMandate = "mandate"

// people lists and searches the people of the organisation (MA-12). Everything
// chosen stays in the address.
func (s *Surface) people(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	ask := readPeopleAsk(c.Request.URL.Query())
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	found, err := s.Mandates.People(ctx, actor, ask.query())
	status, f := http.StatusOK, form.FromValues(page.Printer, c.Request.URL.Query())
	if err != nil {
		if e := problem.As(err); e.Kind == problem.KindForbidden {
			return web.SeeOther(c, "/home") // which says what lacks
		}
		ok, rest := f.Accept(err)
		if rest != nil || ok {
			return rest
		}
		status, found = http.StatusUnprocessableEntity, mandates.PeoplePage{}
	}
	view := peopleViewOf(page, pack, ask, found, actor.Now)
	view.Form = f
	view.allow(s.may(actor, authz.KindBeneficiary, authz.BeneficiaryCreate, uuid.Nil))
	if ask.Then == thenMandate && view.MayAdd {
		view.addBeginForms(s.NewKey)
	}
	return web.Render(c, status, peoplePage(page, view))
}
