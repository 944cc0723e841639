package mandates_test

import (
	"testing"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

// SU-07: a mandate that supervision suspended is not the referent's to start
// again; a supervisor lifts it, and lifts a referent's too.
func TestAReferentDoesNotLiftASupervisorsSuspension(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, m := t.Context(), b.signed(t, []string{"housing"}, 31)
	state := func(want mandates.State, above bool) {
		t.Helper()
		got, err := b.Get(ctx, b.as(b.referent), m.ID)
		if err != nil || got.State != want || got.HeldAbove() != above || above != (got.SuspendedByName != "") {
			t.Errorf("state %s, held above %t by %q, %v; want %s, %t", got.State, got.HeldAbove(), got.SuspendedByName, err, want, above)
		}
	}
	must(t, b.Suspend(ctx, b.as(b.supervisor), m.ID, "plainte"))
	state(mandates.Suspended, true)
	if e := b.refuses("forbidden", func() error { return b.Resume(ctx, b.as(b.referent), m.ID) }); !e.because(authz.ReasonHeldAbove) {
		t.Errorf("refused because of %v", e.reasons())
	}
	state(mandates.Suspended, true)
	b.adds(translog.MandateResumed, func() error { return b.Resume(ctx, b.as(b.supervisor), m.ID) })
	state(mandates.Active, false)
	for _, lifting := range []authz.Actor{b.as(b.referent), b.as(b.supervisor)} {
		must(t, b.Suspend(ctx, b.as(b.referent), m.ID, "doute"))
		if got := b.fresh(t, m.ID); got.HeldAbove() || got.SuspendedRole != authz.Referent {
			t.Errorf("suspended by %q", got.SuspendedRole)
		}
		must(t, b.Resume(ctx, lifting, m.ID))
		state(mandates.Active, false)
	}
	// Stopping stays everybody's: the person's and the referent's too.
	must(t, b.Suspend(ctx, b.as(b.supervisor), m.ID, "plainte"))
	b.adds(translog.MandateRevoked, func() error { return b.Revoke(ctx, b.as(b.referent), mandates.Revocation{Mandate: m.ID}) })
}
