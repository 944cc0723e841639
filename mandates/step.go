package mandates

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// stepCommand names the command in refusals.
const stepCommand = "step.do"

// stepTries bounds how often a step is looked at again when something moved
// between the decision and the statement.
const stepTries = 5

// stepWrite is a step decided and checked, ready to be written.
type stepWrite struct {
	stepFacts
	cover  cover
	step   Step
	to     CaseState
	due    time.Time // the case's date to watch afterwards
	key    string
	action authz.Action // what the law was asked
	role   authz.Role
	acting string
}

func (w stepWrite) moves() bool { return w.to != w.State || !w.due.Equal(w.DueOn) }

// LogStep logs one act in a case: the house's hot path. It is tried first
// together with the steps that arrive meanwhile (step_group.go): one query loads
// their facts, the law decides on each, one statement checks again what could
// have changed, on locked rows, and writes steps and events (DESIGN §5, 1 to 3).
// What that does not write is looked at alone: a refusal, a fault, a case that
// moves, a row that somebody holds, and the first step under a mandate, which
// also tells the person. The instant is taken just before the writing.
//
// The same key by the same mediator gives the same step.
func (s *Service) LogStep(ctx context.Context, actor authz.Actor, n NewStep) (Step, error) {
	if step, err := s.steps.Do(ctx, askedStep{actor: actor, NewStep: n}); err != nil || step != nil {
		if err != nil {
			return Step{}, problem.Wrap(err, "log the step")
		}
		return *step, nil
	}
	return s.logAlone(ctx, actor, n)
}

// TryStep is LogStep for an actor who is supposed: known from a session recalled
// (authz.Sessions.Recall), not read. The statement that writes holds the step to the
// session's row and the account's standing too. Nil means that nothing was written
// and nothing refused: read the session, and ask LogStep.
func (s *Service) TryStep(ctx context.Context, actor authz.Actor, session authz.Session, n NewStep) (*Step, error) {
	if session.Row == 0 || session.ID == uuid.Nil || session.Account != actor.Account {
		return nil, nil
	}
	step, err := s.steps.Do(ctx, askedStep{actor: actor, NewStep: n, held: heldSession{id: session.ID, row: session.Row}})
	return step, problem.Wrap(err, "log the step")
}

// logAlone logs a step by itself.
func (s *Service) logAlone(ctx context.Context, actor authz.Actor, n NewStep) (Step, error) {
	var last stepFacts
	for range stepTries {
		f, err := s.loadStepFacts(ctx, actor.Account, n)
		if err != nil {
			return Step{}, problem.Wrap(err, "load the case")
		}
		if f.done != uuid.Nil {
			return s.repeatedStep(ctx, actor, f, n)
		}
		w, refused := s.judgeStep(actor, f, n)
		if refused != nil {
			return Step{}, s.refuseStep(ctx, actor, *refused)
		}
		err = s.write(ctx, actor, &w)
		if err == nil {
			return w.step, nil
		}
		if !errors.Is(err, store.ErrNoRow) {
			return Step{}, problem.Wrap(err, "write the step")
		}
		// Something no longer holds: look again, with fresh eyes on the actor too.
		last = f
		if actor, err = s.orgs.Actor(ctx, again(actor)); err != nil {
			return Step{}, err
		}
	}
	return Step{}, s.commands.RefuseOutside(ctx, actor, stepCommand, store.ErrStale, last.aboutStep(cover{}, n))
}

// again asks who a session's account is now.
func again(a authz.Actor) organisations.ActorQuery {
	return organisations.ActorQuery{Account: a.Account, Organisation: a.Organisation, Session: a.Session, StrongAt: a.StrongAt, Language: a.Language}
}

func (f stepFacts) aboutStep(c cover, n NewStep) translog.Event {
	e := f.about()
	e.Mandate, e.Step = c.mandate, n.Corrects
	if knownAction(n.Action) {
		e.Action = n.Action
	}
	return e
}

// stepRefusal is why a step is not to be written.
type stepRefusal struct {
	err    error
	about  translog.Event
	logged bool // it leaves its event
	// The law's own refusal is asked again where it is recorded, with its rule.
	byLaw  bool
	action authz.Action
	obj    authz.Object
}

