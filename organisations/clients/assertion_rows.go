package clients

import (
	"context"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// insertAssertion remembers an assertion; store.ErrNoRow when it was remembered
// already.
func insertAssertion(ctx context.Context, st *store.Store, hash []byte, until time.Time) error {
	var fresh bool
	return st.OneStatement(ctx, `INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2)
		ON CONFLICT (hash) DO NOTHING RETURNING true`, []any{hash, until}, &fresh)
}
