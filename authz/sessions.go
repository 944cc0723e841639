package authz

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

const (
	// tokenBytes of randomness in a session's token.
	tokenBytes = 32
	// touchEvery bounds how often a session's last sight is written, and so how
	// exact the idle lifetimes are.
	touchEvery = time.Minute
)

// The lifetimes when SessionsDeps leaves them out. Staff work at a desk through
// a morning and have step-up for what is sensitive; a person often reads on
// somebody else's device, so their session ends soon after the last page.
const (
	DefaultAbsoluteLifetime   = 12 * time.Hour
	DefaultIdleLifetime       = 2 * time.Hour
	DefaultPersonIdleLifetime = 30 * time.Minute
)

// ErrNoSession says that nobody is signed in: no such token, or the session
// ended, by whatever hand or clock. They are not told apart.
var ErrNoSession = problem.New(problem.KindUnauthenticated, "unauthenticated")

// Session is one browser signed in.
type Session struct {
	ID uuid.UUID
	// Account is set for staff, Beneficiary for a person; neither before sign-in.
	Account, Beneficiary uuid.UUID
	Tier                 Tier // person only
	// Organisation is the one acted for; zero until chosen.
	Organisation uuid.UUID
	// Issuer is the id of the configured identity provider; SID its session
	// (OpenID Connect Front-Channel Logout 1.0 §3), IDToken the hint for its
	// sign-out.
	Issuer, SID, IDToken string
	// Data is small page state: choices, the key of an identity at a provider
	// (a hash), a supervisor's purposes and last searches. What they typed may name
	// somebody; it lasts no longer than the session.
	Data map[string]string

	CreatedAt, SeenAt, ExpiresAt time.Time
	// StrongAt is the last fresh authentication; zero for a person who showed
	// a card only.
	StrongAt time.Time
	// Standing names, at the instant the session was read, the last change of
	// anything that the account's authority is made of (migration 0016); zero when
	// it was not read.
	Standing int64
	// Row names, at that instant, the last change of the session itself (its row's
	// xmin); zero when it was not read.
	Row uint32
}

// SessionsDeps are what Sessions need. A lifetime left at zero is the default.
type SessionsDeps struct {
	Store *store.Store
	// AbsoluteLifetime ends a session however busy it is.
	AbsoluteLifetime time.Duration
	// IdleLifetime ends the session of staff after the last request;
	// PersonIdleLifetime that of everybody else.
	IdleLifetime, PersonIdleLifetime time.Duration
}

// Sessions keeps web sessions in the table web_sessions. Safe for concurrent use.
type Sessions struct {
	deps SessionsDeps
	env  store.Env
	// one runs a single statement that gives one row.
	one func(ctx context.Context, query string, args []any, dest ...any) error
	// read reads the sessions of requests that arrive together; nil in a command's
	// transaction, which reads for itself.
	read *store.Group[tokenHash, *Session]
	// known are the sessions of staff as they were last read (sessions_recall.go).
	known *store.Known[tokenHash, Session]
}

// NewSessions makes the keeper of sessions; time, ids and randomness are the
// store's.
func NewSessions(deps SessionsDeps) *Sessions {
	for _, l := range []struct {
		given *time.Duration
		usual time.Duration
	}{
		{&deps.AbsoluteLifetime, DefaultAbsoluteLifetime},
		{&deps.IdleLifetime, DefaultIdleLifetime},
		{&deps.PersonIdleLifetime, DefaultPersonIdleLifetime},
	} {
		if *l.given <= 0 {
			*l.given = l.usual
		}
	}
	s := &Sessions{deps: deps, env: deps.Store.Env(), one: deps.Store.OneStatement, known: store.NewKnown[tokenHash, Session](mostKnown)}
	s.read = store.NewGroup(readTogether, readsAtOnce, s.readAll)
	return s
}

// In is the same keeper, working in a command's transaction: a sign-in or a
// provider's logout and its event are then kept together or not at all.
func (s *Sessions) In(tx *store.Tx) *Sessions {
	in := *s
	in.read = nil
	in.one = func(ctx context.Context, query string, args []any, dest ...any) error {
		err := tx.SQL().QueryRowContext(ctx, query, args...).Scan(dest...)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNoRow
		}
		return err
	}
	return &in
}

