package authz

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

const (
	longestDataKey   = 40
	longestDataValue = 2048
	// longestData of one session, in bytes of JSON.
	longestData = 8192
)

// Renewed is what a fresh authentication changed. What is left empty stays.
type Renewed struct {
	Tier         Tier
	SID, IDToken string
}

// Renew notes a fresh authentication by the same person, with what it changed
// (the provider's session, or the tier of a person who proved their phone), and
// moves the session to a new token. The caller has compared who signed in with
// the session's holder.
func (s *Sessions) Renew(ctx context.Context, id uuid.UUID, r Renewed) (token string, session Session, err error) {
	token, hash, err := s.newToken()
	if err != nil {
		return "", Session{}, err
	}
	session, err = s.scan(ctx, sessionRenew,
		id, hash, s.env.Now(), string(r.Tier), r.SID, r.IDToken)
	if err != nil {
		return "", Session{}, err
	}
	return token, session, nil
}

// SetOrganisation notes the organisation acted for. The caller has checked that
// the account belongs to it; decisions check again, from the object.
func (s *Sessions) SetOrganisation(ctx context.Context, id, organisation uuid.UUID) error {
	return s.change(ctx, sessionOrganisation, id, optional(organisation))
}

// SetData keeps a small value with the session, under a key of the caller's; an
// empty value removes it. Of what a session keeps, see [Session].Data.
func (s *Sessions) SetData(ctx context.Context, id uuid.UUID, key, value string) error {
	if key == "" || len(key) > longestDataKey || len(value) > longestDataValue {
		return fmt.Errorf("authz: session data %.40q of %d bytes", key, len(value))
	}
	if value == "" {
		return s.change(ctx, sessionDataRemove, id, key)
	}
	var there, room bool
	err := s.one(ctx, sessionDataSet, []any{id, key, value, longestData}, &there, &room)
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
