package acting

import (
	"context"
	"errors"
	"time"

	"github.com/relais-org/relais/internal/problem"
)

// sweepAfter is how long what is over stays, for a second coming to be told
// from a stranger.
const sweepAfter = 24 * time.Hour

// Sweep removes codes, tokens, requests and answers that ended a day ago, and
// what the registry of clients remembers no longer, and says how many.
// Delegations and deliveries stay: they say what happened. A job runs it;
// correctness never waits for it, and what
// is left of a great deal goes with the next run.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	st := s.commands.Store()
	before := st.Now().Add(-sweepAfter)
	n, err := sweep(ctx, st, sweeps, before, sweepBounds{rows: 5000, statements: 60})
	more, theirs := s.clients.Sweep(ctx, before)
	return n + more, problem.Wrap(errors.Join(err, theirs), "sweep")
}
