package mediator

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// peopleView is what the list shows.
type peopleView struct {
	Title, Lead string
	Form        *form.Form
	Then        string
	List        string
	MayAdd      bool
	AddHref     string
	Tabs        []t.Tab
	Columns     []t.Column
	Rows        [][]t.Cell
	Pager       t.Pager
	Empty       t.EmptyState
	people      []mandates.PersonLine
	page        t.Page
}

// searchField is the one box for names, dates of birth and telephone numbers.
func searchField(p t.Page, label string) t.TextField {
	return t.TextField{Name: "q", Label: label, Hint: p.T("mediator.people.search.hint"), Autocomplete: "off", MaxLength: 200}
}

// homeSearch is the same box under a title of its own.
func homeSearch(p t.Page) t.TextField {
	return searchField(p, p.T("mediator.home.help.label"))
}

func peopleViewOf(p t.Page, pack *packs.Pack, ask peopleAsk, found mandates.PeoplePage, now time.Time) *peopleView {
	v := &peopleView{
		Title: p.T("mediator.people.title"), Then: ask.Then, List: ask.List, AddHref: "/people/new", people: found.Rows, page: p,
		Columns: []t.Column{{Title: p.T("mediator.people.person")}, {Title: p.T("mediator.people.themes")}, {Title: p.T("mediator.people.until"), Tight: true}},
	}
	if ask.Then == thenMandate {
		v.Title, v.Lead, v.AddHref = p.T("mediator.people.choose.title"), p.T("mediator.people.choose.lead"), "/people/new?then="+thenMandate
	}
	for _, list := range mandates.Lists() {
		v.Tabs = append(v.Tabs, peopleTab(p, ask, list, found.Counts))
	}
	for _, l := range found.Rows {
		v.Rows = append(v.Rows, []t.Cell{
			{Text: l.Name, Href: "/people/" + l.Beneficiary.String(), Small: birthOf(p, l)},
			liveCell(p, pack, l),
			untilCell(p, l, now),
		})
	}
	v.Pager.PreviousHref = ask.previous()
	if found.Next != "" {
		v.Pager.NextHref = ask.next(found.Next)
	}
	v.Empty = peopleEmpty(p, ask, v.AddHref)
	return v
}

// countCap is above what the service counts to: "more than 1,000".
const countCap = 1000

// peopleTab is one list, with how many it holds while nothing is searched.
func peopleTab(p t.Page, ask peopleAsk, list string, counts map[string]int) t.Tab {
	tab := t.Tab{Text: p.T("mediator.people.list." + list), Href: ask.toList(list), Current: list == ask.List, Count: counts[list]}
	if tab.Count > countCap {
		tab.Text, tab.Count = p.T("mediator.people.list_many", "List", tab.Text, "Count", p.Number(countCap)), 0
	}
	return tab
}

// liveCell tags what live mandates are about, and what waits to be signed; or
// says why there are none.
func liveCell(p t.Page, pack *packs.Pack, l mandates.PersonLine) t.Cell {
	cell := t.Cell{Tags: themeTags(p, pack, l.Themes)}
	if l.Awaiting != uuid.Nil {
		cell.Tags = append(cell.Tags, t.Tag{Text: p.T("mediator.people.awaiting"), Tone: t.Warning, Icon: t.IconPen})
	}
	switch {
	case len(cell.Tags) > 0:
	case l.LastEnded.IsZero():
		cell.Small = p.T("mediator.people.no_date")
	default:
		cell.Small = p.T("mediator.people.ended_on", "Date", p.LongDate(l.LastEnded.Add(-time.Second)))
	}
	return cell
}

// untilCell says when the first live mandate ends; nothing where none lives.
func untilCell(p t.Page, l mandates.PersonLine, now time.Time) t.Cell {
	switch {
	case l.LiveMandates > 0 && l.EarliestEnd.Sub(now) <= mandates.EndingSoon:
		return t.Cell{Text: lastDay(p, l.EarliestEnd), Tags: []t.Tag{{Text: daysLeft(p, now, l.EarliestEnd), Tone: t.Warning, Icon: t.IconClock}}}
	case l.LiveMandates > 0:
		return t.Cell{Text: lastDay(p, l.EarliestEnd)}
	}
	return t.Cell{}
}

// allow shows the way to add somebody only to those who may.
func (v *peopleView) allow(mayAdd bool) {
	v.MayAdd = mayAdd
	if !mayAdd && v.Empty.Action.Href == v.AddHref {
		v.Empty.Action = t.ButtonLink{}
	}
}

// addBeginForms gives each row a button that begins a mandate at once.
func (v *peopleView) addBeginForms(newKey func() string) {
	v.Columns = append(v.Columns, t.Column{Title: v.page.T("mediator.people.begin"), Tight: true})
	for i, l := range v.people {
		v.Rows[i] = append(v.Rows[i], t.Cell{Body: beginForm(v.page, beginView{Action: "/people/" + l.Beneficiary.String() + "/mandates", Key: newKey(), Name: l.Name, Kind: t.Secondary})})
	}
}

// beginView is the one button that begins a mandate.
type beginView struct {
	Action, Key, Name string
	Kind              t.ButtonKind
}

// begin is the button of a new mandate: the thing to do next only where no
// mandate is in force.
func (v *personView) begin() beginView {
	out := v.Begin
	if v.Live {
		out.Kind = t.Secondary
	}
	return out
}

// peopleEmpty says why there is nobody, and what to do.
func peopleEmpty(p t.Page, ask peopleAsk, addHref string) t.EmptyState {
	add := t.ButtonLink{Text: p.T("mediator.people.add"), Href: addHref, Kind: t.Secondary, Icon: t.IconPlus}
	switch {
	case ask.Typed != "" && ask.List != mandates.ListAll:
		return t.EmptyState{Title: p.T("mediator.people.empty.search", "Typed", ask.Typed), Text: p.T("mediator.people.empty.search_list"), Icon: t.IconSearch,
			Action: t.ButtonLink{Text: p.T("mediator.people.empty.search_all"), Href: ask.toList(mandates.ListAll), Kind: t.Secondary}}
	case ask.Typed != "":
		return t.EmptyState{Title: p.T("mediator.people.empty.search", "Typed", ask.Typed), Text: p.T("mediator.people.empty.search_text"), Icon: t.IconSearch, Action: add}
	case ask.List == mandates.ListAll:
		return t.EmptyState{Title: p.T("mediator.people.empty.all"), Text: p.T("mediator.people.empty.all_text"), Icon: t.IconPeople, Action: add}
	}
	return t.EmptyState{Title: p.T("mediator.people.empty." + ask.List), Icon: t.IconPeople}
}

// newPersonDo names the button: what comes next decides.
func newPersonDo(p t.Page, v newPersonView) string {
	if v.Then == thenMandate {
		return p.T("mediator.new.do_mandate")
	}
	return p.T("mediator.new.do")
}
