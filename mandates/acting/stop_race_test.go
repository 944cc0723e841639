package acting_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
)

// racer is one hop made over and over around a stop.
type racer struct {
	name          string
	act           func() error
	before, after int // successes before, attempts begun after
}

// race makes each hop until it did so many times after the stop, which comes
// once every one succeeded before. A hop that succeeds though it began after the
// stop returned is the fault looked for; so is a refusal of another kind.
func (b *bundle) race(stop func(), all ...*racer) {
	b.t.Helper()
	const afterwards = 8
	var stopped atomic.Bool
	var ready, done sync.WaitGroup
	giveUp := time.Now().Add(2 * time.Minute)
	for _, r := range all {
		ready.Add(1)
		done.Go(func() {
			for waiting := true; r.after < afterwards; {
				late := stopped.Load()
				err := r.act()
				switch {
				case err == nil && late:
					b.t.Errorf("%s succeeded after the stop", r.name)
				case err == nil:
					r.before++
				case problem.Is(err, "forbidden"), problem.Is(err, "grant_invalid"):
				default:
					b.t.Errorf("%s: %v", r.name, err)
				}
				if late {
					r.after++
				}
				if over := time.Now().After(giveUp); waiting && (r.before > 0 || over) {
					waiting = false
					ready.Done()
				} else if over {
					return
				}
			}
		})
	}
	ready.Wait()
	stop()
	stopped.Store(true)
	done.Wait()
	for _, r := range all {
		if r.before == 0 || r.after < afterwards {
			b.t.Errorf("%s: %d successes before the stop, %d attempts after it: nothing was raced", r.name, r.before, r.after)
		}
	}
}

// OP-05, under races: once Revoke has returned, no hop succeeds, whatever was
// under way.
func TestRevocationBetweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := context.Background()
	for range 4 {
		m := b.signed(b.person, packs.DefaultActions(), "housing")
		given := b.granted(params(), "view")
		_, tokens := b.tokens("view")
		_, other := b.tokens("view")
		refresh := other.Refresh
		b.race(func() { b.revoke(m) },
			&racer{name: "use", act: func() error { _, err := b.Use(ctx, tokens.AccessID); return err }},
			&racer{name: "check", act: func() error {
				a, err := b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: uuid.NewString(), Action: "view"})
				if err == nil && !a.Allowed {
					err = problem.Forbidden(a.Reasons...)
				}
				return err
			}},
			&racer{name: "redeem", act: func() error {
				d, err := b.Redeem(ctx, b.client, redemption(b.layCode(given)))
				if err == nil {
					_, err = b.IssueAccess(ctx, d, "caf", false)
				}
				return err
			}},
			&racer{name: "refresh", act: func() error {
				_, out, err := b.Refresh(ctx, b.client, refresh)
				if err == nil {
					refresh = out.Refresh
				}
				return err
			}})
		if n := b.count(`SELECT count(*) FROM delegations WHERE mandate_id = $1 AND ended_at IS NULL`, m.ID); n != 0 {
			t.Errorf("%d delegations are still live", n)
		}
		// By the log's own order, no yes follows the revocation.
		if n := b.count(`SELECT count(*) FROM events c JOIN events r ON r.kind = 'mandate.revoked' AND r.mandate_id = c.mandate_id
			WHERE (c.kind IN ('delegation.redeemed', 'delegation.refreshed') OR c.kind = 'commit.checked' AND c.outcome = 'done') AND c.mandate_id = $1 AND c.at > r.at`, m.ID); n != 0 {
			t.Errorf("%d tokens and yeses are dated after the revocation", n)
		}
	}
}

// layCode is one more code for a delegation, as no request has.
func (b *bundle) layCode(d acting.Delegation) string {
	code := uuid.NewString()
	_, err := b.store.Pool().Exec(context.Background(), `INSERT INTO acting_codes (code_hash, delegation_id, client_id, redirect_uri, code_challenge, expires_at)
		VALUES (sha256(convert_to($1, 'UTF8')), $2, $3, $4, $5, now() + interval '1 hour')`, code, d.ID, b.client.ID, backURL, challengeOf(verifier))
	if err != nil {
		b.t.Error(err)
	}
	return code
}
