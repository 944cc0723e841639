package portal

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
)

// everythingFile is what a person takes home. Its names are stable; times are
// RFC 3339 in UTC.
type everythingFile struct {
	Format string      `json:"format"`
	At     time.Time   `json:"at"`
	Spaces []spaceFile `json:"spaces"`
}

type spaceFile struct {
	Organisation string        `json:"organisation"`
	Person       personFile    `json:"person"`
	Mandates     []mandateFile `json:"mandates"`
	History      []momentFile  `json:"history"`
	Messages     []messageFile `json:"messages"`
	Disputes     []disputeFile `json:"disagreements"`
}

type personFile struct {
	GivenNames string `json:"given_names"`
	FamilyName string `json:"family_name"`
	UsageName  string `json:"usage_name,omitempty"`
	BirthDate  string `json:"birth_date,omitempty"`
	BirthPlace string `json:"birth_place,omitempty"`
	Language   string `json:"language"`
	Phone      string `json:"phone,omitempty"`
	Email      string `json:"email,omitempty"`
	Address    string `json:"address,omitempty"`
	Channel    string `json:"channel"`
	Protection string `json:"protection"`
}

type mandateFile struct {
	ID       uuid.UUID  `json:"id"`
	State    string     `json:"state"`
	Mediator string     `json:"mediator"`
	SignedAt time.Time  `json:"signed_at"`
	EndsAt   time.Time  `json:"ends_at"`
	EndedAt  time.Time  `json:"ended_at,omitzero"`
	EndedBy  string     `json:"ended_by,omitempty"`
	Reason   string     `json:"reason,omitempty"`
	Lines    []lineFile `json:"lines"`
	// Document is the signed text, a JWS (RFC 7515): anybody can check it.
	Document string `json:"document,omitempty"`
}

type lineFile struct {
	Theme      string    `json:"theme"`
	Procedures []string  `json:"procedures,omitempty"`
	Actions    []string  `json:"actions"`
	State      string    `json:"state"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

type momentFile struct {
	ID        uuid.UUID `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Role      string    `json:"role"`
	Who       string    `json:"who,omitempty"`
	Mandate   uuid.UUID `json:"mandate,omitzero"`
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

// everything is all there is about the person, in each of the spaces given.
func (s *Surface) everything(c *gin.Context, now time.Time, everywhere []authz.Actor) ([]byte, error) {
	out := everythingFile{Format: "relais/everything/v1", At: now.UTC()}
	for _, there := range everywhere {
		x, err := s.spaceFile(c, there)
		if err != nil {
			return nil, fmt.Errorf("read a space: %w", err)
		}
		out.Spaces = append(out.Spaces, x)
	}
	return json.MarshalIndent(out, "", "  ")
}

func (s *Surface) spaceFile(c *gin.Context, actor authz.Actor) (spaceFile, error) {
	ctx := c.Request.Context()
	org, err := s.Organisations.Facts(ctx, actor.Organisation)
	if err != nil {
		return spaceFile{}, err
	}
	b, err := s.Beneficiaries.Get(ctx, actor, actor.Beneficiary)
	if err != nil {
		return spaceFile{}, err
	}
	out := spaceFile{Organisation: org.Name, Person: personOf(b), Mandates: []mandateFile{}, History: []momentFile{}, Messages: []messageFile{}, Disputes: []disputeFile{}}
	signed, err := s.Mandates.OfBeneficiary(ctx, actor, actor.Beneficiary)
	if err != nil {
		return out, err
	}
	for _, m := range signed {
		out.Mandates = append(out.Mandates, mandateOf(m))
	}
	for cursor := ""; ; {
		page, err := s.Review.PersonHistory(ctx, actor, cursor)
		if err != nil {
			return out, err
		}
		for _, l := range page.Lines {
			out.History = append(out.History, momentOf(l))
		}
		if cursor = page.Next; cursor == "" {
			return out, s.saidTo(c, actor, &out)
		}
	}
}

// saidTo adds messages and disagreements.
func (s *Surface) saidTo(c *gin.Context, actor authz.Actor, out *spaceFile) error {
	sent, err := s.Beneficiaries.Messages(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	for _, m := range sent {
		out.Messages = append(out.Messages, messageFile{At: m.CreatedAt.UTC(), Channel: string(m.Channel), Subject: m.Subject, Body: m.Body})
	}
	disputes, err := s.Mandates.Disputes(c.Request.Context(), actor, mandates.DisputeQuery{Limit: 200})
	if err != nil {
		return err
	}
	for _, d := range disputes {
		out.Disputes = append(out.Disputes, disputeFile{Step: d.Step, RaisedAt: d.RaisedAt.UTC(), Text: d.Text, DueOn: d.DueOn.Format(time.DateOnly),
			Answer: d.Answer, AnsweredAt: d.AnsweredAt})
	}
	return nil
}

func personOf(b beneficiaries.Beneficiary) personFile {
	p := personFile{GivenNames: b.GivenNames, FamilyName: b.FamilyName, UsageName: b.UsageName, BirthPlace: b.BirthPlace, Language: b.Language,
		Phone: b.Phone, Email: b.Email, Address: b.Address, Channel: b.Channel, Protection: b.Protection}
	if !b.BirthDate.IsZero() {
		p.BirthDate = b.BirthDate.Format(time.DateOnly)
	}
	return p
}

func mandateOf(m mandates.Mandate) mandateFile {
	x := mandateFile{ID: m.ID, State: string(m.State), Mediator: m.MediatorName, SignedAt: m.SignedAt.UTC(), EndsAt: m.EndsAt.UTC(), EndedAt: m.EndedAt,
		EndedBy: m.EndedBy, Reason: m.EndReason, Document: m.JWS}
	for _, g := range m.Grants {
		x.Lines = append(x.Lines, lineFile{Theme: g.Theme, Procedures: g.Procedures, Actions: g.Actions, State: g.State, EndedAt: g.EndedAt})
	}
	return x
}

func momentOf(l review.HistoryLine) momentFile {
	return momentFile{ID: l.ID, At: l.At.UTC(), Kind: string(l.Kind), Role: string(l.Role), Who: l.Who, Mandate: l.Mandate, Procedure: l.Procedure,
		Action: l.Action, Outcome: l.Outcome, Note: l.Note, Receipt: l.ReceiptNumber, Purpose: l.Purpose, Reason: l.Reason, Refused: l.Reasons}
}
