package op

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/organisations/clients"
)

const issuedBy = "https://relais.example"

// What was checked once is known by its very bytes: nothing that differs in one of
// them is, whatever it says, and another process checks for itself. What is known
// is over all the same when its time comes, or elsewhere.
func TestAccessTokensAreKnownByTheirBytes(t *testing.T) {
	t.Parallel()
	path, now := filepath.Join(t.TempDir(), "keys"), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	open := func() *Keys {
		k, err := OpenKeys(path, rand.Reader, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	signer, other := open(), open()
	claims := map[string]any{"iss": issuedBy, "aud": issuedBy, "jti": "one", "exp": now.Add(time.Minute).Unix(), "act": map[string]string{"sub": "mediator"}}
	raw, err := signer.signAccess(claims)
	if err != nil {
		t.Fatal(err)
	}
	id, err := signer.sign("ES256", typPlain, claims, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(raw, ".")
	flipped := []byte(parts[1])
	flipped[4] ^= 1
	for _, k := range []*Keys{signer, other, other} { // the last knows it too
		token, err := k.Access(raw, issuedBy)
		if err != nil || token.ID != "one" || token.Actor.Subject != "mediator" || len(token.Audience) != 1 {
			t.Errorf("%+v, %v", token, err)
		}
		for name, wrong := range map[string]string{
			"another payload":  parts[0] + "." + string(flipped) + "." + parts[2],
			"no signature":     parts[0] + "." + parts[1] + ".",
			"half a signature": raw[:len(raw)-8],
			"an ID token":      id,
			"nothing":          "",
		} {
			if _, err := k.Access(wrong, issuedBy); err == nil || errors.Is(err, clients.ErrTokenOver) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := k.Access(raw, "https://other.example"); !errors.Is(err, clients.ErrTokenOver) {
			t.Errorf("another issuer's: %v", err)
		}
	}
	now = now.Add(time.Minute)
	for _, k := range []*Keys{signer, other, open()} {
		if _, err := k.Access(raw, issuedBy); !errors.Is(err, clients.ErrTokenOver) {
			t.Errorf("past its end: %v", err)
		}
	}
}
