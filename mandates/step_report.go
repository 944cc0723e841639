package mandates

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// reportCommand names the command in refusals.
const reportCommand = "step.report"

// Reported is a step that a program says a mediator did.
type Reported struct {
	NewStep
	// Mediator did it, and MediatorName is what they are called.
	Mediator     uuid.UUID
	MediatorName string
	// About are the facts that the law asks beyond case and mandate: who the
	// mediator is now and, of a service, its delegation.
	About authz.Object
	// Fresh reads About again inside the transaction, once the mandate is held,
	// on rows that it holds too; nil: About is fresh enough.
	Fresh func(tx *command.Tx) (authz.Object, error)
	// Of says which case is meant, when Case does not; nil otherwise.
	Of *CaseOf
	// opens is the case that the report opens, when none is open.
	opens *heldCase
}

// ReportStep logs a step that a service or an organisation's software reports.
// The mediator's authority, the mandate and its scope are checked as for a step
// at the screen, on rows it locks, and the step keeps the client that reported
// it. The same key for the same mediator with the same words gives the same
// step; with anything else it is refused (idempotency_key_reused).
func (s *Service) ReportStep(ctx context.Context, actor authz.Actor, r Reported) (Step, error) {
	var out Step
	for range stepTries {
		err := s.commands.Run(ctx, actor, reportCommand, func(tx *command.Tx) error {
			r := r // of this try
			if err := s.findCase(tx, &r); err != nil {
				return err
			}
			kept, err := s.reportedBefore(tx, r)
			if err != nil {
				return err
			}
			if out = kept; kept.ID != uuid.Nil {
				tx.Repeated()
				return nil
			}
			out, err = s.report(tx, r)
			return err
		})
		if err == nil || !errors.Is(err, store.ErrNoRow) {
			return out, err
		}
	}
	return Step{}, store.ErrStale
}

// reportedBefore finds the step of a key used before; the zero step: none.
func (s *Service) reportedBefore(tx *command.Tx, r Reported) (Step, error) {
	if r.IdempotencyKey == "" || r.opens != nil {
		return Step{}, nil
	}
	id, err := stepOfKey(tx.DB(), r, tx.Actor().Client)
	if err != nil || id == uuid.Nil {
		return Step{}, err
	}
	kept, err := loadStep(tx.DB(), id)
	if err != nil {
		return Step{}, err
	}
	if !r.says(kept) {
		return Step{}, problem.Conflict("idempotency_key_reused")
	}
	// Its own words of before, given back: the law let them in then.
	tx.Open(command.PlainRole(tx.Actor()), "a second coming of what this very client reported")
	return kept, nil
}

// says reports whether a step kept before is the very one reported, its words
// as checkStep cleans them. A service names no case, so what the token stands
// for is compared in its place: person, mandate and procedure.
func (r Reported) says(kept Step) bool {
	if of := r.Of; of != nil && (kept.Beneficiary != of.Beneficiary || kept.Mandate != of.Mandate || kept.Procedure != of.Procedure) {
		return false
	}
	return kept.Case == r.Case && kept.Action == r.Action && kept.Outcome == r.Outcome && kept.Present == r.Present &&
		kept.Corrects == r.Corrects && dayText(kept.DueOn) == dayText(dayOf(r.DueOn)) &&
		kept.ReceiptNumber == line(r.ReceiptNumber) && kept.Note == paragraph(r.Note)
}

