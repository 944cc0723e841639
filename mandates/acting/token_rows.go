package acting

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog/ledger"
)

// spending is what tokens are given for.
type spending int

const (
	spendNothing spending = iota // an exchange
	spendCode
	spendRefresh
)

// issueStatements check again, use up what the tokens are given for, and write
// the tokens and the event: all or nothing, and of any number that arrive
// together with one code or refresh token, for one. $1 to $3 are liveDelegation's.
var issueStatements = map[spending]string{
	spendNothing: issueStatement(`SELECT live.id FROM live WHERE $13::bytea IS NULL`),
	spendCode:    issueStatement(`UPDATE acting_codes SET used_at = $2 FROM live WHERE code_hash = $13::bytea AND used_at IS NULL RETURNING live.id`),
	spendRefresh: issueStatement(`UPDATE acting_tokens SET used_at = $2 FROM live WHERE token_hash = $13::bytea AND used_at IS NULL RETURNING live.id`),
}

func issueStatement(spend string) string {
	return `WITH live AS (` + liveDelegation + `), spent AS (` + spend + `), tokens AS (
	INSERT INTO acting_tokens (token_hash, kind, delegation_id, family, holder_id, audience, scopes, actions, expires_at)
		SELECT t.hash, t.kind, spent.id, $5::uuid, $6::uuid, $7::text, $8::text[], $9::text[], t.expires_at
		FROM spent, (VALUES ($4::bytea, 'access', $10::timestamptz), ($11::bytea, 'refresh', $12::timestamptz)) t (hash, kind, expires_at)
		WHERE t.hash IS NOT NULL)
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.InsertValues(14) + ` FROM spent RETURNING id`
}

// issued is one pair of tokens as it is kept: their hashes, refresh nil for an
// access token alone. The family is what one code gave.
type issued struct {
	issue
	delegation      Delegation
	family          uuid.UUID
	access, refresh []byte
	accessEnds, at  time.Time
}

// insertTokens writes the tokens with their event; store.ErrNoRow when the
// delegation no longer lives as it was read, or what they are given for was used.
func insertTokens(ctx context.Context, st *store.Store, w issued, event ledger.Row) error {
	args := append([]any{w.delegation.ID, w.at, w.delegation.facts.standing, w.access, w.family, w.holder.ID, w.audience, known(w.scopes), known(w.actions), w.accessEnds, w.refresh,
		w.delegation.EndsAt, w.spent}, event.Args()...)
	var id int64
	return st.OneStatement(ctx, issueStatements[w.spend], native(args...), &id)
}

const byRefresh = `SELECT ` + hopColumns + tokenColumns + `, tk.family, tk.used_at FROM acting_tokens tk JOIN delegations d ON d.id = tk.delegation_id` + hopJoins +
	` WHERE tk.token_hash = $1 AND tk.kind = 'refresh' AND d.client_id = $2`

// ofRefresh reads what a client's refresh token stands for, and whether it was
// used; errNoDelegation when it has none such. The family holds it and those it is
// exchanged for.
func (s *Service) ofRefresh(ctx context.Context, client clients.Client, hash []byte) (d Delegation, used bool, err error) {
	var t tokenRow
	var family pgtype.UUID
	var usedAt *time.Time
	d, err = s.read(ctx, byRefresh, []any{hash, client.ID}, func(d *Delegation) []any {
		return append(t.into(d), &family, &usedAt)
	})
	t.finish(&d)
	d.facts.tokenFamily = family.Bytes
	return d, usedAt != nil, err
}
