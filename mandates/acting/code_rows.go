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

// takeCodeStatement uses a code up and reads what it gives, in one statement: of any
// number that arrive together one gets the row.
const takeCodeStatement = `WITH cd AS (UPDATE acting_codes SET used_at = $2 WHERE code_hash = $1 AND client_id = $3 AND used_at IS NULL
		RETURNING delegation_id, redirect_uri, code_challenge, expires_at)
	SELECT ` + hopColumns + `, cd.redirect_uri, cd.code_challenge, cd.expires_at FROM cd JOIN delegations d ON d.id = cd.delegation_id` + hopJoins

// takeCode takes a client's code, once; errNoDelegation when there is none such
// to take.
func (s *Service) takeCode(ctx context.Context, client clients.Client, code string, now time.Time) (d Delegation, c codeRow, err error) {
	d, err = s.read(ctx, takeCodeStatement, []any{hashOf(code), now, client.ID}, func(*Delegation) []any {
		return []any{&c.redirect, &c.challenge, &c.expiresAt}
	})
	return d, c, err
}

// ofUsedCode finds the delegation of a code that this client used before;
// store.ErrNoRow when there is none.
func ofUsedCode(ctx context.Context, st *store.Store, client clients.Client, code string) (id uuid.UUID, err error) {
	err = st.OneStatement(ctx, `SELECT delegation_id FROM acting_codes WHERE code_hash = $1 AND client_id = $2 AND used_at IS NOT NULL`,
		native(hashOf(code), client.ID), &id)
	return id, err
}
