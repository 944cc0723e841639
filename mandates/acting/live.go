package acting

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

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
	var organisation pgtype.UUID
	err := st.Pool().QueryRow(ctx, `SELECT organisation_id FROM beneficiaries WHERE id = $1 AND erased_at IS NULL`, native(beneficiary)...).Scan(&organisation)
	if err == pgx.ErrNoRows { //nolint:errorlint // pgx gives it bare
		return nil, problem.NotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("load a person's organisation: %w", err)
	}
	if actor.Beneficiary != beneficiary && actor.Organisation != uuid.UUID(organisation.Bytes) {
		return nil, problem.NotFound()
	}
	obj := authz.Object{Kind: authz.KindMandate, Organisation: organisation.Bytes, Beneficiary: beneficiary}
	if err := s.commands.Decide(actor, authz.MandateRead, obj).Err(); err != nil {
		return nil, err
	}
	rows, err := st.Pool().Query(ctx, `SELECT d.id, d.account_id, d.mandate_id, c.name, a.name, o.name, o.time_zone, o.pack, d.procedure, d.actions,
			d.created_at, d.ends_at
		FROM delegations d JOIN clients c ON c.id = d.client_id JOIN accounts a ON a.id = d.account_id JOIN organisations o ON o.id = d.organisation_id
		WHERE d.beneficiary_id = $1 AND d.ended_at IS NULL AND d.ends_at > $2 ORDER BY d.created_at DESC, d.id LIMIT $3`,
		native(beneficiary, st.Now(), mostLive)...)
	if err != nil {
		return nil, fmt.Errorf("load what is open at services: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Live, error) {
		var l Live
		var id, account, mandate pgtype.UUID
		err := row.Scan(&id, &account, &mandate, &l.ClientName, &l.MediatorName, &l.OrganisationName, &l.TimeZone, &l.Pack, &l.Procedure, &l.Actions,
			&l.CreatedAt, &l.EndsAt)
		l.ID, l.Account, l.Mandate = id.Bytes, account.Bytes, mandate.Bytes
		return l, err
	})
}
