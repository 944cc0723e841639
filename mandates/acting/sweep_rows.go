package acting

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// swept is a table of what no clock would let in any more, by an instant that an
// index leads with.
type swept struct{ table, column string }

var sweeps = []swept{
	{"acting_codes", "expires_at"},
	{"acting_tokens", "expires_at"},
	{"pushed_requests", "expires_at"},
	{"acting_requests", "expires_at"},
	{"acting_checks", "at"},
}

// sweepBounds are how many rows one statement removes, and how many statements
// one run makes of a table: each is short, and the next run goes on.
type sweepBounds struct{ rows, statements int }

// sweep removes what ended before an instant, and says how many rows. What fails
// for one table keeps no other waiting.
func sweep(ctx context.Context, st *store.Store, tables []swept, before time.Time, most sweepBounds) (int, error) {
	n := 0
	var errs []error
	for _, t := range tables {
		query := fmt.Sprintf(`DELETE FROM %[1]s WHERE ctid = ANY (ARRAY (SELECT ctid FROM %[1]s WHERE %[2]s < $1 LIMIT $2))`, t.table, t.column)
		for range most.statements {
			tag, err := st.Pool().Exec(ctx, query, before, most.rows)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", t.table, err))
				break
			}
			n += int(tag.RowsAffected())
			if tag.RowsAffected() < int64(most.rows) {
				break
			}
		}
	}
	return n, errors.Join(errs...)
}
