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
	return k.signAs(typ, payload)
}

// signAs gives the compact JWS under any typ, and the id of the active key.
func (k *Keyring) signAs(typ string, payload []byte) (jws, kid string, err error) {
	k.mu.RLock()
	key := k.keys[0]
	k.mu.RUnlock()
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.JWK}, opts)
	if err != nil {
		return "", "", ErrKeyring.Because(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		return "", "", ErrKeyring.Because(err)
	}
	if jws, err = object.CompactSerialize(); err != nil {
		return "", "", ErrKeyring.Because(err)
	}
	return jws, key.JWK.KeyID, nil
}
