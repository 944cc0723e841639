package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// person shows one person: who they are, their mandates, their cases, how to
// reach them.
func (s *Surface) person(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	id, err := pathID(c, "id")
	if err != nil {
		return err
	}
	b, err := s.Beneficiaries.Get(ctx, actor, id)
	if err != nil {
		return err
	}
	if b.Organisation != actor.Organisation {
		return problem.NotFound() // supervision has pages of its own, which ask why
	}
	all, err := s.Mandates.OfBeneficiary(ctx, actor, id)
	if err != nil {
		return err
	}
	cases, err := s.Mandates.CasesOf(ctx, actor, id)
	if err != nil {
		return err
	}
	pack, err := s.packOf(ctx, actor)
	if err != nil {
		return err
	}
	checkers, err := s.Organisations.AccountName(ctx, b.IdentityCheckedBy)
	if err != nil {
		return err
	}
	v := personView{page: page, pack: pack, now: actor.Now, Person: b, CheckedBy: checkers[b.IdentityCheckedBy],
		Begin:     beginView{Action: personHref(b) + "/mandates", Key: s.NewKey(), Kind: primaryButton},
		MayBegin:  s.may(actor, authz.KindMandate, authz.MandateDraft, id),
		MayChange: s.may(actor, authz.KindBeneficiary, authz.BeneficiaryChange, id)}
	v.fill(all, cases)
	return web.Render(c, http.StatusOK, personPage(page, v))
}
