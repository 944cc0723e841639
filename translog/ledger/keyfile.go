package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/relais-org/relais/translog"
)

// LoadKey reads the signing key from a file that only its owner may read.
func LoadKey(path string) (translog.SigningKey, error) {
	at, err := os.Stat(path)
	if err != nil {
		return translog.SigningKey{}, fmt.Errorf("the log's key: %w", err)
	}
	if at.Mode().Perm()&0o077 != 0 {
		return translog.SigningKey{}, fmt.Errorf("the log's key %s may be read by others (%v): chmod 600 it", path, at.Mode().Perm())
	}
	secret, err := os.ReadFile(path) //nolint:gosec // the operator's own configuration names it
	if err != nil {
		return translog.SigningKey{}, fmt.Errorf("the log's key: %w", err)
	}
	key, err := translog.ParseKey(string(secret))
	if err != nil {
		return translog.SigningKey{}, fmt.Errorf("the log's key %s: %w", path, err)
	}
	return key, nil
}

// LoadOrMakeKey reads the signing key, or makes one of this name where there is
// none yet. It never overwrites a file.
func LoadOrMakeKey(path, name string, random io.Reader) (translog.SigningKey, error) {
	key, err := LoadKey(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	secret, err := translog.GenerateKey(random, name)
	if err != nil {
		return translog.SigningKey{}, err
	}
	if key, err = translog.ParseKey(secret); err != nil { // a name that notes cannot carry
		return translog.SigningKey{}, fmt.Errorf("the log's name %q: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return translog.SigningKey{}, fmt.Errorf("the log's key: %w", err)
	}
	if err := writeNew(path, secret+"\n"); errors.Is(err, fs.ErrExist) {
		return LoadKey(path) // another process was quicker
	} else if err != nil {
		return translog.SigningKey{}, err
	}
	return key, nil
}

// writeNew writes the file whole under another name and links it into place, so
// that nobody reads half a key and nobody's key is overwritten.
func writeNew(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("the log's key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // the link stays
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the log's key: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil {
		return fmt.Errorf("the log's key: %w", err)
	}
	return nil
}
