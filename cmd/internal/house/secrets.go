package house

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog/ledger"
)

// keys loads the three secrets, making those that no file holds yet. Of
// processes that start together one makes each, and all hold the same.
func (h *House) keys() error {
	var err error
	c := &h.Config
	if h.Keyring, err = h.keyring(c.MandateKeysFile); err != nil {
		return fmt.Errorf("the mandates' keys: %w", err)
	}
	if h.LogKey, err = ledger.LoadOrMakeKey(c.LogKeyFile, c.LogOrigin, rand.Reader); err != nil {
		return err
	}
	if len(c.CodeKey) > 0 {
		return nil
	}
	if c.CodeKey, err = secretFile(filepath.Join(c.Var, "keys", "codes.key")); err != nil {
		return fmt.Errorf("the key of cards' codes: %w", err)
	}
	return nil
}

func (h *House) keyring(path string) (*document.Keyring, error) {
	ring, err := document.LoadKeyring(path, rand.Reader)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	if ring, err = document.NewKeyring(rand.Reader, h.Store.Now()); err != nil {
		return nil, err
	}
	if err := makeOnce(path, ring.Save); err != nil {
		return nil, err
	}
	return document.LoadKeyring(path, rand.Reader)
}

// secretFile reads 32 random bytes in base64, made the first time.
func secretFile(path string) ([]byte, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the operator's own path
	if !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	err = makeOnce(path, func(name string) error {
		return writeWhole(name, base64.StdEncoding.EncodeToString(secret))
	})
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // the operator's own path
}

// makeOnce has save write a file whole under another name, then links it into
// place: nobody reads half of it, and of several makers the first wins. It is no
// error to come second: whoever calls reads what is there.
func makeOnce(path string, save func(name string) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(filepath.Dir(path), ".new-*") // made with mode 0700
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(aside) }() // the link stays
	name := filepath.Join(aside, filepath.Base(path))
	if err := save(name); err != nil {
		return err
	}
	if err := os.Link(name, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// writeWhole writes a file that a crash right after leaves whole.
func writeWhole(name, text string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}
