package review_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

// BenchmarkSearch asks each indexed filter for its first and a deep page, event
// included (SU-03). RELAIS_BENCH_ENTRIES says over how many entries, 200,000
// unless told, spread over 50 organisations and one year.
func BenchmarkSearch(b *testing.B) {
	h := setup(b)
	n := 200_000
	if v, err := strconv.Atoi(os.Getenv("RELAIS_BENCH_ENTRIES")); err == nil {
		n = v
	}
	organisations := h.fill(b, n)
	now := h.clock.Now()
	month := review.Query{From: now.AddDate(0, -7, 0), To: now.AddDate(0, -6, 0)}
	for _, x := range []struct {
		name  string
		query review.Query
	}{
		{"everything", review.Query{}},
		{"organisation", review.Query{Organisation: h.here.org}},
		{"mediator", review.Query{Mediator: h.here.mediator}},
		{"person", review.Query{Person: h.here.person}},
		{"procedure", review.Query{Procedure: apl}},
		{"month", month},
		{"kind_in_a_month", review.Query{Kind: translog.StepDone, From: month.From, To: month.To}},
		{"rare_kind_in_a_month", review.Query{Kind: translog.LetterPrinted, From: month.From, To: month.To}},
	} {
		for _, deep := range []bool{false, true} {
			name := x.name
			if deep {
				name += "/deep"
			}
			b.Run(name, func(b *testing.B) {
				actor := h.as(h.supervisor)
				actor.Remit = authz.Remit{Organisations: organisations}
				q := x.query
				q.Purpose = why
				if deep {
					q.Cursor = strconv.FormatInt(int64(n*45/100), 36) // inside the month
				}
				var took []time.Duration
				for b.Loop() {
					start := time.Now()
					if _, err := h.Search(b.Context(), actor, q); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			})
		}
	}
}

// fill copies a step's entry n times, over organisations of the same remit.
func (h *house) fill(b *testing.B, n int) []uuid.UUID {
	b.Helper()
	if err := h.step(h.here, "prepare", "prepared", "Bring the lease"); err != nil {
		b.Fatal(err)
	}
	ids := []uuid.UUID{h.here.org}
	for range 49 {
		ids = append(ids, uuid.New())
	}
	for _, statement := range []string{
		`INSERT INTO organisations (id, name, pack, time_zone, state, created_at) SELECT id, 'Place ' || id, 'fr', 'Europe/Paris', 'active', now()
			FROM unnest($1::uuid[]) id ON CONFLICT DO NOTHING`,
		`INSERT INTO events (event_id, kind, at, actor_role, actor_id, organisation_id, beneficiary_id, mandate_id, procedure, action, outcome, leaf, facts, facts_salt)
			SELECT gen_random_uuid(), e.kind, e.at - interval '1 year' + g * (interval '1 year' / $2::int), e.actor_role,
				CASE WHEN g % 500 = 0 THEN e.actor_id ELSE md5((g % 400)::text)::uuid END, ($1::uuid[])[1 + g % 50],
				CASE WHEN g % 5000 = 0 THEN e.beneficiary_id ELSE md5((g % 20000)::text)::uuid END, NULL, e.procedure, e.action, e.outcome, e.leaf, e.facts, e.facts_salt
			FROM (SELECT * FROM events WHERE kind = 'step.done' ORDER BY id DESC LIMIT 1) e CROSS JOIN generate_series(1, $2::int) g ORDER BY g`,
	} {
		conn, err := h.store.Pool().Acquire(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		args := []any{ids}
		if strings.Contains(statement, "$2") {
			args = append(args, n)
		}
		_, err = conn.Exec(b.Context(), `SET relais.acting = 'system:00000000-0000-0000-0000-000000000000'; SET statement_timeout = 0`)
		if err == nil {
			_, err = conn.Exec(b.Context(), statement, args...)
		}
		conn.Release()
		if err != nil {
			b.Fatal(err)
		}
	}
	// A log that grew over a year has statistics; only the owner may take them.
	owner, err := pgx.Connect(b.Context(), storetest.OwnerURL(b, h.store))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = owner.Close(b.Context()) }()
	if _, err := owner.Exec(b.Context(), `VACUUM ANALYZE events`); err != nil {
		b.Fatal(err)
	}
	return ids
}