// judgeStep asks the law, then checks what was typed. It reads nothing and
// writes nothing. Every refusal that is not a slip of the pen is to be logged.
func (s *Service) judgeStep(actor authz.Actor, f stepFacts, n NewStep) (stepWrite, *stepRefusal) {
	c, _ := best(f.covers, n.Action, actor.Now)
	about := f.aboutStep(c, n)
	action := authz.StepDo
	if n.Corrects != uuid.Nil && !packs.Sensitive(n.Action) {
		action = authz.StepCorrect
	}
	obj := stepObject(f.heldCase, c, n.Action, actor)
	d := s.commands.Decide(actor, action, obj)
	switch {
	case !d.Allowed && !d.Hidden && !knownAction(n.Action): // a broken form, not an act
		return stepWrite{}, &stepRefusal{err: problem.Invalid(problem.At("action", "choose_action"))}
	case !d.Allowed:
		return stepWrite{}, &stepRefusal{about: about, logged: true, byLaw: true, action: action, obj: obj}
	}
	step, err := s.checkStep(f, n)
	if err != nil { // a secret is recorded by its code alone (ST-05); a slip of the pen is only said
		return stepWrite{}, &stepRefusal{err: err, about: about, logged: len(problem.As(err).Reasons) > 0}
	}
	if f.State.Closed() && n.Corrects == uuid.Nil {
		return stepWrite{}, &stepRefusal{err: errCaseClosed, about: about, logged: true}
	}
	w := stepWrite{stepFacts: f, cover: c, step: step, key: n.IdempotencyKey, action: action, role: d.Role, to: f.State.after(n.Outcome), due: f.DueOn}
	if !step.DueOn.IsZero() && !f.State.Closed() {
		w.due = step.DueOn
	}
	w.step.Mandate, w.step.Mediator, w.step.MediatorName = c.mandate, actor.Account, actor.Name
	return w, nil
}

// refuseStep leaves the event of a refusal that has one, and gives it.
func (s *Service) refuseStep(ctx context.Context, actor authz.Actor, r stepRefusal) error {
	switch {
	case r.byLaw:
		return s.commands.Run(ctx, actor, stepCommand, func(tx *command.Tx) error {
			if err := tx.Decide(r.action, r.obj, r.about); err != nil {
				return err
			}
			return store.ErrStale
		})
	case r.logged:
		return s.commands.RefuseOutside(ctx, actor, stepCommand, r.err, r.about)
	}
	return r.err
}

// write writes a decided step alone, now.
func (s *Service) write(ctx context.Context, actor authz.Actor, w *stepWrite) error {
	env := s.commands.Store().Env()
	w.step.ID, w.acting = env.NewID(), store.Acting{Account: actor.Account, As: string(w.role)}.String()
	if !w.cover.used {
		return s.firstStep(ctx, actor, w)
	}
	entry, err := w.seal(env, actor)
	if err != nil {
		return err
	}
	return writeStep(ctx, s.commands.Store(), *w, entry)
}

// seal dates a step, now, and seals its event.
func (w *stepWrite) seal(env store.Env, actor authz.Actor) (ledger.Row, error) {
	w.step.At = env.Now()
	entry, err := ledger.Prepare(env, w.step.At, w.event(actor))
	if err != nil {
		return ledger.Row{}, fmt.Errorf("seal the event: %w", err)
	}
	return entry, nil
}

// event is the one event of a step.
func (w stepWrite) event(actor authz.Actor) translog.Event {
	s := w.step
	e := translog.Event{
		Kind: translog.StepDone, Actor: command.Actor(actor, w.role), Organisation: s.Organisation, Beneficiary: s.Beneficiary,
		Mandate: s.Mandate, Case: s.Case, Step: s.ID, Procedure: s.Procedure, Action: s.Action, Outcome: s.Outcome,
	}
	d := stepDetail{Action: s.Action, Outcome: s.Outcome, Present: s.Present, CaseState: string(w.to), DueOn: dayText(s.DueOn)}
	if s.Corrects != uuid.Nil {
		e.Kind, d.Corrects = translog.StepCorrected, s.Corrects.String()
	}
	e.Detail = d
	if s.ReceiptNumber != "" || s.Note != "" {
		e.Personal = stepWords{ReceiptNumber: s.ReceiptNumber, Note: s.Note}
	}
	return e
}

// repeatedStep answers a second press with what the first one did (ST-07).
func (s *Service) repeatedStep(ctx context.Context, actor authz.Actor, f stepFacts, n NewStep) (Step, error) {
	obj := authz.Object{Kind: authz.KindStep, Organisation: f.Organisation, Territory: f.territory, Beneficiary: f.Beneficiary}
	if err := s.commands.Decide(actor, authz.StepRead, obj).Err(); err != nil {
		return Step{}, err
	}
	kept, err := loadStep(s.commands.Store().Read(ctx), f.done)
	if err != nil {
		return Step{}, err
	}
	if kept.Case != n.Case {
		return Step{}, problem.Conflict("idempotency_key_reused")
	}
	return kept, nil
}
