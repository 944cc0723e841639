package authz

import (
	"strings"
	"testing"
	"time"
)

// What is recalled of a session is what was read of it, for as long as its clocks
// let it in unwritten; never of a person helped, nor of whom nothing was read.
func TestASessionIsRecalledAsItWasRead(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	token, _ := b.start(t, NewSession{Account: alice, Organisation: org1, SID: "sid", IDToken: "names.somebody.here"})
	if _, ok := b.Recall(token); ok {
		t.Error("recalled before it was read")
	}
	read := b.mustLoad(t, token)
	got, ok := b.Recall(token)
	if !ok || got.ID != read.ID || got.Account != alice || got.Organisation != org1 || got.Row == 0 || got.Row != read.Row || got.Standing != read.Standing || read.Standing == 0 {
		t.Errorf("recalled %v %+v, read %+v", ok, got, read)
	}
	if err := b.SetData(t.Context(), read.ID, "choice", "b"); err != nil {
		t.Fatal(err)
	}
	if again := b.mustLoad(t, token); again.Row == read.Row {
		t.Error("the row changed under the same number")
	} else if got, _ := b.Recall(token); got.Row != again.Row {
		t.Errorf("recalled %+v after %+v was read", got, again)
	} else if len(got.Data) > 0 || got.SID+got.IDToken != "" {
		t.Errorf("remembered what may name somebody: %+v", got)
	}
	b.clock.Advance(touchEvery - time.Microsecond)
	if _, ok := b.Recall(token); !ok {
		t.Error("forgotten before it had to be written")
	}
	b.clock.Advance(time.Microsecond)
	if _, ok := b.Recall(token); ok {
		t.Error("recalled when being seen was to be written")
	}
	person, _ := b.start(t, NewSession{Beneficiary: mrsDu, Tier: TierCard})
	b.mustLoad(t, person)
	for _, unknown := range []string{person, "", "not a token", strings.Repeat("A", 43)} {
		if _, ok := b.Recall(unknown); ok {
			t.Errorf("recalled %q", unknown)
		}
	}
}
