package translog

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ed25519Key is the algorithm byte of note keys.
const ed25519Key = 1

// SigningKey signs checkpoints. It is secret; Public is not.
type SigningKey struct {
	note.Signer
	// Public is the verifier key, as outsiders are given it:
	// "<name>+<hash>+<key>".
	Public string
}

// GenerateKey makes a new Ed25519 key, in the text form of sumdb/note
// ("PRIVATE+KEY+…"). name is also the log's origin: a schema-less URL that
// nobody else uses, such as "relais.example/log".
func GenerateKey(random io.Reader, name string) (secret string, err error) {
	secret, _, err = note.GenerateKey(random, name)
	if err != nil {
		return "", fmt.Errorf("make a signing key: %w", err)
	}
	return secret, nil
}

// ParseKey reads the text form of a secret key. Its errors never quote it.
func ParseKey(secret string) (SigningKey, error) {
	secret = strings.TrimSpace(secret)
	signer, err := note.NewSigner(secret)
	if err != nil {
		return SigningKey{}, errors.New("translog: not a signing key (expected PRIVATE+KEY+name+hash+key)")
	}
	// Base64 may hold '+' too: only the first four separate.
	parts := strings.SplitN(secret, "+", 5)
	seed, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(seed) != 1+ed25519.SeedSize || seed[0] != ed25519Key {
		return SigningKey{}, errors.New("translog: not an Ed25519 signing key")
	}
	public := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	vkey, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return SigningKey{}, fmt.Errorf("translog: %w", err)
	}
	return SigningKey{Signer: signer, Public: vkey}, nil
}

// Verifier is the key that others check with.
func (k SigningKey) Verifier() (note.Verifier, error) { return note.NewVerifier(k.Public) }
