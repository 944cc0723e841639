package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store"
)

func insertToken(tx *store.Tx, client uuid.UUID, t SoftwareToken) error {
	hash := sha256.Sum256([]byte(t.Token))
	_, err := tx.SQL().ExecContext(tx.Context(), `INSERT INTO software_tokens (token_hash, client_id, scopes, expires_at) VALUES ($1, $2, $3, $4)`,
		hash[:], client, t.Scopes, t.ExpiresAt)
	return err
}

// revokeToken ends a client's live token; false: it is not that client's, or over
// already, by itself or because it was given up before.
func revokeToken(tx *store.Tx, client uuid.UUID, hash []byte) (bool, error) {
	done, err := tx.SQL().ExecContext(tx.Context(), `UPDATE software_tokens SET revoked_at = $3
		WHERE token_hash = $1 AND client_id = $2 AND revoked_at IS NULL AND expires_at > $3`, hash, client, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// softwareOf finds a token's client and what the token is for, in one statement:
// what it was issued for, less what was withdrawn from the client since.
func softwareOf(ctx context.Context, q querier, hash []byte, now time.Time) (Client, []string, error) {
	rows, err := q.Query(ctx, `SELECT `+Columns+`, t.scopes, t.expires_at > $2 AND t.revoked_at IS NULL AND cl.state = 'active' AND cl.kind = 'software'
		FROM software_tokens t JOIN clients cl ON cl.id = t.client_id WHERE t.token_hash = $1`, hash, now)
	if err != nil {
		return Client{}, nil, fmt.Errorf("load a token: %w", err)
	}
	var scopes []string
	var holds bool
	c, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Client, error) {
		var r Row
		err := row.Scan(append(r.Into(), &scopes, &holds)...)
		return r.Client(), err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Client{}, nil, errToken
	case err != nil:
		return Client{}, nil, fmt.Errorf("load a token: %w", err)
	case !holds:
		return Client{}, nil, errToken.Because(ErrTokenOver)
	}
	return c, slices.DeleteFunc(scopes, func(s string) bool { return !slices.Contains(c.Scopes, s) }), nil
}
