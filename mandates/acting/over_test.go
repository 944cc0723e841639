package acting_test

import (
	"testing"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
)

// A delegation that its own time ended is nothing to end: neither its tokens
// given up nor a code shown again, by whoever holds them, makes it end once more.
func TestWhatItsTimeEndedEndsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	code, d := b.code("view")
	redeemed, err := b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	tokens, err := b.IssueAccess(ctx, redeemed, "caf", true)
	must(t, err)
	b.clock.Advance(acting.DelegationLifetime)
	for range 2 {
		b.addsNone(func() error { return b.Revoke(ctx, b.client, tokens.Refresh) })
		b.addsNone(func() error { return b.EndDelegation(ctx, b.as(b.mediator), d.ID) })
		b.refuses("grant_invalid", func() error { _, err := b.Redeem(ctx, b.client, redemption(code)); return err }, "code_reused")
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'delegation.ended'`); n != 0 {
		t.Errorf("%d ends", n)
	}
}
