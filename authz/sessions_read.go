package authz

import (
	"context"
	"fmt"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// readTogether bounds how many sessions one statement reads.
	readTogether = 64
	// readsAtOnce bounds how many such statements are under way.
	readsAtOnce = 2
)

// tokenHash is the key of a session.
type tokenHash [32]byte

// find reads the session of a token as it is now, or ErrNoSession.
func (s *Sessions) find(ctx context.Context, hash []byte) (Session, error) {
	if s.read == nil {
		return s.scan(ctx, `SELECT `+sessionColumns+` FROM web_sessions WHERE token_hash = $1`, hash)
	}
	found, err := s.read.Do(ctx, tokenHash(hash))
	switch {
	case err != nil:
		return Session{}, fmt.Errorf("read the session: %w", err)
	case found == nil:
		return Session{}, ErrNoSession
	}
	return *found, nil
}

// readAll reads the sessions of requests that arrived together; nil where there
// is none.
func (s *Sessions) readAll(ctx context.Context, hashes []tokenHash) ([]*Session, error) {
	keys := make([][]byte, len(hashes))
	for i := range hashes {
		keys[i] = hashes[i][:]
	}
	rows, err := s.deps.Store.Hot().Query(ctx, `SELECT token_hash, `+sessionColumns+`, coalesce(standings.version, 0)
		FROM web_sessions LEFT JOIN standings USING (account_id) WHERE token_hash = ANY ($1)`, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[tokenHash]*Session, len(hashes))
	for rows.Next() {
		hash, session, err := scanSession(rows)
		if err != nil {
			rows.Close()
			return nil, err
		}
		found[hash] = session
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	out := make([]*Session, len(hashes))
	for i, h := range hashes {
		if session := found[h]; session != nil {
			own := *session
			own.Data = maps.Clone(session.Data)
			out[i] = &own
		}
	}
	return out, nil
}

// scanSession reads one row in the driver's own types, the cheapest.
func scanSession(row pgx.Rows) (hash tokenHash, session *Session, err error) {
	var (
		id, account, beneficiary, organisation pgtype.UUID
		kept, data                             []byte
		tier                                   string
		strong                                 pgtype.Timestamptz
	)
	s := &Session{}
	err = row.Scan(&kept, &id, &account, &beneficiary, &tier, &organisation, &s.Issuer, &s.SID, &s.IDToken, &data,
		&s.CreatedAt, &s.SeenAt, &strong, &s.ExpiresAt, &s.Standing)
	if err != nil {
		return hash, nil, err
	}
	s.ID, s.Account, s.Beneficiary, s.Organisation = uuid.UUID(id.Bytes), uuid.UUID(account.Bytes), uuid.UUID(beneficiary.Bytes), uuid.UUID(organisation.Bytes)
	s.Tier, s.StrongAt = Tier(tier), strong.Time
	if len(kept) != len(hash) {
		return hash, nil, fmt.Errorf("authz: a session's key of %d bytes", len(kept))
	}
	s.Data = map[string]string{}
	if string(data) != "{}" {
		err = (*dataColumn)(&s.Data).Scan(data)
	}
	return tokenHash(kept), s, err
}
