package mandates_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

// Steps that arrive together each have their own answer: one that PostgreSQL
// refuses, one whose facts cannot even be asked for, one that the law refuses and
// one pressed twice spoil no other's, and
// each accepted or refused act leaves exactly one event.
func TestStepsTogetherAnswerEachTheirOwn(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	must(t, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})())
	owner, err := pgx.Connect(ctx, storetest.OwnerURL(t, b.store))
	must(t, err)
	defer func() { _ = owner.Close(context.Background()) }()
	_, err = owner.Exec(ctx, `ALTER TABLE steps ADD CONSTRAINT steps_unlucky CHECK (note <> 'unlucky')`)
	must(t, err)
	before, same := len(b.events()), uuid.NewString()
	actors := []authz.Actor{b.as(b.mediator), b.as(b.colleague)}
	var mu sync.Mutex
	accepted, twice := 0, map[uuid.UUID]bool{}
	var wg sync.WaitGroup
	for i := range 48 {
		wg.Go(func() {
			n := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done", Note: fmt.Sprint("step ", i), IdempotencyKey: uuid.NewString()}
			actor := actors[i%2]
			switch i % 6 {
			case 1:
				n.Note = "unlucky"
			case 2:
				n.IdempotencyKey = "\x00" // no text of PostgreSQL's
			case 3:
				n.Action = "change_payment" // not in the scope
			case 4:
				actor, n.IdempotencyKey = actors[0], same
			}
			got, err := b.LogStep(ctx, actor, n)
			mu.Lock()
			defer mu.Unlock()
			switch i % 6 {
			case 1:
				if err == nil || problem.As(err).Kind != problem.KindInternal {
					t.Errorf("%d: the unlucky one: %v", i, err)
				}
			case 2:
				if err == nil {
					t.Errorf("%d: a key that is no text was taken", i)
				}
			case 3:
				if !problem.Is(err, "forbidden") {
					t.Errorf("%d: out of scope: %v", i, err)
				}
			case 4:
				if err != nil {
					t.Errorf("%d: pressed twice: %v", i, err)
				}
				twice[got.ID] = true
			default:
				accepted++
				if err != nil || got.Note != n.Note || got.Mediator != actor.Account {
					t.Errorf("%d: %v, or somebody else's answer: %+v", i, err, got)
				}
			}
		})
	}
	wg.Wait()
	if accepted != 16 || len(twice) != 1 {
		t.Errorf("%d accepted, %d steps of one key", accepted, len(twice))
	}
	kinds := map[string]int{}
	for _, e := range b.events()[before:] {
		kinds[e.Kind]++
	}
	if kinds[string(translog.StepDone)] != accepted+1 || kinds[string(translog.ActRefused)] != 8 {
		t.Errorf("events %v", kinds)
	}
}

// A stop under way keeps the steps it concerns waiting, and nobody else's.
func TestStepsTogetherWaitForNobodyElse(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := t.Context()
	m := b.signed(t, []string{"housing"}, 31)
	held := b.opened(t, apl)
	must(t, b.step(mandates.NewStep{Case: held.ID, Action: "view", Outcome: "done"})())
	other := b.newPerson(b.mediator, "Autre", "Personne")
	b.signedWith(t, other, choices([]string{"view"}, "housing"), 31)
	free, err := b.OpenCase(ctx, b.as(b.mediator), mandates.OpenCase{Beneficiary: other, Procedure: apl})
	must(t, err)
	must(t, b.step(mandates.NewStep{Case: free.ID, Action: "view", Outcome: "done"})())
	conn, err := pgx.Connect(ctx, storetest.AppURL(t, b.store))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(ctx)
	must(t, err)
	_, err = tx.Exec(ctx, `SELECT id FROM mandates WHERE id = $1 FOR UPDATE`, m.ID)
	must(t, err)
	page := b.as(b.mediator)
	waited := make(chan error, 1)
	go func() {
		_, err := b.LogStep(ctx, page, mandates.NewStep{Case: held.ID, Action: "view", Outcome: "done"})
		waited <- err
	}()
	b.waitForALock(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := b.LogStep(ctx, page, mandates.NewStep{Case: free.ID, Action: "view", Outcome: "done"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-waited:
		t.Errorf("the step of the held mandate did not wait: %v", err)
	default:
	}
	must(t, tx.Rollback(ctx))
	must(t, <-waited)
}
