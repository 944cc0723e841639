package desk

import (
	"net/url"
	"slices"
	"strings"

	t "github.com/relais-org/relais/frontend/templates"
)

// Trail is the way through a list that is read page by page, kept in the
// address: where this page begins, and where those before it began. Cursors
// hold no dot.
type Trail struct {
	After  string
	before []string
}

// maxTrail bounds the address; further back one starts again.
const maxTrail = 20

// TrailOf reads the trail of an address.
func TrailOf(q url.Values) Trail {
	trail := Trail{After: q.Get("after")}
	if before := q.Get("trail"); before != "" {
		trail.before = strings.Split(before, ".")
	}
	return trail
}

// Onto writes the trail into an address.
func (x Trail) Onto(q url.Values) {
	if x.After != "" {
		q.Set("after", x.After)
	}
	if len(x.before) > 0 {
		q.Set("trail", strings.Join(x.before, "."))
	}
}

// Next is the page that begins after a cursor.
func (x Trail) Next(cursor string) Trail {
	before := slices.Clone(x.before)
	if x.After != "" {
		before = append(before, x.After)
	}
	return Trail{After: cursor, before: before[max(0, len(before)-maxTrail):]}
}

// Previous is the page before; ok is false on the first.
func (x Trail) Previous() (page Trail, ok bool) {
	if x.After == "" {
		return Trail{}, false
	}
	if last := len(x.before) - 1; last >= 0 {
		page = Trail{After: x.before[last], before: x.before[:last]}
	}
	return page, true
}

// Pager leads to the pages around this one of the list at path, narrowed as
// keep says; next is empty on the last.
func (x Trail) Pager(path string, keep url.Values, next string) t.Pager {
	to := func(page Trail) string {
		q := url.Values{}
		for name, values := range keep {
			q[name] = values
		}
		page.Onto(q)
		if len(q) == 0 {
			return path
		}
		return path + "?" + q.Encode()
	}
	var out t.Pager
	if page, ok := x.Previous(); ok {
		out.PreviousHref = to(page)
	}
	if next != "" {
		out.NextHref = to(x.Next(next))
	}
	return out
}
