package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// newInserter makes the client behind Tx.Enqueue: it only ever inserts, inside
// a transaction it is handed, so it needs no database of its own.
func newInserter(log *slog.Logger) (*river.Client[*sql.Tx], error) {
	c, err := river.NewClient(riverdatabasesql.New(nil), &river.Config{Logger: quiet(log)})
	if err != nil {
		return nil, fmt.Errorf("make the job inserter: %w", err)
	}
	return c, nil
}

// JobClient makes the client that works jobs on the store's pool. The caller
// starts and stops it. Jobs run at least once: a worker checks again what it
// was asked for. The poll interval stays at its default, one second: the
// wake-up through NOTIFY may be missed after a rolled-back insert.
func (s *Store) JobClient(workers *river.Workers, queues map[string]river.QueueConfig,
	periodic []*river.PeriodicJob,
) (*river.Client[pgx.Tx], error) {
	c, err := river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Workers:      workers,
		Queues:       queues,
		PeriodicJobs: periodic,
		Logger:       quiet(s.log),
		// Rebuilding an index needs its owner, which the application is not.
		ReindexerSchedule: never{},
	})
	if err != nil {
		return nil, fmt.Errorf("make the job client: %w", err)
	}
	return c, nil
}

// never is a schedule that does not come round.
type never struct{}

func (never) Next(now time.Time) time.Time { return now.AddDate(100, 0, 0) }

// quiet lets only warnings and errors of the job queue through.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

type warnings struct{ slog.Handler }

func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
