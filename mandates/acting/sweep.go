package acting

import (
	"context"
	"time"

	"github.com/relais-org/relais/internal/problem"
)

// sweepAfter is how long what is over stays, for a second coming to be told
// from a stranger.
const sweepAfter = 24 * time.Hour

// sweeps remove what no clock would let in any more. Delegations and
// deliveries stay: they say what happened.
var sweeps = []string{
	`DELETE FROM acting_codes WHERE expires_at < $1`,
	`DELETE FROM acting_tokens WHERE expires_at < $1`,
	`DELETE FROM pushed_requests WHERE expires_at < $1`,
	`DELETE FROM client_assertions WHERE expires_at < $1`,
	`DELETE FROM acting_requests WHERE expires_at < $1`,
	`DELETE FROM acting_checks WHERE at < $1`,
}

// Sweep removes codes, tokens, requests and answers that ended a day ago, and
// says how many. A job runs it; correctness never waits for it.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	st := s.commands.Store()
	n := 0
	for _, q := range sweeps {
		tag, err := st.Pool().Exec(ctx, q, st.Now().Add(-sweepAfter))
		if err != nil {
			return n, problem.Wrap(err, "sweep")
		}
		n += int(tag.RowsAffected())
	}
	return n, nil
}
