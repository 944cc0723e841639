package clients

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
)

// Kind says what a client is.
type Kind string

// The kinds: an administration's site, an organisation's own program.
const (
	Service  Kind = "service"
	Software Kind = "software"
)

// Profile is the dialect a client speaks.
type Profile string

// The profiles: ours, and the one in which FranceConnect asks an identity
// provider.
const (
	Relais        Profile = "relais"
	FranceConnect Profile = "franceconnect"
)

// The states of a client.
const (
	Active    = "active"
	Suspended = "suspended"
	Ended     = "ended"
)

// How a client proves who it is (OpenID Connect Core §9).
const (
	PrivateKeyJWT = "private_key_jwt"
	SecretBasic   = "client_secret_basic"
	SecretPost    = "client_secret_post"
)

// Client is one registered client. The zero Client is none.
type Client struct {
	ID       uuid.UUID // ours
	ClientID string    // as the protocol says it
	Kind     Kind
	Name     string // as people read it
	Pack     string
	// Organisation is whose software it is; zero for a service.
	Organisation uuid.UUID
	State        string
	AuthMethod   string
	// Keys is a JWKS (RFC 7517) of public keys, for private_key_jwt.
	Keys                                 json.RawMessage
	RedirectURIs, PostLogoutRedirectURIs []string
	// BackChannelLogoutURI and EventsURI are where logout tokens and security
	// events are pushed; empty: nowhere.
	BackChannelLogoutURI, EventsURI string
	Profile                         Profile
	IDTokenAlg                      string // ES256, RS256, HS256
	UserinfoAlg                     string // empty: plain JSON; ES256, RS256: signed
	// Claims are what it may learn of the person, Procedures what it offers,
	// Scopes what it may ask for.
	Claims, Procedures, Scopes []string
	// Version grows at every change.
	Version   int
	CreatedAt time.Time
	EndedAt   time.Time

	secretHash, secretSealed []byte
}

// HasSecret reports whether it proves itself with a secret.
func (c Client) HasSecret() bool { return len(c.secretHash) > 0 }

// New is what Register is told; Changes what may change afterwards.
type New struct {
	// ClientID is made when empty.
	ClientID     string
	Kind         Kind
	Organisation uuid.UUID // software only
	Pack         string
	Changes
}

// Changes are what of a client may change. Change replaces them all.
type Changes struct {
	Name                                 string
	AuthMethod                           string // client_secret_basic when empty
	Keys                                 json.RawMessage
	RedirectURIs, PostLogoutRedirectURIs []string
	BackChannelLogoutURI, EventsURI      string
	Profile                              Profile // relais when empty
	IDTokenAlg                           string  // ES256 when empty
	UserinfoAlg                          string
	Claims, Procedures, Scopes           []string
}

// Query lists clients. Referents see their organisation's software whatever
// they ask for.
type Query struct {
	Kind         Kind      // empty: both
	Organisation uuid.UUID // zero: all
	Ended        bool      // those that ended too
}

// Secret is a client's secret, shown once. It never prints itself.
type Secret struct{ clear string }

// Reveal gives the secret, empty for a client that has none.
func (s Secret) Reveal() string { return s.clear }

const hidden = "**********"

// String hides it.
func (Secret) String() string { return hidden }

// GoString hides it.
func (Secret) GoString() string { return "Secret{" + hidden + "}" }

// Format hides it from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides it from logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides it.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// Dependencies of the registry.
type Dependencies struct {
	Commands *command.Runner
	Packs    *packs.Set
	// Key seals secrets that must be kept, 32 bytes or more.
	Key []byte
}
