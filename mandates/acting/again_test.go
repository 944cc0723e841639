package acting_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates/acting"
)

// between runs something when randomness is drawn next: in a hop that is when it
// has decided, and not written yet.
type between struct {
	mu    sync.Mutex
	times int
	run   func() error
}

func (r *between) Read(p []byte) (int, error) {
	r.mu.Lock()
	run := r.run
	if r.times--; r.times < 0 {
		run = nil
	}
	r.mu.Unlock()
	if run != nil {
		if err := run(); err != nil {
			return 0, err
		}
	}
	return rand.Read(p)
}

func (r *between) next(times int, run func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times, r.run = times, run
}

func setupBetween(t *testing.T) (*bundle, *between) {
	t.Helper()
	r := &between{}
	b := furnish(t, storetest.NewWithEnv(t, store.Env{Random: r}))
	b.signed(b.person, packs.DefaultActions(), "housing")
	return b, r
}

var errCut = errors.New("cut")

// OP-04: a hop that fails between its decision and its statement has used up
// nothing: the client comes again with what it has, and is not taken for a thief.
func TestAFailedHopUsesNothingUp(t *testing.T) {
	t.Parallel()
	b, random := setupBetween(t)
	ctx := t.Context()
	code, _ := b.code("view")
	d, err := b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	cut := func() { random.next(1, func() error { return errCut }) }
	cut()
	if _, err := b.IssueAccess(ctx, d, "caf", true); !errors.Is(err, errCut) {
		t.Fatalf("not cut short: %v", err)
	}
	d, err = b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	tokens, err := b.IssueAccess(ctx, d, "caf", true)
	must(t, err)
	cut()
	if _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); !errors.Is(err, errCut) {
		t.Fatalf("not cut short: %v", err)
	}
	_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	_, err = b.Use(ctx, next.AccessID)
	must(t, err)
}

// What moved between decision and statement, and changes nothing, is no reason
// to refuse: the hop is decided again. Where it never stands still the answer is
// to come back (unavailable), with what was shown unused. A real stop refuses.
func TestAHarmlessChangeMeanwhile(t *testing.T) {
	t.Parallel()
	b, random := setupBetween(t)
	ctx := t.Context()
	_, tokens := b.tokens("view")
	hops := map[string]func() error{
		"code": func() error {
			code, _ := b.code("view")
			d, err := b.Redeem(ctx, b.client, redemption(code))
			if err == nil {
				_, err = b.IssueAccess(ctx, d, "caf", true)
			}
			return err
		},
		"refresh": func() error {
			_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
			if err == nil {
				tokens = next
			}
			return err
		},
		"exchange": func() error { _, err := b.exchange(acting.Delegation{}, tokens); return err },
	}
	renamed := func() error {
		b.change(`UPDATE organisations SET name = name || '.' WHERE id = ?`, b.org)
		return nil
	}
	must(t, hops["code"]())
	b.target()
	for name, hop := range hops {
		if name != "code" {
			random.next(1, renamed)
		} else { // the flow before draws too
			code, _ := b.code("view")
			d, err := b.Redeem(ctx, b.client, redemption(code))
			must(t, err)
			random.next(1, renamed)
			_, err = b.IssueAccess(ctx, d, "caf", true)
			must(t, err)
			continue
		}
		if err := hop(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	random.next(1000, renamed)
	err := hops["refresh"]()
	random.next(0, nil)
	if p := problem.As(err); p == nil || p.Kind != problem.KindUnavailable {
		t.Errorf("always moving: %v", err)
	}
	must(t, hops["refresh"]())
	random.next(1, func() error {
		return b.orgs.Suspend(context.Background(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
	})
	b.refuses("forbidden", hops["refresh"], "membership_inactive")
}

// OP-04: a second use ends what was given, though whoever came leaves at once.
func TestASecondUseEndsThoughItsClientLeaves(t *testing.T) {
	t.Parallel()
	b, random := setupBetween(t)
	d, tokens := b.tokens("view")
	_, _, err := b.Refresh(t.Context(), b.client, tokens.Refresh)
	must(t, err)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	random.next(1, func() error { leave(); return nil })
	b.fails("grant_invalid", func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err })
	if n := b.count(`SELECT count(*) FROM delegations WHERE id = $1 AND end_reason = 'refresh_reused'`, d.ID); n != 1 {
		t.Error("the delegation goes on")
	}
}

// A refusal names who showed the token, not who it is for.
func TestRefusalsNameWhoAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view")
	x, err := b.exchange(acting.Delegation{}, tokens)
	must(t, err)
	b.revoke(m)
	target := b.target()
	for _, by := range []struct {
		name string
		who  func() error
		want string
	}{
		{"who got it", func() error { _, err := b.UseBy(ctx, b.client, x.AccessID); return err }, b.client.ID.String()},
		{"whom it is for", func() error { _, err := b.UseBy(ctx, target, x.AccessID); return err }, target.ID.String()},
		{"its bearer", func() error { _, err := b.Use(ctx, x.AccessID); return err }, target.ID.String()},
	} {
		if e := b.refuses("forbidden", by.who, "mandate_revoked"); e.Actor.String() != by.want || e.Beneficiary != b.person {
			t.Errorf("%s: recorded of %s, want %s", by.name, e.Actor, by.want)
		}
	}
}

// A service that goes on asking after a stop does not fill the log about a
// person; another's first refusal, and one for another reason, are in it still.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view")
	x, err := b.exchange(acting.Delegation{}, tokens)
	must(t, err)
	target := b.target()
	b.revoke(m)
	recorded := func(times int, act func() error) int {
		before := b.count(`SELECT count(*) FROM events WHERE kind = 'act.refused'`)
		for range times {
			if err := act(); err == nil {
				t.Fatal("not refused")
			}
		}
		return b.count(`SELECT count(*) FROM events WHERE kind = 'act.refused'`) - before
	}
	use := func() error { _, err := b.UseBy(ctx, b.client, tokens.AccessID); return err }
	for _, want := range []struct {
		name  string
		n     int
		times int
		act   func() error
	}{
		{"at once", 10, 50, use},
		{"another client", 1, 1, func() error { _, err := b.UseBy(ctx, target, x.AccessID); return err }},
		{"another command", 1, 1, func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err }},
		{"codes that never were", 10, 50, func() error { _, err := b.Redeem(ctx, b.client, redemption("none")); return err }},
		{"reports", 10, 50, func() error {
			_, err := b.ReportStep(ctx, b.client, tokens.AccessID, acting.Reported{Action: "view", Outcome: "viewed"})
			return err
		}},
	} {
		if got := recorded(want.times, want.act); got != want.n {
			t.Errorf("%s: %d recorded of %d, want %d", want.name, got, want.times, want.n)
		}
	}
	b.clock.Advance(time.Minute)
	if got := recorded(50, use); got != 10 {
		t.Errorf("a minute later: %d", got)
	}
}

