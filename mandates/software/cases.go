package software

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// MandateLine says how far a mandate is.
type MandateLine struct {
	ID, Person        uuid.UUID
	State             mandates.State // at this instant
	Version           int
	CreatedAt, EndsAt time.Time
}

// MandateQuery lists mandates.
type MandateQuery struct {
	State      mandates.State // empty: all
	EndsBefore time.Time      // live ones that end before; zero: all
	Page
}

// MandateLines lists the organisation's mandates, oldest first.
func (s *Service) MandateLines(ctx context.Context, c Caller, q MandateQuery) (lines []MandateLine, next string, err error) {
	after, err := q.read()
	if err != nil {
		return nil, "", err
	}
	l := list{kind: authz.KindMandate, action: authz.MandateRead, subject: "mandates", older: q.Cursor != ""}
	err = s.lookThrough(ctx, c, l, func(tx *command.Tx) (int, uuid.UUID, error) {
		rows, err := mandateRows(tx.Tx, c.Client.Organisation, q, after)
		if err != nil {
			return 0, uuid.Nil, problem.Wrap(err, "list mandates")
		}
		lines, next = cut(rows, q.limit(), func(r MandateLine) position { return position{r.CreatedAt, r.ID} })
		return len(lines), uuid.Nil, nil
	})
	return lines, next, err
}

// Mandate reads one mandate with its lines.
func (s *Service) Mandate(ctx context.Context, c Caller, id uuid.UUID) (mandates.Mandate, error) {
	if err := s.lookAt(ctx, c, mandate(id)); err != nil {
		return mandates.Mandate{}, err
	}
	return s.Mandates.Get(ctx, s.actor(c), id)
}

// CaseLine says how far a case is.
type CaseLine struct {
	ID, Person                uuid.UUID
	State                     mandates.CaseState
	Version                   int
	DueOn, OpenedAt, ClosedAt time.Time
}

// CaseQuery lists cases.
type CaseQuery struct {
	Open      *bool     // nil: all
	DueBefore time.Time // open ones with a date to watch before; zero: all
	Page
}

// CaseLines lists the organisation's cases, oldest first.
func (s *Service) CaseLines(ctx context.Context, c Caller, q CaseQuery) (lines []CaseLine, next string, err error) {
	after, err := q.read()
	if err != nil {
		return nil, "", err
	}
	l := list{kind: authz.KindCase, action: authz.CaseRead, subject: "cases", older: q.Cursor != ""}
	err = s.lookThrough(ctx, c, l, func(tx *command.Tx) (int, uuid.UUID, error) {
		rows, err := caseRows(tx.Tx, c.Client.Organisation, q, after)
		if err != nil {
			return 0, uuid.Nil, problem.Wrap(err, "list cases")
		}
		lines, next = cut(rows, q.limit(), func(r CaseLine) position { return position{r.OpenedAt, r.ID} })
		return len(lines), uuid.Nil, nil
	})
	return lines, next, err
}

// Case reads one case, without its steps.
func (s *Service) Case(ctx context.Context, c Caller, id uuid.UUID) (mandates.Case, error) {
	if err := s.lookAt(ctx, c, caseOf(id)); err != nil {
		return mandates.Case{}, err
	}
	return s.Mandates.GetCase(ctx, s.actor(c), id)
}

// OpenCase opens a case for a mediator, under the key's own id. One opened
// before by the same key is given as it is.
func (s *Service) OpenCase(ctx context.Context, c Caller, mediator uuid.UUID, in mandates.OpenCase) (mandates.Case, error) {
	actor, _, err := s.writing(ctx, c, mediator)
	if err != nil {
		return mandates.Case{}, err
	}
	return s.Mandates.OpenCase(ctx, actor, in)
}

// Steps reads a page of a case's steps, oldest first.
func (s *Service) Steps(ctx context.Context, c Caller, id uuid.UUID, p Page) ([]mandates.Step, string, error) {
	after, err := p.read()
	if err != nil {
		return nil, "", err
	}
	q := caseOf(id)
	q.kind, q.action, q.subject = authz.KindStep, authz.StepRead, "steps"
	if err := s.lookAt(ctx, c, q); err != nil {
		return nil, "", err
	}
	steps, err := s.Mandates.StepsOf(ctx, s.actor(c), mandates.StepPage{Case: id, After: after.at, ID: after.id, Limit: p.limit() + 1})
	if err != nil {
		return nil, "", err
	}
	steps, next := cut(steps, p.limit(), func(st mandates.Step) position { return position{st.At, st.ID} })
	return steps, next, nil
}

// RecordStep records what a mediator did. Everything is checked as if that
// mediator did it at the screen now.
func (s *Service) RecordStep(ctx context.Context, c Caller, mediator uuid.UUID, n mandates.NewStep) (mandates.Step, error) {
	actor, name, err := s.writing(ctx, c, mediator)
	if err != nil {
		return mandates.Step{}, err
	}
	return s.Mandates.ReportStep(ctx, actor, mandates.Reported{NewStep: n, Mediator: mediator, MediatorName: name})
}

// ReminderKind is what a reminder is about.
type ReminderKind string

// The kinds of reminders.
const (
	CaseDue       ReminderKind = "case_due"
	MandateEnding ReminderKind = "mandate_ending"
)

// Reminder is something that will need somebody.
type Reminder struct {
	On                              time.Time // a day of the organisation's zone
	Kind                            ReminderKind
	ID, Person, Case, Mandate, Whom uuid.UUID
}

// ReminderQuery lists reminders.
type ReminderQuery struct {
	Days int // ahead
	Page
}

// Reminders lists open cases with a date to watch and live mandates that end,
// soonest first.
func (s *Service) Reminders(ctx context.Context, c Caller, q ReminderQuery) (lines []Reminder, next string, err error) {
	after, err := q.read()
	if err != nil {
		return nil, "", err
	}
	l := list{kind: authz.KindCase, action: authz.CaseRead, subject: "reminders", older: q.Cursor != ""}
	err = s.lookThrough(ctx, c, l, func(tx *command.Tx) (int, uuid.UUID, error) {
		rows, err := reminderRows(tx.Tx, c.Client.Organisation, q, after)
		if err != nil {
			return 0, uuid.Nil, problem.Wrap(err, "list reminders")
		}
		lines, next = cut(rows, q.limit(), func(r Reminder) position { return position{r.On, r.ID} })
		return len(lines), uuid.Nil, nil
	})
	return lines, next, err
}
