package seal_test

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/seal"
)

var key = bytes.Repeat([]byte{7}, 32)

// What was sealed opens for its own row, under its own use and key, and nowhere
// else.
func TestSealedForOneRow(t *testing.T) {
	t.Parallel()
	s, row := seal.New(key, "tests"), uuid.New()
	sealed, err := s.Seal(rand.Reader, []byte("a secret"), row)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Seal(rand.Reader, []byte("a secret"), row)
	if err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealed twice alike: %v", err)
	}
	if clear, err := seal.New(key, "tests").Open(sealed, row); err != nil || string(clear) != "a secret" {
		t.Errorf("%q %v", clear, err)
	}
	bent := bytes.Clone(sealed)
	bent[len(bent)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another row": func() ([]byte, error) { return s.Open(sealed, uuid.New()) },
		"another use": func() ([]byte, error) { return seal.New(key, "others").Open(sealed, row) },
		"another key": func() ([]byte, error) { return seal.New(bytes.Repeat([]byte{8}, 32), "tests").Open(sealed, row) },
		"bent":        func() ([]byte, error) { return s.Open(bent, row) },
		"too short":   func() ([]byte, error) { return s.Open(sealed[:5], row) },
	} {
		if clear, err := open(); err == nil {
			t.Errorf("%s opens it: %q", name, clear)
		}
	}
}

// Keys are for ever: what another release sealed or named must stay the same.
func TestKeysStayTheSame(t *testing.T) {
	t.Parallel()
	for use, want := range map[string]string{
		"relais client secrets":    "03b373eb505b96ca4b025eba3871b6041c8edc3043f83235f0db1378bb5eb62a",
		"relais webhook secrets":   "da6c647ea8a112beb47f2efdd6069d3a172f2d266efa33c348b64a37e4204546",
		"relais pairwise subjects": "90e195bb3d076334436dbcc3f58ce65be7cf34439e2d9cfa480fec0b1bc217d4",
	} {
		if got := hex.EncodeToString(seal.Key(key, use)); got != want {
			t.Errorf("the key for %q is another one: %s", use, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a short key is taken")
		}
	}()
	seal.Key(key[:31], "tests")
}
