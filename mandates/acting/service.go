package acting

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// New makes the service and has every stop end delegations from now on: it is
// part of wiring, before the first command runs. It panics on a key shorter
// than 32 bytes, which the configuration has refused already.
func New(d Dependencies) *Service {
	if len(d.Key) < 32 {
		panic("acting: the key needs 32 bytes")
	}
	s := &Service{
		commands: d.Commands, packs: d.Packs, mandates: d.Mandates, orgs: d.Organisations,
		clients: d.Clients, keys: d.Keyring, issuer: d.Issuer, pairwise: derived(d.Key, "relais pairwise subjects"),
		sealer: newSealer(d.Key), http: d.HTTP, claims: claimsByScope(),
	}
	if s.http == nil {
		s.http = newClient(d.AllowPrivate)
	}
	d.Commands.Observe(s.stopped, stopKinds()...)
	d.Commands.Observe(s.tellSoftware, WebhookKinds()...)
	d.Commands.Observe(s.hooksOver, translog.ClientEnded)
	return s
}

// derived is a key of its own for one use (RFC 5869).
func derived(key []byte, label string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, label, 32)
	if err != nil {
		panic(err)
	}
	return out
}

// subject names somebody or something to one client: the same each time there,
// unlinkable elsewhere (OpenID Connect Core §8.1). kind keeps people, mediators
// and the rest apart. What two services could compare is never told as it is:
// one identifier in common would undo every other.
func (s *Service) subject(kind string, client clients.Client, id uuid.UUID) string {
	mac := hmac.New(sha256.New, s.pairwise)
	mac.Write([]byte(kind))
	mac.Write([]byte{0})
	mac.Write(client.ID[:])
	mac.Write(id[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// The kinds of subjects.
const (
	ofBeneficiary = "beneficiary"
	ofAccount     = "account"
	namedMandate  = "mandate"
	namedSession  = "session"
	namedEvent    = "event"
)

// MandateAt is what a delegation's mandate is called at one client: identifier
// in authorization_details, mandate in answers to checks and security events.
func (s *Service) MandateAt(client clients.Client, d Delegation) string {
	return s.subject(namedMandate, client, d.Mandate)
}

// sessionAt is the sid of a delegation: its id where it was given, which logout
// tokens and security events name too; a name of its own at the audience of an
// exchange.
func (s *Service) sessionAt(client clients.Client, d Delegation) string {
	if client.ID == d.Client.ID {
		return d.ID.String()
	}
	return s.subject(namedSession, client, d.ID)
}

// secret draws 256 random bits and gives them with their hash.
func secret(random io.Reader) (clear string, hash []byte, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", nil, fmt.Errorf("draw a token: %w", err)
	}
	clear = base64.RawURLEncoding.EncodeToString(raw)
	return clear, hashOf(clear), nil
}

// hashOf is what the database keeps of a code or token.
func hashOf(clear string) []byte {
	sum := sha256.Sum256([]byte(clear))
	return sum[:]
}

// sealer keeps webhooks' secrets, each for its own row.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) sealer {
	block, err := aes.NewCipher(derived(key, "relais webhook secrets"))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return sealer{aead}
}

func (s sealer) seal(random io.Reader, clear []byte, of uuid.UUID) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return s.aead.Seal(nonce, nonce, clear, of[:]), nil
}

func (s sealer) open(sealed []byte, of uuid.UUID) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("acting: a sealed secret of %d bytes", len(sealed))
	}
	return s.aead.Open(nil, sealed[:n], sealed[n:], of[:])
}

// about is an event about a delegation, without kind.
func (d Delegation) about() translog.Event {
	return translog.Event{Organisation: d.Organisation, Beneficiary: d.Beneficiary, Mandate: d.Mandate, Procedure: d.Procedure}
}
