package document

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/internal/problem"
)

// KeyStatus is where a key stands. Only the active key signs; all verify.
//
//	active ──Rotate──▶ previous ──Rotate──▶ retired
type KeyStatus string

// The statuses of a key, in the only order they follow each other.
const (
	KeyActive   KeyStatus = "active"
	KeyPrevious KeyStatus = "previous"
	KeyRetired  KeyStatus = "retired"
)

// Keyring holds the private keys that sign mandate documents. It may be used by
// several goroutines at once.
type Keyring struct {
	mu     sync.RWMutex
	random io.Reader
	keys   []ringKey // newest first; the first is the active one
}

type ringKey struct {
	Status    KeyStatus       `json:"status"`
	CreatedAt time.Time       `json:"created_at"`
	RetiredAt *time.Time      `json:"retired_at,omitempty"`
	JWK       jose.JSONWebKey `json:"jwk"`
}

type ringFile struct {
	Keys []ringKey `json:"keys"`
}

// ErrKeyring is returned for a keyring that cannot be used as it stands.
var ErrKeyring = problem.New(problem.KindInternal, "keyring_unusable")

// NewKeyring makes a keyring with one active key. random is the source of
// private keys: crypto/rand.Reader outside tests.
func NewKeyring(random io.Reader, now time.Time) (*Keyring, error) {
	k := &Keyring{random: random}
	if err := k.Rotate(now); err != nil {
		return nil, err
	}
	return k, nil
}

// LoadKeyring reads a file written by Save. It refuses a file that anybody but
// its owner may read, holds no or several active keys, a public key only, a curve
// other than P-256, or a key id that is not the key's thumbprint.
func LoadKeyring(path string, random io.Reader) (*Keyring, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	if stat.Mode().Perm()&0o077 != 0 {
		return nil, ErrKeyring.Because(fmt.Errorf("%s may be read by others (mode %o): chmod 600 it", path, stat.Mode().Perm()))
	}
	raw, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	var f ringFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, ErrKeyring.Because(errors.New("not a keyring file")) // the cause could quote key material
	}
	if err := checkKeys(f.Keys); err != nil {
		return nil, ErrKeyring.Because(err)
	}
	return &Keyring{random: random, keys: f.Keys}, nil
}

func checkKeys(keys []ringKey) error {
	seen := map[string]bool{}
	for i, key := range keys {
		private, ok := key.JWK.Key.(*ecdsa.PrivateKey)
		if !ok || private.Curve != elliptic.P256() {
			return fmt.Errorf("key %d is not a private P-256 key", i)
		}
		if want, err := thumbprint(private); err != nil || want != key.JWK.KeyID || seen[want] {
			return fmt.Errorf("key %d: its id is not its thumbprint, or comes twice", i)
		}
		seen[key.JWK.KeyID] = true
		switch {
		case (key.Status == KeyActive) != (i == 0):
			return errors.New("the first key, and only the first, must be active")
		case key.Status != KeyActive && key.Status != KeyPrevious && key.Status != KeyRetired:
			return fmt.Errorf("key %d has unknown status %q", i, key.Status)
		}
	}
	if len(keys) == 0 {
		return errors.New("no key")
	}
	return nil
}

// Save writes the keyring where only its owner may read it. A crash leaves the
// old file or the new one, never a part.
func (k *Keyring) Save(path string) error {
	k.mu.RLock()
	raw, err := json.MarshalIndent(ringFile{Keys: k.keys}, "", "  ")
	k.mu.RUnlock()
	if err != nil {
		return fmt.Errorf("save keyring: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keyring-*") // made 0600
	if err != nil {
		return fmt.Errorf("save keyring: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	_, err = tmp.Write(append(raw, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("save keyring: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("save keyring: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("save keyring: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Rotate makes a new active key. The active key becomes previous, previous keys
// are retired. Callers Save before they sign: a key that signed and was not kept
// would leave documents nobody can verify.
func (k *Keyring) Rotate(now time.Time) error {
	fresh, err := newKey(k.random)
	if err != nil {
		return ErrKeyring.Because(err)
	}
	kid, err := thumbprint(fresh)
	if err != nil {
		return ErrKeyring.Because(err)
	}
	now = now.UTC().Truncate(time.Second)
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := []ringKey{{
		Status: KeyActive, CreatedAt: now,
		JWK: jose.JSONWebKey{Key: fresh, KeyID: kid, Algorithm: string(jose.ES256), Use: "sig"},
	}}
	for _, old := range k.keys {
		switch old.Status {
		case KeyActive:
			old.Status = KeyPrevious
		case KeyPrevious:
			old.Status, old.RetiredAt = KeyRetired, &now
		case KeyRetired: // stays so
		}
		keys = append(keys, old)
	}
	k.keys = keys
	return nil
}

// newKey draws the private scalar itself, because ecdsa.GenerateKey ignores the
// reader it is given; a draw outside the group order is drawn again.
func newKey(random io.Reader) (*ecdsa.PrivateKey, error) {
	scalar := make([]byte, 32)
	for range 8 {
		if _, err := io.ReadFull(random, scalar); err != nil {
			return nil, fmt.Errorf("draw a key: %w", err)
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("draw a key: the source of randomness is broken")
}

// thumbprint is the key id: RFC 7638 with SHA-256, base64url.
func thumbprint(key *ecdsa.PrivateKey) (string, error) {
	jwk := jose.JSONWebKey{Key: key.Public()}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// ActiveKeyID is the id of the key that signs now.
func (k *Keyring) ActiveKeyID() string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[0].JWK.KeyID
}

// PublicJWKS is the public half of every key, newest first. Retired keys are in
// it: the documents they signed must stay verifiable.
func (k *Keyring) PublicJWKS() jose.JSONWebKeySet {
	k.mu.RLock()
	defer k.mu.RUnlock()
	var set jose.JSONWebKeySet
	for _, key := range k.keys {
		set.Keys = append(set.Keys, key.JWK.Public())
	}
	return set
}

// PublicJWKSJSON is PublicJWKS as published, where each key also carries
// "relais_status" (see KeyStatus) and "iat", when it was made (RFC 7517 lets a
// set carry members that readers ignore).
func (k *Keyring) PublicJWKSJSON() ([]byte, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	keys := make([]map[string]any, 0, len(k.keys))
	for _, key := range k.keys {
		raw, err := key.JWK.Public().MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("publish key %s: %w", key.JWK.KeyID, err)
		}
		members := map[string]any{}
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, fmt.Errorf("publish key %s: %w", key.JWK.KeyID, err)
		}
		members["relais_status"] = key.Status
		members["iat"] = key.CreatedAt.Unix()
		keys = append(keys, members)
	}
	return json.Marshal(map[string]any{"keys": keys})
}
