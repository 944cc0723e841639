package desk

import (
	"context"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// Refusal is why somebody may not do something now, and who can change that,
// to be shown on the page they are on, with what they typed (ST-03, AU-09).
type Refusal struct {
	Title string
	Lines []RefusalLine
}

// RefusalLine is one reason, with the next person to act.
type RefusalLine struct {
	Reason, Next string
	Link         t.Link
}

// RefusalOf turns a command's refusal into words for its own page, under a
// title. Anything that is no such refusal, a fresh sign-in among it, is handed
// back.
func RefusalOf(ctx context.Context, orgs *organisations.Service, p t.Page, actor authz.Actor, title string, err error) (*Refusal, error) {
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
	lines, nerr := RefusalLines(ctx, orgs, p, actor, reasons)
	if nerr != nil {
		return nil, nerr
	}
	if len(lines) == 0 {
		key := "problem." + e.Code
		if !p.Has(key) {
			key = "problem." + string(e.Kind)
		}
		lines = []RefusalLine{{Reason: p.TMap(key, e.Args)}}
	}
	return &Refusal{Title: title, Lines: lines}, nil
}

// RefusalLines says each reason, and who mends it.
func RefusalLines(ctx context.Context, orgs *organisations.Service, p t.Page, actor authz.Actor, reasons []authz.Reason) ([]RefusalLine, error) {
	mending, err := orgs.NextPerson(ctx, actor, reasons)
	if err != nil {
		return nil, err
	}
	out := make([]RefusalLine, 0, len(reasons))
	for _, r := range reasons {
		line := RefusalLine{Reason: p.T("reason." + string(r))}
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
