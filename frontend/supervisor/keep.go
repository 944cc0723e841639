package supervisor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/review"
)

// What a supervisor typed may name somebody. It is kept in their session, and
// addresses carry its short id. Of a search for a person the name, birth date
// and phone are kept until the log has answered: then the person's id alone, or
// that there is nobody. What fails meanwhile drops the search.
const (
	// searchData begins the key under which a session keeps one search.
	searchData = "search."
	// mostSearches are kept at once: the one read, and the one before it.
	mostSearches = 2
	// longestSearch is how many bytes of JSON one may be; a session's data has
	// room for that many of the longest, and for the purposes.
	longestSearch = 1200
	// presumedField says that the period was set for them.
	presumedField = "presumed"
	// nobodyField says that nobody answered to the name typed.
	nobodyField = "nobody"
	// forgetWithin is how long forgetting may take, whether or not anybody still
	// waits for the page.
	forgetWithin = 5 * time.Second
)

// nameOf names a kept text within one session, and says nothing about it.
func nameOf(session authz.Session, text string) string {
	sum := sha256.Sum256([]byte(session.ID.String() + "\x00" + text))
	return hex.EncodeToString(sum[:5])
}

// kept is one text to keep in a session, under the key that prefix and id make;
// at most most of its prefix, of which the oldest gives way.
type kept struct {
	prefix, id, text string
	most             int
	at               time.Time
}

func (s *Surface) keep(c *gin.Context, session authz.Session, k kept) error {
	ctx := c.Request.Context()
	var others []string
	for key := range session.Data {
		if strings.HasPrefix(key, k.prefix) && key != k.prefix+k.id {
			others = append(others, key)
		}
	}
	slices.SortFunc(others, func(a, b string) int { return cmp.Compare(keptAt(session.Data[a]), keptAt(session.Data[b])) })
	for len(others) >= k.most {
		if err := s.Sessions.SetData(ctx, session.ID, others[0], ""); err != nil {
			return err
		}
		others = others[1:]
	}
	return s.Sessions.SetData(ctx, session.ID, k.prefix+k.id, strconv.FormatInt(k.at.UnixMilli(), 10)+" "+k.text)
}

// keptAt is when a text was kept, in milliseconds since 1970.
func keptAt(value string) int64 {
	at, _, _ := strings.Cut(value, " ")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// keptText is the text that an id names in this session, empty for none.
func keptText(c *gin.Context, prefix, id string) string {
	session, ok := authz.SessionOf(c)
	if !ok || id == "" {
		return ""
	}
	_, text, _ := strings.Cut(session.Data[prefix+id], " ")
	return text
}

// search is what was typed, why, whether the period was presumed, and whether it
// is known that nobody answers to the name, which is then not there.
type search struct {
	id, why          string
	presumed, nobody bool
	form             *form.Form
}

// text is a search as it is kept: its purpose by its id.
func (x search) text() (string, error) {
	values := map[string]string{whyField: x.why}
	for _, h := range hidden(x.form) {
		if h[0] != "purpose" {
			values[h[0]] = h[1]
		}
	}
	if x.presumed {
		values[presumedField] = "1"
	}
	if x.nobody {
		values[nobodyField] = "1"
	}
	raw, err := json.Marshal(values)
	return string(raw), err
}

// keepSearch keeps a search and gives its id; one too long is said at its
// longest field.
func (s *Surface) keepSearch(c *gin.Context, actor authz.Actor, x search) (string, error) {
	text, err := x.text()
	if err != nil {
		return "", err
	}
	if len(text) > longestSearch {
		longest := slices.MaxFunc([]string{"mediator", "person_name", "person_phone"}, func(a, b string) int {
			return cmp.Compare(len(x.form.Value(a)), len(x.form.Value(b)))
		})
		return "", problem.Invalid(problem.At(longest, "too_long"))
	}
	session, ok := authz.SessionOf(c)
	if !ok {
		return "", problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	id := cmp.Or(x.id, nameOf(session, text))
	return id, s.keep(c, session, kept{prefix: searchData, id: id, text: text, most: mostSearches, at: actor.Now})
}

// searchOf is the search that an id names in this session.
func (f frame) searchOf(c *gin.Context, id string) (x search, ok bool) {
	var values map[string]string
	if err := json.Unmarshal([]byte(keptText(c, searchData, id)), &values); err != nil {
		return x, false
	}
	x = search{id: id, why: values[whyField], presumed: values[presumedField] != "", nobody: values[nobodyField] != ""}
	typed := url.Values{"purpose": {said(c, x.why)}}
	for _, name := range fields {
		if v := values[name]; v != "" {
			typed.Set(name, v)
		}
	}
	x.form = form.FromValues(f.Printer, typed)
	return x, typed.Get("purpose") != ""
}

// narrow forgets who was typed once the log has answered: the person found is
// kept by id, and of nobody found that alone. Several stay, to choose again.
func (s *Surface) narrow(c *gin.Context, actor authz.Actor, x search, found review.Page) error {
	if x.form.Value("person_name") == "" || len(found.Several) > 0 {
		return nil
	}
	values := url.Values{}
	for _, h := range hidden(x.form) {
		if !aboutPerson(h[0]) {
			values.Set(h[0], h[1])
		}
	}
	if x.nobody = found.Person == nil; !x.nobody {
		values.Set("person", found.Person.ID.String())
	}
	x.form = form.FromValues(x.form.Printer(), values)
	_, err := s.keepSearch(c, actor, x)
	return err
}

// forget drops a search that holds who was typed; one that names nobody, or a
// person by id, stays.
func (s *Surface) forget(c *gin.Context, id string) error {
	var values map[string]string
	text := keptText(c, searchData, id)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &values); err == nil && !slices.ContainsFunc(slices.Collect(maps.Keys(values)), typedOfPerson) {
		return nil
	}
	session, _ := authz.SessionOf(c)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), forgetWithin)
	defer cancel()
	return s.Sessions.SetData(ctx, session.ID, searchData+id, "")
}

// typedOfPerson: the field holds what was typed of somebody.
func typedOfPerson(field string) bool { return field != "person" && aboutPerson(field) }

// aboutPerson: the field says who is looked for.
func aboutPerson(field string) bool { return strings.HasPrefix(field, "person") }
