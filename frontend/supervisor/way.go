package supervisor

import (
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
)

// entriesOnPage are shown together, of a search and of a timeline.
const entriesOnPage = 50

// Query parameters of this surface, besides whyField.
const (
	// inField says in which results one is: a search's id, then the page.
	inField = "in"
)

// way is what addresses carry from page to page: why one looks, by its id, and
// the results one came from.
type way struct{ why, in string }

func (w way) onto(q url.Values) url.Values {
	q.Set(whyField, w.why)
	if w.in != "" {
		q.Set(inField, w.in)
	}
	return q
}

// to is an address of this surface.
func (w way) to(kind string, id uuid.UUID, further ...string) string {
	path := homePath + "/" + kind + "/" + id.String()
	for _, f := range further {
		path += "/" + f
	}
	return path + "?" + w.onto(url.Values{}).Encode()
}

// back is the page of results one came from, or the first page.
func (l looking) back() t.Link {
	if l.in != "" {
		return t.Link{Text: l.T("supervisor.back_results"), Href: resultsHref(l.in)}
	}
	return t.Link{Text: l.T("supervisor.back_start"), Href: homePath}
}

func resultsHref(in string) string { return searchPath + "?" + url.Values{inField: {in}}.Encode() }

// extents are the words for which lines of a list a page shows: of the only
// page, of one with others after it, and of the last.
type extents struct{ only, more, last string }

var (
	// ofEntries is a list that goes back in time.
	ofEntries = extents{"supervisor.found", "supervisor.extent", "supervisor.extent_last"}
	// ofDisputes is the list of disagreements, what is due first at the top.
	ofDisputes = extents{"supervisor.disputes.count", "supervisor.disputes.extent", "supervisor.disputes.extent_last"}
)

// extent says which lines are shown, and how many there are once that is known.
func (f frame) extent(of extents, at desk.Trail, n int, more bool) string {
	first := (at.Number()-1)*entriesOnPage + 1
	switch {
	case at.Number() == 1 && !more:
		return f.N(of.only, n)
	case more:
		return f.T(of.more, "First", f.Number(first), "Last", f.Number(first+n-1))
	}
	return f.T(of.last, "First", f.Number(first), "Last", f.Number(first+n-1))
}

// counted says under a list that has other pages which lines this one shows.
func counted(g t.Pager, extent string) t.Pager {
	if g.NextHref != "" || g.PreviousHref != "" {
		g.Count = extent
	}
	return g
}

// place is where one is in results: which search, which page.
type place struct {
	search string
	trail  desk.Trail
}

func placeOf(c *gin.Context) place {
	id, rest, _ := strings.Cut(c.Query(inField), ".")
	return place{search: id, trail: desk.ParseTrail(rest)}
}

func (p place) String() string {
	if page := p.trail.String(); page != "" {
		return p.search + "." + page
	}
	return p.search
}
