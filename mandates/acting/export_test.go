package acting

import (
	"context"
	"encoding/json"

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
