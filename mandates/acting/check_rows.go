package acting

import (
	"context"
	"errors"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog/ledger"
)

const byTokenAndKey = `SELECT ` + hopColumns + tokenColumns + `, ck.content_hash, ck.answer, ck.allowed, ck.reasons, ck.at, ck.expires_at
	FROM acting_tokens tk JOIN delegations d ON d.id = tk.delegation_id` + hopJoins + `
	LEFT JOIN acting_checks ck ON ck.client_id = $2 AND ck.request_key = $3 WHERE tk.token_hash = $1`

// loadCheck reads everything a check is decided on, and the answer this key has
// already, in one round trip.
func (s *Service) loadCheck(ctx context.Context, client clients.Client, accessID, key string) (Delegation, *keptCheck, error) {
	var t tokenRow
	var k keptCheck
	d, err := s.read(ctx, byTokenAndKey, []any{hashOf(accessID), client.ID, key}, func(d *Delegation) []any {
		return append(t.into(d), &k.content, &k.jws, &k.allowed, &k.reasons, &k.at, &k.expires)
	})
	if errors.Is(err, errNoDelegation) {
		return d, nil, errToken
	}
	if err != nil {
		return d, nil, err
	}
	if t.finish(&d); d.Token.Kind != "access" {
		return d, nil, errToken
	}
	d.facts.shown = hashOf(accessID)
	s.remember(tokenHash(d.facts.shown), d)
	if k.content == nil {
		return d, nil, nil
	}
	return d, &k, nil
}

const insertCheck = `INSERT INTO acting_checks (client_id, request_key, content_hash, allowed, reasons, answer, at, expires_at)
	SELECT $4::uuid, $5::text, $6::bytea, $7::boolean, $8::text[], $9::bytea, $2::timestamptz, $10::timestamptz FROM live
	ON CONFLICT (client_id, request_key) DO NOTHING RETURNING true`

// stillAsked is what a yes leans on beside what every hop does, remembered as it
// may be: the line, the client as it is registered, the token.
const stillAsked = `
	AND d.procedure = ANY (g.procedures) AND $11::text = ANY (g.actions) AND cl.version = $12::int
	AND EXISTS (SELECT FROM acting_tokens tk WHERE tk.token_hash = $13::bytea AND tk.delegation_id = d.id AND tk.revoked_at IS NULL AND tk.expires_at > $2)`

// The two statements of a check: a yes is written only if everything still
// holds, on the delegation's row; a no needs nothing to hold.
var (
	yesStatement = `WITH live AS (` + stillLive + stillAsked + holdingLive + `), ck AS (` + insertCheck + `)
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.InsertValues(14) + ` FROM ck RETURNING id`
	noStatement = `WITH live AS (SELECT $1::uuid, $3::bigint, $11::text, $12::int, $13::bytea), ck AS (` + insertCheck + `)
	INSERT INTO events (` + ledger.InsertColumns + `) SELECT ` + ledger.InsertValues(14) + ` FROM ck RETURNING id`
)

// answered is an answer about to be kept, with what it answers.
type answered struct {
	delegation Delegation
	client     clients.Client
	question   CheckRequest
	answer     Answer
}

// insertAnswer keeps an answer under its key, with its event; store.ErrNoRow
// when the key has one already, or a yes no longer holds.
func insertAnswer(ctx context.Context, st *store.Store, w answered, event ledger.Row) error {
	d, q, a := w.delegation, w.question, w.answer
	statement := noStatement
	if a.Allowed {
		statement = yesStatement
	}
	args := append([]any{d.ID, a.At, d.facts.standing, w.client.ID, q.Key, contentOf(d, q), a.Allowed, a.Reasons, []byte(a.JWS), a.ExpiresAt,
		q.Action, d.Client.Version, d.facts.shown}, event.Args()...)
	var id int64
	return st.OneStatement(ctx, statement, native(args...), &id)
}
