package supervisor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

// fields are all that a search may carry from page to page.
var fields = []string{
	"purpose", "organisation", "mediator", "person", "person_name", "person_birth_date-day", "person_birth_date-month", "person_birth_date-year",
	"person_phone", "procedure", "action", "outcome", "kind", "from-day", "from-month", "from-year", "to-day", "to-month", "to-year",
}

// presumedDays is how far back a search goes that needs a period and gave none.
const presumedDays = 31

// query reads a search; presumed says that it got the period it needed.
func (f frame) query(x *form.Form, now time.Time) (q review.Query, presumed bool, err error) {
	if q, err = f.typed(x); err != nil {
		return q, false, err
	}
	if q.NeedsPeriod() && emptyDate(x, "from") && emptyDate(x, "to") {
		today := now.In(f.Location())
		x.SetDate("to", today).SetDate("from", today.AddDate(0, 0, -presumedDays))
		presumed = true
	}
	return f.during(q, x), presumed, nil
}

// queryKept reads a search that is kept. One for nobody needs no period, though
// it no longer says whom it was for.
func (f frame) queryKept(x search, now time.Time) (review.Query, error) {
	if !x.nobody {
		q, _, err := f.query(x.form, now)
		return q, err
	}
	q, err := f.typed(x.form)
	return f.during(q, x.form), err
}

// typed reads a search, but for its period.
func (f frame) typed(x *form.Form) (q review.Query, err error) {
	q = review.Query{
		Purpose: x.Value("purpose"), MediatorName: x.Value("mediator"), PersonName: x.Value("person_name"), PersonPhone: x.Value("person_phone"),
		Procedure: x.Value("procedure"), Action: x.Value("action"), Outcome: x.Value("outcome"), Kind: translog.Kind(x.Value("kind")),
	}
	if q.Organisation, err = optionalID(x.Value("organisation")); err != nil {
		return q, err
	}
	if q.Person, err = optionalID(x.Value("person")); err != nil {
		return q, err
	}
	if day, ok := x.OptionalDate("person_birth_date"); ok {
		q.PersonBirthDate = day
	}
	return q, nil
}

// during adds the period.
func (f frame) during(q review.Query, x *form.Form) review.Query {
	if day, ok := x.OptionalDate("from"); ok {
		q.From = f.midnight(day)
	}
	if day, ok := x.OptionalDate("to"); ok {
		q.To = f.midnight(day.AddDate(0, 0, 1))
	}
	return q
}

func emptyDate(x *form.Form, name string) bool {
	return x.Value(name+form.DayBox)+x.Value(name+form.MonthBox)+x.Value(name+form.YearBox) == ""
}

// midnight is the beginning of a day where the remit is.
func (f frame) midnight(day time.Time) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, f.Location())
}

// optionalID reads an id that may be left out; what is no id is not there.
func optionalID(s string) (uuid.UUID, error) {
	if s == "" {
		return noOne, nil
	}
	id, err := uuid.Parse(s)
	if err != nil || id == noOne {
		return noOne, problem.NotFound()
	}
	return id, nil
}

// hidden are the values of a search, to be carried along.
func hidden(x *form.Form) [][2]string {
	var all [][2]string
	for _, name := range fields {
		if v := x.Value(name); v != "" {
			all = append(all, [2]string{name, v})
		}
	}
	return all
}

// summary tells a search in words, but for its purpose, which is above; a person
// found is named by the banner, and one whom nobody is has no name any more.
func (f frame) summary(x search, q review.Query, found *review.Person) []t.Row {
	var rows []t.Row
	add := func(use bool, key, value string) {
		if use {
			rows = append(rows, t.Row{Key: f.T(key), Value: value})
		}
	}
	add(q.Organisation != noOne, "supervisor.organisation", f.organisation(q.Organisation))
	add(q.MediatorName != "", "supervisor.mediator", q.MediatorName)
	person := []string{q.PersonName}
	if !q.PersonBirthDate.IsZero() {
		person = append(person, f.LongDate(f.midnight(q.PersonBirthDate)))
	}
	if q.PersonPhone != "" {
		person = append(person, q.PersonPhone)
	}
	add(q.PersonName != "" && found == nil, "supervisor.person", strings.Join(person, " · "))
	add(x.nobody, "supervisor.person", f.T("supervisor.forgotten"))
	add(q.Procedure != "", "supervisor.procedure", labelOf(f.procedures(), q.Procedure))
	add(q.Action != "", "supervisor.action", labelOf(f.actions(), q.Action))
	add(q.Outcome != "", "supervisor.outcome", labelOf(f.outcomes(), q.Outcome))
	add(q.Kind != "", "supervisor.kind", labelOf(f.kinds(), string(q.Kind)))
	add(!q.From.IsZero(), "supervisor.from", f.Date(q.From))
	if last, ok := x.form.OptionalDate("to"); ok {
		add(true, "supervisor.to", f.Date(f.midnight(last)))
	}
	return rows
}

func labelOf(options []t.Option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

func (f frame) organisation(id uuid.UUID) string {
	return cmp.Or(f.place(id).Name, id.String())
}

func (f frame) organisations() []t.Option {
	options := make([]t.Option, len(f.remit))
	for i, o := range f.remit {
		options[i] = t.Option{Value: o.ID.String(), Label: o.Name}
		if o.City != "" {
			options[i].Label += " (" + o.City + ")"
		}
	}
	return options
}

// procedures are those of the packs of the remit, by name.
func (f frame) procedures() []t.Option {
	var options []t.Option
	seen := map[string]bool{}
	for _, o := range f.remit {
		p, err := f.packs.Get(o.Pack)
		if err != nil || seen["pack:"+p.ID] {
			continue
		}
		seen["pack:"+p.ID] = true
		for _, x := range p.Procedures {
			if !seen[x.Code] {
				seen[x.Code] = true
				options = append(options, t.Option{Value: x.Code, Label: x.Name.In(string(f.Lang()))})
			}
		}
	}
	return byLabel(options)
}

func (f frame) actions() []t.Option {
	var options []t.Option
	for _, a := range packs.Actions() {
		options = append(options, t.Option{Value: a, Label: f.T("action." + a)})
	}
	return options
}

func (f frame) outcomes() []t.Option {
	var options []t.Option
	for _, o := range review.Outcomes() {
		options = append(options, t.Option{Value: o, Label: f.T("outcome." + o)})
	}
	return options
}

func (f frame) kinds() []t.Option {
	var options []t.Option
	for _, k := range review.Kinds() {
		options = append(options, t.Option{Value: string(k), Label: f.T(review.EventKey(k))})
	}
	return byLabel(options)
}

func byLabel(options []t.Option) []t.Option {
	slices.SortFunc(options, func(a, b t.Option) int { return cmp.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return options
}
