package clients

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// secretBytes of randomness in a secret.
const secretBytes = 32

// newSealer makes the cipher that keeps secrets, under a key of its own (RFC
// 5869).
func newSealer(key []byte) cipher.AEAD {
	if len(key) < 32 {
		panic("clients: the key needs 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "relais client secrets", 32)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// draw makes a new secret.
func draw(random io.Reader) (Secret, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Secret{}, fmt.Errorf("draw a secret: %w", err)
	}
	return Secret{clear: base64.RawURLEncoding.EncodeToString(raw)}, nil
}

// seal keeps a secret for one client alone: moved to another row it does not open.
func seal(aead cipher.AEAD, random io.Reader, clear []byte, of uuid.UUID) ([]byte, error) {
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, clear, of[:]), nil
}

func open(aead cipher.AEAD, sealed []byte, of uuid.UUID) ([]byte, error) {
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], of[:])
}

// give draws a secret for a client, and keeps of it what is needed.
func (s *Registry) give(c *Client, random io.Reader) (Secret, error) {
	secret, err := draw(random)
	if err != nil {
		return Secret{}, err
	}
	sum := sha256.Sum256([]byte(secret.clear))
	c.secretHash, c.secretSealed = sum[:], nil
	if c.IDTokenAlg == "HS256" {
		c.secretSealed, err = seal(s.sealer, random, []byte(secret.clear), c.ID)
	}
	return secret, err
}
