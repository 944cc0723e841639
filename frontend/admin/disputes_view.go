package admin

import (
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// disputesView lists disagreements.
type disputesView struct {
	Organisation string
	Tabs, Views  []t.Tab
	Open         bool
	Table        t.Table
	Pager        t.Pager
}

// disputesAsk is which of them are asked for, and from where on.
type disputesAsk struct {
	state string
	trail desk.Trail
	now   time.Time
}

// disputesPath is the first page of one of the two lists.
func disputesPath(state string) string {
	if state == "open" {
		return "/organisation/disputes"
	}
	return "/organisation/disputes?state=" + state
}

func newDisputes(p t.Page, here authz.Membership, pack *packs.Pack, found mandates.DisputePage, ask disputesAsk) disputesView {
	state, keep := ask.state, url.Values{}
	if state != "open" {
		keep.Set("state", state)
	}
	v := disputesView{Organisation: here.OrganisationName, Tabs: sections(p, "/organisation/disputes"), Open: state == "open",
		Views: []t.Tab{
			{Text: p.T("admin.disputes.open"), Href: disputesPath("open"), Current: state == "open"},
			{Text: p.T("admin.disputes.answered"), Href: disputesPath("answered"), Current: state != "open"},
		},
		Table: t.Table{Caption: p.T("admin.disputes.caption"), Columns: []t.Column{{Title: p.T("admin.disputes.person")},
			{Title: p.T("admin.disputes.about")}, {Title: p.T("admin.disputes.due")}}},
		Pager: ask.trail.Pager("/organisation/disputes", keep, found.Next)}
	if state != "open" {
		v.Table.Columns[2].Title = p.T("admin.disputes.answered_on")
	}
	for _, d := range found.Disputes {
		v.Table.Rows = append(v.Table.Rows, []t.Cell{
			{Text: d.BeneficiaryName, Href: disputePath(d.ID)},
			{Text: stepWords(p, pack, d.Of), Small: d.Of.MediatorName},
			dueCell(p, d, here.TimeZone, ask.now),
		})
	}
	return v
}

func disputePath(id uuid.UUID) string { return "/organisation/disputes/" + id.String() }

// stepWords name an act: "Submit the application: Housing benefit".
func stepWords(p t.Page, pack *packs.Pack, s mandates.Step) string {
	name := s.Procedure
	if proc, ok := pack.Procedure(s.Procedure); ok {
		name = proc.Name.In(string(p.Lang()))
	}
	return p.T("admin.disputes.step", "Procedure", name, "Action", p.T("action."+s.Action))
}

// dueCell is when the answer is due, and whether it is late.
func dueCell(p t.Page, d mandates.Dispute, zone string, now time.Time) t.Cell {
	if !d.AnsweredAt.IsZero() {
		return t.Cell{Text: p.LongDate(d.AnsweredAt), Tags: []t.Tag{{Text: p.T("admin.disputes.done"), Tone: t.Success}}}
	}
	return t.Cell{Text: day(p, d.DueOn), Tags: []t.Tag{desk.DueTag(p, d.DueOn, zone, now)}}
}

// disputeView is one disagreement, with its answer or the form for it.
type disputeView struct {
	Organisation string
	Banner       t.PersonBanner
	Refused      []string
	Words        []string // the person's own
	Raised       string
	Step         []t.Row
	Due          t.Tag
	Answered     bool
	Answer       []string
	AnsweredBy   string
	Own          bool // the reader did the step: somebody else answers
	Action       string
}

func newDispute(p t.Page, here authz.Membership, pack *packs.Pack, d mandates.Dispute, now time.Time) disputeView {
	v := disputeView{Organisation: here.OrganisationName, Words: lines(d.Text),
		Banner: t.PersonBanner{Name: d.BeneficiaryName, Href: "/people/" + d.Beneficiary.String(), Label: p.T("admin.disputes.person")},
		Raised: p.T("admin.disputes.raised", "Date", p.DateTime(d.RaisedAt)), Answered: !d.AnsweredAt.IsZero(), Answer: lines(d.Answer),
		Action: disputePath(d.ID)}
	if v.Answered {
		v.AnsweredBy = p.T("admin.disputes.answered_by", "Name", d.AnsweredByName, "Date", p.DateTime(d.AnsweredAt))
	} else {
		v.Due = desk.DueTag(p, d.DueOn, here.TimeZone, now)
	}
	v.Step = rows(
		t.Row{Key: p.T("admin.disputes.what"), Value: stepWords(p, pack, d.Of)},
		t.Row{Key: p.T("admin.disputes.outcome"), Value: p.T("outcome." + d.Of.Outcome)},
		t.Row{Key: p.T("admin.disputes.when"), Value: p.DateTime(d.Of.At)},
		t.Row{Key: p.T("admin.disputes.who"), Value: d.Of.MediatorName},
		t.Row{Key: p.T("admin.disputes.note"), Value: d.Of.Note},
	)
	return v
}
