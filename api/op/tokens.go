package op

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// The kinds of tokens, in the header typ, so that none is taken for another.
const (
	typAccess = "at+jwt" // RFC 9068 §2.1
	typPlain  = "JWT"    // ID tokens and signed userinfo: Core names none
)

// idTokenLifetime is short: a service makes its own session at once.
const idTokenLifetime = 5 * time.Minute

// accessClaims are RFC 9068 §2.2, with act of RFC 8693 and authorization_details
// of RFC 9396, as they are written; clients.AccessToken is what is read of them.
type accessClaims struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience audience        `json:"aud"`
	ClientID string          `json:"client_id"`
	ID       string          `json:"jti"`
	IssuedAt int64           `json:"iat"`
	Expiry   int64           `json:"exp"`
	Scope    string          `json:"scope,omitempty"`
	Actor    *acting.Party   `json:"act,omitempty"`
	Details  []acting.Detail `json:"authorization_details,omitempty"`
	Session  string          `json:"sid,omitempty"`
	ACR      string          `json:"acr,omitempty"`
	AuthTime int64           `json:"auth_time,omitempty"`
}

// accessToken writes what a hop gave. Who may use it is looked up at each use:
// the jti is the secret's name, the claims are for the service to read.
func (p *Provider) accessToken(d acting.Delegation, t acting.Tokens, c acting.Claims) (string, error) {
	to := audience{t.Audience}
	if t.Audience == d.Client.ClientID {
		to = audience{p.Issuer, t.Audience} // userinfo, checks and steps are ours
	}
	return p.Keys.signAccess(accessClaims{
		Issuer: p.Issuer, Subject: c.Subject, Audience: to, ClientID: d.Client.ClientID, ID: t.AccessID,
		IssuedAt: p.Store.Now().Unix(), Expiry: t.ExpiresAt.Unix(), Scope: strings.Join(t.Scopes, " "),
		Actor: &c.Actor, Details: c.Details, Session: c.SID, ACR: p.acr(d), AuthTime: d.AuthTime.Unix(),
	})
}

// readAccess checks an access token of ours as it stands. Whether it still opens
// anything is acting's to say.
func (p *Provider) readAccess(raw string) (clients.AccessToken, error) {
	return p.Keys.Access(raw, p.Issuer)
}

// bound is what an ID token is tied to.
type bound struct {
	nonce, access string
	repScope      []string // with FranceConnect; nil: not read yet
}

// idToken writes OpenID Connect Core §2, with the algorithm the client asked
// for at registration.
func (p *Provider) idToken(ctx context.Context, d acting.Delegation, c acting.Claims, b bound) (string, error) {
	now := p.Store.Now()
	out := map[string]any{
		"iss": p.Issuer, "sub": c.Subject, "aud": d.Client.ClientID, "iat": now.Unix(), "exp": now.Add(idTokenLifetime).Unix(),
		"auth_time": d.AuthTime.Unix(), "acr": p.acr(d), "sid": c.SID, "act": c.Actor, "at_hash": halfHash(b.access),
	}
	if b.nonce != "" {
		out["nonce"] = b.nonce
	}
	if d.Client.Profile == clients.FranceConnect {
		if b.repScope == nil {
			var err error
			if b.repScope, err = p.Acting.RepScope(ctx, d); err != nil {
				return "", err
			}
		}
		out["rep_scope"] = b.repScope
	} else {
		out["authorization_details"] = c.Details
	}
	secret, err := p.secretFor(d.Client)
	if err != nil {
		return "", err
	}
	return p.Keys.sign(d.Client.IDTokenAlg, typPlain, out, secret)
}

// secretFor is the shared secret, only for a client registered for HS256.
func (p *Provider) secretFor(client clients.Client) ([]byte, error) {
	if client.IDTokenAlg != string(jose.HS256) {
		return nil, nil
	}
	return p.Clients.SecretOf(client)
}

// halfHash is at_hash (OpenID Connect Core §3.1.3.6); all our algorithms use
// SHA-256.
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// acr is how strongly the mediator proved who they are, in the client's words.
func (p *Provider) acr(d acting.Delegation) string {
	if d.Client.Profile == clients.FranceConnect {
		return acrEidas1
	}
	return d.ACR
}

// left is how many whole seconds are left, for expires_in.
func (p *Provider) left(until time.Time) int64 {
	return max(0, int64(until.Sub(p.Store.Now())/time.Second))
}

// supportedScopes are all there are.
func supportedScopes() []string { return slices.Concat(clients.ScopeNames(), clients.PartScopeNames()) }

// supportedClaims are the names that ID tokens and userinfo may hold.
func supportedClaims() []string {
	return slices.Concat([]string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid", "at_hash", "act", "authorization_details", "rep_scope"},
		clients.ClaimNames())
}
