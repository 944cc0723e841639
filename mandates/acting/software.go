package acting

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

// IssueSoftware gives an organisation's software an access token for itself
// (client credentials, RFC 6749 §4.4), with scopes that it is registered for.
// There is no refresh token. A client that is not software is refused.
func (s *Service) IssueSoftware(ctx context.Context, client clients.Client, scopes []string) (Tokens, error) {
	if client.Kind != clients.Software {
		return Tokens{}, problem.New(problem.KindForbidden, "client_invalid")
	}
	if len(scopes) == 0 {
		scopes = client.Scopes
	}
	if !inside(scopes, client.Scopes) {
		return Tokens{}, errBroader
	}
	st := s.commands.Store()
	clear, hash, err := secret(st.Env().Random)
	if err != nil {
		return Tokens{}, err
	}
	out := Tokens{AccessID: clear, ExpiresAt: st.Now().Add(SoftwareLifetime), Audience: s.issuer, Scopes: scopes}
	_, err = st.Pool().Exec(ctx, `INSERT INTO software_tokens (token_hash, client_id, scopes, expires_at) VALUES ($1, $2, $3, $4)`,
		native(hash, client.ID, known(scopes), out.ExpiresAt)...)
	return out, problem.Wrap(err, "issue a token")
}

// UseSoftware says whose token this is, and what it is for. A token that is
// over, or whose client or organisation is no longer active, is token_invalid.
func (s *Service) UseSoftware(ctx context.Context, accessID string) (clients.Client, TokenFacts, error) {
	st := s.commands.Store()
	var row clients.Row
	t := TokenFacts{Kind: "access", Audience: s.issuer}
	err := st.Pool().QueryRow(ctx, `SELECT t.scopes, t.expires_at, `+clients.Columns+` FROM software_tokens t
		JOIN clients cl ON cl.id = t.client_id JOIN organisations o ON o.id = cl.organisation_id
		WHERE t.token_hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND cl.state = 'active' AND o.state = 'active'`,
		hashOf(accessID), st.Now()).Scan(append([]any{&t.Scopes, &t.ExpiresAt}, row.Into()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return clients.Client{}, TokenFacts{}, errToken
	}
	return row.Client(), t, err
}

// sweepAfter is how long what is over stays, for a second coming to be told
// from a stranger.
const sweepAfter = 24 * time.Hour

// sweeps remove what no clock would let in any more. Delegations and
// deliveries stay: they say what happened.
var sweeps = []string{
	`DELETE FROM acting_codes WHERE expires_at < $1`,
	`DELETE FROM acting_tokens WHERE expires_at < $1`,
	`DELETE FROM software_tokens WHERE expires_at < $1`,
	`DELETE FROM pushed_requests WHERE expires_at < $1`,
	`DELETE FROM client_assertions WHERE expires_at < $1`,
	`DELETE FROM acting_requests WHERE expires_at < $1`,
	`DELETE FROM acting_checks WHERE at < $1`,
}

// Sweep removes codes, tokens, requests and answers that ended a day ago, and
// says how many. A job runs it; correctness never waits for it.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	st := s.commands.Store()
	n := 0
	for _, q := range sweeps {
		tag, err := st.Pool().Exec(ctx, q, st.Now().Add(-sweepAfter))
		if err != nil {
			return n, problem.Wrap(err, "sweep")
		}
		n += int(tag.RowsAffected())
	}
	return n, nil
}
