package acting

import (
	"context"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// sweeps remove what no clock would let in any more.
var sweeps = []string{
	`DELETE FROM acting_codes WHERE expires_at < $1`,
	`DELETE FROM acting_tokens WHERE expires_at < $1`,
	`DELETE FROM pushed_requests WHERE expires_at < $1`,
	`DELETE FROM acting_requests WHERE expires_at < $1`,
	`DELETE FROM acting_checks WHERE at < $1`,
}

// sweep removes what ended before an instant, and says how many rows.
func sweep(ctx context.Context, st *store.Store, before time.Time) (int, error) {
	n := 0
	for _, q := range sweeps {
		tag, err := st.Pool().Exec(ctx, q, before)
		if err != nil {
			return n, err
		}
		n += int(tag.RowsAffected())
	}
	return n, nil
}
