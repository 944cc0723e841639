package supervisor

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/mandates/review"
)

// startView is the first page: why, what, and who else looks.
type startView struct {
	frame
	Form      *form.Form
	Looks     []review.LookLine
	MoreShown bool // a filter of the second part is set
}

// shownAtOnce are the organisations of a remit listed before one asks for more.
const shownAtOnce = 10

// start asks why and what.
func (s *Surface) start(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	return s.showStart(c, actor, f, form.New(f.Printer), http.StatusOK)
}

// startAgain is where an export reloaded without its form ends.
func (s *Surface) startAgain(c *gin.Context, _ authz.Actor) error { return web.SeeOther(c, homePath) }

// changeSearch shows a search again, to change it.
func (s *Surface) changeSearch(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	x, err := form.Parse(c.Writer, c.Request, f.Printer)
	if err != nil {
		return err
	}
	return s.showStart(c, actor, f, x, http.StatusOK)
}

func (s *Surface) showStart(c *gin.Context, actor authz.Actor, f frame, x *form.Form, status int) error {
	looks, err := s.Review.Looks(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	v := startView{frame: f, Form: x, Looks: looks}
	for _, name := range []string{"procedure", "action", "outcome", "kind", "from-day", "to-day"} {
		v.MoreShown = v.MoreShown || x.Value(name) != "" || x.Has("from") || x.Has("to") || x.Has(name)
	}
	return web.Render(c, status, startPage(v))
}

// resultsView is what a search found.
type resultsView struct {
	frame
	Form    *form.Form // as it is kept
	Query   review.Query
	Way     way
	Place   place
	Found   review.Page
	Summary []t.Row
	// Presumed: the period was set for them.
	Presumed bool
}

// search checks what was typed, keeps it with the session, and leads to what it
// finds: results have an address to come back to, which names nobody.
func (s *Surface) search(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	x, err := form.Parse(c.Writer, c.Request, f.Printer)
	if err != nil {
		return err
	}
	q, presumed, err := f.query(x, actor.Now)
	if err != nil {
		return err
	}
	id := ""
	if x.Valid() {
		if err = s.Review.Check(q); err == nil {
			id, err = s.keepAll(c, actor, search{form: x, presumed: presumed})
		}
	}
	if ok, err := x.Accept(err); err != nil {
		return err
	} else if !ok {
		return s.showStart(c, actor, f, x, http.StatusUnprocessableEntity)
	}
	return web.SeeOther(c, resultsHref(id))
}

// keepAll keeps the purpose, and the search that carries its id.
func (s *Surface) keepAll(c *gin.Context, actor authz.Actor, x search) (id string, err error) {
	if x.why, err = s.keepWhy(c, actor, x.form.Value("purpose")); err != nil {
		return "", err
	}
	return s.keepSearch(c, actor, x)
}

// results shows one page of what a search finds. One that this session no
// longer keeps begins again. Whatever fails, who was typed is forgotten.
func (s *Surface) results(c *gin.Context, actor authz.Actor) error {
	err := s.showResults(c, actor)
	if err == nil {
		return nil
	}
	if failed := s.forget(c, placeOf(c).search); failed != nil {
		return errors.Join(failed, err)
	}
	return err
}

// showResults searches, unless nobody answered to the name: that is remembered,
// and shown again without another look.
func (s *Surface) showResults(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	at := placeOf(c)
	x, ok := f.searchOf(c, at.search)
	if !ok {
		return web.SeeOther(c, homePath)
	}
	q, err := f.queryKept(x, actor.Now)
	if err != nil {
		return err
	}
	v := resultsView{frame: f, Form: x.form, Query: q, Way: way{why: x.why, in: at.String()}, Place: at, Presumed: x.presumed}
	if !x.nobody {
		v.Query.Cursor, v.Query.Limit = at.trail.After, entriesOnPage
		v.Found, err = s.Review.Search(c.Request.Context(), actor, v.Query)
		if ok, err := x.form.Accept(err); err != nil {
			return err
		} else if !ok {
			return s.showFault(c, actor, f, x)
		}
		if err := s.narrow(c, actor, x, v.Found); err != nil {
			return err
		}
	}
	v.Summary = v.summary(x, v.Query, v.Found.Person)
	return web.Render(c, http.StatusOK, resultsPage(v))
}

// showFault shows the form of a search that could not be done; who was typed is
// on it, and no longer in the session.
func (s *Surface) showFault(c *gin.Context, actor authz.Actor, f frame, x search) error {
	if err := s.forget(c, x.id); err != nil {
		return err
	}
	return s.showStart(c, actor, f, x.form, http.StatusUnprocessableEntity)
}

// export sends the entries of a search as a file. What cannot be exported
// shows the form again.
func (s *Surface) export(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	x, err := form.Parse(c.Writer, c.Request, f.Printer)
	if err != nil {
		return err
	}
	q, _, err := f.query(x, actor.Now)
	if err != nil {
		return err
	}
	var file *review.Exported
	if x.Valid() {
		file, err = s.Review.Export(c.Request.Context(), actor, q)
	}
	if ok, err := x.Accept(err); err != nil {
		return err
	} else if !ok {
		return s.showStart(c, actor, f, x, http.StatusUnprocessableEntity)
	}
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", `attachment; filename="relais-log-`+file.At.In(f.Location()).Format("2006-01-02")+`.csv"`)
	c.Status(http.StatusOK)
	return file.Write(c.Request.Context(), c.Writer)
}

// mostInRemit are the organisations of a remit that are read at most.
const mostInRemit = 1000

// remitCount says how many organisations there are, or that there are at least
// as many as were read.
func (f frame) remitCount() string {
	if n := len(f.remit); n >= mostInRemit {
		return f.T("supervisor.remit_many", "Count", f.Number(n))
	}
	return f.N("supervisor.remit_count", len(f.remit))
}

// looked tells a colleague's look in words.
func (v startView) looked() [][]t.Cell {
	rows := make([][]t.Cell, len(v.Looks))
	for i, l := range v.Looks {
		who := l.Who
		if l.Mine {
			who = v.T("supervisor.you")
		}
		subject := l.Subject
		if subject == "" {
			subject = "staff"
		}
		where := l.OrganisationName
		if where == "" {
			where = v.T("supervisor.whole_remit")
		}
		why := v.quoted(l.Purpose)
		if why == "" && l.OnePerson {
			why = v.T("supervisor.purpose_of_person")
		}
		rows[i] = []t.Cell{{Text: v.LongDate(l.At), Small: v.Time(l.At)}, {Text: who}, {Text: v.T("supervisor.subject." + subject), Small: where}, {Text: why}}
	}
	return rows
}

// title says how much was found, or where in it one is.
func (v resultsView) title() string {
	switch {
	case len(v.Found.Several) > 0:
		return v.T("supervisor.several_title")
	case len(v.Found.Entries) == 0:
		return v.T("supervisor.nothing")
	}
	return v.extent(ofEntries, v.Place.trail, len(v.Found.Entries), v.Found.Next != "")
}

func (v resultsView) pager() t.Pager {
	pager := v.Place.trail.Around(v.Found.Next, func(page desk.Trail) string {
		return resultsHref(place{search: v.Place.search, trail: page}.String())
	})
	return counted(pager, v.title())
}

// again is the search as the form asks it, hidden: of a person found, the name
// and birth date rather than the id.
func (v resultsView) again() [][2]string {
	all := hidden(v.Form)
	p := v.Found.Person
	if p == nil || v.Form.Value("person") == "" && v.Form.Value("person_name") != "" {
		return all
	}
	all = slices.DeleteFunc(all, func(h [2]string) bool { return aboutPerson(h[0]) })
	return append(all, v.named(*p)...)
}

// named are the fields that name somebody to the form of a search.
func (f frame) named(p review.Person) [][2]string {
	if p.Name == "" || p.BirthDate.IsZero() {
		return nil
	}
	x := form.New(f.Printer).Set("person_name", p.Name).SetDate("person_birth_date", p.BirthDate)
	return hidden(x)
}

// columns leave out what the page says once above: the person, and the one
// organisation there is.
func (v resultsView) columns() (persons, organisations bool) {
	persons = v.Found.Person == nil
	return persons, persons && v.Query.Organisation == noOne && len(v.remit) > 1
}

func (v resultsView) table() t.Table {
	persons, organisations := v.columns()
	table := t.Table{Caption: v.T("supervisor.results"), Columns: []t.Column{{Title: v.T("supervisor.when"), Tight: true}, {Title: v.T("supervisor.what")}, {Title: v.T("supervisor.who")}}}
	if persons {
		table.Columns = append(table.Columns, t.Column{Title: v.T("supervisor.person")})
	}
	if organisations {
		table.Columns = append(table.Columns, t.Column{Title: v.T("supervisor.organisation")})
	}
	for _, e := range v.Found.Entries {
		row := []t.Cell{
			{Text: v.LongDate(e.At), Small: v.Time(e.At)},
			{Text: v.what(e), Href: v.Way.to("entries", e.EventID), Small: v.onWhat(e), Tags: blocked(v.frame, e)},
			{Text: v.who(e), Small: v.roleBeside(e), Href: whoHref(e, v.Way)},
		}
		if persons {
			row = append(row, v.personCell(e))
		}
		if organisations {
			row = append(row, t.Cell{Text: e.OrganisationName})
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// personCell is whom an entry is about, or nobody.
func (v resultsView) personCell(e review.Entry) t.Cell {
	if e.Beneficiary == noOne {
		return t.Cell{Text: v.T("supervisor.nobody")}
	}
	return t.Cell{Text: v.person(e), Href: v.Way.to("people", e.Beneficiary)}
}
