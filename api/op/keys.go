package op

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/mandates/document"
)

const (
	rsaBits = 2048
	// rotateAfter is how long a key signs. Earlier ones stay published: answers
	// to commit checks are evidence, and must stay verifiable.
	rotateAfter = 90 * 24 * time.Hour
)

// Keys sign what the provider says: ES256 always, RS256 only once a client asks
// for it. They may be used by several goroutines at once.
//
//	active ──Rotate──▶ previous ──Rotate──▶ retired   (all published)
type Keys struct {
	ring   *document.Keyring
	path   string // of the ES256 keyring's file; the RSA keys lie beside it
	random io.Reader
	now    func() time.Time

	mu  sync.Mutex
	rsa []rsaKey // newest first; the first signs
}

// rsaKey is one RSA key as its file has it.
type rsaKey struct {
	CreatedAt time.Time       `json:"created_at"`
	JWK       jose.JSONWebKey `json:"jwk"`
}

// OpenKeys reads the keyring at path, making it the first time.
func OpenKeys(path string, random io.Reader, now func() time.Time) (*Keys, error) {
	k := &Keys{path: path, random: random, now: now}
	var err error
	if k.ring, err = document.LoadKeyring(path, random); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		if k.ring, err = document.NewKeyring(random, now()); err != nil {
			return nil, err
		}
		err = k.ring.Save(path)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return k, k.readRSA()
}

// Ring is the ES256 keyring, for those who sign in the provider's name.
func (k *Keys) Ring() *document.Keyring { return k.ring }

// RotateDue makes new keys where the active ones have signed for long enough.
func (k *Keys) RotateDue() error {
	now := k.now()
	if now.Sub(k.ring.ActiveSince()) >= rotateAfter {
		if err := k.ring.Rotate(now); err != nil {
			return err
		}
		if err := k.ring.Save(k.path); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rsa) > 0 && now.Sub(k.rsa[0].CreatedAt) >= rotateAfter {
		return k.makeRSA()
	}
	return nil
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
		jws, _, err := k.ring.SignAs(typ, payload)
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

// rsaKey is the active RSA key, made at the first asking.
func (k *Keys) rsaKey() (jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rsa) == 0 {
		if err := k.makeRSA(); err != nil {
			return jose.JSONWebKey{}, err
		}
	}
	return k.rsa[0].JWK, nil
}

func (k *Keys) rsaPath() string { return k.path + ".rs256" }

// makeRSA adds an active RSA key and keeps it before it signs. The caller holds
// the lock.
func (k *Keys) makeRSA() error {
	private, err := rsa.GenerateKey(k.random, rsaBits)
	if err != nil {
		return fmt.Errorf("make an RSA key: %w", err)
	}
	jwk := jose.JSONWebKey{Key: private, Algorithm: string(jose.RS256), Use: "sig"}
	public := jwk.Public()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return err
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	all := append([]rsaKey{{CreatedAt: k.now().UTC().Truncate(time.Second), JWK: jwk}}, k.rsa...)
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(k.rsaPath(), raw); err != nil {
		return fmt.Errorf("keep the RSA keys: %w", err)
	}
	k.rsa = all
	return nil
}

func (k *Keys) readRSA() error {
	raw, err := os.ReadFile(k.rsaPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the RSA keys: %w", err)
	}
	if err := json.Unmarshal(raw, &k.rsa); err != nil {
		return errors.New("the file of RSA keys cannot be read") // the cause could quote a key
	}
	for _, key := range k.rsa {
		if _, private := key.JWK.Key.(*rsa.PrivateKey); !private {
			return errors.New("the file of RSA keys holds something else")
		}
	}
	return nil
}

// replaceFile writes a file that only its owner reads; a crash leaves the old
// one or the new one.
func replaceFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // made 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already when all went well
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// set is every public key by which something of ours may verify.
func (k *Keys) set() jose.JSONWebKeySet {
	set := k.ring.PublicJWKS()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.rsa {
		set.Keys = append(set.Keys, key.JWK.Public())
	}
	return set
}

// Public is the set as published (RFC 7517).
func (k *Keys) Public() ([]byte, error) { return json.Marshal(k.set()) }

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
	set := k.set()
	keys := set.Key(header.KeyID)
	if header.KeyID == "" || len(keys) != 1 {
		return nil, errors.New("not a key of ours")
	}
	return jws.Verify(keys[0].Key)
}
