package v1

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates"
)

// operations answer, one each, as the specification says.
type operations struct{ *API }

// asked is one request at its handler.
type asked struct {
	caller
	ctx   context.Context
	words *i18n.Printer
	at    *url.URL
	// answer are the headers of the answer to come.
	answer http.Header
}

// of gives who asks, and a context without our values in it.
func of(ctx context.Context) asked {
	c := ctx.(*gin.Context)
	return asked{caller: c.MustGet(callerKey).(caller), ctx: c.Request.Context(), words: printer(c), at: c.Request.URL, answer: c.Writer.Header()}
}

// next gives a page's cursor and its Link (RFC 8288).
func (q asked) next(cursor string) (*string, *string) {
	if cursor == "" {
		return nil, nil
	}
	values := q.at.Query()
	values.Set("cursor", cursor)
	link := "<" + (&url.URL{Path: q.at.Path, RawQuery: values.Encode()}).String() + `>; rel="next"`
	return &cursor, &link
}

// asking is the whole of a request for its key: the operation and what was sent.
func (q asked) asking(operation string, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return append([]byte(operation+" "+q.at.Path+" "), raw...), nil
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func day(t time.Time) *openapi_types.Date {
	if t.IsZero() {
		return nil
	}
	return &openapi_types.Date{Time: t}
}

func dayOf(d *openapi_types.Date) time.Time {
	if d == nil {
		return time.Time{}
	}
	return d.Time
}

func id(u uuid.UUID) *uuid.UUID {
	if u == uuid.Nil {
		return nil
	}
	return &u
}

func idOf(u *uuid.UUID) uuid.UUID {
	if u == nil {
		return uuid.Nil
	}
	return *u
}

// tag is the version of something that has a number for it.
func tag(version int) *string {
	s := fmt.Sprintf(`"%d"`, version)
	return &s
}

// tagOf is the version of something that has none: a digest of what is shown.
func tagOf(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, nil
}

func personView(b beneficiaries.Beneficiary) Person {
	return Person{
		Id: b.ID, CreatedAt: b.CreatedAt,
		Identity: Identity{
			GivenNames: b.GivenNames, FamilyName: b.FamilyName, UsageName: text(b.UsageName), BirthDate: openapi_types.Date{Time: b.BirthDate},
			BirthPlace: text(b.BirthPlace), Gender: text(b.Codes.Gender), BirthPlaceCode: text(b.Codes.BirthPlace), BirthCountry: text(b.Codes.Country),
			IdentityCheck: b.IdentityCheck, Protection: text(b.Protection),
		},
		Contact: Contact{Channel: ContactChannel(b.Channel), Language: b.Language, Phone: text(b.Phone), Email: text(b.Email), Address: text(b.Address)},
	}
}

func mandateView(m mandates.Mandate, now time.Time) Mandate {
	out := Mandate{
		Id: m.ID, Person: m.Beneficiary, Mediator: MediatorRef{Id: m.Mediator, Name: m.MediatorName}, State: MandateState(m.StateAt(now)), Version: m.Version,
		Grants: make([]Grant, len(m.Grants)), CreatedAt: m.CreatedAt, SignedAt: instant(m.SignedAt), EndsAt: instant(m.EndsAt), EndedAt: instant(m.EndedAt),
		Renews: id(m.Renews),
	}
	if m.DurationDays > 0 {
		out.DurationDays = &m.DurationDays
	}
	for i, g := range m.Grants {
		out.Grants[i] = Grant{Id: g.ID, Theme: g.Theme, Procedures: g.Procedures, Actions: make([]Action, len(g.Actions)), State: GrantState(g.State), EndedAt: instant(g.EndedAt)}
		if g.Procedures == nil {
			out.Grants[i].Procedures = []string{}
		}
		for j, a := range g.Actions {
			out.Grants[i].Actions[j] = Action(a)
		}
	}
	return out
}

func caseView(c mandates.Case) Case {
	return Case{
		Id: c.ID, Person: c.Beneficiary, Procedure: c.Procedure, State: CaseState(c.State), Version: c.Version,
		AssignedTo: MediatorRef{Id: c.AssignedTo, Name: c.AssignedName}, OpenedUnder: c.OpenedUnder,
		DueOn: day(c.DueOn), OpenedAt: c.OpenedAt, ClosedAt: instant(c.ClosedAt),
	}
}

func stepView(s mandates.Step) Step {
	return Step{
		Id: s.ID, Case: s.Case, Mandate: s.Mandate, Mediator: MediatorRef{Id: s.Mediator, Name: s.MediatorName}, Procedure: s.Procedure,
		Action: Action(s.Action), Outcome: Outcome(s.Outcome), ReceiptNumber: text(s.ReceiptNumber), Note: text(s.Note), Present: s.Present,
		DueOn: day(s.DueOn), Corrects: id(s.Corrects), ReportedBy: id(s.ReportedBy), At: s.At,
	}
}
