package acting_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
)

// copies lays out delegations like one, as many flows would have left them.
func (b *bundle) copies(d acting.Delegation, n int) {
	b.t.Helper()
	must(b.t, b.store.InTx(context.Background(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO delegations (id, request_id, client_id, account_id, organisation_id, beneficiary_id, mandate_id, grant_id, procedure, actions, scopes,
				auth_time, session_id, created_at, ends_at)
			SELECT gen_random_uuid(), gen_random_uuid(), client_id, account_id, organisation_id, beneficiary_id, mandate_id, grant_id, procedure, actions, scopes,
				auth_time, session_id, created_at, ends_at FROM delegations, generate_series(1, ?) WHERE id = ?`, n, d.ID).Error
	}))
}

// A stop ends, and tells of, what is live: not the months of delegations that
// nobody ended and their time did. What one event names is bounded, and nothing
// that ended is left out.
func TestAStopEndsOnlyWhatIsLive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(b.person, packs.DefaultActions(), "housing")
	b.copies(b.granted(params(), "view"), 3000)
	b.clock.Advance(acting.DelegationLifetime)
	b.begin()
	b.copies(b.granted(params(), "view"), 2*acting.MostSessions)
	const live = 2*acting.MostSessions + 1
	must(t, b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours"))
	for what, n := range map[string]int{
		`SELECT count(*) FROM delegations WHERE ended_at IS NOT NULL`: live,
		`SELECT count(*) FROM deliveries WHERE kind = 'logout'`:       live,
		`SELECT count(*) FROM deliveries WHERE kind = 'set'`:          3,
		`SELECT count(DISTINCT sid) FROM deliveries, jsonb_path_query(convert_from(body, 'UTF8')::jsonb, '$.events.*.sids[*]') sid WHERE kind = 'set'`:       live,
		`SELECT max(jsonb_array_length(jsonb_path_query_array(convert_from(body, 'UTF8')::jsonb, '$.events.*.sids[*]'))) FROM deliveries WHERE kind = 'set'`: acting.MostSessions,
		`SELECT count(DISTINCT args->>'delivery') FROM river_job WHERE kind = 'acting_deliver' AND queue = 'deliveries' AND max_attempts = 20`:               live + 3,
	} {
		if got := b.count(what); got != n {
			t.Errorf("%d, want %d: %s", got, n, what)
		}
	}
}

// A mandate that is superseded is told of once, when it is: not again with each
// mandate signed after it.
func TestSupersededIsToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(b.person, packs.DefaultActions(), "housing")
	b.granted(params(), "view")
	for range 3 {
		b.signed(b.person, packs.DefaultActions(), "housing")
	}
	if n := b.count(`SELECT count(*) FROM deliveries WHERE kind = 'set'`); n != 1 {
		t.Errorf("%d events about one mandate", n)
	}
}

// Delegations are never deleted: each stop finds its own by a column that an
// index leads with, or would read all there ever were while the log waits.
func TestEachStopFindsItsDelegationsByAnIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	column := regexp.MustCompile(`^d\.([a-z_]+) = `)
	for kind, where := range acting.StopConditions() {
		named := column.FindStringSubmatch(where)
		if named == nil {
			t.Errorf("%s begins with no column: %s", kind, where)
			continue
		}
		if n := b.count(`SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			WHERE i.indrelid = 'delegations'::regclass AND a.attname = $1`, named[1]); n == 0 {
			t.Errorf("%s: no index leads with %s", kind, named[1])
		}
	}
}

// A hop's statement is planned once for each connection, maybe on a day when the
// tables are empty, as here: it finds the delegation by its key for good, and
// never through an index of all that are live.
func TestHopsFindTheirDelegationByItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	c, err := b.store.Hot().Acquire(ctx)
	must(t, err)
	defer c.Release()
	for i, statement := range acting.HopStatements() {
		most := 0
		for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(statement, -1) {
			n, err := strconv.Atoi(m[1])
			must(t, err)
			most = max(most, n)
		}
		all, err := c.Conn().PgConn().Exec(ctx, fmt.Sprintf("PREPARE hop_%d AS %s; EXPLAIN (COSTS OFF) EXECUTE hop_%d(%s)",
			i, statement, i, strings.TrimSuffix(strings.Repeat("NULL,", most), ","))).ReadAll()
		must(t, err)
		var plan strings.Builder
		for _, row := range all[1].Rows {
			plan.Write(append(row[0], '\n'))
		}
		if !strings.Contains(plan.String(), "delegations_pkey on delegations d") {
			t.Errorf("%s", plan.String())
		}
	}
}
