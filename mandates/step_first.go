package mandates

import (
	"context"
	"fmt"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/store"
)

// firstStep writes the first step under a mandate and tells the person that it
// is being used, in one transaction: the message can neither be lost nor sent
// for a step that was not. Everything is checked again as in the one statement.
func (s *Service) firstStep(ctx context.Context, actor authz.Actor, w *stepWrite) error {
	return s.commands.Run(ctx, actor, stepCommand, func(tx *command.Tx) error {
		if err := lockMandate(tx.Tx, w.cover.mandate); err != nil {
			return err
		}
		used, err := usedBefore(tx.Tx, w.cover.mandate)
		if err != nil {
			return err
		}
		if used {
			return store.ErrNoRow // somebody was quicker: look again
		}
		if err := tx.Decide(w.action, stepObject(w.heldCase, w.cover, w.step.Action, actor), w.about()); err != nil {
			return err
		}
		w.step.At = tx.Now()
		if err := writeFirstStep(tx.Tx, *w); err != nil {
			return err
		}
		if err := s.tellFirstUse(tx, *w); err != nil {
			return err
		}
		return tx.Append(w.event(actor))
	})
}

func (s *Service) tellFirstUse(tx *command.Tx, w stepWrite) error {
	b, err := beneficiaries.Facts(tx, w.Beneficiary)
	if err != nil {
		return err
	}
	org, err := s.orgs.FactsTx(tx.Tx, w.Organisation)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(org.TimeZone)
	if err != nil {
		return fmt.Errorf("zone of the organisation: %w", err)
	}
	pack, err := s.packs.Get(org.Pack)
	if err != nil {
		return fmt.Errorf("pack of the organisation: %w", err)
	}
	name := w.Procedure
	if p, ok := pack.Procedure(w.Procedure); ok {
		name = p.Name.In(b.Language)
	}
	return b.Tell(tx, "first_use:"+w.cover.mandate.String(), notify.FirstUse{Organisation: org.Name, Mediator: w.step.MediatorName,
		Procedure: name, Phone: org.Phone, Address: s.baseURL + "/card", At: w.step.At.In(zone)})
}
