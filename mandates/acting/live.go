package acting

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// Live is a delegation still open, as people look at it.
type Live struct {
	ID, Account, Mandate       uuid.UUID
	ClientName, MediatorName   string
	OrganisationName, TimeZone string
	Pack                       string
	Procedure                  string
	Actions                    []string
	CreatedAt, EndsAt          time.Time // EndsAt is exclusive
}

// mostLive bounds a list; a person with more has been acted for all day long.
const mostLive = 50

// LiveOf lists what is open at services about a person, the newest first: for
// the person, and for those of the organisation who may read their mandates.
// To anybody else the person is not there.
func (s *Service) LiveOf(ctx context.Context, actor authz.Actor, beneficiary uuid.UUID) ([]Live, error) {
	st := s.commands.Store()
	organisation, err := organisationOf(ctx, st, beneficiary)
	if err != nil {
		return nil, err
	}
	if actor.Beneficiary != beneficiary && actor.Organisation != organisation {
		return nil, problem.NotFound()
	}
	obj := authz.Object{Kind: authz.KindMandate, Organisation: organisation, Beneficiary: beneficiary}
	if err := s.commands.Decide(actor, authz.MandateRead, obj).Err(); err != nil {
		return nil, err
	}
	return liveOf(ctx, st, beneficiary)
}
