package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// endingMandates lists who has a mandate that ends within 30 days.
func (s *Surface) endingMandates(c *gin.Context, actor authz.Actor) error {
	here, err := s.here(c, actor)
	if err != nil {
		return err
	}
	w := whereIn("/organisation/mandates", c.Request.URL.Query())
	found, err := s.Mandates.People(c.Request.Context(), actor, mandates.PeopleQuery{List: mandates.ListEnding, Cursor: w.trail.After, Limit: onPage})
	if err != nil {
		return err
	}
	pack, err := s.pack(here)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, endingPage(page, newEnding(page, here, pack, found, w)))
}

// endingView lists mandates that end soon.
type endingView struct {
	Organisation string
	Suspended    bool
	Tabs         []t.Tab
	Count        string // of people, on the first page
	Table        t.Table
	Pager        t.Pager
}

func newEnding(p t.Page, here authz.Membership, pack *packs.Pack, found mandates.PeoplePage, w where) endingView {
	v := endingView{Organisation: here.OrganisationName, Suspended: !here.OrganisationAlive, Tabs: sections(p, "/organisation/mandates"),
		Table: t.Table{Caption: p.T("admin.ending.caption"), Columns: []t.Column{{Title: p.T("admin.ending.person")},
			{Title: p.T("admin.ending.themes")}, {Title: p.T("admin.ending.until")}}}}
	for _, x := range found.Rows {
		var tags []t.Tag
		for _, code := range x.Themes {
			tags = append(tags, t.Tag{Text: themeName(p, pack, code)})
		}
		// The end is the first instant after the last day.
		v.Table.Rows = append(v.Table.Rows, []t.Cell{{Text: x.Name, Href: "/people/" + x.Beneficiary.String()}, {Tags: tags},
			{Text: p.Date(x.EarliestEnd.Add(-time.Second))}})
	}
	v.Pager = w.trail.Pager(w.path, w.keep, found.Next)
	switch n := found.Counts[mandates.ListEnding]; {
	case n > countCap:
		v.Count = p.T("admin.ending.count_many", "Count", p.Number(countCap))
	case n > 0:
		v.Count = p.N("admin.ending.count", n)
	}
	return v
}

// countCap is above what mandates are counted to: "more than 1,000".
const countCap = 1000

func themeName(p t.Page, pack *packs.Pack, code string) string {
	if theme, ok := pack.Theme(code); ok {
		return theme.Name.In(string(p.Lang()))
	}
	return code
}
