package clients

import (
	"context"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// sweeps remove what no clock would let in any more.
var sweeps = []string{
	`DELETE FROM software_tokens WHERE expires_at < $1`,
	`DELETE FROM client_assertions WHERE expires_at < $1`,
}

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
