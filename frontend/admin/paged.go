package admin

import (
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
)

const (
	// onPage are shown together of any list here.
	onPage = 50
	// mostRead is how many of a list are read whole at most: members, services.
	// Beyond it the page says that it shows the first ones only.
	mostRead = 1000
	// mostRemits is the same, of remits.
	mostRemits = 2000
	// pageField is the number of a page, of a list that is read whole.
	pageField = "page"
)

// where is a list's address, what narrows it, and how far one has read: by a
// trail where the list is read page by page, by a number where it is read whole.
type where struct {
	path   string
	keep   url.Values
	trail  desk.Trail
	number int
}

// whereIn reads it from an address, keeping the named parameters.
func whereIn(path string, q url.Values, names ...string) where {
	w := where{path: path, keep: url.Values{}, trail: desk.TrailOf(q), number: 1}
	if n, err := strconv.Atoi(q.Get(pageField)); err == nil {
		w.number = n
	}
	for _, name := range names {
		if v := strings.TrimSpace(q.Get(name)); v != "" {
			w.keep.Set(name, v)
		}
	}
	return w
}

// page is the address of another page, narrowed as this one.
func (w where) page(number int) string {
	q := maps.Clone(w.keep)
	if number > 1 {
		q.Set(pageField, strconv.Itoa(number))
	}
	if len(q) == 0 {
		return w.path
	}
	return w.path + "?" + q.Encode()
}

// pageOf is one page of a list that was read whole, and the way around it. Rows
// may change places between two pages, so pages go by number; one beyond the end
// is the last. Capped says that there may be more than was read.
func pageOf[T any](p t.Page, all []T, w where, capped bool) ([]T, t.Pager) {
	last := max(1, (len(all)+onPage-1)/onPage)
	number := min(max(1, w.number), last)
	first := (number - 1) * onPage
	rows := all[first:min(first+onPage, len(all))]
	var pager t.Pager
	if last == 1 {
		return rows, pager
	}
	if number > 1 {
		pager.PreviousHref = w.page(number - 1)
	}
	if number < last {
		pager.NextHref = w.page(number + 1)
	}
	key := "admin.extent"
	if capped {
		key = "admin.extent_many"
	}
	pager.Count = p.T(key, "First", p.Number(first+1), "Last", p.Number(first+len(rows)), "Total", p.Number(len(all)))
	return rows, pager
}

// countOf says how many there are; where that is capped, under the key many, that
// there are at least as many as were read.
func countOf(p t.Page, n int, capped bool, key, many string) string {
	if capped {
		return p.T(many, "Count", p.Number(n))
	}
	return p.N(key, n)
}
