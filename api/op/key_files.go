package op

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations/clients"
)

const (
	rsaBits = 2048
	// rotateAfter is how long a key signs. Earlier ones stay published: answers
	// to commit checks are evidence, and must stay verifiable.
	rotateAfter = 90 * 24 * time.Hour
	// settleAfter is how long a key is published before it signs: whoever keeps the
	// set for as long as they may (keysMaxAge) has it by then, though our processes'
	// clocks differ by minutes.
	settleAfter = 2 * keysMaxAge
)

// datedKey is one private key as the files have it, the keyring's too.
type datedKey struct {
	CreatedAt time.Time       `json:"created_at"`
	JWK       jose.JSONWebKey `json:"jwk"`
}

// OpenKeys reads the keyring at path, making it the first time.
func OpenKeys(path string, random io.Reader, now func() time.Time) (*Keys, error) {
	k := &Keys{
		path: path, random: random, now: now,
		known: store.NewKnown[[sha256.Size]byte, clients.AccessToken](mostKnownTokens),
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	err := k.alone(func() error {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		ring, err := document.NewKeyring(random, now())
		if err != nil {
			return err
		}
		return ring.Save(path)
	})
	if err != nil {
		return nil, err
	}
	_, err = k.current()
	return k, err
}

// alone runs what writes the files, one at a time among all processes that have
// them: whoever comes second finds what the first has written. The lock has a
// file of its own, because theirs are replaced.
func (k *Keys) alone(write func() error) error {
	f, err := os.OpenFile(k.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the keys: %w", err)
	}
	defer func() { _ = f.Close() }() // and with it the lock
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("lock the keys: %w", err)
	}
	return write()
}

// current is what the files hold now. They are read again only when they are
// others than before: another process rotates keys and makes them too.
func (k *Keys) current() (held, error) {
	ringFile, err := os.Stat(k.path)
	if err != nil {
		return held{}, fmt.Errorf("the provider's keys: %w", err)
	}
	rsaFile, err := os.Stat(k.rsaPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return held{}, fmt.Errorf("the RSA keys: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.held
	// Looked at before it is read: what is replaced in between is read once more.
	if !sameFile(now.ringFile, ringFile) {
		if now.ring, err = document.LoadKeyring(k.path, k.random); err != nil {
			return held{}, err
		}
		if now.es, err = k.readES(); err != nil {
			return held{}, err
		}
		now.ringFile = ringFile
	}
	if !sameFile(now.rsaFile, rsaFile) {
		if now.rsa, err = k.readRSA(); err != nil {
			return held{}, err
		}
		now.rsaFile = rsaFile
	}
	k.held = now
	return now, nil
}

// sameFile says whether a file was neither replaced nor written since.
func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// RotateDue makes new keys where the newest are old enough, and the first RSA key,
// which is so known to all before a client asks for it. What signs is what was kept:
// the files first.
func (k *Keys) RotateDue() error {
	now := k.now()
	err := k.alone(func() error {
		ring, err := document.LoadKeyring(k.path, k.random)
		if err != nil || now.Sub(ring.ActiveSince()) < rotateAfter {
			return err
		}
		if err := ring.Rotate(now); err != nil {
			return err
		}
		return ring.Save(k.path)
	})
	if err != nil {
		return err
	}
	return k.makeRSA(func(all []datedKey) bool { return len(all) == 0 || now.Sub(all[0].CreatedAt) >= rotateAfter })
}

func (k *Keys) rsaPath() string { return k.path + ".rs256" }

// makeRSA adds an RSA key to those that are kept, if they need one.
func (k *Keys) makeRSA(needed func(all []datedKey) bool) error {
	return k.alone(func() error {
		all, err := k.readRSA()
		if err != nil || !needed(all) {
			return err
		}
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
		raw, err := json.MarshalIndent(append([]datedKey{{CreatedAt: k.now().UTC().Truncate(time.Second), JWK: jwk}}, all...), "", "  ")
		if err != nil {
			return err
		}
		if err := replaceFile(k.rsaPath(), raw); err != nil {
			return fmt.Errorf("keep the RSA keys: %w", err)
		}
		return nil
	})
}

// readES gives the keys of the keyring's file, which LoadKeyring has checked: a
// keyring signs with its newest key alone.
func (k *Keys) readES() ([]datedKey, error) {
	raw, err := os.ReadFile(k.path)
	if err != nil {
		return nil, fmt.Errorf("read the provider's keys: %w", err)
	}
	var ring struct {
		Keys []datedKey `json:"keys"`
	}
	if err := json.Unmarshal(raw, &ring); err != nil || len(ring.Keys) == 0 {
		return nil, errors.New("the file of the provider's keys cannot be read") // the cause could quote a key
	}
	return ring.Keys, nil
}

// readRSA gives none where there is no file yet.
func (k *Keys) readRSA() ([]datedKey, error) {
	raw, err := os.ReadFile(k.rsaPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the RSA keys: %w", err)
	}
	var all []datedKey
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, errors.New("the file of RSA keys cannot be read") // the cause could quote a key
	}
	for _, key := range all {
		if _, private := key.JWK.Key.(*rsa.PrivateKey); !private {
			return nil, errors.New("the file of RSA keys holds something else")
		}
	}
	return all, nil
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
