package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// Identity is who signed in, and what the attempt was for.
type Identity struct {
	IssuerID string
	// Issuer and Subject are who this is. Nothing else is.
	Issuer, Subject string
	Email           string
	// EmailVerified is false when the issuer does not say.
	EmailVerified bool
	Name          string
	// ACR and AMR are how, AuthTime when, they proved it; zero when not said.
	ACR      string
	AMR      []string
	AuthTime time.Time
	// Strong says that ACR is what the configuration calls strong (ACRStepUp);
	// where it names nothing, every sign-in is.
	Strong bool
	// SID is the session at the issuer, for back-channel logout.
	SID string
	// IDToken is kept for the sign-out's id_token_hint, and for nothing else.
	IDToken  string
	StepUp   bool
	Next     string
	Stash    []byte
	Session  uuid.UUID
	Audience Audience
}

// Finish takes the browser's callback and says who signed in. browser is the
// secret of the browser-binding cookie.
//
// Every fault is one and the same problem, login_failed; [Cause] names it for
// the event. Once state and browser fit, the Identity carries Next, Stash,
// Session, StepUp, IssuerID and Audience even with an error, also when somebody
// stayed away too long, so that nothing typed is lost; Subject is then empty.
func (s *Service) Finish(ctx context.Context, query url.Values, browser []byte) (Identity, error) {
	a, err := s.recognise(ctx, query, browser)
	if a.IssuerID == "" {
		return Identity{}, refuse(err)
	}
	id := Identity{IssuerID: a.IssuerID, StepUp: a.StepUp, Next: a.Next, Stash: a.Stash, Session: a.SessionID}
	at, ok := s.issuer(a.IssuerID)
	if !ok {
		return id, refuse(errors.Join(err, fail(WrongIssuer, errors.New("no longer configured"))))
	}
	id.Audience = at.Audience
	if err != nil {
		return id, refuse(err)
	}
	signedIn, err := at.exchange(ctx, a, query)
	if err != nil {
		return id, refuse(err)
	}
	signedIn.IssuerID, signedIn.StepUp, signedIn.Next, signedIn.Stash = id.IssuerID, id.StepUp, id.Next, id.Stash
	signedIn.Session, signedIn.Audience = id.Session, id.Audience
	return signedIn, nil
}

// recognise finds the attempt and uses it up, also one that is too old. An
// attempt of another browser is left alone: its owner may still come back. The
// attempt it gives with an error is this browser's own, empty otherwise; what
// was kept in it is given out once.
func (s *Service) recognise(ctx context.Context, query url.Values, browser []byte) (attempt, error) {
	state := query.Get("state")
	if state == "" || len(query["state"]) > 1 {
		return attempt{}, fail(StateUnknown, nil)
	}
	a, err := s.find(ctx, state)
	if err != nil {
		return attempt{}, err
	}
	switch {
	case subtle.ConstantTimeCompare(a.BrowserHash, hash(string(browser))) != 1:
		return attempt{}, fail(BrowserMismatch, nil)
	case a.UsedAt != nil:
		return a, fail(StateReplayed, nil)
	}
	if err := s.use(ctx, a); err != nil {
		a.Stash = nil
		return a, err
	}
	if !s.now().Before(a.ExpiresAt) {
		return a, fail(Expired, errors.New("the attempt is too old"))
	}
	return a, nil
}

// exchange turns the answer into an identity.
func (i *issuer) exchange(ctx context.Context, a attempt, query url.Values) (Identity, error) {
	found, err := i.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	code, err := i.code(query, found)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, i.service.client)
	tokens, err := found.oauth.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Identity{}, exchangeFault(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, fail(TokenExchange, errors.New("no ID token"))
	}
	token, err := found.verify(ctx, raw, i.service.now())
	if err != nil {
		return Identity{}, err
	}
	if err := i.answers(token, a, tokens.AccessToken); err != nil {
		return Identity{}, err
	}
	who, err := found.about(ctx, token, tokens)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		Issuer: token.Issuer, Subject: token.Subject,
		Email: strings.TrimSpace(who.Email), EmailVerified: who.EmailVerified != nil && bool(*who.EmailVerified),
		Name: who.fullName(), ACR: token.ACR, AMR: token.AMR, AuthTime: time.Time(token.AuthTime),
		Strong: i.strong(token.ACR), SID: token.SID, IDToken: raw,
	}, nil
}

