package idp

import (
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// request is one authorization request on its way from /authorize to a code.
// Only the storage changes it, under its lock; others hold copies.
type request struct {
	oidc.AuthRequest
	id       string
	audience string
	expires  time.Time
	// chosen is the person who pressed their name and still has to confirm.
	chosen string
	// login is set once, when the person has signed in.
	login *session
	// coded is true once a code was made: a request yields one code.
	coded bool
}

var _ op.AuthRequest = request{}

func (r request) GetID() string                      { return r.id }
func (r request) GetAudience() []string              { return []string{r.ClientID} }
func (r request) GetClientID() string                { return r.ClientID }
func (r request) GetNonce() string                   { return r.Nonce }
func (r request) GetRedirectURI() string             { return r.RedirectURI }
func (r request) GetResponseType() oidc.ResponseType { return r.ResponseType }
func (r request) GetResponseMode() oidc.ResponseMode { return r.ResponseMode }
func (r request) GetScopes() []string                { return r.Scopes }
func (r request) GetState() string                   { return r.State }
func (r request) Done() bool                         { return r.login != nil }

func (r request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.CodeChallenge, Method: r.CodeChallengeMethod}
}

func (r request) GetSubject() string {
	if r.login == nil {
		return ""
	}
	return r.login.subject
}

func (r request) GetAuthTime() time.Time {
	if r.login == nil {
		return time.Time{}
	}
	return r.login.authTime
}

func (r request) GetACR() string {
	if r.login == nil {
		return ""
	}
	return r.login.acr
}

// GetAMR uses the values of RFC 8176.
func (r request) GetAMR() []string {
	switch r.GetACR() {
	case ACRTwoFactors:
		return []string{"user", "sms", "mfa"}
	case ACROneFactor:
		return []string{"user"}
	}
	return nil
}

// wantsTwoFactors: the second factor is asked for and one is not good enough.
func (r request) wantsTwoFactors() bool {
	return slices.Contains(r.ACRValues, ACRTwoFactors) && !slices.Contains(r.ACRValues, ACROneFactor)
}

// satisfiedBy reports whether a session is fresh and strong enough to answer
// without asking anybody (OpenID Connect Core §3.1.2.1: prompt, max_age).
func (r request) satisfiedBy(s session, now time.Time) bool {
	if slices.Contains(r.Prompt, oidc.PromptLogin) || slices.Contains(r.Prompt, oidc.PromptSelectAccount) {
		return false
	}
	if r.MaxAge != nil && !now.Before(s.authTime.Add(time.Duration(*r.MaxAge)*time.Second)) {
		return false
	}
	return !r.wantsTwoFactors() || s.acr == ACRTwoFactors
}
