package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// groupLongest bounds one run of a Group, whoever still waits for it.
const groupLongest = 30 * time.Second

var errGroupBroken = errors.New("store: a grouped statement ended without an answer")

// Group lets calls that arrive while others are under way share one statement:
// group commit for writes, one query for many for reads. PostgreSQL then starts
// one plan, and makes one commit durable, for all of them.
//
//	call ──→ nobody under way ──→ runs at once, alone
//	     └─→ a run under way ───→ waits; when that run ends, the first to wait
//	                              runs what has gathered, for all
//
// There is no timer and no goroutine of its own: nobody waits but for the run
// before. A run begins after every call in it came, so that what it reads is as
// fresh as if each had read alone. Each call has its own answer. A caller that
// leaves while waiting takes its call away; once its run is under way it waits
// for the answer, because the run is the others' too, and what it wrote is written.
type Group[Q, A any] struct {
	run    func(ctx context.Context, asked []Q) ([]A, error)
	most   int
	atOnce int

	mu       sync.Mutex
	waiting  []*groupCall[Q, A]
	underway int
}

type groupCall[Q, A any] struct {
	asked  Q
	answer A
	err    error
	lead   []*groupCall[Q, A] // the run that is this call's to make, itself first
	woken  chan struct{}      // closed with the answer, or with a run to make
}

// NewGroup makes a group of at most most calls a run, and atOnce runs at a time.
// run gives one answer for each call, in order; its error is everybody's.
func NewGroup[Q, A any](most, atOnce int, run func(ctx context.Context, asked []Q) ([]A, error)) *Group[Q, A] {
	return &Group[Q, A]{run: run, most: most, atOnce: atOnce}
}

// Do asks, with whoever else asks, and gives this call's own answer.
func (g *Group[Q, A]) Do(ctx context.Context, q Q) (A, error) {
	c := &groupCall[Q, A]{asked: q}
	if err := ctx.Err(); err != nil {
		return c.answer, err
	}
	g.mu.Lock()
	if g.underway < g.atOnce { // then nobody waits
		g.underway++
		g.mu.Unlock()
		c.lead = []*groupCall[Q, A]{c}
		g.make(ctx, c.lead)
		return c.answer, c.err
	}
	c.woken = make(chan struct{})
	g.waiting = append(g.waiting, c)
	g.mu.Unlock()
	select {
	case <-c.woken:
	case <-ctx.Done():
		if g.leave(c) {
			return c.answer, ctx.Err()
		}
		<-c.woken // its run is under way, or about to be
	}
	if c.lead != nil {
		g.make(ctx, c.lead)
	}
	return c.answer, c.err
}

// make runs for all that were taken, and hands the turn on.
func (g *Group[Q, A]) make(ctx context.Context, taken []*groupCall[Q, A]) {
	asked := make([]Q, len(taken))
	for i, c := range taken {
		asked[i] = c.asked
	}
	answers, err := []A(nil), errGroupBroken
	defer func() { // also after a panic of run: nobody waits for ever
		g.handOn()
		for i, c := range taken {
			if c.err = err; err == nil {
				c.answer = answers[i]
			}
			if i > 0 {
				close(c.woken)
			}
		}
	}()
	life, end := context.WithTimeout(context.WithoutCancel(ctx), groupLongest)
	defer end()
	if answers, err = g.run(life, asked); err == nil && len(answers) != len(taken) {
		err = errGroupBroken
	}
}

// handOn gives the first who waits the next run to make.
func (g *Group[Q, A]) handOn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), g.most)
	if n == 0 {
		g.underway--
		return
	}
	taken := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; len(g.waiting) == 0 {
		g.waiting = nil
	}
	taken[0].lead = taken
	close(taken[0].woken)
}

// leave takes back a call that still waits; false when it is in a run.
func (g *Group[Q, A]) leave(c *groupCall[Q, A]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, c)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(slices.Clone(g.waiting), i, i+1) // what a run took shares the array
	return true
}
