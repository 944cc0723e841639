package mandates

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/translog/ledger"
)

const (
	// stepsTogether bounds how many steps one statement reads for, or writes.
	stepsTogether = 64
	// stepsAtOnce bounds how many such runs are under way: while one commit
	// becomes durable the next gathers.
	stepsAtOnce = 1
)

// askedStep is a step as it was asked for.
type askedStep struct {
	actor authz.Actor
	NewStep
	// held is the session that the actor is supposed to have, to which the step is
	// held; none when the session was read.
	held heldSession
}

// heldSession is a session as it was when it was last read.
type heldSession struct {
	id  uuid.UUID
	row uint32
}

// preparedStep is a step decided, with its entry sealed.
type preparedStep struct {
	stepWrite
	standing int64 // of the actor
	entry    ledger.Row
	held     heldSession
	place    int // among those asked
}

// logSteps is the group's run: it writes what can be written together, and gives
// nil for each step that is to be looked at alone.
func (s *Service) logSteps(ctx context.Context, asked []askedStep) ([]*Step, error) {
	facts, err := s.stepFactsOf(ctx, asked)
	if lost(err) != nil {
		return nil, fmt.Errorf("load the cases: %w", err)
	}
	if err != nil { // one of them spoilt the question: each asks alone
		return make([]*Step, len(asked)), nil //nolint:nilerr // each step is tried alone, and meets its own fault
	}
	env := s.commands.Store().Env()
	ready := make([]preparedStep, 0, len(asked))
	for i, a := range asked {
		f := facts[i]
		if f.Organisation == uuid.Nil || f.done != uuid.Nil {
			continue
		}
		w, refused := s.judgeStep(a.actor, f, a.NewStep)
		if refused != nil || !w.cover.used || w.moves() {
			continue
		}
		w.step.ID = env.NewID()
		entry, err := w.seal(env, a.actor)
		if err != nil {
			continue // alone it meets this fault, and spoils nobody's step
		}
		ready = append(ready, preparedStep{stepWrite: w, standing: a.actor.Standing, entry: entry, held: a.held, place: i})
	}
	out := make([]*Step, len(asked))
	if len(ready) > 0 {
		err = s.writeSteps(ctx, ready, out)
	}
	for i, a := range asked {
		if out[i] == nil { // whatever kept it from being written is read anew
			s.known.Drop(a.Case)
		}
	}
	return out, err
}

// stepFactsOf gives the facts of the steps: those known, the others from one query.
func (s *Service) stepFactsOf(ctx context.Context, asked []askedStep) ([]stepFacts, error) {
	facts := make([]stepFacts, len(asked))
	var questions []stepQuestion
	var places []int
	for i, a := range asked {
		var known bool
		if facts[i], known = s.knownFacts(a); !known {
			questions = append(questions, stepQuestion{of: a.Case, account: a.actor.Account, key: a.IdempotencyKey, corrects: a.Corrects})
			places = append(places, i)
		}
	}
	if len(questions) == 0 {
		return facts, nil
	}
	read, err := s.readStepFacts(ctx, questions)
	for n, f := range read {
		i := places[n]
		facts[i] = f
		s.keepFacts(asked[i].actor, f)
	}
	return facts, err
}

// lost keeps only what leaves it unknown whether the steps were written.
func lost(err error) error {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Severity == "ERROR" {
		return nil
	}
	return err
}
