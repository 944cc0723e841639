package mandates

import (
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// refuseSecret turns what secretsIn found into a refusal to be logged, by its
// code alone; a slip of the pen is only said.
func refuseSecret(tx *command.Tx, found error, about translog.Event) error {
	if found == nil {
		return nil
	}
	if p := problem.As(found); len(p.Reasons) > 0 {
		return tx.Refuse(p, about)
	}
	return found
}
