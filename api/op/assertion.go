package op

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/organisations/clients"
)

// assertionType names a JWT that proves which client asks (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// clockLeeway is how far a client's clock may be from ours.
	clockLeeway = time.Minute
	// longestAssertion bounds how long a used assertion is remembered.
	longestAssertion = 10 * time.Minute
	longestJTI       = 256
)

// assertionAlgorithms are those of client assertions. Never none, never HMAC:
// a public key must not be taken for a shared secret.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.RS256, jose.EdDSA}

// assertion are the claims of a client assertion (RFC 7523 §3).
type assertion struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	ID        string   `json:"jti"`
	Expiry    *float64 `json:"exp"`
	IssuedAt  *float64 `json:"iat"`
	NotBefore *float64 `json:"nbf"`
}

type audience = clients.Audience

// claimedClient is whom an unverified assertion says it is from: only to find
// the keys to check it with.
func claimedClient(raw string) (string, error) {
	jws, err := jose.ParseSignedCompact(raw, assertionAlgorithms)
	if err != nil {
		return "", err
	}
	var a assertion
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &a); err != nil {
		return "", err
	}
	return a.Issuer, nil
}

// verifyAssertion checks a client assertion whole, but whether it came before.
func (p *Provider) verifyAssertion(client clients.Client, raw string) (assertion, error) {
	var a assertion
	jws, err := jose.ParseSignedCompact(raw, assertionAlgorithms)
	if err != nil {
		return a, err
	}
	header := jws.Signatures[0].Protected
	if typ, named := header.ExtraHeaders[jose.HeaderType]; named && !slices.Contains([]any{"JWT", "jwt", "client-authentication+jwt"}, typ) {
		return a, errors.New("typ is another kind of token's")
	}
	key, err := clientKey(client, header)
	if err != nil {
		return a, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		return a, err
	}
	return a, p.checkAssertion(a, client, p.Store.Now())
}

// clientKey is the registered key that a header names; a header that names none
// needs a client with only one key. Symmetric and private keys never verify.
func clientKey(client clients.Client, header jose.Header) (any, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(client.Keys, &set); err != nil {
		return nil, fmt.Errorf("the client's keys: %w", err)
	}
	candidates := set.Keys
	if header.KeyID != "" {
		candidates = set.Key(header.KeyID)
	}
	if len(candidates) != 1 {
		return nil, errors.New("no key, or several, for this kid")
	}
	key := candidates[0]
	if key.Algorithm != "" && key.Algorithm != header.Algorithm || key.Use != "" && key.Use != "sig" {
		return nil, errors.New("the key is for something else")
	}
	switch key.Key.(type) {
	case *ecdsa.PublicKey, *rsa.PublicKey, ed25519.PublicKey:
		return key.Key, nil
	}
	return nil, errors.New("not a public key")
}

// checkAssertion holds the claims to RFC 7523 §3: about this client, for us
// alone, now, and once.
func (p *Provider) checkAssertion(a assertion, client clients.Client, now time.Time) error {
	switch {
	case a.Issuer != client.ClientID || a.Subject != client.ClientID:
		return errors.New("iss and sub must be the client")
	case len(a.Audience) != 1 || !slices.Contains([]string{p.Issuer, p.Issuer + tokenPath, p.Issuer + parPath}, a.Audience[0]):
		return errors.New("aud must be this provider alone")
	case a.Expiry == nil || !now.Before(seconds(*a.Expiry).Add(clockLeeway)):
		return errors.New("expired, or without end")
	case seconds(*a.Expiry).After(now.Add(longestAssertion)):
		return errors.New("lasts too long")
	case a.IssuedAt != nil && seconds(*a.IssuedAt).After(now.Add(clockLeeway)):
		return errors.New("issued in the future")
	case a.NotBefore != nil && seconds(*a.NotBefore).After(now.Add(clockLeeway)):
		return errors.New("not valid yet")
	case a.ID == "" || len(a.ID) > longestJTI:
		return errors.New("jti is missing or too long")
	}
	return nil
}

// seconds reads a NumericDate (RFC 7519 §2), bounded so that it cannot overflow.
func seconds(n float64) time.Time {
	const ages = 1 << 40
	return time.Unix(int64(max(-ages, min(ages, n))), 0).UTC()
}
