package document

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var dawn = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func keyring(t *testing.T) *Keyring {
	t.Helper()
	k, err := NewKeyring(rand.Reader, dawn)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, k *Keyring, stored []byte) (jws, kid string) {
	t.Helper()
	jws, kid, err := k.Sign(stored)
	if err != nil {
		t.Fatal(err)
	}
	return jws, kid
}

var b64 = base64.RawURLEncoding

// verifyByHand follows RFC 7515 and RFC 7518 with the standard library only, on
// the published JSON: it shares nothing with the signer.
func verifyByHand(t *testing.T, published []byte, jws string) bool {
	t.Helper()
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return false
	}
	rawHeader, err1 := b64.DecodeString(parts[0])
	signature, err2 := b64.DecodeString(parts[2])
	var header struct{ Alg, Kid, Typ string }
	if err1 != nil || err2 != nil || json.Unmarshal(rawHeader, &header) != nil || len(signature) != 64 {
		return false
	}
	if header.Alg != "ES256" || header.Typ != "relais-mandate+jws" {
		return false
	}
	var set struct {
		Keys []struct{ Kid, Kty, Crv, X, Y string }
	}
	if err := json.Unmarshal(published, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		if key.Kid != header.Kid || key.Kty != "EC" || key.Crv != "P-256" {
			continue
		}
		x, _ := b64.DecodeString(key.X)
		y, _ := b64.DecodeString(key.Y)
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
	return false
}

// DO-01
func TestSignatureVerifiesWithPlainCryptography(t *testing.T) {
	t.Parallel()
	k, stored := keyring(t), marshal(t, samplePayload(t))
	jws, kid := sign(t, k, stored)
	published, err := k.PublicJWKSJSON()
	if err != nil {
		t.Fatal(err)
	}
	if !verifyByHand(t, published, jws) {
		t.Error("does not verify by hand from the published keys")
	}
	if bytes.Contains(published, []byte(`"d"`)) {
		t.Error("the published set holds a private key")
	}
	got, by, err := k.Verify(jws)
	if err != nil || by != kid || !bytes.Equal(got, stored) {
		t.Errorf("verify: %v, key %s, same bytes %t", err, by, bytes.Equal(got, stored))
	}
}

// DO-01
func TestOneChangedByteFails(t *testing.T) {
	t.Parallel()
	k := keyring(t)
	jws, _ := sign(t, k, marshal(t, samplePayload(t)))
	for i := range len(jws) {
		for _, by := range []byte{'A', 'B', '_', '.', '=', '\n'} {
			if jws[i] == by {
				continue
			}
			changed := jws[:i] + string(by) + jws[i+1:]
			if _, _, err := k.Verify(changed); !errors.Is(err, ErrSignature) {
				t.Fatalf("byte %d changed to %q still verifies (%v)", i, by, err)
			}
		}
	}
	for _, odd := range []string{"", jws + ".", jws + "=", jws + "\n", " " + jws, jws[:len(jws)-1], "{}"} {
		if _, _, err := k.Verify(odd); !errors.Is(err, ErrSignature) {
			t.Errorf("%.20q… verifies", odd)
		}
	}
}

