package authz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/relais-org/relais/internal/store"
)

const (
	// readTogether bounds how many sessions one statement reads.
	readTogether = 64
	// readsAtOnce bounds how many such statements are under way.
	readsAtOnce = 2
)

// The statements about web_sessions.
const (
	sessionColumns = `id, account_id, beneficiary_id, tier, organisation_id, issuer_id, sid, id_token, data,
		created_at, seen_at, strong_at, expires_at`

	sessionInsert = `INSERT INTO web_sessions (token_hash, id, account_id, beneficiary_id, tier, organisation_id,
			issuer_id, sid, id_token, created_at, seen_at, strong_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id`

	sessionFind = `SELECT ` + sessionColumns + ` FROM web_sessions WHERE token_hash = $1`

	// sessionsFind reads those of requests that arrive together.
	sessionsFind = `SELECT token_hash, ` + sessionColumns + `, coalesce(standings.version, 0), web_sessions.xmin
		FROM web_sessions LEFT JOIN standings USING (account_id) WHERE token_hash = ANY ($1)`

	sessionTouch = `UPDATE web_sessions SET seen_at = $2 WHERE token_hash = $1 RETURNING id`

	sessionRenew = `UPDATE web_sessions SET token_hash = $2, strong_at = $3, seen_at = $3,
			tier = coalesce(nullif($4, ''), tier), sid = coalesce(nullif($5, ''), sid),
			id_token = coalesce(nullif($6, ''), id_token)
		WHERE id = $1 AND expires_at > $3 RETURNING ` + sessionColumns

	sessionOrganisation = `UPDATE web_sessions SET organisation_id = $2 WHERE id = $1 RETURNING id`

	// sessionDataSet says whether the session is there, and whether there was
	// room for one more value.
	sessionDataSet = `WITH old AS (SELECT id, data || jsonb_build_object($2::text, $3::text) AS wanted
			FROM web_sessions WHERE id = $1 FOR UPDATE),
		changed AS (UPDATE web_sessions SET data = wanted FROM old
			WHERE web_sessions.id = old.id AND octet_length(wanted::text) <= $4 RETURNING 1)
		SELECT EXISTS (SELECT FROM old), EXISTS (SELECT FROM changed)`

	sessionDataRemove = `UPDATE web_sessions SET data = data - $2::text WHERE id = $1 RETURNING id`

	sessionHolders = `SELECT coalesce(string_agg(DISTINCT account_id::text, ','), ''), coalesce(string_agg(DISTINCT beneficiary_id::text, ','), '')
		FROM web_sessions WHERE issuer_id = $1 AND sid = $2`
)

// Which sessions remove ends.
const (
	endsOne     = `token_hash = $1`
	endsAccount = `account_id = $1`
	endsSID     = `(issuer_id = $1 AND sid = $2)
		OR account_id IN (SELECT account_id FROM web_sessions WHERE issuer_id = $1 AND sid = $2)`
	endsPersonAt = `issuer_id = $1 AND beneficiary_id = $2`
	endsOver     = `expires_at <= $1
		OR (account_id IS NOT NULL AND seen_at <= $2) OR (account_id IS NULL AND seen_at <= $3)`
)

// tokenHash is the key of a session.
type tokenHash [32]byte

// find reads the session of a token as it is now, or ErrNoSession.
func (s *Sessions) find(ctx context.Context, hash []byte) (Session, error) {
	if s.read == nil {
		return s.scan(ctx, sessionFind, hash)
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
	rows, err := s.deps.Store.Hot().Query(ctx, sessionsFind, keys)
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
			s.keep(h, session)
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
		&s.CreatedAt, &s.SeenAt, &strong, &s.ExpiresAt, &s.Standing, &s.Row)
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

// scan runs a statement that gives the columns of one session.
func (s *Sessions) scan(ctx context.Context, query string, args ...any) (Session, error) {
	var (
		session                            Session
		account, beneficiary, organisation uuid.NullUUID
		tier                               string
		data                               dataColumn
		strong                             *time.Time
	)
	err := s.one(ctx, query, args, &session.ID, &account, &beneficiary, &tier, &organisation,
		&session.Issuer, &session.SID, &session.IDToken, &data,
		&session.CreatedAt, &session.SeenAt, &strong, &session.ExpiresAt)
	if errors.Is(err, store.ErrNoRow) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("read the session: %w", err)
	}
	session.Account, session.Beneficiary, session.Organisation = account.UUID, beneficiary.UUID, organisation.UUID
	session.Tier, session.Data = Tier(tier), data
	if strong != nil {
		session.StrongAt = *strong
	}
	return session, nil
}

// dataColumn reads the jsonb of page state from either driver.
type dataColumn map[string]string

// Scan implements sql.Scanner.
func (d *dataColumn) Scan(src any) error {
	switch v := src.(type) {
	case []byte:
		return json.Unmarshal(v, (*map[string]string)(d))
	case string:
		return json.Unmarshal([]byte(v), (*map[string]string)(d))
	}
	return fmt.Errorf("authz: session data of type %T", src)
}

func (s *Sessions) change(ctx context.Context, query string, args ...any) error {
	var id uuid.UUID
	err := s.one(ctx, query, args, &id)
	if errors.Is(err, store.ErrNoRow) {
		return ErrNoSession
	}
	if err != nil {
		return fmt.Errorf("change the session: %w", err)
	}
	return nil
}

func (s *Sessions) remove(ctx context.Context, where string, args ...any) (int, error) {
	var ended int
	err := s.one(ctx, `WITH ended AS (DELETE FROM web_sessions WHERE `+where+` RETURNING 1)
		SELECT count(*) FROM ended`, args, &ended)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return ended, nil
}

func optional(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
