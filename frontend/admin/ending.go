package admin

import (
	"net/http"
	"net/url"
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
	found, err := s.Mandates.People(c.Request.Context(), actor, mandates.PeopleQuery{List: mandates.ListEnding, Cursor: c.Query("after"), Limit: 50})
	if err != nil {
		return err
	}
	pack, err := s.pack(here)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, endingPage(page, newEnding(page, here, pack, found)))
}

// endingView lists mandates that end soon.
type endingView struct {
	Organisation string
	Suspended    bool
	Tabs         []t.Tab
	Table        t.Table
	Next         string
}

func newEnding(p t.Page, here authz.Membership, pack *packs.Pack, found mandates.PeoplePage) endingView {
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
	if found.Next != "" {
		v.Next = "?" + url.Values{"after": {found.Next}}.Encode()
	}
	return v
}

func themeName(p t.Page, pack *packs.Pack, code string) string {
	if theme, ok := pack.Theme(code); ok {
		return theme.Name.In(string(p.Lang()))
	}
	return code
}
