package mandates

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/translog"
)

func (h heldCase) object() authz.Object {
	return authz.Object{Kind: authz.KindCase, Organisation: h.Organisation, Territory: h.territory, Beneficiary: h.Beneficiary}
}

func (c Case) about() translog.Event {
	return translog.Event{Organisation: c.Organisation, Beneficiary: c.Beneficiary, Case: c.ID, Procedure: c.Procedure}
}

// stepsShown are the steps of a case that are read at once.
const stepsShown = 100

// stepMark is an instant in a case and, among equals, a step.
type stepMark struct {
	at time.Time
	id uuid.UUID
}

// String is the mark in an address.
func (m stepMark) String() string { return fmt.Sprintf("%d_%s", m.at.UnixMicro(), m.id) }

func parseStepMark(s string) (stepMark, error) {
	if s == "" {
		return stepMark{}, nil
	}
	at, id, _ := strings.Cut(s, "_")
	micros, err1 := strconv.ParseInt(at, 10, 64)
	step, err2 := uuid.Parse(id)
	if err1 != nil || err2 != nil {
		return stepMark{}, errNotThere
	}
	return stepMark{time.UnixMicro(micros).UTC(), step}, nil
}

// UpToCorrected asks CaseAt for the step that this one corrects and those before
// it: the mark just after it, as instants are kept to the microsecond.
func (s Step) UpToCorrected() string {
	return stepMark{s.CorrectsAt.Add(time.Microsecond), s.Corrects}.String()
}

// GetCase reads one case with its newest steps, the mandate a next step would be done
// under, and for each action whether it is allowed now and if not why. A
// supervisor's look is an event that the person can list.
func (s *Service) GetCase(ctx context.Context, actor authz.Actor, id uuid.UUID) (Case, error) {
	return s.CaseAt(ctx, actor, id, "")
}

// CaseAt is GetCase with the steps before a mark: Case.Earlier or Step.UpToCorrected.
func (s *Service) CaseAt(ctx context.Context, actor authz.Actor, id uuid.UUID, mark string) (Case, error) {
	db := s.commands.Store().ReadHot
	before, err := parseStepMark(mark)
	if err != nil {
		return Case{}, err
	}
	h, err := loadCase(db(ctx), id)
	if err != nil {
		return Case{}, err
	}
	if err := s.readCase(ctx, actor, h); err != nil {
		return Case{}, err
	}
	more := false
	if h.Steps, more, err = lastSteps(db(ctx), id, before); err != nil {
		return Case{}, fmt.Errorf("load steps: %w", err)
	}
	if more {
		h.Earlier = stepMark{h.Steps[0].At, h.Steps[0].ID}.String()
	}
	if h.State.Closed() {
		return h.Case, nil
	}
	facts, err := s.loadStepFacts(ctx, actor.Account, NewStep{Case: id})
	if err != nil {
		return Case{}, fmt.Errorf("load covering mandates: %w", err)
	}
	s.keepFacts(actor, facts)
	covers := facts.covers
	now := s.commands.Store().Now()
	if c, ok := best(covers, "", now); ok && c.weight("", now) >= 3 {
		h.Mandate = c.mandate
	}
	if actor.Beneficiary == uuid.Nil {
		h.Answers, err = s.answers(actor, h, covers)
	}
	return h.Case, err
}

// answers asks the law about each action the procedure knows.
func (s *Service) answers(actor authz.Actor, h heldCase, covers []cover) ([]ActionAnswer, error) {
	pack, err := s.packs.Get(h.pack)
	if err != nil {
		return nil, fmt.Errorf("pack of the organisation: %w", err)
	}
	actions := packs.Actions()
	if p, ok := pack.Procedure(h.Procedure); ok {
		actions = p.Actions
	}
	out := make([]ActionAnswer, len(actions))
	for i, action := range actions {
		c, _ := best(covers, action, actor.Now)
		d := s.commands.Decide(actor, authz.StepDo, stepObject(h, c, action, actor))
		out[i] = ActionAnswer{Action: action, Sensitive: packs.Sensitive(action), Allowed: d.Allowed, Reasons: d.Reasons}
	}
	return out, nil
}

// readCase decides on reading, and leaves an event when a supervisor looks.
func (s *Service) readCase(ctx context.Context, actor authz.Actor, h heldCase) error {
	d := s.commands.Decide(actor, authz.CaseRead, h.object())
	if !d.Allowed || d.Role != authz.Supervisor {
		return d.Err()
	}
	return s.commands.Run(ctx, actor, "case.read", func(tx *command.Tx) error {
		if err := tx.Decide(authz.CaseRead, h.object(), h.about()); err != nil {
			return err
		}
		e := h.about()
		e.Kind = translog.LogViewed
		return tx.Append(e)
	})
}

// CasesOf lists a person's cases in the organisations whose cases the actor
// may read, open ones first, without their steps.
func (s *Service) CasesOf(ctx context.Context, actor authz.Actor, beneficiary uuid.UUID) ([]Case, error) {
	all, err := casesOf(s.commands.Store().ReadHot(ctx), beneficiary)
	if err != nil {
		return nil, err
	}
	out := []Case{}
	for _, h := range all {
		d := s.commands.Decide(actor, authz.CaseRead, h.object())
		if !d.Allowed {
			continue
		}
		if d.Role == authz.Supervisor && len(out) == 0 {
			if err := s.readCase(ctx, actor, h); err != nil {
				return nil, err
			}
		}
		out = append(out, h.Case)
	}
	return out, nil
}

// StepOf reads one step, with the person's disagreement if there is one.
func (s *Service) StepOf(ctx context.Context, actor authz.Actor, id uuid.UUID) (Step, error) {
	st, err := loadStep(s.commands.Store().Read(ctx), id)
	if err != nil {
		return Step{}, err
	}
	h, err := loadCase(s.commands.Store().Read(ctx), st.Case)
	if err != nil {
		return Step{}, err
	}
	if err := s.readCase(ctx, actor, h); err != nil {
		return Step{}, err
	}
	return st, nil
}

// StepPage asks for the steps of a case that come after an instant and, among
// equals, an id.
type StepPage struct {
	Case  uuid.UUID
	After time.Time // zero: from the first
	ID    uuid.UUID
	Limit int // 500 at most
}

// StepsOf reads a page of a case's steps, oldest first.
func (s *Service) StepsOf(ctx context.Context, actor authz.Actor, p StepPage) ([]Step, error) {
	h, err := loadCase(s.commands.Store().Read(ctx), p.Case)
	if err != nil {
		return nil, err
	}
	if err := s.readCase(ctx, actor, h); err != nil {
		return nil, err
	}
	p.Limit = min(p.Limit, 500)
	return stepsAfter(s.commands.Store().Read(ctx), p)
}

// stepObject gives a step's facts for a decision.
func stepObject(h heldCase, c cover, action string, actor authz.Actor) authz.Object {
	return authz.Object{
		Kind: authz.KindStep, Organisation: h.Organisation, Territory: h.territory, Beneficiary: h.Beneficiary,
		Sensitive: packs.Sensitive(action), Mandate: c.facts(h, action, actor.Now),
	}
}
