package supervisor

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
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

// start asks why and what.
func (s *Surface) start(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	return s.showStart(c, actor, f, form.New(f.Printer), http.StatusOK)
}

// startAgain is where a search reloaded without its form ends.
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
	Form     *form.Form
	Query    review.Query
	Why      string // the id of its purpose
	Found    review.Page
	Summary  []t.Row
	Presumed bool // the period was set for them
	Older    bool // not the first page
}

// search finds, or shows the form again with what to mend.
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
	var page review.Page
	if x.Valid() {
		page, err = s.Review.Search(c.Request.Context(), actor, q)
	}
	if ok, err := x.Accept(err); err != nil {
		return err
	} else if !ok {
		return s.showStart(c, actor, f, x, http.StatusUnprocessableEntity)
	}
	why, err := s.keepWhy(c, actor, q.Purpose)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, resultsPage(resultsView{frame: f, Form: x, Query: q, Why: why, Found: page, Summary: f.summary(x, q),
		Presumed: presumed, Older: q.Cursor != ""}))
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
		rows[i] = []t.Cell{{Text: v.DateTime(l.At)}, {Text: who}, {Text: v.T("supervisor.subject." + subject), Small: where}, {Text: why}}
	}
	return rows
}

// title counts what this page shows.
func (v resultsView) title() string {
	if len(v.Found.Several) > 0 {
		return v.T("supervisor.several_title")
	}
	return v.N("supervisor.found", len(v.Found.Entries))
}
