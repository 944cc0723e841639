package review

import (
	"context"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/translog"
)

// ExportOwn decides and records that a person takes everything about them home
// (PO-03; Regulation (EU) 2016/679, articles 15 and 20), at one organisation:
// whoever takes home what several hold is asked about, and recorded, at each.
// The caller then reads it, by the queries that the pages use.
func (s *Service) ExportOwn(ctx context.Context, actor authz.Actor) error {
	return s.commands.Run(ctx, actor, "log.export_own", func(tx *command.Tx) error {
		about := translog.Event{Organisation: actor.Organisation, Beneficiary: actor.Beneficiary}
		if err := tx.Decide(authz.LogExport, authz.Object{Kind: authz.KindLog, Organisation: actor.Organisation, Beneficiary: actor.Beneficiary,
			Sensitive: true}, about); err != nil {
			return err
		}
		about.Kind = translog.LogExported
		return tx.Append(about)
	})
}
