package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// doubled is a run that takes a while, and remembers what came together.
type doubled struct {
	mu   sync.Mutex
	runs [][]int
	fail func([]int) error
}

func (d *doubled) run(_ context.Context, asked []int) ([]int, error) {
	time.Sleep(time.Second)
	d.mu.Lock()
	d.runs = append(d.runs, slices.Clone(asked))
	d.mu.Unlock()
	if d.fail != nil {
		if err := d.fail(asked); err != nil {
			return nil, err
		}
	}
	out := make([]int, len(asked))
	for i, n := range asked {
		out[i] = 2 * n
	}
	return out, nil
}

// What comes during a run is the next run, whole; everybody has their own answer.
func TestGroupTakesWhatGathered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &doubled{}
		g := store.NewGroup(6, 1, d.run)
		var all sync.WaitGroup
		for n := range 10 {
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				if got, err := g.Do(t.Context(), n); err != nil || got != 2*n {
					t.Errorf("%d gave %d, %v", n, got, err)
				}
			})
		}
		all.Wait()
		if got := fmt.Sprint(d.runs); got != "[[0] [1 2 3 4 5 6] [7 8 9]]" {
			t.Errorf("runs %s", got)
		}
	})
}

// A call alone waits for nobody and for no timer.
func TestGroupAloneRunsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := store.NewGroup(6, 1, (&doubled{}).run)
		began := time.Now()
		for n := range 3 {
			if _, err := g.Do(t.Context(), n); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("three runs of a second took %v", took)
		}
	})
}

// As many runs as allowed are under way at once, never more.
func TestGroupRunsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		g := store.NewGroup(1, 3, func(context.Context, []int) ([]int, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return []int{0}, nil
		})
		began := time.Now()
		var all sync.WaitGroup
		for range 9 {
			all.Go(func() { _, _ = g.Do(t.Context(), 0) }) // the answer is not what is tried
		}
		all.Wait()
		if most.Load() != 3 || time.Since(began) != 3*time.Second {
			t.Errorf("%d at once, %v in all", most.Load(), time.Since(began))
		}
	})
}

// A run's fault is its own: the runs before and after answer.
func TestGroupFaultIsOfOneRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("bad")
		d := &doubled{fail: func(asked []int) error {
			if slices.Contains(asked, 1) {
				return bad
			}
			return nil
		}}
		g := store.NewGroup(2, 1, d.run)
		var all sync.WaitGroup
		for n := range 5 { // [0] [1 2] [3 4]
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				_, err := g.Do(t.Context(), n)
				if wrong := n == 1 || n == 2; wrong != errors.Is(err, bad) {
					t.Errorf("%d: %v", n, err)
				}
			})
		}
		all.Wait()
	})
}

// Whoever leaves while waiting is not asked about, even where its turn to lead
// would have come; the others go on.
func TestGroupLeaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &doubled{}
		g := store.NewGroup(6, 1, d.run)
		var all sync.WaitGroup
		for n := range 4 {
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				ctx := t.Context()
				if n == 1 {
					short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
					defer cancel()
					ctx = short
				}
				_, err := g.Do(ctx, n)
				if left := n == 1; left != errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%d: %v", n, err)
				}
			})
		}
		all.Wait()
		if got := fmt.Sprint(d.runs); got != "[[0] [2 3]]" {
			t.Errorf("runs %s", got)
		}
	})
}

// Whoever leaves during its run has the run's answer: it may have written.
func TestGroupLeavingDuringTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := store.NewGroup(6, 1, (&doubled{}).run)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if got, err := g.Do(ctx, 4); got != 8 || err != nil {
			t.Errorf("gave %d, %v", got, err)
		}
	})
}

// A panic is the leader's own; nobody waits for ever.
func TestGroupPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := store.NewGroup(6, 1, func(_ context.Context, asked []int) ([]int, error) {
			time.Sleep(time.Second)
			if asked[0] == 1 {
				panic("as it happens")
			}
			return asked, nil
		})
		var all sync.WaitGroup
		var panics, faults atomic.Int32
		for n := range 3 { // [0] [1 2]
			all.Go(func() {
				time.Sleep(time.Duration(n) * time.Millisecond)
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				if _, err := g.Do(t.Context(), n); err != nil {
					faults.Add(1)
				}
			})
		}
		all.Wait()
		if _, err := g.Do(t.Context(), 5); err != nil || panics.Load() != 1 || faults.Load() != 1 {
			t.Errorf("afterwards %v; %d panics, %d faults", err, panics.Load(), faults.Load())
		}
	})
}

// Many callers, two runs at a time: none lost, none mixed up (with -race).
func TestGroupUnderLoad(t *testing.T) {
	t.Parallel()
	g := store.NewGroup(8, 2, func(_ context.Context, asked []int) ([]int, error) {
		return slices.Clone(asked), nil
	})
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == n%7 {
					go cancel()
				}
				if got, err := g.Do(ctx, n*1000+i); err == nil && got != n*1000+i {
					t.Errorf("%d gave %d", n*1000+i, got)
				}
				cancel()
			}
		})
	}
	all.Wait()
}
