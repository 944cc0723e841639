package acting

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
)

// holdScope holds everything a grant rests on as it is until the transaction
// ends, then reads the line: locked is false when something no longer holds,
// and the line then explains what.
func (s *Service) holdScope(tx *command.Tx, r Request) (scope, error) {
	var h scope
	var id uuid.UUID
	err := tx.SQL().QueryRowContext(tx.Context(), `SELECT md.id FROM mandates md JOIN grants g ON g.mandate_id = md.id
		JOIN memberships m ON m.organisation_id = md.organisation_id JOIN accounts a ON a.id = m.account_id
		JOIN organisations o ON o.id = md.organisation_id JOIN clients cl ON cl.id = $5
		WHERE md.organisation_id = $1 AND md.beneficiary_id = $2 AND md.state || '' = 'active' AND md.ends_at > $6
		AND g.state || '' = 'active' AND $3 = ANY (g.procedures)
		AND m.account_id = $4 AND m.role = 'mediator' AND m.state = 'active' AND a.state = 'bound' AND o.state = 'active' AND cl.state = 'active'
		ORDER BY md.signed_at DESC LIMIT 1 FOR SHARE`,
		r.organisation, r.beneficiary, r.procedure, r.account, r.Client.ID, tx.Now()).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("hold what a grant rests on: %w", err)
	}
	h.locked = err == nil
	tx.Restamp()
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT md.id, g.id, md.state, md.ends_at, g.state = 'active', g.actions, o.territory, o.state = 'active'
		FROM mandates md JOIN grants g ON g.mandate_id = md.id JOIN organisations o ON o.id = md.organisation_id
		WHERE md.organisation_id = $1 AND md.beneficiary_id = $2 AND md.signed_at IS NOT NULL AND $3 = ANY (g.procedures)
		ORDER BY md.state = 'active' DESC, g.state = 'active' DESC, md.signed_at DESC LIMIT 1`, r.organisation, r.beneficiary, r.procedure).
		Scan(clients.SQLDest([]any{&h.mandate, &h.grant, &h.state, &h.endsAt, &h.lineLive, &h.actions, &h.territory, &h.alive})...)
	if errors.Is(err, sql.ErrNoRows) {
		return h, nil
	}
	h.locked = h.locked && h.mandate == id
	return h, err
}

type sessionFacts struct{ startedAt, expiresAt time.Time }

// holdSession reads when a session of an account began and ends, and holds it:
// who leaves waits, and then ends what was granted. false when it is over.
func holdSession(tx *store.Tx, id, account uuid.UUID) (f sessionFacts, live bool, err error) {
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT created_at, expires_at FROM web_sessions WHERE id = $1 AND account_id = $2 FOR SHARE`,
		id, account).Scan(&f.startedAt, &f.expiresAt)
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("hold the session of a grant: %w", err)
	}
	tx.Restamp()
	return f, tx.Now().Before(f.expiresAt), nil
}

func insertDelegation(tx *store.Tx, d Delegation) error {
	_, err := tx.SQL().ExecContext(tx.Context(), `INSERT INTO delegations (id, request_id, client_id, account_id, organisation_id, beneficiary_id,
		mandate_id, grant_id, procedure, actions, scopes, nonce, auth_time, acr, session_id, created_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		d.ID, d.Request, d.Client.ID, d.Account, d.Organisation, d.Beneficiary, d.Mandate, d.Grant, d.Procedure, known(d.Actions), known(d.Scopes),
		d.Nonce, d.AuthTime, d.ACR, d.Session, d.CreatedAt, d.EndsAt)
	return err
}

func delegationOf(tx *store.Tx, request uuid.UUID) (id uuid.UUID, err error) {
	err = tx.SQL().QueryRowContext(tx.Context(), `SELECT id FROM delegations WHERE request_id = $1`, request).Scan(&id)
	return id, err
}
