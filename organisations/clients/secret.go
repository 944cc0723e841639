package clients

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// secretBytes of randomness in a secret.
const secretBytes = 32

// draw makes a new secret.
func draw(random io.Reader) (Secret, error) {
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Secret{}, fmt.Errorf("draw a secret: %w", err)
	}
	return Secret{clear: base64.RawURLEncoding.EncodeToString(raw)}, nil
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
		c.secretSealed, err = s.sealer.Seal(random, []byte(secret.clear), c.ID)
	}
	return secret, err
}
