package mandates

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

var errCaseClosed = problem.Conflict("case_closed")

// holdCase locks a case, reads it and decides; a closed one is refused.
func (s *Service) holdCase(tx *command.Tx, id uuid.UUID, action authz.Action) (heldCase, error) {
	if err := lockCase(tx.Tx, id); err != nil {
		return heldCase{}, err
	}
	h, err := loadCase(tx.DB(), id)
	if err != nil {
		return heldCase{}, err
	}
	if err := tx.Decide(action, h.object(), h.about()); err != nil {
		return heldCase{}, err
	}
	if h.State.Closed() {
		return heldCase{}, tx.Refuse(errCaseClosed, h.about())
	}
	return h, nil
}

// HandOver gives a case to a colleague who is an active mediator of the same
// organisation (ST-08). Giving it to whoever has it changes nothing.
func (s *Service) HandOver(ctx context.Context, actor authz.Actor, id, to uuid.UUID) error {
	return s.commands.Run(ctx, actor, "case.hand_over", func(tx *command.Tx) error {
		h, err := s.holdCase(tx, id, authz.CaseHandOver)
		if err != nil {
			return err
		}
		if h.AssignedTo == to {
			tx.Repeated()
			return nil
		}
		ok, err := mediatorIn(tx.DB(), h.Organisation, to)
		if err != nil {
			return err
		}
		if !ok {
			return problem.Invalid(problem.At("to", "choose_colleague"))
		}
		if err := changeCase(tx.Tx, h.Case, map[string]any{"assigned_to": to}); err != nil {
			return err
		}
		e := h.about()
		e.Kind, e.Detail = translog.CaseHandedOver, handedOverDetail{From: h.AssignedTo.String(), To: to.String()}
		return tx.Append(e)
	})
}

// SetDue sets the date to watch of a case; zero takes it away.
func (s *Service) SetDue(ctx context.Context, actor authz.Actor, id uuid.UUID, due time.Time) error {
	return s.commands.Run(ctx, actor, "case.set_due", func(tx *command.Tx) error {
		h, err := s.holdCase(tx, id, authz.CaseSetDue)
		if err != nil {
			return err
		}
		due := dayOf(due)
		faults, err := dueFault(h.timeZone, due, tx.Now())
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return problem.Invalid(faults...)
		}
		if due.Equal(h.DueOn) {
			tx.Repeated()
			return nil
		}
		if err := changeCase(tx.Tx, h.Case, map[string]any{"due_on": optionalDay(due)}); err != nil {
			return err
		}
		e := h.about()
		e.Kind, e.Detail = translog.CaseDueChanged, dueDetail{DueOn: dayText(due)}
		return tx.Append(e)
	})
}

// CloseCase ends a case: granted, refused, withdrawn or abandoned. It needs no
// live mandate: a case may outlive it.
func (s *Service) CloseCase(ctx context.Context, actor authz.Actor, id uuid.UUID, state string) error {
	return s.commands.Run(ctx, actor, "case.close", func(tx *command.Tx) error {
		h, err := s.holdCase(tx, id, authz.CaseClose)
		if err != nil {
			return err
		}
		to, known := caseTransitions[h.State][state]
		if !known || !to.Closed() {
			return problem.Invalid(problem.At("state", "choose_case_end"))
		}
		if err := changeCase(tx.Tx, h.Case, map[string]any{"state": string(to), "closed_at": tx.Now()}); err != nil {
			return err
		}
		e := h.about()
		e.Kind, e.Detail = translog.CaseClosed, closedDetail{From: string(h.State), To: string(to)}
		return tx.Append(e)
	})
}

// CaseEnds are the ways to close a case from a state, in page order.
func CaseEnds(from CaseState) []CaseState {
	var out []CaseState
	for _, to := range []CaseState{CaseGranted, CaseRefused, CaseWithdrawn, CaseAbandoned} {
		if caseTransitions[from][string(to)] == to {
			out = append(out, to)
		}
	}
	return out
}

// after is where an outcome leads a case: where it was, when the law of cases
// does not know the outcome from there.
func (s CaseState) after(outcome string) CaseState {
	if to, known := caseTransitions[s][outcome]; known && !to.Closed() {
		return to
	}
	return s
}
