package mediator

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// refusal is why somebody may not do something now, and who can change that,
// to be shown on the page they are on, with what they typed (ST-03, AU-09).
type refusal struct {
	Title string
	Lines []refusalLine
}

// refusalLine is one reason, with the next person to act.
type refusalLine struct {
	Reason, Next string
	Link         t.Link
}

// refusalOf turns a command's refusal into words for its own page. Anything
// that is no such refusal, a fresh sign-in among it, is handed back.
func (s *Surface) refusalOf(ctx context.Context, p t.Page, actor authz.Actor, err error) (*refusal, error) {
	if err == nil {
		return nil, nil
	}
	e := problem.As(err)
	if e.Kind != problem.KindForbidden && e.Kind != problem.KindConflict {
		return nil, err
	}
	reasons := make([]authz.Reason, len(e.Reasons))
	for i, r := range e.Reasons {
		reasons[i] = authz.Reason(r)
	}
	lines, nerr := s.refusalLines(ctx, p, actor, reasons)
	if nerr != nil {
		return nil, nerr
	}
	if len(lines) == 0 {
		key := "problem." + e.Code
		if !p.Has(key) {
			key = "problem." + string(e.Kind)
		}
		lines = []refusalLine{{Reason: p.TMap(key, e.Args)}}
	}
	return &refusal{Title: p.T("mediator.refused.title"), Lines: lines}, nil
}

// refusalLines says each reason, and who mends it.
func (s *Surface) refusalLines(ctx context.Context, p t.Page, actor authz.Actor, reasons []authz.Reason) ([]refusalLine, error) {
	mending, err := s.Organisations.NextPerson(ctx, actor, reasons)
	if err != nil {
		return nil, err
	}
	out := make([]refusalLine, 0, len(reasons))
	for _, r := range reasons {
		line := refusalLine{Reason: p.T("reason." + string(r))}
		for _, m := range mending {
			if m.Reason == r {
				line.Next = m.Render(p.Printer)
			}
		}
		if r == authz.ReasonCharter {
			line.Next, line.Link = "", t.Link{Text: p.T("mediator.refused.charter"), Href: "/my-authority#charter"}
		}
		out = append(out, line)
	}
	return out, nil
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
