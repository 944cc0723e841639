package acting

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// organisationOf says whose a person is; one who was erased is not found.
func organisationOf(ctx context.Context, st *store.Store, beneficiary uuid.UUID) (uuid.UUID, error) {
	var of pgtype.UUID
	err := st.Pool().QueryRow(ctx, `SELECT organisation_id FROM beneficiaries WHERE id = $1 AND erased_at IS NULL`, native(beneficiary)...).Scan(&of)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, problem.NotFound()
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("load a person's organisation: %w", err)
	}
	return of.Bytes, nil
}

// liveOf reads a person's open delegations, the newest first, mostLive of them.
func liveOf(ctx context.Context, st *store.Store, beneficiary uuid.UUID) ([]Live, error) {
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
