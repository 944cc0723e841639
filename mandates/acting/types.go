package acting

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/seal"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// Dependencies of the service.
type Dependencies struct {
	Commands      *command.Runner
	Packs         *packs.Set
	Mandates      *mandates.Service
	Organisations *organisations.Service
	Clients       *clients.Registry
	// Key makes pairwise subjects and seals webhooks' secrets, 32 bytes or more.
	Key []byte
	// Keyring signs answers to checks, security events and logout tokens (ES256).
	// Its public keys MUST be among those the provider publishes.
	Keyring Signer
	// Issuer is the provider's name, "https://relais.example".
	Issuer string
	// HTTP pushes deliveries; nil: a client that refuses private addresses and
	// redirects. AllowPrivate lets that one reach this machine and its network:
	// for development only.
	HTTP         *http.Client
	AllowPrivate bool
}

// Signer signs words of the house under a kind of their own: a keyring, or the
// provider's keys, which other processes change too.
type Signer interface {
	SignAs(typ string, payload []byte) (jws, kid string, err error)
}

// How long things last.
const (
	RequestLifetime    = time.Hour        // to choose; a long pause is harmless
	PushedLifetime     = 90 * time.Second // RFC 9126 §2.2
	CodeLifetime       = time.Minute
	AccessLifetime     = 5 * time.Minute
	DelegationLifetime = 8 * time.Hour // at most; the mandate's or the session's end may come first
	CheckLifetime      = time.Minute   // of a signed answer
)

// Authentication contexts that a request may ask for and a token names (acr).
const (
	ACRSignedIn = "urn:relais:signed-in"
	ACRStepUp   = "urn:relais:step-up" // a fresh authentication, within authz.StepUpAge
)

// DetailPath names, below the issuer, the type of authorization_details that
// acting for somebody has (RFC 9396 §2; fields: docs/acting.md).
const DetailPath = "/rar/mandate-step/1"

// Detail is one element of authorization_details (RFC 9396), of the type
// Issuer+DetailPath. Identifier and NotAfter are ours to say.
type Detail struct {
	Type       string   `json:"type"`
	Identifier string   `json:"identifier,omitempty"` // the mandate, pairwise
	Actions    []string `json:"actions,omitempty"`
	Procedures []string `json:"procedures,omitempty"`
	Locations  []string `json:"locations,omitempty"`
	NotAfter   string   `json:"not_after,omitempty"` // RFC 3339, exclusive
}

// Params are an authorization request, validated by the provider.
type Params struct {
	RedirectURI   string   `json:"redirect_uri"`
	State         string   `json:"state,omitempty"`
	Nonce         string   `json:"nonce,omitempty"`
	Scopes        []string `json:"scopes,omitempty"`
	CodeChallenge string   `json:"code_challenge,omitempty"` // S256
	ACRValues     []string `json:"acr_values,omitempty"`
	MaxAge        *int     `json:"max_age,omitempty"` // seconds
	Details       []Detail `json:"details,omitempty"`
	// RepScope is the FranceConnect profile's way to ask for procedures.
	RepScope []string `json:"rep_scope,omitempty"`
}

// NewRequest is a request as it arrives. Browser is the secret of the browser
// that brought it, when there is one: the request is then that browser's.
type NewRequest struct {
	Client  clients.Client
	Params  Params
	Browser []byte
}

// RequestState is where a request stands.
type RequestState string

// The states of a request.
const (
	Open     RequestState = "open"
	Granted  RequestState = "granted"
	Declined RequestState = "declined"
	Expired  RequestState = "expired"
	Used     RequestState = "used" // its code was given
)

// Request is a service's request under way.
type Request struct {
	ID        uuid.UUID
	Client    clients.Client
	Params    Params
	State     RequestState
	Version   int
	CreatedAt time.Time
	ExpiresAt time.Time

	browserHash                                          []byte
	account, organisation, session, beneficiary, mandate uuid.UUID
	procedure                                            string
	actions                                              []string
}

// OfBrowser reports whether this is the browser the request belongs to.
func (r Request) OfBrowser(browser []byte) bool {
	sum := sha256.Sum256(browser)
	return len(browser) > 0 && subtle.ConstantTimeCompare(r.browserHash, sum[:]) == 1
}

// Choosing is a request as the mediator who chooses sees it.
type Choosing struct {
	Request
	ClientName string
	// Procedures are what the service offers and asked for, of its pack.
	Procedures []string
	// Person is whom the mediator chose; nil before.
	Person *Offered
	// Choices are, for that person, the procedures and actions that could be
	// chosen now, in the pack's order.
	Choices []Choice
	// Procedure and Actions are what was chosen; empty before.
	Procedure string
	Actions   []string
	// Sensitive: an action chosen is sensitive, or the service asks for a fresh
	// authentication; NeedsStepUp: it lacks.
	Sensitive, NeedsStepUp bool
	Receives               Receives
}