// report decides and writes one step.
func (s *Service) report(tx *command.Tx, r Reported) (Step, error) {
	f, err := reportFacts(tx, r)
	if err != nil {
		return Step{}, err
	}
	c, _ := best(f.covers, r.Action, tx.Now())
	about := f.aboutStep(c, r.NewStep)
	if err := r.hold(tx, f.heldCase, c); err != nil {
		return Step{}, err
	}
	if r.Fresh != nil {
		if r.About, err = r.Fresh(tx); err != nil {
			return Step{}, err
		}
	}
	if err := tx.Decide(authz.StepReport, r.object(f.heldCase, c, tx.Actor()), about); err != nil {
		return Step{}, err
	}
	step, err := s.checkStep(f, r.NewStep)
	if err != nil {
		if p := problem.As(err); len(p.Reasons) > 0 {
			return Step{}, tx.Refuse(p, about)
		}
		return Step{}, err
	}
	if f.State.Closed() && r.Corrects == uuid.Nil {
		return Step{}, tx.Refuse(errCaseClosed, about)
	}
	if r.opens != nil {
		if err := openReported(tx, &f, c.mandate); err != nil {
			return Step{}, err
		}
		step.Case = f.ID
	}
	w := stepWrite{stepFacts: f, cover: c, step: step, key: r.IdempotencyKey, to: f.State.after(r.Outcome), due: f.DueOn}
	if !step.DueOn.IsZero() && !f.State.Closed() {
		w.due = step.DueOn
	}
	w.step.ID, w.step.At, w.step.Mandate = tx.NewID(), tx.Now(), c.mandate
	w.step.Mediator, w.step.MediatorName, w.step.ReportedBy = r.Mediator, r.MediatorName, tx.Actor().Client
	w.acting = store.Acting{Account: tx.Actor().Client, As: string(command.PlainRole(tx.Actor()))}.String()
	return w.step, s.writeReported(tx, w, r.opens != nil)
}

// hold takes the mandate, if there is one, before anything else, as whoever
// stops one does. Of another organisation's case nothing is held: software that
// names one is refused without keeping anybody there waiting.
func (r Reported) hold(tx *command.Tx, h heldCase, c cover) error {
	if of := tx.Actor().Organisation; c.mandate == uuid.Nil || of != uuid.Nil && of != h.Organisation {
		return nil
	}
	return lockMandate(tx.Tx, c.mandate)
}

// reportFacts are what LogStep reads for itself.
func reportFacts(tx *command.Tx, r Reported) (stepFacts, error) {
	h, err := r.heldCase(tx)
	if err != nil {
		return stepFacts{}, err
	}
	f := stepFacts{heldCase: h}
	if r.Corrects != uuid.Nil {
		corrected, err := loadStep(tx.DB(), r.Corrects)
		if err != nil && !problem.Is(err, "not_found") {
			return f, err
		}
		f.correctsCase = corrected.Case
	}
	if f.covers, err = coversOf(tx.DB(), h.Organisation, h.Beneficiary, h.Procedure); err != nil {
		return f, fmt.Errorf("load covering mandates: %w", err)
	}
	if r.Of != nil {
		f.covers = slices.DeleteFunc(f.covers, func(c cover) bool { return c.mandate != r.Of.Mandate })
	}
	return f, nil
}

// object joins the step's facts with those of who did it.
func (r Reported) object(h heldCase, c cover, actor authz.Actor) authz.Object {
	obj := stepObject(h, c, r.Action, actor)
	obj.Client, obj.Mediator, obj.Delegation = r.About.Client, r.About.Mediator, r.About.Delegation
	return obj
}

// writeReported writes the step, moves the case, tells the person at the first
// use of the mandate, and appends the event.
func (s *Service) writeReported(tx *command.Tx, w stepWrite, opened bool) error {
	used, err := usedBefore(tx.Tx, w.cover.mandate)
	if err != nil {
		return err
	}
	if err := insertReported(tx.Tx, w, !used); err != nil {
		return err
	}
	if !used {
		if err := s.tellFirstUse(tx, w); err != nil {
			return err
		}
	}
	st := w.step
	e := translog.Event{Kind: translog.StepReported, Organisation: st.Organisation, Beneficiary: st.Beneficiary, Mandate: st.Mandate,
		Case: st.Case, Step: st.ID, Procedure: st.Procedure, Action: st.Action, Outcome: st.Outcome}
	d := stepDetail{Action: st.Action, Outcome: st.Outcome, Present: st.Present, CaseState: string(w.to), DueOn: dayText(st.DueOn), For: st.Mediator.String(), Opened: opened}
	if st.Corrects != uuid.Nil {
		d.Corrects = st.Corrects.String()
	}
	e.Detail = d
	if st.ReceiptNumber != "" || st.Note != "" {
		e.Personal = stepWords{ReceiptNumber: st.ReceiptNumber, Note: st.Note}
	}
	return tx.Append(e)
}

// writtenFor says for whom software wrote; empty when nobody stood between.
func writtenFor(a authz.Actor) string {
	if a.For == uuid.Nil {
		return ""
	}
	return a.For.String()
}
