package clients

import (
	"context"
	"fmt"
	"time"
)

// Sweep forgets tokens of software and assertions that ended before an instant,
// and says how many. A job runs it; correctness never waits for it.
func (s *Registry) Sweep(ctx context.Context, before time.Time) (int, error) {
	n, err := sweep(ctx, s.store, before)
	if err != nil {
		return n, fmt.Errorf("forget what clients showed: %w", err)
	}
	return n, nil
}
