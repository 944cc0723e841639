package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// MediatorFacts are what an account is, as a mediator in one organisation.
type MediatorFacts struct {
	Name string
	// Suspended: the account as a whole is anything but bound.
	Suspended bool
	// Membership is that of a mediator, with its authority; where there is none any
	// more, its authority says so.
	Membership authz.Membership
}

// Mediator says what an account is in an organisation, for another package's
// decision: q.Standing is the account's version in standings, read by that
// package's own statement (zero: none was read).
func (s *Service) Mediator(ctx context.Context, q ActorQuery) (MediatorFacts, error) {
	actor, _, err := s.loadActor(ctx, q)
	if err != nil {
		return MediatorFacts{}, err
	}
	f := MediatorFacts{Name: actor.Name, Suspended: actor.SuspendedAccount, Membership: noMediator(q.Organisation)}
	for _, m := range actor.Memberships {
		if m.Organisation == q.Organisation && m.Role == authz.Mediator {
			f.Membership = m
		}
	}
	return f, nil
}

// noMediator: nothing else of a membership that is over is worth saying.
func noMediator(organisation uuid.UUID) authz.Membership {
	return authz.Membership{Organisation: organisation, Role: authz.Mediator, Authority: authz.Authority{Missing: []authz.Reason{authz.ReasonMembershipInactive}}}
}
