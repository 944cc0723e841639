package acting

import (
	"context"
	"encoding/json"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Deliver makes one attempt, as River would.
func (s *Service) Deliver(ctx context.Context, row *rivertype.JobRow) error {
	job := &river.Job[deliverArgs]{JobRow: row}
	if err := json.Unmarshal(row.EncodedArgs, &job.Args); err != nil {
		return err
	}
	return s.deliver(ctx, job)
}

// SweepTables is Sweep of tables by their expires_at, so many rows a statement
// and statements a table.
func (s *Service) SweepTables(ctx context.Context, before time.Time, rows, statements int, tables ...string) (int, error) {
	all := make([]swept, len(tables))
	for i, t := range tables {
		all[i] = swept{t, "expires_at"}
	}
	return sweep(ctx, s.commands.Store(), all, before, sweepBounds{rows: rows, statements: statements})
}

// StopConditions are how each stop finds what it ends.
func StopConditions() map[string]string {
	out := map[string]string{}
	for kind, st := range stops {
		out[string(kind)] = st.where
	}
	return out
}

// MostSessions is how many sids one event names.
const MostSessions = mostSessions

// HopStatements are those that check again and write.
func HopStatements() []string {
	return []string{issueStatements[spendNothing], issueStatements[spendCode], issueStatements[spendRefresh], yesStatement}
}

// Recalls reports whether a check with this token would be answered on what is
// remembered.
func (s *Service) Recalls(ctx context.Context, accessID string) bool {
	_, ok := s.recall(ctx, accessID)
	return ok
}
