package beneficiaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Erase destroys what is known of a person: row, codes, evidence, messages and
// the salts of the log's personal content. Leaves stay, and still verify. A
// person with a live mandate is refused ("mandate_still_live"): stop it first.
func (s *Service) Erase(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.commands.Run(ctx, actor, "beneficiary.erase", func(tx *command.Tx) error {
		b, _, err := s.decideOn(tx, id, authz.BeneficiaryErase, true)
		if err != nil {
			return err
		}
		var live int64
		if live, err = liveMandates(tx.DB(), id); err != nil {
			return err
		}
		if live > 0 {
			return tx.Refuse(problem.Conflict("mandate_still_live"), b.about())
		}
		entries, err := eraseRows(tx.Tx, id)
		if err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		e := b.about()
		e.Kind, e.Detail = translog.BeneficiaryErased, erasedDetail{Entries: entries}
		return tx.Append(e)
	})
}
