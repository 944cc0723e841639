package mandates_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

// ST-01, ST-03, AU-10: what was read for one step serves the next only while all
// that it stands on holds. Each change here comes between two presses of the same
// page: the second is refused, and leaves its event.
func TestNoStepIsDoneOnWhatWasKnown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"mandate revoked":        `UPDATE mandates SET state = 'revoked', ended_at = now() WHERE id = $1`,
		"mandate over":           `UPDATE mandates SET ends_at = signed_at WHERE id = $1`,
		"line revoked":           `UPDATE grants SET state = 'revoked' WHERE mandate_id = $1`,
		"action taken out":       `UPDATE grants SET actions = '{submit}' WHERE mandate_id = $1`,
		"procedure taken out":    `UPDATE grants SET procedures = '{housing.other}' WHERE mandate_id = $1`,
		"case closed":            `UPDATE cases SET state = 'withdrawn', closed_at = now(), version = version + 1 WHERE opened_under = $1`,
		"organisation stopped":   `UPDATE organisations SET state = 'suspended' WHERE id = (SELECT organisation_id FROM mandates WHERE id = $1)`,
		"membership suspended":   `UPDATE memberships SET state = 'suspended' WHERE account_id = (SELECT mediator_id FROM mandates WHERE id = $1)`,
		"account suspended":      `UPDATE accounts SET state = 'suspended' WHERE id = (SELECT mediator_id FROM mandates WHERE id = $1)`,
		"confirmation withdrawn": `UPDATE memberships SET confirmed_at = NULL, state = 'invited' WHERE account_id = (SELECT mediator_id FROM mandates WHERE id = $1)`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupRacing(t)
			ctx := t.Context()
			m := b.signed(t, []string{"housing"}, 31)
			c := b.opened(t, apl)
			page := b.as(b.mediator)
			press := func() error {
				_, err := b.LogStep(ctx, page, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})
				return err
			}
			must(t, press()) // the first, which tells the person
			must(t, press()) // reads, and is kept
			owner, err := pgx.Connect(ctx, storetest.OwnerURL(t, b.store))
			must(t, err)
			defer func() { _ = owner.Close(context.Background()) }()
			exec := func(sql string, args ...any) {
				_, err := owner.Exec(ctx, sql, args...)
				must(t, err)
			}
			exec(`SELECT set_config('relais.acting', 'system:test', false)`)
			known(t, b, exec, press)
			before := len(b.events())
			exec(change, m.ID)
			if err = press(); err == nil || problem.As(err).Kind == problem.KindInternal {
				t.Fatalf("the press afterwards: %v", err)
			}
			after := b.events()[before:]
			if len(after) != 1 || after[0].Kind != string(translog.ActRefused) {
				t.Errorf("events %+v", after)
			}
		})
	}
}

// known proves that the next press is decided on what is remembered: it goes
// through while the country pack that a reading would find does not exist, and
// nothing says so to whoever remembers.
func known(t *testing.T, b *bundle, exec func(sql string, args ...any), press func() error) {
	t.Helper()
	const silently = `ALTER TABLE organisations %s TRIGGER organisations_standing`
	exec(fmt.Sprintf(silently, "DISABLE"))
	exec(`UPDATE organisations SET pack = 'gone' WHERE id = $1`, b.org)
	if err := press(); err != nil {
		t.Fatalf("it was read again, and not known: %v", err)
	}
	exec(`UPDATE organisations SET pack = 'fr' WHERE id = $1`, b.org)
	exec(fmt.Sprintf(silently, "ENABLE"))
}

// The mandate of a newer signature takes the line over: the next step is done
// under it, though the older was known (MA-13).
func TestAKnownMandateGivesWayToANewerOne(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := t.Context()
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	n := mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}
	for range 3 {
		must(t, b.step(n)())
	}
	newer := b.signed(t, []string{"housing"}, 31)
	got, err := b.LogStep(ctx, b.as(b.mediator), n)
	must(t, err)
	if got.Mandate != newer.ID {
		t.Errorf("done under %s, not under the newer %s", got.Mandate, newer.ID)
	}
}

// A step tried for a session that was not read, is another's, or is not as it was
// leaves nothing at all, and says nothing of it.
func TestAStepTriedForNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(t, []string{"housing"}, 31)
	c := b.opened(t, apl)
	must(t, b.step(mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"})())
	session := b.session(t, b.mediator)
	before := len(b.events())
	for name, s := range map[string]authz.Session{
		"not read":        {ID: session.ID, Account: session.Account},
		"a colleague's":   b.session(t, b.colleague),
		"an earlier one":  {ID: session.ID, Account: session.Account, Row: session.Row - 1},
		"one of nobody's": {ID: uuid.New(), Account: session.Account, Row: session.Row},
	} {
		if got, err := b.TryStep(t.Context(), b.as(b.mediator), s, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}); got != nil || err != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if n := len(b.events()); n != before {
		t.Errorf("%d events more", n-before)
	}
	if got, err := b.TryStep(t.Context(), b.as(b.mediator), session, mandates.NewStep{Case: c.ID, Action: "view", Outcome: "done"}); got == nil || err != nil {
		t.Errorf("its own: %v", err)
	}
}
