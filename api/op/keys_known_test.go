package op

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What was checked once is known by its very bytes: nothing that differs in one of
// them is, whatever it says, and another process checks for itself.
func TestAccessTokensAreKnownByTheirBytes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	open := func() *Keys {
		k, err := OpenKeys(path, rand.Reader, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	signer, other := open(), open()
	raw, err := signer.signAccess(map[string]string{"jti": "one"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := signer.sign("ES256", typPlain, map[string]string{"jti": "one"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(raw, ".")
	flipped := []byte(parts[1])
	flipped[4] ^= 1
	for _, k := range []*Keys{signer, other, other} { // the last knows it too
		payload, err := k.Access(raw)
		if err != nil || string(payload) != `{"jti":"one"}` {
			t.Errorf("%s, %v", payload, err)
		}
		for name, wrong := range map[string]string{
			"another payload":  parts[0] + "." + string(flipped) + "." + parts[2],
			"no signature":     parts[0] + "." + parts[1] + ".",
			"half a signature": raw[:len(raw)-8],
			"an ID token":      id,
			"nothing":          "",
		} {
			if _, err := k.Access(wrong); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
	}
}
