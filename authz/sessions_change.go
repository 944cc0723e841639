package authz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
)

const (
	longestDataKey   = 40
	longestDataValue = 2048
	// longestData of one session, in bytes of JSON.
	longestData = 8192
	flashKey    = "flash"
)

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

// Renewed is what a fresh authentication changed. What is left empty stays.
type Renewed struct {
	Tier         Tier
	SID, IDToken string
}

// Strengthen notes a fresh authentication by the same person, and moves the
// session to a new token. The caller has compared who signed in with the
// session's account.
func (s *Sessions) Strengthen(ctx context.Context, id uuid.UUID) (token string, session Session, err error) {
	return s.Renew(ctx, id, Renewed{})
}

// Renew is Strengthen with what else changed: the provider's session, or the
// tier of a person who proved their phone.
func (s *Sessions) Renew(ctx context.Context, id uuid.UUID, r Renewed) (token string, session Session, err error) {
	token, hash, err := s.newToken()
	if err != nil {
		return "", Session{}, err
	}
	session, err = s.scan(ctx, `UPDATE web_sessions SET token_hash = $2, strong_at = $3, seen_at = $3,
			tier = coalesce(nullif($4, ''), tier), sid = coalesce(nullif($5, ''), sid),
			id_token = coalesce(nullif($6, ''), id_token)
		WHERE id = $1 AND expires_at > $3 RETURNING `+sessionColumns,
		id, hash, s.env.Now(), string(r.Tier), r.SID, r.IDToken)
	if err != nil {
		return "", Session{}, err
	}
	return token, session, nil
}

// SetOrganisation notes the organisation acted for. The caller has checked that
// the account belongs to it; decisions check again, from the object.
func (s *Sessions) SetOrganisation(ctx context.Context, id, organisation uuid.UUID) error {
	return s.change(ctx, `UPDATE web_sessions SET organisation_id = $2 WHERE id = $1 RETURNING id`,
		id, optional(organisation))
}

// SetData keeps a small value with the session, under a key of the caller's; an
// empty value removes it. It is for page state, never for personal data.
func (s *Sessions) SetData(ctx context.Context, id uuid.UUID, key, value string) error {
	if key == "" || len(key) > longestDataKey || len(value) > longestDataValue {
		return fmt.Errorf("authz: session data %.40q of %d bytes", key, len(value))
	}
	if value == "" {
		return s.change(ctx, `UPDATE web_sessions SET data = data - $2::text WHERE id = $1 RETURNING id`, id, key)
	}
	var there, room bool
	err := s.one(ctx, `WITH old AS (SELECT id, data || jsonb_build_object($2::text, $3::text) AS wanted
			FROM web_sessions WHERE id = $1 FOR UPDATE),
		changed AS (UPDATE web_sessions SET data = wanted FROM old
			WHERE web_sessions.id = old.id AND octet_length(wanted::text) <= $4 RETURNING 1)
		SELECT EXISTS (SELECT FROM old), EXISTS (SELECT FROM changed)`,
		[]any{id, key, value, longestData}, &there, &room)
	switch {
	case err != nil:
		return fmt.Errorf("set session data: %w", err)
	case !there:
		return ErrNoSession
	case !room:
		return fmt.Errorf("authz: session data is full at %q", key)
	}
	return nil
}

// TakeData gives a value and removes it, once under races; "" when there is none.
func (s *Sessions) TakeData(ctx context.Context, id uuid.UUID, key string) (string, error) {
	var value *string
	err := s.one(ctx, `WITH old AS (SELECT id, data ->> $2::text AS taken FROM web_sessions WHERE id = $1 FOR UPDATE)
		UPDATE web_sessions SET data = data - $2::text FROM old
		WHERE web_sessions.id = old.id RETURNING taken`, []any{id, key}, &value)
	if errors.Is(err, store.ErrNoRow) {
		return "", ErrNoSession
	}
	if err != nil {
		return "", fmt.Errorf("take session data: %w", err)
	}
	if value == nil {
		return "", nil
	}
	return *value, nil
}

// SetFlash keeps a text key to show on the next page.
func (s *Sessions) SetFlash(ctx context.Context, id uuid.UUID, key string) error {
	return s.SetData(ctx, id, flashKey, key)
}

// TakeFlash gives the text key to show now, "" for none, and forgets it. A
// session loaded without one is not asked about again.
func (s *Sessions) TakeFlash(ctx context.Context, session Session) (string, error) {
	if session.Data[flashKey] == "" {
		return "", nil
	}
	return s.TakeData(ctx, session.ID, flashKey)
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
