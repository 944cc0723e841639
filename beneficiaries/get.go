package beneficiaries

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/translog"
)

// Get reads one person of the actor's side, or problem.NotFound.
func (s *Service) Get(ctx context.Context, actor authz.Actor, id uuid.UUID) (Beneficiary, error) {
	b, err := load(s.commands.Store().ReadHot(ctx), id, false)
	if err != nil {
		return Beneficiary{}, err
	}
	territory, err := s.territoryFor(ctx, actor, b.Organisation)
	if err != nil {
		return Beneficiary{}, err
	}
	d := s.commands.Decide(actor, authz.BeneficiaryRead, b.object(territory))
	switch {
	case !d.Allowed:
		return Beneficiary{}, d.Err()
	case b.Erased:
		return Beneficiary{}, errNotThere
	case d.Role == authz.Supervisor || d.Role == authz.Operator:
		return b, s.looked(ctx, actor, b, territory)
	}
	return b, nil
}

// territoryFor is that of an organisation, taken from the actor where it was read
// with them for this request.
func (s *Service) territoryFor(ctx context.Context, actor authz.Actor, organisation uuid.UUID) (string, error) {
	for _, m := range actor.Memberships {
		if m.Organisation == organisation {
			return m.Territory, nil
		}
	}
	o, err := loadOrganisation(s.commands.Store().ReadHot(ctx), organisation)
	return o.Territory, err
}

// looked records that somebody from outside the organisation read who a person
// is: the person can list it.
func (s *Service) looked(ctx context.Context, actor authz.Actor, b Beneficiary, territory string) error {
	return s.commands.Run(ctx, actor, "beneficiary.read", func(tx *command.Tx) error {
		if err := tx.Decide(authz.BeneficiaryRead, b.object(territory), b.about()); err != nil {
			return err
		}
		e := b.about()
		e.Kind = translog.BeneficiaryViewed
		return tx.Append(e)
	})
}

// Facts reads and locks one person for a command of a higher package, which
// decides by itself.
func Facts(tx *command.Tx, id uuid.UUID) (Beneficiary, error) { return load(tx.DB(), id, true) }
