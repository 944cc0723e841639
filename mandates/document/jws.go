package document

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/internal/problem"
)

// JWSType is the typ header of a signed mandate (RFC 7515 section 4.1.9), which
// keeps its signatures from being taken for any other kind of ours.
const JWSType = "relais-mandate+jws"

// ErrSignature is the one answer for anything that does not verify; the cause
// says which part, for the log.
var ErrSignature = problem.New(problem.KindInvalid, "signature_not_valid")

// Sign signs stored bytes with the active key and gives the compact JWS
// (RFC 7515, payload attached) and the id of the key.
func (k *Keyring) Sign(stored []byte) (jws, kid string, err error) {
	return k.signAs(JWSType, stored)
}

// Verify checks a compact JWS against every key of the ring and gives the exact
// bytes that were signed. Anything else is ErrSignature.
func (k *Keyring) Verify(jws string) (stored []byte, kid string, err error) {
	return VerifyWith(k.PublicJWKS(), jws)
}

// VerifyWith checks a compact JWS against published keys; it is what an offline
// verifier uses. Only ES256 by a P-256 key of the set, with our typ and no
// critical extension, is accepted, in the one base64url spelling of its bytes.
func VerifyWith(keys jose.JSONWebKeySet, jws string) (stored []byte, kid string, err error) {
	if err := strictCompact(jws); err != nil {
		return nil, "", ErrSignature.Because(err)
	}
	object, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, "", ErrSignature.Because(err)
	}
	header := object.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != JWSType {
		return nil, "", ErrSignature.Because(fmt.Errorf("typ %q", typ))
	}
	matching := keys.Key(header.KeyID)
	if header.KeyID == "" || len(matching) != 1 {
		return nil, "", ErrSignature.Because(errors.New("key id not among the published keys"))
	}
	public := matching[0].Public()
	if !public.Valid() {
		return nil, "", ErrSignature.Because(errors.New("published key is not a public key"))
	}
	stored, err = object.Verify(public.Key)
	if err != nil {
		return nil, "", ErrSignature.Because(err)
	}
	return stored, header.KeyID, nil
}

// strictCompact refuses the spellings of base64url that decode to the same
// bytes (spare bits, padding, line breaks): one document, one spelling.
func strictCompact(jws string) error {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		return errors.New("not three parts")
	}
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != part || part == "" {
			return fmt.Errorf("part %d is not plain base64url", i+1)
		}
	}
	return nil
}

// signedParts gives the key id and the bytes a JWS claims, without checking it.
// Only for printing a document the house has just signed.
func signedParts(jws string) (stored []byte, kid string, err error) {
	if err := strictCompact(jws); err != nil {
		return nil, "", ErrSignature.Because(err)
	}
	object, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, "", ErrSignature.Because(err)
	}
	return object.UnsafePayloadWithoutVerification(), object.Signatures[0].Protected.KeyID, nil
}
