package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// shortest key that keys are made from, and the size of those, in bytes.
const keyBytes = 32

// Key is a key of its own for one use (RFC 5869). It panics on a key shorter
// than 32 bytes, which the configuration has refused already.
func Key(key []byte, use string) []byte {
	if len(key) < keyBytes {
		panic("seal: the key for " + use + " needs 32 bytes")
	}
	out, err := hkdf.Key(sha256.New, key, nil, use, keyBytes)
	if err != nil {
		panic(err) // only for a length that no hash gives
	}
	return out
}

// Sealer keeps secrets of one use.
type Sealer struct{ aead cipher.AEAD }

// New makes the sealer of one use under Key.
func New(key []byte, use string) Sealer {
	block, err := aes.NewCipher(Key(key, use))
	if err != nil {
		panic(err) // only for a key of another size
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for another block size
	}
	return Sealer{aead}
}

// Seal keeps a secret for one row alone.
func (s Sealer) Seal(random io.Reader, clear []byte, of uuid.UUID) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return s.aead.Seal(nonce, nonce, clear, of[:]), nil
}

// Open gives the secret back to the row it was sealed for.
func (s Sealer) Open(sealed []byte, of uuid.UUID) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("a sealed secret of %d bytes", len(sealed))
	}
	return s.aead.Open(nil, sealed[:n], sealed[n:], of[:])
}