// Choice is one procedure and the actions that the mandate and the service
// leave open in it.
type Choice struct {
	Procedure string
	Actions   []string
}

// Receives says what the service will be told.
type Receives struct {
	Claims  []string // names of claims about the person
	Actions []string
	EndsAt  time.Time
}

// Offered is a person for whom the mediator could act at this service.
type Offered struct {
	Beneficiary uuid.UUID
	Name        string
	BirthDate   time.Time
	Mandate     uuid.UUID
	EndsAt      time.Time
}

// Delegation is what a mediator was given at one service, for one person, under
// one mandate. Its id is the sid of ID tokens.
type Delegation struct {
	ID, Request                                        uuid.UUID
	Client                                             clients.Client
	Account, Organisation, Beneficiary, Mandate, Grant uuid.UUID
	Session                                            uuid.UUID
	Procedure                                          string
	Actions, Scopes                                    []string
	Nonce, ACR                                         string
	AuthTime, CreatedAt                                time.Time
	EndsAt                                             time.Time // exclusive
	EndedAt                                            time.Time
	EndReason                                          string
	// Token is what was shown at this hop, for introspection; zero after Grant.
	Token TokenFacts

	facts hop
}

// TokenFacts are those of one token.
type TokenFacts struct {
	Kind      string // access, refresh
	Audience  string
	Scopes    []string
	Actions   []string
	ExpiresAt time.Time
}

// Redemption is a code handed in.
type Redemption struct {
	Code        string
	RedirectURI string
	Verifier    string // PKCE
}

// Tokens are what a hop gives. AccessID is the jti of the access token; Refresh
// is the refresh token itself, empty when none is given.
type Tokens struct {
	AccessID  string
	ExpiresAt time.Time
	Refresh   string
	// Audience, Scopes and Actions are what the access token lends.
	Audience        string
	Scopes, Actions []string
}

// Exchange asks for a token for another audience (RFC 8693, OP-08). Empty
// Actions or Scopes: as the token shown.
type Exchange struct {
	Audience        string // the client_id of another registered service
	Actions, Scopes []string
}

// Party is somebody as a token names them.
type Party struct {
	Subject          string `json:"sub"`
	Name             string `json:"name,omitempty"`
	Organisation     string `json:"org,omitempty"`
	OrganisationName string `json:"org_name,omitempty"`
}

// Claims are what a service is told.
type Claims struct {
	Subject string // the person, pairwise
	Actor   Party  // the mediator, pairwise, with the organisation
	Details []Detail
	// Person are the claims about the person that the service is entitled to, by
	// name: texts, but address, which is an object (OpenID Connect Core §5.1.1).
	Person map[string]any
	// SID is the delegation: its id where it was given, pairwise elsewhere.
	SID string
}

// CheckRequest asks just before an irreversible act (OP-06).
type CheckRequest struct {
	// Key is the caller's, at most 100 letters: the same key gives the same answer.
	Key       string
	Action    string
	Procedure string // empty: the delegation's
}

// Answer is the answer to a check. JWS is signed (typ relais-check+jwt) and is
// the same, byte for byte, each time the same key is asked.
type Answer struct {
	Allowed bool
	Reasons []string
	JWS     string
	At      time.Time
	// ExpiresAt is until when the answer may be acted on (exp).
	ExpiresAt time.Time
	// Repeated: this key was answered before.
	Repeated bool
}

// Reported is a step that a service says was done there (OP-07).
type Reported struct {
	Action, Outcome, ReceiptNumber, Note string
	Present                              bool
	IdempotencyKey                       string
}

// Service holds the commands and queries.
type Service struct {
	commands *command.Runner
	packs    *packs.Set
	mandates *mandates.Service
	orgs     *organisations.Service
	clients  *clients.Registry
	keys     Signer
	issuer   string
	pairwise []byte
	sealer   seal.Sealer // of webhooks' secrets
	http     *http.Client
	// hops reads delegations by their tokens, for requests that arrive together.
	hops     *store.Group[tokenHash, *Delegation]
	known    *store.Known[tokenHash, Delegation] // by access token (check_known.go)
	inserter *river.Client[*sql.Tx]              // of deliveries' jobs
	// refusals bounds how many become events.
	refusals *rate.Limiter
}

// detailType is the type of our authorization_details.
func (s *Service) detailType() string { return s.issuer + DetailPath }
