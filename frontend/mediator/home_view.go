package mediator

import (
	"slices"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// homeView is what the first page shows.
type homeView struct {
	Name           string
	Form           *form.Form // the empty search
	NoOrganisation bool       // nobody was chosen to act for
	Lacks          []desk.RefusalLine
	Closed         bool // nothing may be read until that is mended
	Until          string
	MayBegin       bool
	Waiting        []t.Card
	Ending, Cases  [][]t.Cell
	Whole          bool // there is nothing at all to show
}

// homeLead greets, and asks what to do where there is something to do.
func homeLead(p t.Page, v homeView) string {
	switch {
	case v.NoOrganisation:
		return ""
	case v.Closed:
		return p.T("mediator.home.hello", "Name", v.Name)
	}
	return p.T("mediator.home.lead", "Name", v.Name)
}

// standingOf is the actor's membership in the organisation acted for, a
// mediator's before a referent's.
func standingOf(a authz.Actor) organisations.Member {
	var out organisations.Member
	for _, m := range a.Memberships {
		if m.Organisation == a.Organisation && (out.Role == "" || m.Role == authz.Mediator) {
			out = organisations.Member{Account: a.Account, Organisation: m.Organisation, Name: a.Name, Role: m.Role, Authority: m.Authority}
		}
	}
	return out
}

// untilSoon is the end of one's own authority when it is near, else empty.
func untilSoon(p t.Page, a authz.Actor) string {
	authority := standingOf(a).Authority
	if authority.Until.IsZero() || !authority.Allowed() || authority.Until.After(a.Now.Add(mandates.EndingSoon)) {
		return ""
	}
	return p.T("mediator.home.until", "Date", lastDay(p, authority.Until))
}

// homeLists turns what was found into what is shown.
type homeLists struct {
	page  t.Page
	pack  *packs.Pack
	actor authz.Actor
}

// waiting is one card for each text that is not signed yet. First come those
// who ask for a witness: somebody sits beside a colleague and waits.
func (h homeLists) waiting(all []mandates.Mandate) []t.Card {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b mandates.Mandate) int { return askedFirst(forWitness(h.actor, a), forWitness(h.actor, b)) })
	out := make([]t.Card, len(all))
	for i, m := range all {
		card := t.Card{Title: m.BeneficiaryName, Level: 3, Href: mandateHref(m), Text: h.waitingFor(m), Icon: t.IconPen}
		card.Tags = []t.Tag{stateTag(h.page, m.StateAt(h.actor.Now))}
		if forWitness(h.actor, m) {
			card.Href, card.Icon = mandateHref(m)+"/witness", t.IconEye
			card.Tags = []t.Tag{{Text: h.page.T("mediator.home.waiting.asked"), Tone: t.Warning, Icon: t.IconPeople}}
		}
		out[i] = card
	}
	return out
}

// askedFirst orders a request to oneself before what one has begun.
func askedFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// waitingFor says what a mandate waits for, and since when.
func (h homeLists) waitingFor(m mandates.Mandate) string {
	since := h.page.Date(m.CreatedAt)
	if m.State != mandates.Drafted {
		since = h.page.Date(m.PresentedAt)
	}
	switch {
	case forWitness(h.actor, m):
		return h.page.T("mediator.home.waiting.asks", "Name", m.MediatorName)
	case m.State == mandates.Drafted:
		return h.page.T("mediator.home.waiting.draft", "Date", since)
	case m.State == mandates.Presented:
		return h.page.T("mediator.home.waiting.sign", "Date", since)
	case m.Method == mandates.MethodWitness:
		return h.page.T("mediator.home.waiting.witness", "Date", since)
	}
	return h.page.T("mediator.home.waiting.code", "Date", since)
}

// ending is one row a person whose mandate ends soon, soonest first.
func (h homeLists) ending(all []mandates.PersonLine) [][]t.Cell {
	out := make([][]t.Cell, len(all))
	for i, l := range all {
		out[i] = []t.Cell{
			{Text: l.Name, Href: "/people/" + l.Beneficiary.String(), Small: birthOf(h.page, l)},
			{Tags: themeTags(h.page, h.pack, l.Themes)},
			{Text: lastDay(h.page, l.EarliestEnd), Small: daysLeft(h.page, h.actor.Now, l.EarliestEnd)},
		}
	}
	return out
}

