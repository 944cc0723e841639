package acting

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog/ledger"
)

// issueStatement checks again, writes the tokens and the event, or nothing. $1
// to $3 are liveDelegation's.
var issueStatement = `WITH live AS (` + liveDelegation + `), tokens AS (
	INSERT INTO acting_tokens (token_hash, kind, delegation_id, family, holder_id, audience, scopes, actions, expires_at)
		SELECT t.hash, t.kind, live.id, $5::uuid, $6::uuid, $7::text, $8::text[], $9::text[], t.expires_at
		FROM live, (VALUES ($4::bytea, 'access', $10::timestamptz), ($11::bytea, 'refresh', $12::timestamptz)) t (hash, kind, expires_at)
		WHERE t.hash IS NOT NULL)
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.InsertValues(13) + ` FROM live RETURNING id`

// issued is one pair of tokens as it is kept: their hashes, refresh nil for an
// access token alone.
type issued struct {
	issue
	delegation      Delegation
	access, refresh []byte
	accessEnds, at  time.Time
}

// insertTokens writes the tokens with their event; store.ErrNoRow when the
// delegation no longer lives.
func insertTokens(ctx context.Context, st *store.Store, w issued, event ledger.Row) error {
	args := append([]any{w.delegation.ID, w.at, w.delegation.facts.standing, w.access, w.family, w.holder.ID, w.audience, known(w.scopes), known(w.actions), w.accessEnds, w.refresh,
		w.delegation.EndsAt}, event.Args()...)
	var id int64
	return st.OneStatement(ctx, issueStatement, native(args...), &id)
}

// takeRefreshStatement uses a refresh token up and reads what it stands for.
const takeRefreshStatement = `WITH tk AS (UPDATE acting_tokens SET used_at = $2 WHERE token_hash = $1 AND kind = 'refresh' AND used_at IS NULL
		AND EXISTS (SELECT FROM delegations x WHERE x.id = delegation_id AND x.client_id = $3) RETURNING *)
	SELECT ` + hopColumns + tokenColumns + `, tk.family FROM tk JOIN delegations d ON d.id = tk.delegation_id` + hopJoins

// takeRefresh takes a client's refresh token, once; errNoDelegation when there
// is none such to take. The family holds it and those it was exchanged for.
func (s *Service) takeRefresh(ctx context.Context, client clients.Client, token string) (d Delegation, family uuid.UUID, err error) {
	var t tokenRow
	d, err = s.read(ctx, takeRefreshStatement, []any{hashOf(token), s.commands.Store().Now(), client.ID}, func(d *Delegation) []any {
		return append(t.into(d), &family)
	})
	t.finish(&d)
	return d, family, err
}

// ofUsedRefresh finds the delegation of a refresh token that this client used
// before; store.ErrNoRow when there is none.
func ofUsedRefresh(ctx context.Context, st *store.Store, client clients.Client, token string) (id uuid.UUID, err error) {
	err = st.OneStatement(ctx, `SELECT t.delegation_id FROM acting_tokens t JOIN delegations d ON d.id = t.delegation_id
		WHERE t.token_hash = $1 AND t.kind = 'refresh' AND t.used_at IS NOT NULL AND d.client_id = $2`, native(hashOf(token), client.ID), &id)
	return id, err
}
