package portal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// lineView is one line of a mandate, in easy words.
type lineView struct {
	Theme, Plain string
	Icon         t.Icon
	May          []string // sentences, plain acts first
	Careful      []string // sentences of the acts that touch money or post
	Procedures   []string
	StopHref     string // empty when it is the only line
	Stopped      string // when it was stopped, in words; empty while it holds
}

// mandateView is one mandate, in easy words.
type mandateView struct {
	Organisation, Phone, Mediator string
	Live                          bool
	Until                         string // of a live one
	Left                          t.Row  // of a live one: how many days
	Over                          string // of one that ended: how and when
	Tag                           t.Tag
	Hold                          string // why nobody may act for now, empty otherwise
	Lines                         []lineView
	StopHref, PaperHref           string
}

// maker turns mandates into words; it loads each organisation once.
type maker struct {
	*Surface
	page t.Page
	now  time.Time
	orgs map[uuid.UUID]organisations.OrganisationFacts
}

func (s *Surface) maker(page t.Page, now time.Time) *maker {
	return &maker{Surface: s, page: page, now: now, orgs: map[uuid.UUID]organisations.OrganisationFacts{}}
}

func (m *maker) organisation(ctx context.Context, id uuid.UUID) (organisations.OrganisationFacts, error) {
	if o, ok := m.orgs[id]; ok {
		return o, nil
	}
	o, err := m.Organisations.Facts(ctx, id)
	if err != nil {
		return o, fmt.Errorf("load the organisation: %w", err)
	}
	m.orgs[id] = o
	return o, nil
}

// words prints in the organisation's zone.
func (m *maker) words(o organisations.OrganisationFacts) *i18n.Printer {
	zone, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		return m.page.Printer
	}
	return m.page.In(zone)
}

func (m *maker) mandate(ctx context.Context, x mandates.Mandate) (mandateView, error) {
	org, err := m.organisation(ctx, x.Organisation)
	if err != nil {
		return mandateView{}, err
	}
	pack, err := m.Packs.Get(x.Pack)
	if err != nil {
		return mandateView{}, fmt.Errorf("pack of the mandate: %w", err)
	}
	p := m.words(org)
	v := mandateView{Organisation: org.Name, Phone: org.Phone, Mediator: x.MediatorName, Live: m.live(x),
		PaperHref: papersPath + "/" + x.ID.String()}
	if v.Live {
		m.running(&v, p, x)
	} else {
		v.Tag = t.Tag{Text: p.T("mandate_state." + string(endState(x))), Tone: t.Neutral}
		v.Over = over(p, x)
	}
	alone := liveLines(x) == 1
	for _, g := range x.Grants {
		line := m.line(p, pack, g)
		if v.Live && g.State == "active" && !alone {
			line.StopHref = "/mine/stop/" + x.ID.String() + "/" + g.ID.String()
		}
		v.Lines = append(v.Lines, line)
	}
	return v, nil
}

// live compares the end itself: the job that ends mandates may be late.
func (m *maker) live(x mandates.Mandate) bool { return x.State.Live() && m.now.Before(x.EndsAt) }

func (m *maker) running(v *mandateView, p *i18n.Printer, x mandates.Mandate) {
	v.StopHref = "/mine/stop/" + x.ID.String()
	v.Until = p.Date(x.EndsAt.Add(-time.Second))
	v.Left = daysLeft(p, m.now, x.EndsAt)
	v.Tag = t.Tag{Text: p.T("mandate_state.active"), Tone: t.Success}
	switch {
	case x.OrganisationSuspended:
		v.Hold = p.T("portal.mine.organisation_suspended", "Organisation", v.Organisation)
	case x.State == mandates.Suspended:
		v.Hold = p.T("portal.mine.mandate_suspended")
	default:
		return
	}
	v.Tag = t.Tag{Text: p.T("mandate_state.suspended"), Tone: t.Warning, Icon: t.IconPause}
}

// daysLeft says how many days are left. The last day is said to be it, under
// another word: "still" would read as if there were more.
func daysLeft(p *i18n.Printer, now, end time.Time) t.Row {
	if left := desk.DaysLeft(p, now, end); left > 0 {
		return t.Row{Key: p.T("portal.mine.days"), Value: p.N("portal.mine.days_left", left)}
	}
	return t.Row{Key: p.T("portal.mine.end"), Value: p.T("portal.mine.last_day")}
}

// endState is how a mandate ended, also when the job has not passed yet.
func endState(x mandates.Mandate) mandates.State {
	if x.State.Live() {
		return mandates.Expired
	}
	return x.State
}

// over says how and when a mandate ended.
func over(p *i18n.Printer, x mandates.Mandate) string {
	at := x.EndedAt
	if at.IsZero() {
		at = x.EndsAt
	}
	how := "by_other"
	switch {
	case endState(x) == mandates.Expired:
		how, at = "expired", at.Add(-time.Second)
	case x.State == mandates.Superseded:
		how = "superseded"
	case x.EndedBy == "person":
		how = "by_you"
	}
	return p.T("portal.over."+how, "Date", p.Date(at))
}

func liveLines(x mandates.Mandate) int {
	n := 0
	for _, g := range x.Grants {
		if g.State == "active" {
			n++
		}
	}
	return n
}

func (m *maker) line(p *i18n.Printer, pack *packs.Pack, g mandates.Grant) lineView {
	lang := string(m.page.Lang())
	v := lineView{Theme: g.Theme, Icon: t.IconPaper}
	if theme, ok := pack.Theme(g.Theme); ok {
		v.Theme, v.Plain, v.Icon = theme.Name.In(lang), theme.Plain.In(lang), desk.ThemeIcon(theme)
	}
	for _, action := range packs.Actions() {
		switch {
		case !slices.Contains(g.Actions, action):
		case packs.Sensitive(action):
			v.Careful = append(v.Careful, p.T("portal.may."+action))
		default:
			v.May = append(v.May, p.T("portal.may."+action))
		}
	}
	for _, code := range g.Procedures {
		if procedure, ok := pack.Procedure(code); ok {
			v.Procedures = append(v.Procedures, procedure.Name.In(lang))
		}
	}
	if g.State != "active" && !g.EndedAt.IsZero() {
		v.Stopped = p.T("portal.mine.line_stopped", "Date", p.Date(g.EndedAt))
	}
	return v
}
