package acting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/seal"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// New makes the service and has every stop end delegations from now on: it is
// part of wiring, before the first command runs. It panics on a key shorter
// than 32 bytes, which the configuration has refused already.
func New(d Dependencies) *Service {
	s := &Service{
		commands: d.Commands, packs: d.Packs, mandates: d.Mandates, orgs: d.Organisations,
		clients: d.Clients, keys: d.Keyring, issuer: d.Issuer, pairwise: seal.Key(d.Key, "relais pairwise subjects"),
		sealer: seal.New(d.Key, "relais webhook secrets"), http: d.HTTP,
		refusals: rate.NewLimiter(refusalsPerMinute, d.Commands.Store().Now), inserter: newInserter(),
	}
	if s.http == nil {
		s.http = newClient(d.AllowPrivate)
	}
	s.known = store.NewKnown[tokenHash, Delegation](mostKnown)
	s.hops = store.NewGroup(hopsTogether, hopsAtOnce, s.readTokens)
	d.Commands.Observe(s.stopped, stopKinds()...)
	d.Commands.Observe(s.tellSoftware, WebhookKinds()...)
	d.Commands.Observe(s.hooksOver, translog.ClientEnded)
	return s
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

// about is an event about a delegation, without kind.
func (d Delegation) about() translog.Event {
	return translog.Event{Organisation: d.Organisation, Beneficiary: d.Beneficiary, Mandate: d.Mandate, Procedure: d.Procedure}
}
