package mediator

import (
	"net/url"
	"slices"
	"strings"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates"
)

// peopleAsk is what an address of the list asks for. Name, date of birth and
// telephone number share one box: people type what they have.
type peopleAsk struct {
	List, Typed, After, Then string
	// Trail are the starts of the pages before, to go back.
	Trail []string
}

// maxTrail bounds the address; further back one starts again.
const maxTrail = 20

func readPeopleAsk(q url.Values) peopleAsk {
	ask := peopleAsk{List: q.Get("list"), Typed: strings.TrimSpace(q.Get("q")), After: q.Get("after")}
	if !slices.Contains(mandates.Lists(), ask.List) {
		ask.List = mandates.ListAll
	}
	if q.Get("then") == thenMandate {
		ask.Then = thenMandate
	}
	if trail := q.Get("trail"); trail != "" {
		ask.Trail = strings.Split(trail, ".")
	}
	return ask
}

// query is the same for the service, the date of birth taken out of what was
// typed.
func (a peopleAsk) query() mandates.PeopleQuery {
	q := mandates.PeopleQuery{List: a.List, Cursor: a.After, Text: a.Typed}
	if born, rest, ok := beneficiaries.BirthDateIn(a.Typed); ok {
		q.BirthDate, q.Text = born, rest
	}
	return q
}

// href is the address of another page of the same choice.
func (a peopleAsk) href(change func(*peopleAsk)) string {
	change(&a)
	q := url.Values{}
	for _, kv := range [][2]string{{"q", a.Typed}, {"then", a.Then}, {"after", a.After}, {"trail", strings.Join(a.Trail, ".")}} {
		if kv[1] != "" {
			q.Set(kv[0], kv[1])
		}
	}
	if a.List != mandates.ListAll {
		q.Set("list", a.List)
	}
	if len(q) == 0 {
		return "/people"
	}
	return "/people?" + q.Encode()
}

// toList is the first page of another list.
func (a peopleAsk) toList(list string) string {
	return a.href(func(n *peopleAsk) { n.List, n.After, n.Trail = list, "", nil })
}

// next is the page that begins after a cursor.
func (a peopleAsk) next(cursor string) string {
	return a.href(func(n *peopleAsk) {
		if a.After != "" {
			n.Trail = append(slices.Clone(a.Trail), a.After)
		}
		n.Trail = n.Trail[max(0, len(n.Trail)-maxTrail):]
		n.After = cursor
	})
}

// previous is the page before, empty on the first.
func (a peopleAsk) previous() string {
	if a.After == "" {
		return ""
	}
	return a.href(func(n *peopleAsk) {
		n.After = ""
		if last := len(a.Trail) - 1; last >= 0 {
			n.After, n.Trail = a.Trail[last], a.Trail[:last]
		}
	})
}
