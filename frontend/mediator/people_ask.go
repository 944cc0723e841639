package mediator

import (
	"net/url"
	"slices"
	"strings"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/mandates"
)

// peopleAsk is what an address of the list asks for. Name, date of birth and
// telephone number share one box: people type what they have.
type peopleAsk struct {
	List, Typed, Then string
	desk.Trail
}

func readPeopleAsk(q url.Values) peopleAsk {
	ask := peopleAsk{List: q.Get("list"), Typed: strings.TrimSpace(q.Get("q")), Trail: desk.TrailOf(q)}
	if !slices.Contains(mandates.Lists(), ask.List) {
		ask.List = mandates.ListAll
	}
	if q.Get("then") == thenMandate {
		ask.Then = thenMandate
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
	for _, kv := range [][2]string{{"q", a.Typed}, {"then", a.Then}} {
		if kv[1] != "" {
			q.Set(kv[0], kv[1])
		}
	}
	if a.List != mandates.ListAll {
		q.Set("list", a.List)
	}
	a.Onto(q)
	if len(q) == 0 {
		return "/people"
	}
	return "/people?" + q.Encode()
}

// toList is the first page of another list.
func (a peopleAsk) toList(list string) string {
	return a.href(func(n *peopleAsk) { n.List, n.Trail = list, desk.Trail{} })
}

// next is the page that begins after a cursor.
func (a peopleAsk) next(cursor string) string {
	return a.href(func(n *peopleAsk) { n.Trail = a.Next(cursor) })
}

// previous is the page before, empty on the first.
func (a peopleAsk) previous() string {
	page, ok := a.Previous()
	if !ok {
		return ""
	}
	return a.href(func(n *peopleAsk) { n.Trail = page })
}
