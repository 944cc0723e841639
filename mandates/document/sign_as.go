package document

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// SignAs signs what is not a mandate (a token, a security event, the answer to
// a check) with the active key, ES256, and gives the compact JWS. typ says what
// it is and is never a mandate's, so that neither is taken for the other.
func (k *Keyring) SignAs(typ string, payload []byte) (string, error) {
	if typ == "" || typ == JWSType {
		return "", ErrKeyring.Because(errors.New("a token must say what it is, and is no mandate"))
	}
	k.mu.RLock()
	key := k.keys[0].JWK
	k.mu.RUnlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", ErrKeyring.Because(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		return "", ErrKeyring.Because(err)
	}
	compact, err := object.CompactSerialize()
	if err != nil {
		return "", ErrKeyring.Because(err)
	}
	return compact, nil
}

// ActiveSince is when the key that signs now was made.
func (k *Keyring) ActiveSince() time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.keys[0].CreatedAt
}