// cases is one row a case, the overdue ones first: they come by due date.
func (h homeLists) cases(all []mandates.Case) [][]t.Cell {
	out := make([][]t.Cell, len(all))
	for i, c := range all {
		out[i] = []t.Cell{
			{Text: procedureName(h.page, h.pack, c.Procedure), Href: "/cases/" + c.ID.String(), Small: c.BeneficiaryName},
			{Tags: []t.Tag{caseTag(h.page, c.State)}},
			dueCell(h.page, h.actor.Now, c),
		}
	}
	return out
}

// dueCell says when a case is due, in a word, an icon and a colour.
func dueCell(p t.Page, now time.Time, c mandates.Case) t.Cell {
	if c.DueOn.IsZero() {
		return t.Cell{Text: p.T("mediator.case.no_due")}
	}
	cell := t.Cell{Text: calendarDay(p, c.DueOn)}
	const soon = 7
	switch days := int(c.DueOn.Sub(today(p, now)).Hours() / 24); {
	case c.State.Closed():
	case days < 0:
		cell.Tags = []t.Tag{{Text: p.T("mediator.case.overdue"), Tone: t.Danger, Icon: t.IconAlert}}
	case days == 0:
		cell.Tags = []t.Tag{{Text: p.T("mediator.case.due_today"), Tone: t.Warning, Icon: t.IconClock}}
	case days <= soon:
		cell.Tags = []t.Tag{{Text: p.N("mediator.case.due_in", days), Tone: t.Warning, Icon: t.IconClock}}
	}
	return cell
}

// daysLeft says how many days are left until an exclusive end.
func daysLeft(p t.Page, now, end time.Time) string {
	if left := desk.DaysLeft(p.Printer, now, end); left > 0 {
		return p.N("mediator.days.left", left)
	}
	return p.T("mediator.days.today")
}

// birthOf tells two people of one name apart.
func birthOf(p t.Page, l mandates.PersonLine) string {
	born := p.T("mediator.person.born", "Date", calendarDay(p, l.BirthDate))
	if l.BirthName == "" {
		return born
	}
	return p.T("mediator.person.birth_name", "Name", l.BirthName) + " · " + born
}

func themeTags(p t.Page, pack *packs.Pack, codes []string) []t.Tag {
	out := make([]t.Tag, len(codes))
	for i, code := range codes {
		out[i] = themeTag(p, pack, code)
	}
	return out
}

func mandateHref(m mandates.Mandate) string { return "/mandates/" + m.ID.String() }

// stateTag is a mandate's state in a word, an icon and a colour.
func stateTag(p t.Page, s mandates.State) t.Tag {
	tag := t.Tag{Text: p.T("mandate_state." + string(s)), Tone: t.Neutral, Icon: t.IconClock}
	switch s {
	case mandates.Active:
		tag.Tone, tag.Icon = t.Success, t.IconCheck
	case mandates.Drafted:
		tag.Tone, tag.Icon = t.Info, t.IconPen
	case mandates.Presented, mandates.Awaiting:
		tag.Tone = t.Info
	case mandates.Suspended:
		tag.Tone, tag.Icon = t.Warning, t.IconPause
	case mandates.Revoked, mandates.Renounced:
		tag.Icon = t.IconStop
	case mandates.Expired, mandates.Superseded, mandates.Void:
	}
	return tag
}

// caseTag is a case's state in a word, an icon and a colour.
func caseTag(p t.Page, s mandates.CaseState) t.Tag {
	tag := t.Tag{Text: p.T("case_state." + string(s)), Tone: t.Info, Icon: t.IconClock}
	switch s {
	case mandates.CaseGranted:
		tag.Tone, tag.Icon = t.Success, t.IconCheck
	case mandates.CaseRefused:
		tag.Tone, tag.Icon = t.Warning, t.IconCross
	case mandates.CaseWithdrawn, mandates.CaseAbandoned:
		tag.Tone, tag.Icon = t.Neutral, t.IconStop
	case mandates.CaseOpened, mandates.CaseInProgress:
		tag.Icon = t.IconPaper
	case mandates.CaseSubmitted, mandates.CaseAwaiting:
	}
	return tag
}
