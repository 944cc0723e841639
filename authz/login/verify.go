package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// clockLeeway is how far an issuer's clock may be from ours.
const clockLeeway = time.Minute

// longestSubject is the limit of OpenID Connect Core §2, in characters.
const longestSubject = 255

// claims are those of an ID token beyond what the library gives.
type claims struct {
	AuthorizedParty string  `json:"azp"`
	ACR             string  `json:"acr"`
	AMR             words   `json:"amr"`
	AuthTime        seconds `json:"auth_time"`
	SID             string  `json:"sid"`
	NotBefore       seconds `json:"nbf"`
	person
}

// person are the claims about somebody, from the ID token or userinfo.
type person struct {
	Email         string `json:"email"`
	EmailVerified *truth `json:"email_verified"`
	Name          string `json:"name"`
	GivenName     string `json:"given_name"`
	FamilyName    string `json:"family_name"`
}

// verified is an ID token that passed every check that does not depend on what
// was asked for.
type verified struct {
	*oidc.IDToken
	claims
}

// verify checks an ID token as OpenID Connect Core §3.1.3.7 has it. The library
// checks twice: the signature alone first, so that the fault can be named from
// claims that are at least the issuer's own, then everything.
func (d *discovered) verify(ctx context.Context, raw string, now time.Time) (verified, error) {
	if err := checkAlgorithm(raw); err != nil {
		return verified{}, err
	}
	token, err := d.signed.Verify(ctx, raw)
	if err != nil {
		return verified{}, fail(Signature, err)
	}
	v := verified{IDToken: token}
	if err := token.Claims(&v.claims); err != nil {
		return verified{}, fail(Signature, fmt.Errorf("read the claims: %w", err))
	}
	if _, err := d.strict.Verify(ctx, raw); err != nil {
		return verified{}, fail(d.name(token, now), err)
	}
	return v, v.check(d.oauth.ClientID, now)
}

// name says which of the library's checks a correctly signed token failed.
func (d *discovered) name(token *oidc.IDToken, now time.Time) Fault {
	switch {
	case token.Issuer != d.url:
		return WrongIssuer
	case !slices.Contains(token.Audience, d.oauth.ClientID):
		return WrongAudience
	case token.Expiry.Before(now):
		return Expired
	}
	return Clock // nbf, the only other thing it looks at
}

// check holds what the library leaves to its caller.
func (v verified) check(clientID string, now time.Time) error {
	latest := now.Add(clockLeeway)
	switch {
	case v.AuthorizedParty != "" && v.AuthorizedParty != clientID:
		return fail(WrongAudience, errors.New("azp is another client"))
	case len(v.Audience) > 1 && v.AuthorizedParty == "":
		return fail(WrongAudience, errors.New("several audiences and no azp"))
	case v.Subject == "" || len([]rune(v.Subject)) > longestSubject:
		return fail(Subject, nil)
	case v.IssuedAt.After(latest), time.Time(v.AuthTime).After(latest), time.Time(v.NotBefore).After(latest):
		return fail(Clock, nil)
	}
	return nil
}

// checkAlgorithm refuses unsigned tokens and algorithms not named, before any
// key is looked at.
func checkAlgorithm(raw string) error {
	allowed := make([]jose.SignatureAlgorithm, len(signingAlgorithms))
	for i, name := range signingAlgorithms {
		allowed[i] = jose.SignatureAlgorithm(name)
	}
	_, err := jose.ParseSignedCompact(raw, allowed)
	var unexpected *jose.ErrUnexpectedSignatureAlgorithm
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unexpected):
		return fail(Algorithm, err)
	}
	return fail(Signature, err)
}

// seconds is a NumericDate (RFC 7519 §2), whole or fractional.
type seconds time.Time

// UnmarshalJSON reads seconds since 1970; null is no time.
func (s *seconds) UnmarshalJSON(raw []byte) error {
	var n *float64
	if err := json.Unmarshal(raw, &n); err != nil || n == nil {
		return err
	}
	*s = seconds(time.Unix(int64(*n), 0).UTC())
	return nil
}

// truth is a boolean that some issuers send as a word.
type truth bool

// UnmarshalJSON takes true and "true" for true, anything else for false.
func (t *truth) UnmarshalJSON(raw []byte) error {
	*t = string(raw) == "true" || string(raw) == `"true"`
	return nil
}

// words is a list that some issuers send as one string.
type words []string

// UnmarshalJSON reads a list of strings or a single one.
func (w *words) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(w))
}
