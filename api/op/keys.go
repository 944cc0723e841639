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
)

// Keys sign what the provider says: ES256 always, RS256 only once a client asks
// for it. They may be used by several goroutines at once, and by several
// processes on the same files.
//
//	active ──Rotate──▶ previous ──Rotate──▶ retired   (all published)
type Keys struct {
	path   string // of the ES256 keyring's file; the RSA keys lie beside it
	random io.Reader
	now    func() time.Time

	mu   sync.Mutex
	held held
	// known are the payloads of access tokens whose signature is known to be ours,
	// by their SHA-256.
	known *store.Known[[sha256.Size]byte, []byte]
}

// mostKnownTokens bounds what is remembered: about 1 kB for each token.
const mostKnownTokens = 10_000

// held is what the files held when they were last read.
type held struct {
	ring *document.Keyring
	rsa  []rsaKey // newest first; the first signs
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

// SignAs signs with the active ES256 key, for those who sign in the provider's
// name (document.Keyring.SignAs).
func (k *Keys) SignAs(typ string, payload []byte) (jws, kid string, err error) {
	h, err := k.current()
	if err != nil {
		return "", "", err
	}
	return h.ring.SignAs(typ, payload)
}

// rsaKey is the active RSA key, made at the first asking.
func (k *Keys) rsaKey() (jose.JSONWebKey, error) {
	h, err := k.current()
	if err == nil && len(h.rsa) == 0 {
		if err = k.makeRSA(func(all []rsaKey) bool { return len(all) == 0 }); err == nil {
			h, err = k.current()
		}
	}
	switch {
	case err != nil:
		return jose.JSONWebKey{}, err
	case len(h.rsa) == 0:
		return jose.JSONWebKey{}, errors.New("the file of RSA keys is gone")
	}
	return h.rsa[0].JWK, nil
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

// Access gives the payload of an access token of ours (RFC 9068), after checking
// its signature and its kind; that it is over is for others to see. A token whose
// very bytes this process signed, or checked before, is not checked again: what a
// signature says of bytes does not change.
func (k *Keys) Access(raw string) ([]byte, error) {
	hash := sha256.Sum256([]byte(raw))
	if payload, ok := k.known.Of(hash); ok {
		return payload, nil
	}
	payload, err := k.verify(raw, typAccess, jose.ES256)
	if err == nil {
		k.known.Keep(hash, payload)
	}
	return payload, err
}

// signAccess signs the claims of an access token.
func (k *Keys) signAccess(claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("write claims: %w", err)
	}
	raw, _, err := k.SignAs(typAccess, payload)
	if err == nil {
		k.known.Keep(sha256.Sum256([]byte(raw)), payload)
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
