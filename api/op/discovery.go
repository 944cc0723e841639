package op

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// The addresses below the issuer. They are part of the outside contract.
const (
	discoveryPath  = "/.well-known/openid-configuration"
	authServerPath = "/.well-known/oauth-authorization-server" // RFC 8414, the same document
	authorizePath  = "/oauth/authorize"
	callbackPath   = "/oauth/authorize/callback"
	parPath        = "/oauth/par"
	tokenPath      = "/oauth/token" //nolint:gosec // an address
	userinfoPath   = "/oauth/userinfo"
	introspectPath = "/oauth/introspect"
	revokePath     = "/oauth/revoke"
	endSessionPath = "/oauth/end-session"
	keysPath       = "/oauth/keys"
	choosingPath   = "/act/" // frontend's pages; the request's id follows
)

// Authentication contexts (acr).
const (
	acrSignedIn = acting.ACRSignedIn // a session of this house
	acrStepUp   = acting.ACRStepUp   // a fresh authentication within 15 minutes
	acrEidas1   = "eidas1"           // the FranceConnect profile's only word
)

// Scopes of people's claims and of software.
const (
	scopeOpenID  = "openid"
	scopeOffline = "offline_access"
)

// The grants of the token endpoint.
const (
	grantCode     = "authorization_code"
	grantRefresh  = "refresh_token"
	grantSoftware = "client_credentials"
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// metadata is OpenID Connect Discovery 1.0 §3 and RFC 8414 §2, with what RFC
// 9126, 9207, 9396 and Back-Channel Logout 1.0 add.
type metadata struct {
	Issuer              string   `json:"issuer"`
	Authorization       string   `json:"authorization_endpoint"`
	Pushed              string   `json:"pushed_authorization_request_endpoint"`
	RequirePushed       bool     `json:"require_pushed_authorization_requests"`
	Token               string   `json:"token_endpoint"`
	Userinfo            string   `json:"userinfo_endpoint"`
	Introspection       string   `json:"introspection_endpoint"`
	Revocation          string   `json:"revocation_endpoint"`
	EndSession          string   `json:"end_session_endpoint"`
	Keys                string   `json:"jwks_uri"`
	Documentation       string   `json:"service_documentation,omitempty"`
	Scopes              []string `json:"scopes_supported"`
	ResponseTypes       []string `json:"response_types_supported"`
	ResponseModes       []string `json:"response_modes_supported"`
	Grants              []string `json:"grant_types_supported"`
	Subjects            []string `json:"subject_types_supported"`
	IDTokenAlgorithms   []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgorithms  []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuth           []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectAuth      []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectAuthAlgs  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevokeAuth          []string `json:"revocation_endpoint_auth_methods_supported"`
	RevokeAuthAlgs      []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Challenges          []string `json:"code_challenge_methods_supported"`
	DetailTypes         []string `json:"authorization_details_types_supported"`
	ACRValues           []string `json:"acr_values_supported"`
	Claims              []string `json:"claims_supported"`
	ClaimTypes          []string `json:"claim_types_supported"`
	Prompts             []string `json:"prompt_values_supported"`
	Locales             []string `json:"ui_locales_supported"`
	ClaimsParameter     bool     `json:"claims_parameter_supported"`
	RequestParameter    bool     `json:"request_parameter_supported"`
	RequestURI          bool     `json:"request_uri_parameter_supported"`
	IssParameter        bool     `json:"authorization_response_iss_parameter_supported"`
	BackChannel         bool     `json:"backchannel_logout_supported"`
	BackChannelSession  bool     `json:"backchannel_logout_session_supported"`
}

func (p *Provider) metadata() metadata {
	at, methods := p.Issuer, []string{privateKey, secretBasic, secretPost}
	var algorithms []string
	for _, a := range assertionAlgorithms {
		algorithms = append(algorithms, string(a))
	}
	return metadata{
		Issuer: at, Authorization: at + authorizePath, Pushed: at + parPath, Token: at + tokenPath, Userinfo: at + userinfoPath,
		Introspection: at + introspectPath, Revocation: at + revokePath, EndSession: at + endSessionPath, Keys: at + keysPath,
		Scopes:        slices.Concat(supportedScopes(), clients.SoftwareScopeNames()),
		ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		Grants:            []string{grantCode, grantRefresh, grantSoftware, grantExchange},
		Subjects:          []string{"pairwise"},
		IDTokenAlgorithms: []string{"ES256", "RS256", "HS256"}, UserinfoAlgorithms: []string{"ES256", "RS256"},
		TokenAuth: methods, TokenAuthAlgorithms: algorithms, IntrospectAuth: methods, IntrospectAuthAlgs: algorithms,
		RevokeAuth: methods, RevokeAuthAlgs: algorithms,
		Challenges:  []string{"S256"},
		DetailTypes: []string{p.detailType()},
		ACRValues:   []string{acrSignedIn, acrStepUp, acrEidas1},
		Claims:      supportedClaims(), ClaimTypes: []string{"normal"},
		Prompts: []string{"login", "consent", "select_account", "none"},
		Locales: []string{"fr", "en", "es"},
		// Only the FranceConnect profile's rep_scope is read of the claims
		// parameter, so that it is not promised to others.
		ClaimsParameter: false, RequestParameter: false, RequestURI: false,
		IssParameter: true, BackChannel: true, BackChannelSession: true,
	}
}

// discovery is public, and for scripts of other origins too: it holds addresses.
func (p *Provider) discovery(c *gin.Context) error {
	shared(c)
	c.Data(http.StatusOK, "application/json", p.document)
	return nil
}

// publicKeys are this provider's public keys, earlier ones included.
func (p *Provider) publicKeys(c *gin.Context) error {
	keys, err := p.Keys.Public()
	if err != nil {
		return err
	}
	shared(c)
	c.Data(http.StatusOK, "application/jwk-set+json", keys)
	return nil
}

// keysMaxAge is how long caches may keep our keys, and where things are.
const keysMaxAge = 5 * time.Minute

// shared lets caches and other origins have an answer.
func shared(c *gin.Context) {
	c.Header("Cache-Control", fmt.Sprintf("public, max-age=%d", int(keysMaxAge.Seconds())))
	c.Writer.Header().Del("Pragma")
	c.Header("Access-Control-Allow-Origin", "*")
}
