package acting

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
)

// insertCode keeps the code of a granted request, which is over with it;
// store.ErrNoRow when the request was not granted, or had its code.
func insertCode(ctx context.Context, st *store.Store, request uuid.UUID, code string, expires time.Time) error {
	var saved bool
	return st.OneStatement(ctx, `WITH r AS (UPDATE acting_requests SET state = 'used', version = version + 1
			WHERE id = $1 AND state = 'granted' RETURNING id, client_id, params)
		INSERT INTO acting_codes (code_hash, delegation_id, client_id, redirect_uri, code_challenge, expires_at)
		SELECT $2, d.id, r.client_id, r.params->>'redirect_uri', coalesce(r.params->>'code_challenge', ''), $3
		FROM r JOIN delegations d ON d.request_id = r.id RETURNING true`,
		native(request, hashOf(code), expires), &saved)
}

const byCode = `SELECT ` + hopColumns + `, cd.redirect_uri, cd.code_challenge, cd.expires_at, cd.used_at
	FROM acting_codes cd JOIN delegations d ON d.id = cd.delegation_id` + hopJoins + ` WHERE cd.code_hash = $1 AND cd.client_id = $2`

// ofCode reads what a client's code stands for; errNoDelegation when it has none
// such.
func (s *Service) ofCode(ctx context.Context, client clients.Client, hash []byte) (d Delegation, c codeRow, err error) {
	d, err = s.read(ctx, byCode, []any{hash, client.ID}, func(*Delegation) []any {
		return []any{&c.redirect, &c.challenge, &c.expiresAt, &c.usedAt}
	})
	d.facts.code = hash
	return d, c, err
}

// burnCode uses a code up for nothing.
func burnCode(ctx context.Context, st *store.Store, hash []byte) error {
	_, err := st.Hot().Exec(ctx, `UPDATE acting_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL`, hash, st.Now())
	return err
}
