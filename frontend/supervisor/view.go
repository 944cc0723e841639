package supervisor

import (
	"fmt"
	"maps"
	"slices"
	"time"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

func revocation(a asked) mandates.Revocation {
	return mandates.Revocation{Mandate: a.id, Reason: a.reason}
}

// banner tells whose page it is.
func (f frame) banner(p *review.Person, w way) *t.PersonBanner {
	if p == nil {
		return nil
	}
	b := &t.PersonBanner{Name: p.Name, Label: f.T("supervisor.person"), Facts: []string{p.OrganisationName}}
	if p.Erased {
		b.Name = f.T("supervisor.erased")
	}
	if !p.BirthDate.IsZero() {
		b.Facts = append([]string{f.T("supervisor.born", "Date", f.LongDate(f.midnight(p.BirthDate)))}, b.Facts...)
	}
	if w.why != "" {
		b.Href = w.to("people", p.ID)
	}
	return b
}

// writtenKey says who reads that a page was opened: the person it is about, while
// they are somebody; otherwise it is in the log, and that is all.
func writtenKey(about *review.Person) string {
	if about == nil || about.Erased {
		return "supervisor.logged_only"
	}
	return "supervisor.logged_short"
}

// narrower are the fields of a search among a subject's lines.
func (v timelineView) narrower() [][2]string {
	switch {
	case v.Line.Mediator != nil:
		return [][2]string{{"mediator", v.Line.Mediator.Name}}
	case v.Line.Mandate == nil && v.Line.Person != nil:
		return v.named(*v.Line.Person)
	}
	return nil
}

// state of a mandate as it counts now: one past its end is expired.
func (v timelineView) state() string { return stateAt(*v.Line.Mandate, v.Now.Now) }

func stateAt(m review.Mandate, now time.Time) string {
	live := m.State == string(mandates.Active) || m.State == string(mandates.Suspended)
	if live && !m.EndsAt.IsZero() && !now.Before(m.EndsAt) {
		return string(mandates.Expired)
	}
	return m.State
}

func stateTone(state string) t.Tone {
	switch mandates.State(state) {
	case mandates.Active:
		return t.Success
	case mandates.Suspended:
		return t.Warning
	case mandates.Revoked, mandates.Renounced:
		return t.Danger
	default:
		return t.Neutral
	}
}

// mandateActions are what can be done to a mandate now.
func (v timelineView) mandateActions() []t.ButtonLink {
	link := func(name string, kind t.ButtonKind, icon t.Icon) t.ButtonLink {
		return t.ButtonLink{Text: v.T("supervisor.act." + name + "_mandate.link"), Href: v.to("mandates", v.id, name), Kind: kind, Icon: icon}
	}
	switch mandates.State(v.state()) {
	case mandates.Active:
		return []t.ButtonLink{link("suspend", t.Secondary, t.IconPause), link("revoke", t.Dangerous, t.IconStop)}
	case mandates.Suspended:
		return []t.ButtonLink{link("resume", t.Secondary, t.IconHandshake), link("revoke", t.Dangerous, t.IconStop)}
	default:
		return nil
	}
}

// facts of a mandate.
func (f frame) mandateFacts(m review.Mandate, w way) []t.Row {
	rows := []t.Row{
		{Key: f.T("supervisor.mandate.for"), Lines: f.themes(m.Pack, m.Themes)},
		{Key: f.T("supervisor.mediator"), Body: link(m.MediatorName, w.to("mediators", m.Mediator))},
		{Key: f.T("supervisor.organisation"), Value: m.OrganisationName},
	}
	if len(m.Themes) == 0 {
		rows = rows[1:]
	}
	for _, d := range []struct {
		key string
		at  time.Time
	}{{"supervisor.mandate.signed", m.SignedAt}, {"supervisor.mandate.ended", m.EndedAt}} {
		if !d.at.IsZero() {
			rows = append(rows, t.Row{Key: f.T(d.key), Value: f.DateTime(d.at)})
		}
	}
	if m.EndedAt.IsZero() && !m.EndsAt.IsZero() {
		rows = append(rows, t.Row{Key: f.T("supervisor.mandate.until"), Value: f.Date(m.EndsAt.Add(-time.Second))})
	}
	if m.SuspendedReason != "" {
		rows = append(rows, t.Row{Key: f.T("supervisor.reason"), Value: m.SuspendedReason})
	}
	return rows
}

// places are a mediator's memberships, each with its act.
func (v timelineView) places() [][]t.Cell {
	var rows [][]t.Cell
	for _, m := range v.Line.Mediator.Memberships {
		tone := t.Neutral
		cell := t.Cell{}
		path := func(name string) string { return v.to("memberships", m.ID, name) }
		switch m.State {
		case "active":
			tone, cell = t.Success, t.Cell{Text: v.T("supervisor.act.suspend_member.link"), Href: path("suspend")}
		case "suspended":
			tone, cell = t.Warning, t.Cell{Text: v.T("supervisor.act.resume_member.link"), Href: path("resume")}
		}
		rows = append(rows, []t.Cell{{Text: m.OrganisationName}, {Text: v.T("role." + string(m.Role))},
			{Tags: []t.Tag{{Text: v.T("supervisor.membership." + m.State), Tone: tone}}, Small: m.SuspendedReason}, cell})
	}
	return rows
}

// facts of an entry, in the order in which one asks.
func (v entryView) facts() []t.Row {
	e := v.Entry
	rows := []t.Row{{Key: v.T("supervisor.when"), Value: v.DateTime(e.At)}}
	add := func(key, value, href string) {
		switch {
		case value == "":
		case href != "":
			rows = append(rows, t.Row{Key: v.T(key), Body: link(value, href)})
		default:
			rows = append(rows, t.Row{Key: v.T(key), Value: value})
		}
	}
	add("supervisor.who", v.whoAndRole(e.Entry), whoHref(e.Entry, v.way))
	if e.Beneficiary != noOne {
		add("supervisor.person", v.person(e.Entry), v.to("people", e.Beneficiary))
	}
	add("supervisor.organisation", e.OrganisationName, "")
	if e.Procedure != "" {
		add("supervisor.procedure", v.procedure(e.Pack, e.Procedure), "")
	}
	add("supervisor.action", labelOf(v.actions(), e.Action), "")
	add("supervisor.outcome", labelOf(v.outcomes(), e.Outcome), "")
	if e.Mandate != noOne {
		add("supervisor.mandate", v.T("supervisor.mandate.open"), v.to("mandates", e.Mandate))
	}
	add("supervisor.purpose", e.Text("purpose"), "")
	add("supervisor.reason", e.Text("reason"), "")
	add("supervisor.receipt", e.Text("receipt_number"), "")
	for _, name := range []string{"note", "text", "answer"} {
		add("supervisor.note", e.Text(name), "")
	}
	return rows
}

// proof is where the entry stands, and whether the law it was decided under is
// still today's.
func (v entryView) proof() []t.Row {
	e := v.Entry
	position := v.T("supervisor.position_pending")
	if e.Position >= 0 {
		position = v.T("supervisor.position_at", "Number", v.Number(int(e.Position)))
	}
	rows := []t.Row{{Key: v.T("supervisor.position"), Value: position}}
	if e.Kind != translog.ActRefused || e.PolicyHash == "" {
		return rows
	}
	same := v.T("supervisor.law_changed")
	if e.SameLaw {
		same = v.T("supervisor.law_same")
	}
	return append(rows, t.Row{Key: v.T("supervisor.law"), Value: same})
}

// raw lists what only an expert asks for: the id, the line of the law, and the
// entry's own facts as they were written, codes and counts.
func (v entryView) raw() []t.Row {
	e := v.Entry
	rows := []t.Row{{Key: v.T("supervisor.event_id"), Value: e.EventID.String()}}
	if e.Kind == translog.ActRefused && e.Rule != "" {
		rows = append(rows, t.Row{Key: v.T("supervisor.rule"), Value: e.Rule})
	}
	if e.Kind == translog.ActRefused && e.PolicyHash != "" {
		rows = append(rows, t.Row{Key: v.T("supervisor.law_hash"), Value: e.PolicyHash})
	}
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		rows = append(rows, t.Row{Key: name, Value: fmt.Sprint(e.Detail[name])})
	}
	return rows
}

