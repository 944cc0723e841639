package mandates_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/translog"
)

// together runs act n times at once and gives the answers.
func together(n int, act func(i int) error) []error {
	out := make([]error, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			out[i] = act(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
	return out
}

func (b *bundle) eventsOf(kind translog.Kind) int {
	b.t.Helper()
	return b.count(`SELECT count(*) FROM events WHERE kind = $1`, string(kind))
}

const parallel = 20

// MA-06: the button pressed many times, tabs, the back button: one draft.
func TestBeginRacing(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	by, key := b.as(b.mediator), uuid.NewString()
	ids := make([]uuid.UUID, parallel)
	for i, err := range together(parallel, func(i int) error {
		m, err := b.Begin(context.Background(), by, b.person, key)
		ids[i] = m.ID
		return err
	}) {
		if err != nil || ids[i] != ids[0] {
			t.Errorf("press %d: %v, %s and not %s", i, err, ids[i], ids[0])
		}
	}
	if n, e := b.count(`SELECT count(*) FROM mandates`), b.eventsOf(translog.MandateDrafted); n != 1 || e != 1 {
		t.Errorf("%d mandates, %d events, want one of each", n, e)
	}
	b.refusesReuse(t, key)
}

// refusesReuse: the key again, for somebody else.
func (b *bundle) refusesReuse(t *testing.T, key string) {
	t.Helper()
	other := b.newPerson(b.mediator, "Louis", "Petit")
	if _, err := b.Begin(t.Context(), b.as(b.mediator), other, key); !problem.Is(err, "idempotency_key_reused") {
		t.Errorf("the key of another person's mandate: %v", err)
	}
	if _, err := b.Begin(t.Context(), b.as(b.colleague), b.person, key); err != nil {
		t.Errorf("the same key of a colleague: %v", err)
	}
}

// MA-06: one text, two mediators and twenty presses: signed once, with one
// evidence, one card and one message; the others are told it is done.
func TestSignRacing(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
	who := [2]uuid.UUID{b.mediator, b.colleague}
	in := sign(m, signature(t))
	won := 0
	for i, err := range together(parallel, func(i int) error {
		_, err := b.Sign(context.Background(), b.as(who[i%2]), m.ID, in)
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !problem.Is(err, "mandate_already_active"):
			t.Errorf("press %d: %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d presses signed, want one", won)
	}
	b.whole(t, m.ID)
	if n := b.eventsOf(translog.ActRefused); n != parallel-1 {
		t.Errorf("%d refusals in the log, want %d", n, parallel-1)
	}
}

// MA-06 and MA-05: two mediators sign two mandates of one person for the same
// theme, at once: both hold in turn, one line is live, the other superseded.
func TestSignRacingForOneTheme(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	all := make([]mandates.Mandate, 6)
	who := [2]uuid.UUID{b.mediator, b.colleague}
	for i := range all {
		all[i] = b.presented(t, b.as(who[i%2]), b.person, housing, 31)
	}
	drawn := signature(t)
	for i, err := range together(len(all), func(i int) error {
		_, err := b.Sign(context.Background(), b.as(who[i%2]), all[i].ID, sign(all[i], drawn))
		return err
	}) {
		if err != nil {
			t.Errorf("mandate %d: %v", i, err)
		}
	}
	active, superseded := b.count(`SELECT count(*) FROM mandates WHERE state = 'active'`), b.count(`SELECT count(*) FROM mandates WHERE state = 'superseded'`)
	if live := b.count(`SELECT count(*) FROM grants WHERE state = 'active'`); active != 1 || superseded != len(all)-1 || live != 1 {
		t.Errorf("%d active, %d superseded, %d live lines", active, superseded, live)
	}
	if n := b.eventsOf(translog.MandateSigned); n != len(all) {
		t.Errorf("%d signatures in the log", n)
	}
	if n := b.count(`SELECT count(*) FROM mandates m WHERE (state = 'active') <> EXISTS (SELECT FROM grants g WHERE g.mandate_id = m.id AND g.state = 'active')`); n != 0 {
		t.Errorf("%d mandates whose lines say otherwise", n)
	}
}

// MA-14 under races: stopped from every side at once, a mandate ends once.
func TestEndRacing(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	m := b.signed(t, []string{"housing", "money"}, 31)
	ctx := context.Background()
	won := 0
	for i, err := range together(parallel, func(i int) error {
		switch i % 4 {
		case 0:
			return b.Revoke(ctx, b.as(b.mediator), mandates.Revocation{Mandate: m.ID})
		case 1:
			return b.Renounce(ctx, b.as(b.colleague), m.ID, "fin")
		case 2:
			return b.Revoke(ctx, b.as(b.supervisor), mandates.Revocation{Mandate: m.ID})
		default:
			return b.Revoke(ctx, b.as(b.referent), mandates.Revocation{Mandate: m.ID})
		}
	}) {
		if err == nil {
			won++
		} else if !problem.Is(err, "mandate_already_ended") {
			t.Errorf("press %d: %v", i, err)
		}
	}
	ends := b.eventsOf(translog.MandateRevoked) + b.eventsOf(translog.MandateRenounced)
	if won != 1 || ends != 1 || b.messages("mandate_revoked", b.person) != 1 {
		t.Errorf("%d ended it, %d events, %d messages", won, ends, b.messages("mandate_revoked", b.person))
	}
}

// whole demands all of a signing, once: rows, event, card, message and its job.
func (b *bundle) whole(t *testing.T, id uuid.UUID) { t.Helper(); b.allOrNothing(t, id, true) }

// allOrNothing demands that everything of a signing is there, or nothing.
func (b *bundle) allOrNothing(t *testing.T, id uuid.UUID, signed bool) {
	t.Helper()
	want := 0
	if signed {
		want = 1
	}
	for what, query := range map[string]string{
		"active mandate": `SELECT count(*) FROM mandates WHERE id = $1 AND signed_at IS NOT NULL AND jws IS NOT NULL AND state IN ('active', 'superseded')`,
		"event":          `SELECT count(*) FROM events WHERE mandate_id = $1 AND kind = 'mandate.signed'`,
		"evidence":       `SELECT count(*) FROM evidences WHERE mandate_id = $1`,
		"card":           `SELECT count(*) FROM access_codes WHERE mandate_id = $1`,
		"message":        `SELECT count(*) FROM messages WHERE dedupe_key = 'mandate_signed:' || $1::uuid::text`,
		"job":            `SELECT count(*) FROM river_job j JOIN messages m ON position(m.id::text in j.args::text) > 0 WHERE m.dedupe_key = 'mandate_signed:' || $1::uuid::text`,
		"live line":      `SELECT count(*) FROM grants WHERE mandate_id = $1 AND state IN ('active', 'superseded')`,
	} {
		if n := b.count(query, id); n != want {
			t.Errorf("%s: %d, want %d", what, n, want)
		}
	}
}

// MA-07: the caller goes away at any moment of the signing: all of it is
// there, or nothing, and what it would have superseded agrees.
func TestSigningCutShort(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	by, drawn := b.as(b.mediator), signature(t)
	var usual time.Duration // what a signing takes now, on this machine
	signing := func(ctx context.Context, m mandates.Mandate) error {
		started := time.Now()
		_, err := b.Sign(ctx, by, m.ID, sign(m, drawn))
		if err == nil {
			usual = time.Since(started)
		}
		return err
	}
	first := b.presented(t, by, b.person, housing, 31)
	must(t, signing(context.Background(), first))
	last := first.ID
	cut, done := 0, 0
	for i := range 50 {
		m := b.presented(t, by, b.person, housing, 31)
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.Int64N(int64(usual+usual/2))))
		err := signing(ctx, m)
		cancel()
		signed := b.count(`SELECT count(*) FROM mandates WHERE id = $1 AND state = 'active'`, m.ID) == 1
		if err == nil && !signed {
			t.Fatalf("try %d: acknowledged and not there", i)
		}
		b.allOrNothing(t, m.ID, signed)
		older := b.count(`SELECT count(*) FROM mandates WHERE id = $1 AND state = 'active'`, last) == 1
		if older == signed {
			t.Fatalf("try %d: signed %v, and the older one still holds: %v", i, signed, older)
		}
		if signed {
			last, done = m.ID, done+1
		} else {
			cut++
		}
	}
	t.Logf("%d cut short, %d done", cut, done)
	if cut == 0 {
		t.Error("nothing was cut short: the test shows nothing")
	}
	m := b.presented(t, by, b.person, housing, 31)
	_, err := b.Sign(context.Background(), by, m.ID, sign(m, drawn))
	must(t, err)
	b.whole(t, m.ID)
}

// MA-07: the connection dies at each of the writes of a signing, and at the
// commit: nothing of it stays, and it can be done again.
func TestConnectionDiesWhileSigning(t *testing.T) {
	t.Parallel()
	for _, stage := range []struct{ table, on string }{
		{"grants", "BEFORE UPDATE"}, {"evidences", "BEFORE INSERT"}, {"mandates", "BEFORE UPDATE"}, {"access_codes", "BEFORE INSERT"},
		{"messages", "BEFORE INSERT"}, {"river_job", "BEFORE INSERT"}, {"events", "BEFORE INSERT"}, {"events", "AFTER INSERT"}, {"events", "AT COMMIT"},
	} {
		t.Run(stage.table+" "+stage.on, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			older := b.signed(t, []string{"housing"}, 31)
			m := b.presented(t, b.as(b.mediator), b.person, housing, 31)
			before, events := b.image(t, m.ID)+b.image(t, older.ID), len(b.events())
			mend := b.sabotage(t, stage.table, stage.on)
			if _, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, signature(t))); err == nil || problem.As(err).Kind != problem.KindInternal {
				t.Errorf("got %v, want a fault of ours", err)
			}
			mend()
			if after := b.image(t, m.ID) + b.image(t, older.ID); after != before || len(b.events()) != events {
				t.Errorf("something stayed, %d events more:\n%s\n%s", len(b.events())-events, before, after)
			}
			b.allOrNothing(t, m.ID, false)
			b.adds(translog.MandateSigned, func() error {
				_, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, sign(m, signature(t)))
				return err
			})
			b.whole(t, m.ID)
		})
	}
}

// sabotage kills the connection that writes to a table; the answer mends it.
func (b *bundle) sabotage(t *testing.T, table, on string) func() {
	t.Helper()
	ctx := context.Background()
	do := func(statement string) {
		conn, err := pgx.Connect(ctx, storetest.OwnerURL(t, b.store))
		must(t, err)
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, statement)
		must(t, err)
	}
	kind, timing := "TRIGGER", on+" ON "+table
	if on == "AT COMMIT" {
		kind, timing = "CONSTRAINT TRIGGER", "AFTER INSERT ON "+table+" DEFERRABLE INITIALLY DEFERRED"
	}
	do(fmt.Sprintf(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NEW; END $$;
		CREATE %s die %s FOR EACH ROW EXECUTE FUNCTION die()`, kind, timing))
	return func() { do("DROP TRIGGER die ON " + table + "; DROP FUNCTION die()") }
}
