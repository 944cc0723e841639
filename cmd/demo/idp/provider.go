package idp

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Provider is the running identity provider: an http.Handler for the root of
// its issuer.
type Provider struct {
	handler http.Handler
	storage *storage
	courier *courier
}

var _ http.Handler = (*Provider)(nil)

// New makes a provider. It fails only on faulty options.
func New(o Options) (*Provider, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("demonstration identity provider: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Algorithm == "" {
		o.Algorithm = jose.ES256
	}
	s := newStorage(o)
	if err := s.keys.rotate(o.Algorithm); err != nil {
		return nil, err
	}
	protocol, err := newProtocol(o.Issuer, s)
	if err != nil {
		return nil, err
	}
	p := &Provider{storage: s, courier: newCourier(s)}
	s.notify = p.courier.deliver
	p.handler = p.routes(protocol)
	return p, nil
}

func newStorage(o Options) *storage {
	clients := make(map[string]Client, len(o.Clients))
	for _, c := range o.Clients {
		clients[c.ID] = c
	}
	return &storage{
		issuer: o.Issuer, keys: &keyring{}, people: o.People, clients: clients, now: o.Now,
		requests: map[string]*request{}, codes: map[string]code{},
		tokens: map[string]accessToken{}, sessions: map[string]*session{},
	}
}

// ServeHTTP answers for every path of the issuer.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// RotateKey signs with a fresh key from now on; the old public keys stay
// published. The algorithm is ES256 or RS256.
func (p *Provider) RotateKey(alg jose.SignatureAlgorithm) error { return p.storage.keys.rotate(alg) }

// Register adds a relying party, or replaces the one of the same id.
func (p *Provider) Register(c Client) error {
	if err := c.validate(); err != nil {
		return err
	}
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	p.storage.clients[c.ID] = c
	return nil
}

// ForceLogout ends every session of a person and tells their relying parties
// by a logout token, as when an employer blocks somebody. It returns when each
// was told or has failed to answer, and how many accepted.
func (p *Provider) ForceLogout(ctx context.Context, subject string) int {
	return p.courier.tell(ctx, p.storage.end(func(s session) bool { return s.subject == subject }))
}

// protocol is the library's provider with our own, fixed endpoints (the
// library's options would change a table shared by the whole process) and our
// own demands on a request.
type protocol struct{ *op.Provider }

var (
	_ op.OpenIDProvider     = protocol{}
	_ op.AuthorizeValidator = protocol{}
)

const (
	authorizePath  = "/authorize"
	tokenPath      = "/token"
	userinfoPath   = "/userinfo"
	endSessionPath = "/end_session"
	keysPath       = "/keys"
	loginPath      = "/login"
	confirmPath    = "/login/confirm"
	signedOutPath  = "/signed-out"
	stylePath      = "/style.css"
)

func newProtocol(issuer string, s *storage) (protocol, error) {
	config := &op.Config{
		DefaultLogoutRedirectURI: signedOutPath,
		CodeMethodS256:           true,
		AuthMethodPost:           true,
	}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return protocol{}, err
	}
	p, err := op.NewProvider(config, s, op.StaticIssuer(issuer),
		op.WithAllowInsecure(),
		op.WithCORSOptions(nil),
		op.WithIDTokenHintVerifierOpts(op.WithSupportedIDTokenHintSigningAlgorithms(string(jose.ES256), string(jose.RS256))),
	)
	if err != nil {
		return protocol{}, fmt.Errorf("make the provider: %w", err)
	}
	return protocol{p}, nil
}

func (protocol) AuthorizationEndpoint() *op.Endpoint { return op.NewEndpoint(authorizePath) }
func (protocol) TokenEndpoint() *op.Endpoint         { return op.NewEndpoint(tokenPath) }
func (protocol) UserinfoEndpoint() *op.Endpoint      { return op.NewEndpoint(userinfoPath) }
func (protocol) EndSessionEndpoint() *op.Endpoint    { return op.NewEndpoint(endSessionPath) }
func (protocol) KeysEndpoint() *op.Endpoint          { return op.NewEndpoint(keysPath) }

// ValidateAuthRequest demands more than the library: PKCE with S256 from every
// client (RFC 9700 §2.1.1), openid in the scope, and answers in the query only.
func (p protocol) ValidateAuthRequest(ctx context.Context, asked *oidc.AuthRequest, s op.Storage, hint *op.IDTokenHintVerifier) (string, error) {
	client, err := s.GetClientByClientID(ctx, asked.ClientID)
	if err != nil {
		return "", oidc.ErrInvalidRequestRedirectURI().WithDescription("unknown client").WithParent(err)
	}
	subject, err := op.ValidateAuthRequestClient(ctx, asked, client, hint)
	switch {
	case err != nil:
		return "", err
	case asked.ResponseMode != "" && asked.ResponseMode != oidc.ResponseModeQuery:
		asked.ResponseMode = oidc.ResponseModeQuery
		return "", oidc.ErrInvalidRequest().WithDescription("only response_mode=query")
	case asked.CodeChallenge == "" || asked.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return "", oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	case !slices.Contains(asked.Scopes, oidc.ScopeOpenID):
		return "", oidc.ErrInvalidScope().WithDescription("scope must name openid")
	}
	return subject, nil
}

// routes mounts what is offered and nothing more: the library would also
// answer for introspection, revocation and devices.
func (p *Provider) routes(protocol protocol) http.Handler {
	library := op.CreateRouter(protocol)
	pages := &pages{storage: p.storage, courier: p.courier}
	sameOrigin := http.NewCrossOriginProtection()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+oidc.DiscoveryEndpoint, p.discovery)
	mux.Handle(authorizePath, nameIssuer(p.storage.issuer, library))
	mux.Handle("GET "+authorizePath+"/callback", nameIssuer(p.storage.issuer, library))
	mux.Handle("POST "+tokenPath, library)
	mux.Handle(userinfoPath, library)
	mux.Handle(endSessionPath, library)
	mux.Handle("GET "+keysPath, library)
	mux.Handle("GET "+loginPath, page(pages.choose))
	mux.Handle("POST "+loginPath, sameOrigin.Handler(page(pages.chosen)))
	mux.Handle("POST "+confirmPath, sameOrigin.Handler(page(pages.confirmed)))
	mux.Handle("GET "+signedOutPath, page(pages.signedOut))
	mux.Handle("POST "+signedOutPath, sameOrigin.Handler(page(pages.signOut)))
	mux.HandleFunc("GET "+stylePath, style)
	mux.Handle("GET /{$}", page(pages.welcome))
	return mux
}
