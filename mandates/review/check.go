package review

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

const (
	// leastPurpose is how many letters say why.
	leastPurpose = 10
	mostPurpose  = 300
	mostName     = 200
	leastPhone   = 8 // digits
	// MostDays is the longest period of a search by action, outcome or kind
	// alone: no index helps it.
	MostDays = 92

	defaultLimit = 50
	maxLimit     = 100
)

// Outcomes lists the outcomes that a search may ask for: those of steps, in
// their order, and refused.
func Outcomes() []string {
	return []string{"done", "prepared", "submitted", "answer_received", "waiting", "failed", "not_done", "refused"}
}

// faults gathers the fields that do not hold, in page order.
type faults []problem.Field

func (f *faults) require(ok bool, field, code string) {
	if !ok {
		*f = append(*f, problem.At(field, code))
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return problem.Invalid(f...)
}

// line makes one line of what was typed: composed, single spaces.
func line(s string) string { return strings.Join(strings.Fields(norm.NFC.String(s)), " ") }

// purpose checks why somebody looks.
func (f *faults) purpose(typed string) string {
	text := line(typed)
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	_, secret := packs.GenericSecretIn(text)
	switch {
	case !utf8.ValidString(typed) || strings.ContainsFunc(text, unicode.IsControl):
		f.require(false, "purpose", "unreadable_characters")
	case letters < leastPurpose:
		f.require(false, "purpose", "purpose_short")
	case utf8.RuneCountInString(text) > mostPurpose:
		f.require(false, "purpose", "purpose_long")
	case secret:
		f.require(false, "purpose", "secret_in_text")
	}
	return text
}

// Purpose checks a purpose, before a review begins.
func Purpose(typed string) (string, error) {
	var f faults
	text := f.purpose(typed)
	return text, f.err()
}

// Check says what does not hold in a query, and looks at nothing. What only the
// log can tell, as that too many answer to a name, is found by [Service.Search].
func (s *Service) Check(q Query) error {
	_, err := s.check(q)
	return err
}

// check cleans a query and says what does not hold.
func (s *Service) check(q Query) (Query, error) {
	var f faults
	q.Purpose = f.purpose(q.Purpose)
	q.PersonName, q.MediatorName, q.PersonPhone = line(q.PersonName), line(q.MediatorName), digits(q.PersonPhone)
	f.person(q)
	f.require(len(q.MediatorName) <= 4*mostName, "mediator", "too_long")
	f.require(q.Procedure == "" || s.knows(q.Procedure), "procedure", "choose")
	f.require(q.Action == "" || contains(packs.Actions(), q.Action), "action", "choose")
	f.require(q.Outcome == "" || contains(Outcomes(), q.Outcome), "outcome", "choose")
	f.require(q.Kind == "" || q.Kind.Known(), "kind", "choose")
	f.period(q)
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	return q, f.err()
}

// person demands two identifiers, or none.
func (f *faults) person(q Query) {
	if q.Person != uuid.Nil {
		return
	}
	second := !q.PersonBirthDate.IsZero() || q.PersonPhone != ""
	if q.PersonName == "" {
		f.require(!second, "person_name", "second_identifier_name")
		return
	}
	f.require(utf8.RuneCountInString(q.PersonName) >= 2 && len(q.PersonName) <= 4*mostName, "person_name", "second_identifier_name")
	f.require(second, "person_birth_date", "second_identifier")
	f.require(q.PersonPhone == "" || len(q.PersonPhone) >= leastPhone, "person_phone", "phone_digits")
}

// period demands a bounded one where no index helps.
func (f *faults) period(q Query) {
	if !q.From.IsZero() && !q.To.IsZero() {
		f.require(q.From.Before(q.To), "to", "period_backwards")
	}
	if !q.NeedsPeriod() {
		return
	}
	f.require(!q.From.IsZero() && !q.To.IsZero(), "from", "period_needed")
	f.require(q.To.Sub(q.From) <= (MostDays+1)*24*time.Hour, "from", "period_too_long")
}

// NeedsPeriod reports whether only a filter without an index narrows the query.
func (q Query) NeedsPeriod() bool {
	indexed := q.Person != uuid.Nil || q.PersonName != "" || q.Mediator != uuid.Nil || q.MediatorName != ""
	return !indexed && (q.Action != "" || q.Outcome != "" || q.Kind != "")
}

// knows reports whether any pack has the procedure.
func (s *Service) knows(procedure string) bool {
	for _, p := range s.packs.All() {
		if _, ok := p.Procedure(procedure); ok {
			return true
		}
	}
	return false
}

// named reports whether the query is about one person.
func (q Query) named() bool { return q.Person != uuid.Nil || q.PersonName != "" }

// filters names the dimensions used, for the log.
func (q Query) filters() []string {
	var used []string
	for _, d := range []struct {
		name string
		used bool
	}{
		{"organisation", q.Organisation != uuid.Nil}, {"mediator", q.Mediator != uuid.Nil || q.MediatorName != ""},
		{"person", q.Person != uuid.Nil}, {"person_name", q.PersonName != ""},
		{"person_birth_date", !q.PersonBirthDate.IsZero()}, {"person_phone", q.PersonPhone != ""},
		{"procedure", q.Procedure != ""}, {"action", q.Action != ""}, {"outcome", q.Outcome != ""}, {"kind", q.Kind != ""},
		{"from", !q.From.IsZero()}, {"to", !q.To.IsZero()},
	} {
		if d.used {
			used = append(used, d.name)
		}
	}
	return used
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// Kinds lists the kinds that a search may ask for.
func Kinds() []translog.Kind { return translog.Kinds() }