// DO-04
func TestRotation(t *testing.T) {
	t.Parallel()
	k, stored := keyring(t), []byte(`{}`)
	jws, kids := make([]string, 4), make([]string, 4)
	for i := range jws {
		jws[i], kids[i] = sign(t, k, stored)
		if kids[i] != k.ActiveKeyID() {
			t.Errorf("signature %d is not by the active key", i)
		}
		for j := range i {
			if kids[j] == kids[i] {
				t.Errorf("after %d rotations the key of rotation %d still signs", i, j)
			}
			if _, by, err := k.Verify(jws[j]); err != nil || by != kids[j] {
				t.Errorf("after %d rotations document %d: %v", i, j, err)
			}
		}
		if err := k.Rotate(dawn.AddDate(0, i+1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	var set struct {
		Keys []struct {
			Kid    string
			Status KeyStatus `json:"relais_status"`
		}
	}
	published, err := k.PublicJWKSJSON()
	if err != nil || json.Unmarshal(published, &set) != nil {
		t.Fatal(err, string(published))
	}
	want := []KeyStatus{KeyActive, KeyPrevious, KeyRetired, KeyRetired, KeyRetired}
	for i, key := range set.Keys {
		if key.Status != want[i] || (i > 0 && key.Kid != kids[4-i]) {
			t.Errorf("published key %d is %s %s", i, key.Kid, key.Status)
		}
	}
	if len(set.Keys) != len(want) || len(k.PublicJWKS().Keys) != len(want) {
		t.Errorf("%d keys published", len(set.Keys))
	}
}

func TestAlgorithmConfusionIsRefused(t *testing.T) {
	t.Parallel()
	k := keyring(t)
	jws, kid := sign(t, k, []byte(`{}`))
	parts := strings.Split(jws, ".")
	seg := func(s string) string { return b64.EncodeToString([]byte(s)) }
	published, err := k.PublicJWKSJSON()
	if err != nil {
		t.Fatal(err)
	}
	forged := map[string]string{
		"alg none":           seg(`{"alg":"none","kid":"`+kid+`","typ":"relais-mandate+jws"}`) + "." + parts[1] + ".",
		"alg none, old sig":  seg(`{"alg":"none","kid":"`+kid+`","typ":"relais-mandate+jws"}`) + "." + parts[1] + "." + parts[2],
		"embedded key":       seg(`{"alg":"ES256","jwk":{"kty":"EC"},"typ":"relais-mandate+jws"}`) + "." + parts[1] + "." + parts[2],
		"other typ":          seg(`{"alg":"ES256","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"critical extension": seg(`{"alg":"ES256","b64":false,"crit":["b64"],"kid":"`+kid+`","typ":"relais-mandate+jws"}`) + "." + parts[1] + "." + parts[2],
	}
	hs := seg(`{"alg":"HS256","kid":"`+kid+`","typ":"relais-mandate+jws"}`) + "." + parts[1]
	for _, secret := range [][]byte{published, []byte(kid)} {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(hs))
		forged["HS256 "+string(secret[:4])] = hs + "." + b64.EncodeToString(mac.Sum(nil))
	}
	for name, jws := range forged {
		if _, _, err := k.Verify(jws); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if other, _ := sign(t, keyring(t), []byte(`{}`)); true {
		if _, _, err := k.Verify(other); !errors.Is(err, ErrSignature) {
			t.Errorf("another ring's key: got %v", err)
		}
	}
}

func TestKeyringFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	k := keyring(t)
	jws, _ := sign(t, k, []byte(`{}`))
	if err := errors.Join(k.Rotate(dawn), k.Save(path), k.Save(path)); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", stat.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files left behind", len(left))
	}
	again, err := LoadKeyring(path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.Verify(jws); err != nil || again.ActiveKeyID() != k.ActiveKeyID() {
		t.Errorf("after loading: %v", err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"readable by all": {string(raw), 0o604},
		"of the group":    {string(raw), 0o640},
		"two active":      {strings.Replace(string(raw), `"previous"`, `"active"`, 1), 0o600},
		"none active":     {strings.Replace(string(raw), `"active"`, `"previous"`, 1), 0o600},
		"odd status":      {strings.Replace(string(raw), `"previous"`, `"spare"`, 1), 0o600},
		"other key id":    {strings.Replace(string(raw), k.ActiveKeyID(), "x", 1), 0o600},
		"empty":           {`{"keys":[]}`, 0o600},
		"not JSON":        {`keys`, 0o600},
	} {
		bad := filepath.Join(t.TempDir(), "bad.json")
		if err := errors.Join(os.WriteFile(bad, []byte(c.content), 0o600), os.Chmod(bad, c.mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadKeyring(bad, rand.Reader); !errors.Is(err, ErrKeyring) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeysComeFromTheInjectedSource(t *testing.T) {
	t.Parallel()
	seed := bytes.Repeat([]byte{7}, 64)
	a, err1 := NewKeyring(bytes.NewReader(seed), dawn)
	b, err2 := NewKeyring(bytes.NewReader(seed), dawn)
	if err1 != nil || err2 != nil || a.ActiveKeyID() != b.ActiveKeyID() {
		t.Error("the same randomness gives other keys", err1, err2)
	}
	if _, err := NewKeyring(bytes.NewReader(nil), dawn); err == nil {
		t.Error("a key without randomness")
	}
	if _, err := NewKeyring(bytes.NewReader(make([]byte, 1000)), dawn); err == nil {
		t.Error("a key of zero")
	}
}
