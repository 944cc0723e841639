package mediator

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// refusalOf turns a command's refusal into words for its own page. Anything
// that is no such refusal, a fresh sign-in among it, is handed back.
func (s *Surface) refusalOf(ctx context.Context, p t.Page, actor authz.Actor, err error) (*desk.Refusal, error) {
	return desk.RefusalOf(ctx, s.Organisations, p, actor, p.T("mediator.refused.title"), err)
}

// refusalLines says each reason, and who mends it.
func (s *Surface) refusalLines(ctx context.Context, p t.Page, actor authz.Actor, reasons []authz.Reason) ([]desk.RefusalLine, error) {
	return desk.RefusalLines(ctx, s.Organisations, p, actor, reasons)
}

// pathID reads an id of the address; what is no id is not there.
func pathID(c *gin.Context, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil {
		return uuid.Nil, problem.NotFound()
	}
	return id, nil
}

// packOf is the country pack of the organisation acted for.
func (s *Surface) packOf(ctx context.Context, actor authz.Actor) (*packs.Pack, error) {
	for _, m := range actor.Memberships {
		if m.Organisation == actor.Organisation {
			return s.Packs.Get(m.Pack) // read with the actor, for this request
		}
	}
	org, err := s.Organisations.Facts(ctx, actor.Organisation)
	if err != nil {
		return nil, err
	}
	return s.Packs.Get(org.Pack)
}

// may asks whether a button is worth showing; the command asks again.
func (s *Surface) may(actor authz.Actor, kind authz.Kind, action authz.Action, beneficiary uuid.UUID) bool {
	obj := authz.Object{Kind: kind, Organisation: actor.Organisation, Beneficiary: beneficiary, Account: actor.Account}
	return s.Commands.Decide(actor, action, obj).Allowed
}
