package authz

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// End ends the session of a token. One that is not there is already ended.
func (s *Sessions) End(ctx context.Context, token string) error {
	hash, ok := hashToken(token)
	if !ok {
		return nil
	}
	_, err := s.remove(ctx, endsOne, hash)
	return err
}

// EndAllOf ends every session of an account, and says how many there were.
func (s *Sessions) EndAllOf(ctx context.Context, account uuid.UUID) (int, error) {
	return s.remove(ctx, endsAccount, account)
}

// EndBySID ends, at the identity provider's word (Back-Channel Logout 1.0), the
// sessions that came from its session sid, and with them every other session of
// the same accounts (AU-07). issuer is the provider's configured id. It says
// how many it ended.
func (s *Sessions) EndBySID(ctx context.Context, issuer, sid string) (int, error) {
	if issuer == "" || sid == "" {
		return 0, errors.New("authz: ending by sid needs an issuer and a sid")
	}
	return s.remove(ctx, endsSID, issuer, sid)
}

// Whose are the accounts and the people with sessions from one session at a
// provider: whom an event about its end is about.
type Whose struct{ Accounts, People []uuid.UUID }

// OfSID says whose sessions came from the provider's session sid.
func (s *Sessions) OfSID(ctx context.Context, issuer, sid string) (Whose, error) {
	if issuer == "" || sid == "" {
		return Whose{}, errors.New("authz: finding by sid needs an issuer and a sid")
	}
	var accounts, people string
	err := s.one(ctx, sessionHolders, []any{issuer, sid}, &accounts, &people)
	if err != nil {
		return Whose{}, fmt.Errorf("find whose a provider's session is: %w", err)
	}
	var found Whose
	if found.Accounts, err = ids(accounts); err != nil {
		return Whose{}, err
	}
	found.People, err = ids(people)
	return found, err
}

func ids(joined string) ([]uuid.UUID, error) {
	if joined == "" {
		return nil, nil
	}
	var all []uuid.UUID
	for _, text := range strings.Split(joined, ",") {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read the id of a session's holder: %w", err)
		}
		all = append(all, id)
	}
	return all, nil
}

// EndPersonAt ends the sessions that a person opened with a provider. Those of
// their card are none of its business.
func (s *Sessions) EndPersonAt(ctx context.Context, issuer string, beneficiary uuid.UUID) (int, error) {
	if issuer == "" || beneficiary == uuid.Nil {
		return 0, errors.New("authz: ending a person's sessions at a provider needs both")
	}
	return s.remove(ctx, endsPersonAt, issuer, beneficiary)
}

// Sweep removes what no clock would let in any more, and says how many. A job
// runs it; correctness never waits for it.
func (s *Sessions) Sweep(ctx context.Context) (int, error) {
	now := s.env.Now()
	return s.remove(ctx, endsOver, now, now.Add(-s.deps.IdleLifetime), now.Add(-s.deps.PersonIdleLifetime))
}
