package supervisor

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
)

// disputesView lists the disagreements that wait for an answer.
type disputesView struct {
	frame
	Table t.Table
	Pager t.Pager
}

// disputes lists the disagreements without an answer in the remit, what is due
// first at the top, page by page (PO-05). The list names nobody: whoever is
// opened from it is a look of its own, which asks why and which that person can
// read. Each page is a look.
func (s *Surface) disputes(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	watching := actor
	watching.Organisation = noOne // whoever is a referent too reads here what their remit holds
	at := desk.TrailOf(c.Request.URL.Query())
	found, err := s.Mandates.DisputePage(c.Request.Context(), watching, mandates.DisputeQuery{State: "open", After: at.After, Limit: entriesOnPage})
	switch {
	case err != nil && problem.As(err).Kind == problem.KindInvalid:
		return web.SeeOther(c, duePath) // a page that never was
	case err != nil:
		return err
	case len(found.Disputes) == 0 && at.Number() > 1:
		return web.SeeOther(c, duePath) // all of it answered meanwhile
	}
	v := disputesView{frame: f, Table: t.Table{Caption: f.T("admin.disputes.caption"), Columns: []t.Column{
		{Title: f.T("admin.disputes.due"), Tight: true}, {Title: f.T("admin.disputes.about")}, {Title: f.T("supervisor.organisation")}, {Title: f.T("supervisor.person"), Tight: true}}}}
	for _, d := range found.Disputes {
		v.Table.Rows = append(v.Table.Rows, f.disputeRow(d, actor.Now))
	}
	v.Pager = at.Pager(duePath, nil, found.Next)
	v.Pager.Count = f.extent(ofDisputes, at, len(found.Disputes), found.Next != "")
	return web.Render(c, http.StatusOK, disputesPage(v))
}

func (f frame) disputeRow(d mandates.Dispute, now time.Time) []t.Cell {
	org := f.place(d.Organisation)
	return []t.Cell{
		{Text: f.In(time.UTC).LongDate(d.DueOn), Tags: []t.Tag{desk.DueTag(f.Page, d.DueOn, org.TimeZone, now)}},
		{Text: f.T("admin.disputes.step", "Procedure", f.procedure(org.Pack, d.Of.Procedure), "Action", f.T("action."+d.Of.Action)), Small: d.Of.MediatorName},
		{Text: org.Name},
		{Text: f.T("supervisor.somebody"), Href: homePath + "/people/" + d.Beneficiary.String()},
	}
}

// place of the remit, by its id.
func (f frame) place(id uuid.UUID) review.Organisation {
	i := slices.IndexFunc(f.remit, func(o review.Organisation) bool { return o.ID == id })
	if i < 0 {
		return review.Organisation{}
	}
	return f.remit[i]
}