// NewSession says who signed in, and how.
type NewSession struct {
	Account              uuid.UUID
	Issuer, SID, IDToken string
	Beneficiary          uuid.UUID
	Tier                 Tier
	Organisation         uuid.UUID
	// StrongAt is when the provider says somebody last proved who they are
	// (auth_time), strongly enough (acr): a provider that lets them through
	// silently or weakly gives no fresh sign-in. Zero: now, when the caller
	// knows that it was.
	StrongAt time.Time
	// EndsAt ends the session no later than the one it carries on; zero for a
	// session that carries on none.
	EndsAt time.Time
}

// Start begins a session under a new token, at every sign-in (AU-07): whoever
// planted or read an earlier token holds nothing. The caller ends the session
// that the browser came with.
func (s *Sessions) Start(ctx context.Context, n NewSession) (token string, session Session, err error) {
	if n.Account != uuid.Nil && n.Beneficiary != uuid.Nil {
		return "", Session{}, errors.New("authz: a session is of staff or of a person, not of both")
	}
	token, hash, err := s.newToken()
	if err != nil {
		return "", Session{}, err
	}
	now := s.env.Now()
	session = Session{
		ID: s.env.NewID(), Account: n.Account, Beneficiary: n.Beneficiary, Tier: n.Tier,
		Organisation: n.Organisation, Issuer: n.Issuer, SID: n.SID, IDToken: n.IDToken,
		Data: map[string]string{}, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.deps.AbsoluteLifetime),
	}
	if !n.EndsAt.IsZero() && n.EndsAt.Before(session.ExpiresAt) {
		session.ExpiresAt = n.EndsAt
	}
	switch {
	case !n.StrongAt.IsZero() && n.StrongAt.Before(now):
		session.StrongAt = n.StrongAt
	case n.Account != uuid.Nil || n.Tier == TierPhone:
		session.StrongAt = now
	}
	var id uuid.UUID
	err = s.one(ctx, sessionInsert,
		[]any{
			hash, session.ID, optional(n.Account), optional(n.Beneficiary), string(n.Tier), optional(n.Organisation),
			n.Issuer, n.SID, n.IDToken, now, now, optionalTime(session.StrongAt), session.ExpiresAt,
		}, &id)
	if err != nil {
		return "", Session{}, fmt.Errorf("start a session: %w", err)
	}
	return token, session, nil
}

// Load finds the live session of a token, or ErrNoSession. That it was seen is
// written at most once a minute.
func (s *Sessions) Load(ctx context.Context, token string) (Session, error) {
	hash, ok := hashToken(token)
	if !ok {
		return Session{}, ErrNoSession
	}
	session, err := s.find(ctx, hash)
	if err != nil {
		return Session{}, err
	}
	now := s.env.Now()
	if !s.live(session, now) {
		return Session{}, ErrNoSession
	}
	if now.Sub(session.SeenAt) < touchEvery {
		return session, nil
	}
	var id uuid.UUID
	err = s.one(ctx, sessionTouch, []any{hash, now}, &id)
	if errors.Is(err, store.ErrNoRow) {
		return Session{}, ErrNoSession // ended since it was read
	}
	if err != nil {
		return Session{}, fmt.Errorf("touch the session: %w", err)
	}
	session.SeenAt = now
	return session, nil
}

// live says whether neither lifetime is over. Both ends are exclusive.
func (s *Sessions) live(session Session, now time.Time) bool {
	idle := s.deps.PersonIdleLifetime
	if session.Account != uuid.Nil {
		idle = s.deps.IdleLifetime
	}
	return now.Before(session.ExpiresAt) && now.Before(session.SeenAt.Add(idle))
}

// newToken is 256 random bits in base64url, and the hash that is kept of it.
func (s *Sessions) newToken() (token string, hash []byte, err error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.env.Random, raw); err != nil {
		return "", nil, fmt.Errorf("make a session token: %w", err)
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(raw), sum[:], nil
}

// hashToken is what the table keeps. The token is random throughout, so a plain
// hash neither can be guessed from nor tells anything by the time of a look-up.
func hashToken(token string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenBytes {
		return nil, false
	}
	sum := sha256.Sum256(raw)
	return sum[:], true
}
