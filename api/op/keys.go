package op

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations/clients"
)

// Keys sign what the provider says, by ES256, or by RS256 for the clients that ask
// for it. They may be used by several goroutines at once, and by several processes
// on the same files.
//
//	made ──settleAfter──▶ signs ──until the next one signs──▶ signed   (all published)
type Keys struct {
	path   string // of the ES256 keyring's file; the RSA keys lie beside it
	random io.Reader
	now    func() time.Time

	mu   sync.Mutex
	held held
	// known are access tokens whose signature is known to be ours, by the SHA-256 of
	// their bytes.
	known *store.Known[[sha256.Size]byte, clients.AccessToken]
}

// mostKnownTokens bounds what is remembered: less than 1 kB for each token.
const mostKnownTokens = 10_000

// held is what the files held when they were last read.
type held struct {
	ring    *document.Keyring
	es, rsa []datedKey // newest first, those of the ring too; signing says which signs
	// as they were then; nil: not there
	ringFile, rsaFile os.FileInfo
}

// sign gives a compact JWS with a named algorithm and kind of token. secret is
// for HS256 alone: the client's own.
func (k *Keys) sign(algorithm, typ string, claims any, secret []byte) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	switch algorithm {
	case string(jose.ES256):
		jws, _, err := k.SignAs(typ, payload)
		return jws, err
	case string(jose.RS256):
		key, err := k.rsaKey()
		if err != nil {
			return "", err
		}
		return compact(jose.SigningKey{Algorithm: jose.RS256, Key: key}, typ, payload)
	case string(jose.HS256):
		if len(secret) < 32 {
			return "", errors.New("a shared secret of 32 bytes is needed for HS256")
		}
		return compact(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, typ, payload)
	}
	return "", fmt.Errorf("algorithm %q is not ours", algorithm)
}

func compact(key jose.SigningKey, typ string, payload []byte) (string, error) {
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	object, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return object.CompactSerialize()
}

// SignAs signs with the ES256 key of now, for those who sign in the provider's
// name, under a kind of their own that is not mandates' (document.Keyring.SignAs).
func (k *Keys) SignAs(typ string, payload []byte) (jws, kid string, err error) {
	if typ == "" || typ == document.JWSType {
		return "", "", errors.New("this typ is the mandates' own")
	}
	h, err := k.current()
	if err != nil {
		return "", "", err
	}
	key := signing(h.es, k.now()).JWK
	jws, err = compact(jose.SigningKey{Algorithm: jose.ES256, Key: key}, typ, payload)
	return jws, key.KeyID, err
}

// signing is the key that signs now: the newest that everybody can have; of a new
// house, where nobody can have any, the oldest. There is at least one.
func signing(all []datedKey, now time.Time) datedKey {
	for _, key := range all {
		if !now.Before(key.CreatedAt.Add(settleAfter)) {
			return key
		}
	}
	return all[len(all)-1]
}

// rsaKey is the RSA key that signs now, made here where RotateDue has not yet.
func (k *Keys) rsaKey() (jose.JSONWebKey, error) {
	h, err := k.current()
	if err == nil && len(h.rsa) == 0 {
		if err = k.makeRSA(func(all []datedKey) bool { return len(all) == 0 }); err == nil {
			h, err = k.current()
		}
	}
	switch {
	case err != nil:
		return jose.JSONWebKey{}, err
	case len(h.rsa) == 0:
		return jose.JSONWebKey{}, errors.New("the file of RSA keys is gone")
	}
	return signing(h.rsa, k.now()).JWK, nil
}

func (h held) public() jose.JSONWebKeySet {
	set := h.ring.PublicJWKS()
	for _, key := range h.rsa {
		set.Keys = append(set.Keys, key.JWK.Public())
	}
	return set
}

// PublicJWKS is every public key by which something of ours may verify. While
// the files cannot be read it is what they held last: a signature of then is
// still ours.
func (k *Keys) PublicJWKS() jose.JSONWebKeySet {
	h, err := k.current()
	if err != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		h = k.held
	}
	return h.public()
}

// Public is the set as published (RFC 7517).
func (k *Keys) Public() ([]byte, error) {
	h, err := k.current()
	if err != nil {
		return nil, err
	}
	return json.Marshal(h.public())
}

// Access reads an access token of ours (RFC 9068): its signature and its kind, its
// issuer and its end. A token that we signed and that does not hold any more is
// refused with clients.ErrTokenOver. What this process signed or checked before, by
// its very bytes, is not checked and read again, but for its end: what a signature
// says of bytes does not change.
func (k *Keys) Access(raw, issuer string) (clients.AccessToken, error) {
	hash := sha256.Sum256([]byte(raw))
	token, known := k.known.Of(hash)
	if !known {
		payload, err := k.verify(raw, typAccess, jose.ES256)
		if err != nil {
			return clients.AccessToken{}, err
		}
		if err := json.Unmarshal(payload, &token); err != nil {
			return clients.AccessToken{}, fmt.Errorf("%w: %w", clients.ErrTokenOver, err)
		}
		k.known.Keep(hash, token)
	}
	return token, token.Check(issuer, k.now())
}

// signAccess signs the claims of an access token.
func (k *Keys) signAccess(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	var token clients.AccessToken
	if err := json.Unmarshal(payload, &token); err != nil {
		return "", fmt.Errorf("read claims: %w", err)
	}
	raw, _, err := k.SignAs(typAccess, payload)
	if err == nil {
		k.known.Keep(sha256.Sum256([]byte(raw)), token)
	}
	return raw, err
}

// verify checks a compact JWS of ours of one kind and one algorithm, and gives
// its payload.
func (k *Keys) verify(raw, typ string, algorithm jose.SignatureAlgorithm) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return nil, err
	}
	header := jws.Signatures[0].Protected
	if kind, _ := header.ExtraHeaders[jose.HeaderType].(string); kind != typ {
		return nil, errors.New("another kind of token")
	}
	set := k.PublicJWKS()
	keys := set.Key(header.KeyID)
	if header.KeyID == "" || len(keys) != 1 {
		return nil, errors.New("not a key of ours")
	}
	return jws.Verify(keys[0].Key)
}
