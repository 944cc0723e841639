package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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

// revokeToken ends a client's token; false: it is not that client's, or over.
func revokeToken(tx *store.Tx, client uuid.UUID, hash []byte) (bool, error) {
	done, err := tx.SQL().ExecContext(tx.Context(), `UPDATE software_tokens SET revoked_at = $3 WHERE token_hash = $1 AND client_id = $2 AND revoked_at IS NULL`,
		hash, client, tx.Now())
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// softwareOf finds a live token's client, in one statement.
func softwareOf(ctx context.Context, q querier, hash []byte, now time.Time) (Client, []string, error) {
	rows, err := q.Query(ctx, `SELECT `+Columns+`, t.scopes FROM software_tokens t JOIN clients cl ON cl.id = t.client_id
		WHERE t.token_hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND cl.state = 'active' AND cl.kind = 'software'`, hash, now)
	if err != nil {
		return Client{}, nil, fmt.Errorf("load a token: %w", err)
	}
	var scopes []string
	c, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (Client, error) {
		var r Row
		err := row.Scan(append(r.Into(), &scopes)...)
		return r.Client(), err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Client{}, nil, errToken
	}
	if err != nil {
		return Client{}, nil, fmt.Errorf("load a token: %w", err)
	}
	return c, scopes, nil
}
