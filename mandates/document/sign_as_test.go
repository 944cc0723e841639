package document_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/mandates/document"
)

func TestSignAsIsNoMandate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	k, err := document.NewKeyring(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	raw, kid, err := k.SignAs("at+jwt", []byte(`{"iss":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Verify(raw); err == nil {
		t.Error("a token was taken for a mandate")
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	set := k.PublicJWKS()
	if _, err := jws.Verify(set.Keys[0].Key); err != nil || jws.Signatures[0].Protected.KeyID != kid || kid != k.ActiveKeyID() {
		t.Errorf("the token does not verify by its kid: %v", err)
	}
	for _, typ := range []string{"", document.JWSType} {
		if _, _, err := k.SignAs(typ, []byte("{}")); err == nil {
			t.Errorf("signed as %q", typ)
		}
	}
	if !k.ActiveSince().Equal(now) {
		t.Errorf("active since %v", k.ActiveSince())
	}
}
