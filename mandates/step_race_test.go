package mandates_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

// stops are the ways in which what covers a step goes away while steps arrive.
var stops = map[string]struct {
	kind translog.Kind
	with func(b *bundle, m mandates.Mandate) error
}{
	"whole revocation": {translog.MandateRevoked, func(b *bundle, m mandates.Mandate) error {
		return b.Revoke(context.Background(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID})
	}},
	"line revocation": {translog.MandateGrantRevoked, func(b *bundle, m mandates.Mandate) error {
		return b.Revoke(context.Background(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID, Grant: grantOf(m, "housing")})
	}},
	"suspension": {translog.MandateSuspended, func(b *bundle, m mandates.Mandate) error {
		return b.Suspend(context.Background(), b.as(b.supervisor), m.ID, "plainte")
	}},
}

func grantOf(m mandates.Mandate, theme string) uuid.UUID {
	for _, g := range m.Grants {
		if g.Theme == theme {
			return g.ID
		}
	}
	return uuid.Nil
}

// ST-04: 100 concurrent steps against one stop. Every accepted step stands
// before it in the log and is dated before it; none after; each press left
// exactly one event.
func TestStepsRacingAStop(t *testing.T) {
	t.Parallel()
	for name, stop := range stops {
		for _, used := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, used before %v", name, used), func(t *testing.T) {
				t.Parallel()
				b := setupRacing(t)
				m := b.signed(t, []string{"housing", "money"}, 31)
				var cases []mandates.Case
				for range 7 {
					cases = append(cases, b.opened(t, apl))
				}
				if used {
					must(t, b.step(mandates.NewStep{Case: cases[0].ID, Action: "view", Outcome: "done"})())
				}
				before := len(b.events())
				race(t, b, cases, func() error { return stop.with(b, m) })
				checkRace(t, b.events()[before:], stop.kind)
			})
		}
	}
}

// race presses 100 buttons and stops the mandate once some went through.
func race(t *testing.T, b *bundle, cases []mandates.Case, stop func() error) {
	t.Helper()
	actors := []authz.Actor{b.as(b.mediator), b.as(b.colleague)}
	outcomes := mandates.Outcomes()
	var accepted atomic.Int32
	var wg sync.WaitGroup
	some := make(chan struct{})
	for i := range 100 {
		wg.Go(func() {
			n := mandates.NewStep{Case: cases[i%len(cases)].ID, Action: "view", Outcome: outcomes[i%len(outcomes)], IdempotencyKey: uuid.NewString()}
			_, err := b.LogStep(context.Background(), actors[i%2], n)
			switch {
			case err == nil:
				if accepted.Add(1) == 10 {
					close(some)
				}
			case !problem.Is(err, "forbidden"):
				t.Errorf("step %d: %v", i, err)
			}
		})
	}
	pressed := make(chan struct{})
	go func() { wg.Wait(); close(pressed) }()
	select {
	case <-some:
	case <-pressed: // each said above why it was not accepted
		t.Fatalf("%d accepted of 100 before anything was stopped", accepted.Load())
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	<-pressed
	t.Logf("%d accepted of 100", accepted.Load())
}

func checkRace(t *testing.T, events []event, kind translog.Kind) {
	t.Helper()
	if len(events) != 101 {
		t.Errorf("%d events, want 100 presses and one stop", len(events))
	}
	var stop *event
	for i := range events {
		e := &events[i]
		switch {
		case e.Kind == string(kind):
			stop = e
		case e.Kind == string(translog.StepDone) && stop != nil:
			t.Errorf("a step after the stop in the log: (%d, %d) after (%d, %d)", e.XID, e.ID, stop.XID, stop.ID)
		}
	}
	if stop == nil {
		t.Fatal("no stop in the log")
	}
	for _, e := range events {
		if e.Kind == string(translog.StepDone) && !e.At.Before(stop.At) {
			t.Errorf("a step dated %s, the stop %s", e.At, stop.At)
		}
	}
}

// The statement that waited for a stop is refused by the row as it is after:
// deterministic, with the stop's transaction held open.
func TestStepWaitsForTheStop(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"mandate ended": `UPDATE mandates SET state = 'revoked', ended_at = now(), version = version + 1 WHERE id = $1`,
		// What a superseding mandate does: the older one's row is locked, not changed.
		"line only": `UPDATE grants SET state = 'superseded', ended_at = now() WHERE mandate_id = $1 AND theme = 'housing'`,
	} {
		for _, used := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, used before %v", name, used), func(t *testing.T) {
				t.Parallel()
				b := setupRacing(t)
				ctx := t.Context()
				m := b.signed(t, []string{"housing", "money"}, 31)
				c := b.opened(t, apl)
				press := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}
				if used {
					must(t, b.step(press)())
				}
				before := b.count(`SELECT count(*) FROM steps`)
				conn, err := pgx.Connect(ctx, storetest.AppURL(t, b.store))
				must(t, err)
				defer func() { _ = conn.Close(context.Background()) }()
				tx, err := conn.Begin(ctx)
				must(t, err)
				_, err = tx.Exec(ctx, `SELECT set_config('relais.acting', 'system:test', true)`)
				must(t, err)
				_, err = tx.Exec(ctx, `SELECT id FROM mandates WHERE id = $1 FOR UPDATE`, m.ID)
				must(t, err)
				_, err = tx.Exec(ctx, sql, m.ID)
				must(t, err)
				page, done := b.as(b.mediator), make(chan error, 1)
				go func() { _, err := b.LogStep(ctx, page, press); done <- err }()
				b.waitForALock(t)
				must(t, tx.Commit(ctx))
				if err := <-done; !problem.Is(err, "forbidden") {
					t.Errorf("the step that waited: %v", err)
				}
				if n := b.count(`SELECT count(*) FROM steps`); n != before {
					t.Errorf("%d steps, want %d", n, before)
				}
			})
		}
	}
}

