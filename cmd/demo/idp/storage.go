package idp

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	requestLifetime     = 10 * time.Minute
	codeLifetime        = time.Minute
	accessTokenLifetime = 5 * time.Minute
)

var (
	errUnknown     = errors.New("unknown or expired")
	errUnsupported = errors.New("this provider does not offer that")
)

// storage is what the protocol library asks for, kept in memory.
type storage struct {
	issuer string
	keys   *keyring
	people []Person
	now    func() time.Time
	// notify sends logout tokens for ended sessions.
	notify func(context.Context, []session)

	mu       sync.Mutex
	clients  map[string]Client
	requests map[string]*request
	codes    map[string]code
	tokens   map[string]accessToken
	sessions map[string]*session
}

type code struct {
	requestID string
	expires   time.Time
}

type accessToken struct {
	subject string
	scopes  []string
	expires time.Time
}

// The library finds its optional parts by type assertion; these keep a renamed
// method from being lost silently.
var (
	_ op.Storage                        = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanTerminateSessionFromRequest = (*storage)(nil)
)

func (s *storage) person(subject string) (Person, bool) {
	i := slices.IndexFunc(s.people, func(p Person) bool { return p.Subject == subject })
	if i < 0 {
		return Person{}, false
	}
	return s.people[i], true
}

func (s *storage) client(id string) (Client, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	return c, ok
}

func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for id, r := range s.requests {
		if !now.Before(r.expires) {
			delete(s.requests, id)
		}
	}
	r := &request{
		AuthRequest: *asked,
		id:          uuid.NewString(),
		audience:    s.clients[asked.ClientID].Audience,
		expires:     now.Add(requestLifetime),
	}
	s.requests[r.id] = r
	return *r, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	return s.request(id)
}

func (s *storage) request(id string) (request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || !s.now().Before(r.expires) {
		return request{}, errUnknown
	}
	return *r, nil
}

// change applies one step of the sign-in page to a request.
func (s *storage) change(id string, apply func(*request)) (request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || !s.now().Before(r.expires) || r.login != nil {
		return request{}, errUnknown
	}
	apply(r)
	return *r, nil
}

func (s *storage) SaveAuthCode(_ context.Context, id, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || r.login == nil || r.coded {
		return errUnknown
	}
	r.coded = true
	s.codes[value] = code{requestID: id, expires: s.now().Add(codeLifetime)}
	return nil
}

// AuthRequestByCode uses the code up: a second attempt, even after a failed
// first one, finds nothing (RFC 6749 §4.1.2).
func (s *storage) AuthRequestByCode(_ context.Context, value string) (op.AuthRequest, error) {
	s.mu.Lock()
	held, ok := s.codes[value]
	delete(s.codes, value)
	s.mu.Unlock()
	if !ok || !s.now().Before(held.expires) {
		return nil, errUnknown
	}
	return s.request(held.requestID)
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *storage) CreateAccessToken(_ context.Context, asked op.TokenRequest) (string, time.Time, error) {
	r, ok := asked.(request)
	if !ok {
		return "", time.Time{}, errUnsupported
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if held, live := s.sessions[r.login.sid]; live && !slices.Contains(held.clients, r.ClientID) {
		held.clients = append(held.clients, r.ClientID)
	}
	now := s.now()
	for id, t := range s.tokens {
		if !now.Before(t.expires) {
			delete(s.tokens, id)
		}
	}
	id := uuid.NewString()
	s.tokens[id] = accessToken{subject: r.GetSubject(), scopes: r.Scopes, expires: now.Add(accessTokenLifetime)}
	return id, now.Add(accessTokenLifetime), nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.client(id)
	if !ok {
		return nil, errUnknown
	}
	return relyingParty{c}, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.client(id)
	if !ok || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return errUnknown
	}
	return nil
}

// SetUserinfoFromRequest fills the ID token: sub and sid (Back-Channel Logout
// 1.0 §2.1); e-mail and name are for userinfo.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, asked op.IDTokenRequest, _ []string) error {
	r, ok := asked.(request)
	if !ok || r.login == nil {
		return errUnsupported
	}
	info.Subject = r.GetSubject()
	info.AppendClaims("sid", r.login.sid)
	return nil
}

func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, subject, _ string) error {
	s.mu.Lock()
	token, ok := s.tokens[tokenID]
	s.mu.Unlock()
	p, known := s.person(subject)
	if !ok || !known || token.subject != subject || !s.now().Before(token.expires) {
		return errUnknown
	}
	info.Subject = subject
	if slices.Contains(token.scopes, oidc.ScopeProfile) {
		info.Name = p.Name
	}
	if slices.Contains(token.scopes, oidc.ScopeEmail) && p.Email != "" {
		info.Email, info.EmailVerified = p.Email, oidc.Bool(p.EmailVerified)
	}
	return nil
}

// TerminateSessionFromRequest ends the session named by the ID token hint. With
// no hint nothing ends here: the page reached asks first (RP-Initiated Logout
// 1.0 §2).
func (s *storage) TerminateSessionFromRequest(ctx context.Context, asked *op.EndSessionRequest) (string, error) {
	if hint := asked.IDTokenHintClaims; hint != nil {
		s.notify(ctx, s.end(func(held session) bool {
			return held.sid == hint.SessionID && held.subject == asked.UserID
		}))
	}
	return asked.RedirectURI, nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.keys.current(), nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256, jose.RS256}, nil
}

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return s.keys.public(), nil }

func (s *storage) Health(context.Context) error { return nil }
