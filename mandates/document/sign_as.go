package document

import (
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// SignAs signs other words of the house (answers, security events, logout
// tokens) with the active key, under a typ of their own (RFC 8725, 3.11), so
// that none of them can be taken for a mandate.
func (k *Keyring) SignAs(typ string, payload []byte) (jws, kid string, err error) {
	if typ == "" || typ == JWSType {
		return "", "", ErrKeyring.Because(errors.New("this typ is the mandates' own"))
	}
	k.mu.RLock()
	key := k.keys[0]
	k.mu.RUnlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.JWK}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", "", ErrKeyring.Because(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		return "", "", ErrKeyring.Because(err)
	}
	jws, err = object.CompactSerialize()
	return jws, key.JWK.KeyID, err
}