// waitForALock returns once a statement of this database waits for a lock.
func (b *bundle) waitForALock(t *testing.T) {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; {
		if b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nobody waits for the lock")
}

// A case opened and a revocation follow each other too.
func TestOpenCaseRacingRevocation(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	m := b.signed(t, []string{"housing"}, 31)
	actor := b.as(b.mediator)
	before := len(b.events())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := b.OpenCase(context.Background(), actor, mandates.OpenCase{Beneficiary: b.person, Procedure: apl})
			if err != nil && !problem.Is(err, "forbidden") {
				t.Error(err)
			}
		})
	}
	must(t, b.Revoke(context.Background(), b.asPerson(authz.TierCard), mandates.Revocation{Mandate: m.ID}))
	wg.Wait()
	stopped := false
	for _, e := range b.events()[before:] {
		stopped = stopped || e.Kind == string(translog.MandateRevoked)
		if stopped && e.Kind == string(translog.CaseOpened) {
			t.Errorf("a case opened after the revocation in the log")
		}
	}
}

// A renewal signed while steps arrive: every step is done under a mandate whose
// line was live, and none is lost.
func TestStepsRacingASupersession(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := context.Background()
	old := b.signed(t, []string{"housing", "money"}, 31)
	c := b.opened(t, apl)
	must(t, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})())
	mediator := b.as(b.mediator)
	next := b.presented(t, mediator, b.person, choices(packs.DefaultActions(), "housing"), 182)
	before := len(b.events())
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if _, err := b.LogStep(ctx, mediator, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}); err != nil {
				t.Error(err)
			}
		})
	}
	_, err := b.Sign(ctx, mediator, next.ID, mandates.Signature{Version: next.Version, PayloadHash: next.PayloadHash, Drawn: signature(t)})
	must(t, err)
	wg.Wait()
	must(t, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})())
	signed, under := false, map[uuid.UUID]int{}
	for _, e := range b.events()[before:] {
		signed = signed || e.Kind == string(translog.MandateSigned)
		if e.Kind != string(translog.StepDone) {
			continue
		}
		under[e.Mandate]++
		if want := map[bool]uuid.UUID{false: old.ID, true: next.ID}[signed]; e.Mandate != want {
			t.Errorf("a step under %s where the log says %s", e.Mandate, want)
		}
	}
	if under[old.ID]+under[next.ID] != 41 || under[next.ID] == 0 {
		t.Errorf("steps by mandate: %v", under)
	}
}
