package mediator

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/access"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/mandates/acting"
)

// openAt is what is open at services about somebody. A mediator closes their
// own there; stopping the mandate closes everybody's.
func (s *Surface) openAt(ctx context.Context, p t.Page, actor authz.Actor, b beneficiaries.Beneficiary) (templ.Component, error) {
	live, err := s.Acting.LiveOf(ctx, actor, b.ID)
	if err != nil {
		return nil, err
	}
	return access.About(p, s.Packs, live, "acting.live.line", func(l acting.Live) (string, string) {
		if l.Account != actor.Account {
			return "", ""
		}
		return "/delegations/" + l.ID.String() + "/end", personHref(b)
	}), nil
}

// person shows one person: who they are, their mandates, their cases, how to
// reach them.
func (s *Surface) person(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	all, err := s.Mandates.OfBeneficiary(ctx, actor, b.ID)
	if err != nil {
		return err
	}
	cases, err := s.Mandates.CasesOf(ctx, actor, b.ID)
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
		MayBegin:  s.may(actor, authz.KindMandate, authz.MandateDraft, b.ID),
		MayChange: s.may(actor, authz.KindBeneficiary, authz.BeneficiaryChange, b.ID),
		MayErase:  s.may(actor, authz.KindBeneficiary, authz.BeneficiaryErase, b.ID)}
	v.fill(all, cases)
	if v.Open, err = s.openAt(ctx, page, actor, b); err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, personPage(page, v))
}
