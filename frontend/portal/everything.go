package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
)

// The file that a person takes home: {"format", "at", "spaces": [{"organisation",
// "person", "linked_accounts", "mandates", "cases", "history", "messages",
// "disagreements"}]}. Its names are stable; times are RFC 3339 in UTC, pictures
// and scans base64.

type personFile struct {
	GivenNames string `json:"given_names"`
	FamilyName string `json:"family_name"`
	UsageName  string `json:"usage_name,omitempty"`
	BirthDate  string `json:"birth_date,omitempty"`
	BirthPlace string `json:"birth_place,omitempty"`
	// What some services know them by: codes of the country pack.
	Gender         string `json:"gender,omitempty"`
	BirthPlaceCode string `json:"birth_place_code,omitempty"`
	BirthCountry   string `json:"birth_country,omitempty"`

	Language   string `json:"language"`
	Phone      string `json:"phone,omitempty"`
	Email      string `json:"email,omitempty"`
	Address    string `json:"address,omitempty"`
	Channel    string `json:"channel"`
	Protection string `json:"protection"`
	// IdentityCheck is which document was seen (the pack's code), when and by whom.
	IdentityCheck checkFile `json:"identity_check"`
}

type checkFile struct {
	Document string    `json:"document"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
}

type linkFile struct {
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	Since   time.Time `json:"since"`
}

// mandateFile is one mandate, signed or only prepared: then it has no signed_at,
// and its lines are "pending".
type mandateFile struct {
	ID       uuid.UUID `json:"id"`
	State    string    `json:"state"`
	Mediator string    `json:"mediator"`
	BegunAt  time.Time `json:"begun_at"`
	SignedAt time.Time `json:"signed_at,omitzero"`
	EndsAt   time.Time `json:"ends_at,omitzero"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	EndedBy  string    `json:"ended_by,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	HeldFor  string    `json:"suspended_reason,omitempty"`
	// What was answered when it was prepared.
	Days           int        `json:"days,omitempty"`
	Language       string     `json:"language,omitempty"`
	Interpreter    string     `json:"interpreter,omitempty"`
	Protection     string     `json:"protection,omitempty"`
	Representative string     `json:"representative,omitempty"`
	Link           string     `json:"link_with_mediator,omitempty"`
	Lines          []lineFile `json:"lines"`
	// Text is what was shown and not signed; Document the signed text, a JWS
	// (RFC 7515): anybody can check it.
	Text     json.RawMessage `json:"text,omitempty"`
	Document string          `json:"document,omitempty"`
	// Consent is how the person agreed, with what is kept of it.
	Consent []consentFile `json:"consent"`
}

type consentFile struct {
	Method    string          `json:"method"`
	At        time.Time       `json:"at"`
	By        string          `json:"collected_by,omitempty"`
	Witness   string          `json:"witness,omitempty"`
	MediaType string          `json:"media_type,omitempty"`
	Content   []byte          `json:"content,omitempty"`
	Strokes   json.RawMessage `json:"strokes,omitempty"`
}

type lineFile struct {
	Theme      string    `json:"theme"`
	Procedures []string  `json:"procedures,omitempty"`
	Actions    []string  `json:"actions"`
	State      string    `json:"state"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

// caseFile is one procedure carried out; name and state_name are in the language
// of the page that it was asked on.
type caseFile struct {
	ID        uuid.UUID `json:"id"`
	Procedure string    `json:"procedure"`
	Name      string    `json:"name"`
	State     string    `json:"state"`
	StateName string    `json:"state_name"`
	Mandate   uuid.UUID `json:"opened_under,omitzero"`
	Assigned  string    `json:"assigned_to,omitempty"`
	OpenedAt  time.Time `json:"opened_at"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	DueOn     string    `json:"due_on,omitempty"`
}

type momentFile struct {
	ID        uuid.UUID `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Role      string    `json:"role"`
	Who       string    `json:"who,omitempty"`
	Mandate   uuid.UUID `json:"mandate,omitzero"`
	Case      uuid.UUID `json:"case,omitzero"`
	Procedure string    `json:"procedure,omitempty"`
	Action    string    `json:"action,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	Note      string    `json:"note,omitempty"`
	Receipt   string    `json:"receipt_number,omitempty"`
	Purpose   string    `json:"purpose,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Refused   []string  `json:"refused,omitempty"`
}

type messageFile struct {
	At      time.Time `json:"at"`
	Channel string    `json:"channel"`
	Subject string    `json:"subject,omitempty"`
	Body    string    `json:"body,omitempty"`
}

type disputeFile struct {
	Step       uuid.UUID `json:"step"`
	RaisedAt   time.Time `json:"raised_at"`
	Text       string    `json:"text"`
	DueOn      string    `json:"due_on"`
	Answer     string    `json:"answer,omitempty"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
}

// everything writes all there is about the person, in each of the spaces given,
// piece by piece: a scan weighs megabytes, and nothing is left out for that.
func (m *maker) everything(ctx context.Context, w io.Writer, everywhere []authz.Actor) error {
	out := &pieces{w: w}
	out.open("{")
	out.field("format", "relais/everything/v1")
	out.field("at", m.now.UTC())
	out.list("spaces")
	for _, there := range everywhere {
		out.open("{")
		if err := m.spaceFile(ctx, out, there); err != nil {
			return fmt.Errorf("read a space: %w", err)
		}
		out.close("}")
	}
	out.close("]")
	out.close("}")
	return out.err
}

func (m *maker) spaceFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	org, err := m.organisation(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	b, err := m.Beneficiaries.Get(ctx, actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	person := personOf(b)
	if person.IdentityCheck.By, err = m.nameOf(ctx, b.IdentityCheckedBy); err != nil {
		return err
	}
	out.field("organisation", org.Name)
	out.field("person", person)
	for _, part := range []func(context.Context, *pieces, authz.Actor) error{m.linkedFile, m.mandatesFile, m.casesFile, m.historyFile, m.messagesFile, m.disputesFile} {
		if err := part(ctx, out, actor); err != nil {
			return err
		}
	}
	return out.err
}

// nameOf is a member of staff; empty for nobody.
func (s *Surface) nameOf(ctx context.Context, account uuid.UUID) (string, error) {
	names, err := s.Organisations.AccountName(ctx, account)
	return names[account], err
}

func (s *Surface) linkedFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	links, err := s.Beneficiaries.Links(ctx, actor)
	out.list("linked_accounts")
	for _, l := range links {
		out.item(linkFile{Issuer: l.Issuer, Subject: l.Subject, Since: l.Since.UTC()})
	}
	out.close("]")
	return err
}

func (s *Surface) mandatesFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	out.list("mandates")
	err := s.Mandates.EachOwn(ctx, actor, func(m mandates.Own) error {
		x := mandateOf(m.Mandate)
		for _, k := range m.Kept {
			by, err := s.nameOf(ctx, k.CollectedBy)
			if err != nil {
				return err
			}
			x.Consent = append(x.Consent, consentFile{Method: k.Method, At: k.CollectedAt.UTC(), By: by, Witness: k.WitnessName, MediaType: k.MediaType,
				Content: k.Content, Strokes: k.Strokes})
		}
		out.item(x)
		return out.err
	})
	out.close("]")
	return err
}

func (m *maker) casesFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	out.list("cases")
	err := m.Mandates.EachOwnCase(ctx, actor, func(c mandates.Case) error {
		name, err := m.procedureOf(ctx, c)
		if err != nil {
			return err
		}
		x := caseFile{ID: c.ID, Procedure: c.Procedure, Name: name, State: string(c.State), StateName: m.page.T("case_state." + string(c.State)),
			Mandate: c.OpenedUnder, Assigned: c.AssignedName, OpenedAt: c.OpenedAt.UTC(), ClosedAt: c.ClosedAt}
		if !c.DueOn.IsZero() {
			x.DueOn = c.DueOn.Format(time.DateOnly)
		}
		out.item(x)
		return out.err
	})
	out.close("]")
	return err
}

// procedureOf names what a case is for, in the reader's language.
func (m *maker) procedureOf(ctx context.Context, c mandates.Case) (string, error) {
	org, err := m.organisation(ctx, c.Organisation)
	return m.procedureName(m.page, org.Pack, c.Procedure), err
}

func (s *Surface) historyFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	out.list("history")
	for cursor := ""; ; {
		page, err := s.Review.PersonHistory(ctx, actor, cursor)
		if err != nil {
			return err
		}
		for _, l := range page.Lines {
			out.item(momentOf(l))
		}
		if cursor = page.Next; cursor == "" || out.err != nil {
			out.close("]")
			return out.err
		}
	}
}

func (s *Surface) messagesFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	out.list("messages")
	err := s.Beneficiaries.EachMessage(ctx, actor, func(m notify.Queued) error {
		out.item(messageFile{At: m.CreatedAt.UTC(), Channel: string(m.Channel), Subject: m.Subject, Body: m.Body})
		return out.err
	})
	out.close("]")
	return err
}

func (s *Surface) disputesFile(ctx context.Context, out *pieces, actor authz.Actor) error {
	out.list("disagreements")
	for q := (mandates.DisputeQuery{Limit: 200}); ; {
		page, err := s.Mandates.DisputePage(ctx, actor, q)
		if err != nil {
			return err
		}
		for _, d := range page.Disputes {
			out.item(disputeFile{Step: d.Step, RaisedAt: d.RaisedAt.UTC(), Text: d.Text, DueOn: d.DueOn.Format(time.DateOnly),
				Answer: d.Answer, AnsweredAt: d.AnsweredAt})
		}
		if q.After = page.Next; q.After == "" || out.err != nil {
			out.close("]")
			return out.err
		}
	}
}

// pieces write one JSON document in order. The first error stays.
type pieces struct {
	w     io.Writer
	depth int
	// more: something stands before, at this depth.
	more bool
	err  error
}

func (x *pieces) write(parts ...string) {
	for _, p := range parts {
		if x.err == nil {
			_, x.err = io.WriteString(x.w, p)
		}
	}
}

// next begins a line, after a comma where something stands before.
func (x *pieces) next() {
	if x.more {
		x.write(",")
	}
	if x.depth > 0 {
		x.write("\n", strings.Repeat("  ", x.depth))
	}
	x.more = true
}

func (x *pieces) open(bracket string) {
	x.next()
	x.write(bracket)
	x.depth, x.more = x.depth+1, false
}

func (x *pieces) close(bracket string) {
	x.depth--
	x.write("\n", strings.Repeat("  ", x.depth), bracket)
	x.more = true
}

func (x *pieces) list(name string) {
	x.next()
	x.write(`"`, name, `": [`)
	x.depth, x.more = x.depth+1, false
}

func (x *pieces) field(name string, v any) {
	x.next()
	x.write(`"`, name, `": `)
	x.value(v)
}

func (x *pieces) item(v any) {
	x.next()
	x.value(v)
}

func (x *pieces) value(v any) {
	raw, err := json.MarshalIndent(v, strings.Repeat("  ", x.depth), "  ")
	if err != nil && x.err == nil {
		x.err = err
	}
	x.write(string(raw))
}

func personOf(b beneficiaries.Beneficiary) personFile {
	p := personFile{GivenNames: b.GivenNames, FamilyName: b.FamilyName, UsageName: b.UsageName, BirthPlace: b.BirthPlace, Language: b.Language,
		Gender: b.Codes.Gender, BirthPlaceCode: b.Codes.BirthPlace, BirthCountry: b.Codes.Country,
		Phone: b.Phone, Email: b.Email, Address: b.Address, Channel: b.Channel, Protection: b.Protection, IdentityCheck: checkFile{Document: b.IdentityCheck, At: b.IdentityCheckedAt.UTC()}}
	if !b.BirthDate.IsZero() {
		p.BirthDate = b.BirthDate.Format(time.DateOnly)
	}
	return p
}

func mandateOf(m mandates.Mandate) mandateFile {
	x := mandateFile{ID: m.ID, State: string(m.State), Mediator: m.MediatorName, BegunAt: m.CreatedAt.UTC(), SignedAt: m.SignedAt.UTC(), EndsAt: m.EndsAt.UTC(),
		EndedAt: m.EndedAt, EndedBy: m.EndedBy, Reason: m.EndReason, HeldFor: m.SuspendedReason, Days: m.Draft.DurationDays, Language: m.Draft.Language,
		Interpreter: m.Draft.Interpreter, Protection: m.Draft.ProtectionAnswer, Representative: m.Draft.Representative, Link: m.Draft.ConflictAnswer, Document: m.JWS}
	if m.JWS == "" && len(m.Payload) > 0 {
		x.Text = m.Payload
	}
	for _, g := range linesOf(m) {
		x.Lines = append(x.Lines, lineFile{Theme: g.Theme, Procedures: g.Procedures, Actions: g.Actions, State: g.State, EndedAt: g.EndedAt})
	}
	return x
}

func momentOf(l review.HistoryLine) momentFile {
	return momentFile{ID: l.ID, At: l.At.UTC(), Kind: string(l.Kind), Role: string(l.Role), Who: l.Who, Mandate: l.Mandate, Case: l.Case, Procedure: l.Procedure,
		Action: l.Action, Outcome: l.Outcome, Note: l.Note, Receipt: l.ReceiptNumber, Purpose: l.Purpose, Reason: l.Reason, Refused: l.Reasons}
}
