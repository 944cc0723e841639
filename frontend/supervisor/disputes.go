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
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
)

// mostDisputes shown on one page.
const mostDisputes = 200

// disputesView lists the disagreements that wait for an answer.
type disputesView struct {
	frame
	Table t.Table
	Cut   bool // there may be more than are shown
}

// disputes lists the disagreements without an answer in the remit, what is due
// first at the top (PO-05). The list names nobody: whoever is opened from it is
// a look of its own, which asks why and which that person can read.
func (s *Surface) disputes(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	watching := actor
	watching.Organisation = noOne // whoever is a referent too reads here what their remit holds
	list, err := s.Mandates.Disputes(c.Request.Context(), watching, mandates.DisputeQuery{State: "open", Limit: mostDisputes})
	if err != nil {
		return err
	}
	v := disputesView{frame: f, Cut: len(list) == mostDisputes, Table: t.Table{Caption: f.T("admin.disputes.caption"), Columns: []t.Column{
		{Title: f.T("admin.disputes.due")}, {Title: f.T("admin.disputes.about")}, {Title: f.T("supervisor.person")}, {Title: f.T("supervisor.organisation")}}}}
	for _, d := range list {
		v.Table.Rows = append(v.Table.Rows, f.disputeRow(d, actor.Now))
	}
	return web.Render(c, http.StatusOK, disputesPage(v))
}

func (f frame) disputeRow(d mandates.Dispute, now time.Time) []t.Cell {
	org := f.place(d.Organisation)
	return []t.Cell{
		{Text: f.In(time.UTC).LongDate(d.DueOn), Tags: []t.Tag{desk.DueTag(f.Page, d.DueOn, org.TimeZone, now)}},
		{Text: f.T("admin.disputes.step", "Procedure", f.procedure(org.Pack, d.Of.Procedure), "Action", f.T("action."+d.Of.Action)), Small: d.Of.MediatorName},
		{Text: f.T("supervisor.somebody"), Href: homePath + "/people/" + d.Beneficiary.String()},
		{Text: org.Name},
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