// entryPerson is whom an entry is about, for the banner.
func (v entryView) entryPerson() *review.Person {
	e := v.Entry
	if e.Beneficiary == noOne {
		return nil
	}
	return &review.Person{ID: e.Beneficiary, Organisation: e.Organisation, OrganisationName: e.OrganisationName, Name: e.BeneficiaryName, Erased: e.Erased}
}

func (v actView) key(part string) string { return "supervisor.act." + v.name + "." + part }

// subjectName is the mediator whom an act is about.
func (v actView) subjectName() string {
	if v.Sheet.Mediator == nil {
		return ""
	}
	m := v.Sheet.Mediator
	if len(m.Memberships) == 1 {
		return m.Name + " · " + m.Memberships[0].OrganisationName
	}
	return m.Name
}

func (v actView) consequences() []string {
	var all []string
	for _, part := range []string{"first", "second", "third"} {
		if v.Has(v.key(part)) {
			all = append(all, v.T(v.key(part)))
		}
	}
	return all
}

func (v actView) carried() [][2]string {
	all := [][2]string{{whyField, v.why}, {inField, v.in}}
	if v.Sheet.Mediator != nil {
		all = append(all, [2]string{"account", v.Sheet.Mediator.Account.String()})
	}
	return all
}

// reasonHint says who can read the reason.
func (v actView) reasonHint() string {
	if v.subject(v.id).Mandate != noOne {
		return v.T("supervisor.act.reason_person")
	}
	return v.T("supervisor.act.reason_hint")
}
