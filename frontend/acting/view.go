package acting

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
)

// frame is what the three pages have in common.
type frame struct {
	Form       *form.Form
	ClientName string
	Progress   t.Progress
	Banner     *t.PersonBanner
	Refused    *desk.Refusal
	Stale      []string // what another window did, in sentences
	Version    string
	Href       string // of the request
	Leave      string // posts: back to the service, with nothing given
}

func newFrame(v visit, f *form.Form, a answer, step int) frame {
	p := v.page
	out := frame{Form: f, ClientName: v.r.ClientName, Refused: a.refused, Version: strconv.Itoa(v.r.Version), Href: v.href(""), Leave: v.href(declinePath),
		Progress: t.Progress{Step: step, Names: []string{p.T("acting.step.person"), p.T("acting.step.what"), p.T("acting.step.confirm")},
			Hrefs: []string{v.href(personPath), v.href(whatPath)}}}
	if a.stale {
		out.Stale = []string{p.T("acting.stale.text")}
		if v.r.Person != nil {
			out.Stale = append(out.Stale, p.T("acting.stale.person", "Name", v.r.Person.Name))
		}
	}
	if step > 1 && v.r.Person != nil {
		out.Banner = &t.PersonBanner{Label: p.T("mediator.person.label"), Name: v.r.Person.Name, Facts: born(p, *v.r.Person)}
	}
	return out
}

// born is the date of birth, which tells two people of one name apart.
func born(p t.Page, o acting.Offered) []string {
	if o.BirthDate.IsZero() {
		return nil
	}
	return []string{p.T("mediator.person.born", "Date", p.In(time.UTC).LongDate(o.BirthDate))}
}

// lastDay writes the last day on which something holds, given its exclusive end.
func lastDay(p t.Page, end time.Time) string { return p.Date(end.Add(-time.Second)) }

// personView is the first page.
type personView struct {
	frame
	Lead     string
	Search   t.TextField
	Action   string
	Columns  []t.Column
	Rows     [][]t.Cell
	More     bool // as many as are ever shown
	Searched bool
	Empty    t.EmptyState
	Why      []string // why nobody was found, with what to do
	Chosen   *acting.Offered
}

// mostShown is what a search gives at most.
const mostShown = 20

func newPerson(v visit, f *form.Form, a answer, found []acting.Offered) personView {
	p := v.page
	out := personView{frame: newFrame(v, f, a, 1), Action: v.href(personPath), Chosen: v.r.Person,
		Lead: p.T("acting.person.lead", "Service", v.r.ClientName, "Organisation", v.org.Name),
		Search: t.TextField{Name: "q", Label: p.T("acting.person.search"), Hint: p.T("acting.person.search_hint"), Autocomplete: "off",
			MaxLength: 200},
		Columns: []t.Column{{Title: p.T("mediator.people.person")}, {Title: p.T("acting.person.until")}, {Title: p.T("acting.person.choose"), Tight: true}},
		More:    len(found) >= mostShown, Searched: f.Value("q") != "" && f.Valid(),
		Empty: t.EmptyState{Title: p.T("acting.nobody.title", "Typed", f.Value("q")), Icon: t.IconSearch}}
	for _, o := range found {
		small := ""
		if facts := born(p, o); len(facts) > 0 {
			small = facts[0]
		}
		out.Rows = append(out.Rows, []t.Cell{{Text: o.Name, Small: small}, {Text: lastDay(p, o.EndsAt)},
			{Body: chooseForm(p, chooseView{Action: out.Action, Version: out.Version, Person: o.Beneficiary.String(), Name: o.Name})}})
	}
	out.Why = []string{p.T("acting.nobody.why", "Organisation", v.org.Name, "Service", v.r.ClientName, "Procedures", strings.Join(v.procedureNames(), " · "))}
	return out
}

// procedureNames are what the service offers, the first of many.
func (v visit) procedureNames() []string {
	const most = 3
	var names []string
	for _, code := range v.r.Procedures {
		names = append(names, v.procedureName(code))
	}
	shown, left := fold(names, most)
	if left > 0 {
		shown = append(slices.Clone(shown), v.page.N("mediator.person.procedures_more", left))
	}
	return shown
}

func (v visit) procedureName(code string) string {
	if x, ok := v.pack.Procedure(code); ok {
		return x.Name.In(string(v.page.Lang()))
	}
	return code
}

// chooseView is the button that chooses somebody.
type chooseView struct{ Action, Version, Person, Name string }

// whatView is the second page.
type whatView struct {
	frame
	Action, Person string
	Alone          *procedureView // the only one there is
	Procedures     []t.Option
	Without        []string // procedures that the mandate does not cover
}

// procedureView is what may be done in one procedure.
type procedureView struct {
	Form                 *form.Form
	Code, Name, Plain    string
	Plainly, Sensitive   []t.Option
	Field, SensitiveName string
	Lacking              []string // actions that the mandate does not have
}