// OP-06: a yes never outlives what it rests on, kept or not; a no stands its minute.
func TestAYesEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	for name, shorten := range map[string]string{
		"token":      `UPDATE acting_tokens SET expires_at = ? WHERE kind = 'access'`,
		"delegation": `UPDATE delegations SET ends_at = ?`,
		"mandate":    `UPDATE mandates SET ends_at = ?`,
		"sign-in":    `UPDATE delegations SET auth_time = ?`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			b.signed(b.person, packs.Actions(), "housing")
			_, tokens := b.tokens("change_payment")
			end := b.clock.Now().Add(20 * time.Second)
			at := end
			if name == "sign-in" {
				at = end.Add(-15 * time.Minute)
			}
			b.change(shorten, at)
			ask := func(key, action string) (acting.Answer, error) {
				return b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: key, Action: action})
			}
			yes, err := ask("1", "change_payment")
			if c := b.verified(yes.JWS, "relais-check+jwt"); err != nil || !yes.Allowed || !yes.ExpiresAt.Equal(end) || int64(c["exp"].(float64)) != end.Unix() {
				t.Errorf("yes until %s, %v; %s ends %s (%v)", yes.ExpiresAt, c["exp"], name, end, err)
			}
			no, err := ask("2", "view")
			if err != nil || no.Allowed || no.ExpiresAt.Sub(no.At) != acting.CheckLifetime {
				t.Errorf("no %+v %v", no, err)
			}
			b.clock.Set(end)
			b.fails("check_over", func() error { _, err := ask("1", "change_payment"); return err })
		})
	}
}

// What is over goes in bounded pieces, and one table that fails keeps no other.
func TestSweepGoesInPieces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	for range 3 {
		b.tokens("view") // one code, two tokens
	}
	b.clock.Advance(48 * time.Hour)
	n, err := b.SweepTables(ctx, b.clock.Now(), 2, 2, "no_such_table", "acting_tokens", "acting_codes")
	if err == nil || n != 4+3 {
		t.Errorf("swept %d, want 4 of 6 tokens and 3 codes: %v", n, err)
	}
	if n, err = b.SweepTables(ctx, b.clock.Now(), 2, 2, "acting_tokens", "acting_codes"); err != nil || n != 2 {
		t.Errorf("then %d %v", n, err)
	}
}
