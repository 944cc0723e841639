package desk

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	t "github.com/relais-org/relais/frontend/templates"
)

// Trail is the way through a list that is read page by page, kept in the
// address: where this page begins, its number, and where those before it began.
// The zero value is the first page. Cursors hold no dot.
type Trail struct {
	After  string
	number int
	before []string
}

const (
	// afterField is the query parameter that holds a trail.
	afterField = "after"
	// maxTrail bounds the address; further back one starts again.
	maxTrail = 20
)

// TrailOf reads the trail of an address.
func TrailOf(q url.Values) Trail { return ParseTrail(q.Get(afterField)) }

// ParseTrail reads the text form: "number.cursor.cursor", the last cursor being
// that of the page itself, and nothing for the first page. A cursor alone is a
// page whose way here is not known; what cannot be read is the first page.
func ParseTrail(text string) Trail {
	parts := strings.Split(text, ".")
	if len(parts) == 1 && text != "" {
		return Trail{After: text, number: 2}
	}
	n, err := strconv.Atoi(parts[0])
	if err != nil || n < 2 || slices.Contains(parts, "") {
		return Trail{}
	}
	last := len(parts) - 1
	return Trail{After: parts[last], number: n, before: parts[1:last]}
}

// String is the text form; the first page is empty.
func (x Trail) String() string {
	if x.After == "" {
		return ""
	}
	return strings.Join(slices.Concat([]string{strconv.Itoa(x.Number())}, x.before, []string{x.After}), ".")
}

// Number is which page this is, from 1.
func (x Trail) Number() int {
	if x.After == "" {
		return 1
	}
	return x.number
}

// Onto writes the trail into an address.
func (x Trail) Onto(q url.Values) {
	if text := x.String(); text != "" {
		q.Set(afterField, text)
	}
}

// Next is the page that begins after a cursor.
func (x Trail) Next(cursor string) Trail {
	before := slices.Clone(x.before)
	if x.After != "" {
		before = append(before, x.After)
	}
	return Trail{After: cursor, number: x.Number() + 1, before: before[max(0, len(before)-maxTrail):]}
}

// Previous is the page before, or the first where the address no longer tells;
// ok is false on the first.
func (x Trail) Previous() (page Trail, ok bool) {
	if x.After == "" {
		return Trail{}, false
	}
	if last := len(x.before) - 1; last >= 0 {
		page = Trail{After: x.before[last], number: x.number - 1, before: x.before[:last]}
	}
	return page, true
}

// Pager leads to the pages around this one of the list at path, narrowed as
// keep says; next is empty on the last.
func (x Trail) Pager(path string, keep url.Values, next string) t.Pager {
	return x.Around(next, func(page Trail) string {
		q := url.Values{}
		for name, values := range keep {
			q[name] = values
		}
		page.Onto(q)
		if len(q) == 0 {
			return path
		}
		return path + "?" + q.Encode()
	})
}

// Around leads to the pages around this one; at gives the address of a page, and
// next is empty on the last.
func (x Trail) Around(next string, at func(Trail) string) t.Pager {
	var out t.Pager
	if page, ok := x.Previous(); ok {
		out.PreviousHref = at(page)
	}
	if next != "" {
		out.NextHref = at(x.Next(next))
	}
	return out
}
