package supervisor

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	t "github.com/relais-org/relais/frontend/templates"
)

// entriesOnPage are shown together, of a search and of a timeline.
const entriesOnPage = 50

// Query parameters of this surface, besides whyField.
const (
	// inField says in which results one is: a search's id, then the page.
	inField = "in"
	// afterField is the page of a timeline.
	afterField = "after"
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

// pages is how far one has read: the number of this page, and where it and
// those before it began. Its text form is "number.cursor.cursor"; cursors hold
// no dot. The first page is empty.
type pages struct {
	number  int
	cursors []string
}

// mostCursors bounds the address; further back one starts again.
const mostCursors = 20

func pagesOf(text string) pages {
	parts := strings.Split(text, ".")
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 2 || len(parts) < 2 || slices.Contains(parts, "") {
		return pages{number: 1}
	}
	return pages{number: n, cursors: parts[1:]}
}

func (p pages) String() string {
	if p.number < 2 {
		return ""
	}
	return strings.Join(append([]string{strconv.Itoa(p.number)}, p.cursors...), ".")
}

// cursor is where this page begins.
func (p pages) cursor() string {
	if len(p.cursors) == 0 {
		return ""
	}
	return p.cursors[len(p.cursors)-1]
}

func (p pages) next(cursor string) pages {
	all := append(append([]string{}, p.cursors...), cursor)
	return pages{number: p.number + 1, cursors: all[max(0, len(all)-mostCursors):]}
}

// previous is the page before, or the first where the address no longer tells.
func (p pages) previous() pages {
	if len(p.cursors) < 2 {
		return pages{number: 1}
	}
	return pages{number: p.number - 1, cursors: p.cursors[:len(p.cursors)-1]}
}

// pager goes around this page of n lines; at gives the address of a page.
func (p pages) pager(f frame, n int, next string, at func(pages) string) t.Pager {
	g := t.Pager{}
	if p.number > 1 {
		g.PreviousHref = at(p.previous())
	}
	if next != "" {
		g.NextHref = at(p.next(next))
	}
	if g.NextHref != "" || g.PreviousHref != "" {
		g.Count = f.extent(p, n, next != "")
	}
	return g
}

// extent says which lines are shown, and how many there are once that is known.
func (f frame) extent(p pages, n int, more bool) string {
	first := (p.number-1)*entriesOnPage + 1
	switch {
	case p.number == 1 && !more:
		return f.N("supervisor.found", n)
	case more:
		return f.T("supervisor.extent", "First", f.Number(first), "Last", f.Number(first+n-1))
	}
	return f.T("supervisor.extent_last", "First", f.Number(first), "Last", f.Number(first+n-1))
}

// place is where one is in results: which search, which page.
type place struct {
	search string
	pages  pages
}

func placeOf(c *gin.Context) place {
	id, rest, _ := strings.Cut(c.Query(inField), ".")
	return place{search: id, pages: pagesOf(rest)}
}

func (p place) String() string {
	if page := p.pages.String(); page != "" {
		return p.search + "." + page
	}
	return p.search
}
