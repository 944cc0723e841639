package admin

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
)

// onPage are shown together of any list here.
const onPage = 50

// where is a list's address, what narrows it, and how far one has read.
type where struct {
	path  string
	keep  url.Values
	trail desk.Trail
}

// whereIn reads it from an address, keeping the named parameters.
func whereIn(path string, q url.Values, names ...string) where {
	w := where{path: path, keep: url.Values{}, trail: desk.TrailOf(q)}
	for _, name := range names {
		if v := strings.TrimSpace(q.Get(name)); v != "" {
			w.keep.Set(name, v)
		}
	}
	return w
}

// pageOf is one page of a list that was read whole, and the way around it. What
// no longer stands where the address says begins again.
func pageOf[T any](p t.Page, all []T, w where, id func(T) uuid.UUID) ([]T, t.Pager) {
	first := 0
	if w.trail.After != "" {
		first = slices.IndexFunc(all, func(x T) bool { return id(x).String() == w.trail.After }) + 1
	}
	if first == 0 || first >= len(all) {
		first, w.trail = 0, desk.Trail{}
	}
	rows, next := all[first:], ""
	if len(rows) > onPage {
		rows = rows[:onPage]
		next = id(rows[onPage-1]).String()
	}
	pager := w.trail.Pager(w.path, w.keep, next)
	if pager.NextHref != "" || pager.PreviousHref != "" {
		pager.Count = p.T("admin.extent", "First", p.Number(first+1), "Last", p.Number(first+len(rows)), "Total", p.Number(len(all)))
	}
	return rows, pager
}

// folded is how a name is compared with what was typed: no case, no accents.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