func newWhat(v visit, f *form.Form, a answer) whatView {
	p := v.page
	out := whatView{frame: newFrame(v, f, a, 2), Action: v.href(whatPath), Person: v.r.Person.Beneficiary.String()}
	var covered []string
	for _, choice := range v.r.Choices {
		covered = append(covered, choice.Procedure)
		one := v.procedureView(f, choice)
		out.Procedures = append(out.Procedures, t.Option{Value: one.Code, Label: one.Name, Hint: one.Plain, Body: procedureActions(p, one)})
		out.Alone = &one
	}
	if len(covered) != 1 {
		out.Alone = nil
	}
	for _, code := range v.r.Procedures {
		if !slices.Contains(covered, code) {
			out.Without = append(out.Without, v.procedureName(code))
		}
	}
	const most = 6
	shown, left := fold(out.Without, most)
	if out.Without = shown; left > 0 {
		out.Without = append(slices.Clone(shown), sentence(p.N("mediator.person.procedures_more", left)))
	}
	return out
}

func (v visit) procedureView(f *form.Form, choice acting.Choice) procedureView {
	p, code := v.page, choice.Procedure
	out := procedureView{Form: f, Code: code, Name: v.procedureName(code), Field: actionFields + code, SensitiveName: sensitiveField + code}
	x, known := v.pack.Procedure(code)
	if known {
		out.Plain = x.Plain.In(string(p.Lang()))
	}
	for _, action := range packs.Actions() {
		o := t.Option{Value: action, Label: p.T("action." + action)}
		switch {
		case !slices.Contains(choice.Actions, action):
			if known && x.Allows(action) && v.asked(code, action) {
				out.Lacking = append(out.Lacking, p.T("action."+action))
			}
		case packs.Sensitive(action):
			o.Icon, o.Hint = t.IconAlert, p.T("mandate.what.sensitive."+action)
			out.Sensitive = append(out.Sensitive, o)
		default:
			out.Plainly = append(out.Plainly, o)
		}
	}
	return out
}

// asked: the service wants to be able to do this, as far as it said.
func (v visit) asked(procedure, action string) bool {
	details := v.r.Params.Details
	return len(details) == 0 || slices.ContainsFunc(details, func(d acting.Detail) bool {
		return (len(d.Procedures) == 0 || slices.Contains(d.Procedures, procedure)) && (len(d.Actions) == 0 || slices.Contains(d.Actions, action))
	})
}

// confirmView is the third page.
type confirmView struct {
	frame
	Action, Person string
	Rows           []t.Row
	Receives       []string
	Careful        []string // sensitive actions chosen
	Fresh          bool     // a fresh sign-in comes first
}

func newConfirm(v visit, f *form.Form, a answer) confirmView {
	p, person := v.page, v.r.Person
	out := confirmView{frame: newFrame(v, f, a, 3), Action: v.href(confirmPath), Person: person.Name, Fresh: v.r.NeedsStepUp}
	var may []string
	for _, action := range v.r.Actions {
		may = append(may, p.T("action."+action))
		if packs.Sensitive(action) {
			out.Careful = append(out.Careful, p.T("mandate.what.sensitive."+action))
		}
	}
	change := func(step string) t.Link { return t.Link{Text: p.T("acting.confirm.change"), Href: v.href(step)} }
	out.Rows = []t.Row{
		{Key: p.T("acting.confirm.where"), Value: v.r.ClientName},
		{Key: p.T("acting.confirm.person"), Value: person.Name, Lines: born(p, *person), Action: change(personPath)},
		{Key: p.T("acting.confirm.procedure"), Value: v.procedureName(v.r.Procedure), Action: change(whatPath)},
		{Key: p.T("acting.confirm.may"), Lines: may, Action: change(whatPath)},
		{Key: p.T("acting.confirm.until"), Value: p.T("acting.confirm.until_value", "Moment", p.DateTime(v.r.Receives.EndsAt)),
			Lines: []string{p.T("acting.confirm.until_mandate", "Date", lastDay(p, person.EndsAt))}},
	}
	for _, claim := range v.r.Receives.Claims {
		out.Receives = append(out.Receives, p.T("claim."+claim))
	}
	return out
}

// overView is the page of a request that is no longer open.
type overView struct {
	Title, Text string
	ClientName  string
	Next        t.ButtonLink
}

func newOver(v visit, to string) overView {
	key := "acting.over." + string(v.r.State)
	out := overView{Title: v.page.T(key+".title", "Service", v.r.ClientName), Text: v.page.T(key+".text", "Service", v.r.ClientName), ClientName: v.r.ClientName,
		Next: t.ButtonLink{Text: v.page.T("acting.over.to_service", "Service", v.r.ClientName), Href: homeOf(v.r.Params.RedirectURI), Kind: t.Primary, Icon: t.IconArrow}}
	if v.r.State == acting.Granted || v.r.State == acting.Declined {
		out.Next.Href = to
	}
	return out
}

// turnedAwayView is shown to a mediator who may not act now.
type turnedAwayView struct {
	ClientName string
	Refused    *desk.Refusal
	Leave      string
}