// code reads the answer in the callback. iss is looked at before anything is
// believed, errors included (RFC 9207 §2.4).
func (i *issuer) code(query url.Values, found *discovered) (string, error) {
	iss, named := query.Get("iss"), query.Has("iss")
	if (named && iss != i.URL) || (!named && found.namesItself) {
		return "", fail(WrongIssuer, errors.New("iss of the answer"))
	}
	if reason := query.Get("error"); reason != "" {
		return "", fail(ProviderError, errors.New(plainWord(reason)))
	}
	code := query.Get("code")
	if code == "" {
		return "", fail(ProviderError, errors.New("neither code nor error"))
	}
	return code, nil
}

// answers checks that the token is for this attempt and grants what it asked.
func (i *issuer) answers(token verified, a attempt, accessToken string) error {
	if a.Nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1 {
		return fail(WrongNonce, nil)
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return fail(AccessTokenHash, err)
		}
	}
	if a.StepUp && time.Time(token.AuthTime).Before(a.CreatedAt.Add(-clockLeeway)) {
		return fail(MaxAgeNotMet, nil)
	}
	if demanded := i.demanded(a.StepUp); len(demanded) > 0 && !slices.Contains(demanded, token.ACR) {
		return fail(ACRNotMet, nil)
	}
	return nil
}

// about gives e-mail and name, from userinfo where the ID token has not both:
// strict providers put them only there (Core §5.4). Address and its
// verification always come from the same source.
func (d *discovered) about(ctx context.Context, token verified, tokens *oauth2.Token) (person, error) {
	who := token.person
	whole := who.Email != "" && who.EmailVerified != nil && who.fullName() != ""
	if whole || d.provider.UserInfoEndpoint() == "" || tokens.AccessToken == "" {
		return who, nil
	}
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		// The library's error quotes the answer's body, which may be personal.
		return person{}, fail(ProviderUnavailable, errors.New("userinfo refused or unreachable"))
	}
	if info.Subject != token.Subject {
		return person{}, fail(Subject, errors.New("userinfo is about somebody else"))
	}
	var more person
	if err := info.Claims(&more); err != nil {
		return person{}, fail(ProviderError, errors.New("userinfo cannot be read"))
	}
	if more.Email != "" {
		who.Email, who.EmailVerified = more.Email, more.EmailVerified
	}
	if who.fullName() == "" {
		who.Name, who.GivenName, who.FamilyName = more.Name, more.GivenName, more.FamilyName
	}
	return who, nil
}

func (p person) fullName() string {
	if name := strings.TrimSpace(p.Name); name != "" {
		return name
	}
	return strings.TrimSpace(p.GivenName + " " + p.FamilyName)
}

// exchangeFault keeps the error code of OAuth and drops the answer's body.
func exchangeFault(err error) error {
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) {
		status := 0
		if answered.Response != nil {
			status = answered.Response.StatusCode
		}
		return fail(TokenExchange, fmt.Errorf("status %d %s", status, plainWord(answered.ErrorCode)))
	}
	var unreachable *url.Error
	if errors.As(err, &unreachable) {
		return fail(ProviderUnavailable, unreachable.Err)
	}
	return fail(TokenExchange, errors.New("the answer is not a token answer"))
}

// plainWord keeps a foreign word fit for a log.
func plainWord(word string) string {
	kept := strings.Map(func(r rune) rune {
		if r == '_' || (r >= 'a' && r <= 'z') {
			return r
		}
		return -1
	}, word)
	return kept[:min(len(kept), 40)]
}
