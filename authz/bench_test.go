package authz

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

var sink Decision

// reportCPU adds the processor time of each operation, which says more than the
// clock on a machine shared with others.
func reportCPU(b *testing.B) func() {
	b.Helper()
	before := cpuTime(b)
	return func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") }
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// Goal A: at most 1 µs with the role × action part cached.
func BenchmarkDecide(b *testing.B) {
	e := newTestEnforcer(b)
	step := objectOf(KindStep)
	for _, c := range []struct {
		name   string
		actor  Actor
		action Action
		obj    Object
	}{
		{"step_mediator", staff(Mediator), StepDo, step},
		{"step_mediator_and_referent", staff(Referent, Mediator), StepDo, step},
		{"sign_mediator", staff(Mediator), MandateSign, objectOf(KindMandate)},
		{"read_supervisor", staff(Supervisor), MandateRead, objectOf(KindMandate)},
		{"refused_other_organisation", staff(Mediator), StepDo, elsewhere(KindStep)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				sink = e.Decide(c.actor, c.action, c.obj)
			}
		})
	}
}

// Goal A: at most 15 µs for the whole question through casbin, nothing cached.
func BenchmarkDecideUncached(b *testing.B) {
	e := newTestEnforcer(b)
	for _, c := range []struct {
		name   string
		role   Role
		action Action
		kind   Kind
	}{
		{"step_do", Mediator, StepDo, KindStep},
		{"mandate_sign", Mediator, MandateSign, KindMandate},
		{"mandate_last_line", System, MandateVoid, KindMandate},
	} {
		actor, obj := actorAs(c.role), objectOf(c.kind)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			defer reportCPU(b)()
			for b.Loop() {
				allowed, _, err := e.Replay(actor, c.action, obj)
				if !allowed || err != nil {
					b.Fatal(allowed, err)
				}
			}
		})
	}
}

// Goal A: the number of mandates there are changes nothing, they never become
// policy lines: each decision here is about another mandate, person and account.
func BenchmarkDecideManyMandates(b *testing.B) {
	e := newTestEnforcer(b)
	for _, n := range []int{1, 100_000} {
		objects := make([]Object, n)
		for i := range objects {
			objects[i] = objectOf(KindStep)
			objects[i].Beneficiary, objects[i].Account = uuid.New(), uuid.New()
		}
		actor := staff(Mediator)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			i := 0
			defer reportCPU(b)()
			for b.Loop() {
				sink = e.Decide(actor, StepDo, objects[i%n])
				i++
			}
		})
	}
}
