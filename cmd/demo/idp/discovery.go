package idp

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// metadata is the discovery document. The library's own would promise flows
// that are not mounted, and lacks RFC 9207's field.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	KeysEndpoint          string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	Claims                []string `json:"claims_supported"`
	Locales               []string `json:"ui_locales_supported"`
	IssParameter          bool     `json:"authorization_response_iss_parameter_supported"`
	BackChannelLogout     bool     `json:"backchannel_logout_supported"`
	BackChannelSession    bool     `json:"backchannel_logout_session_supported"`
	RequestURI            bool     `json:"request_uri_parameter_supported"`
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	at := p.storage.issuer
	w.Header().Set("Content-Type", "application/json")
	// The only failure of Encode is a browser that went away.
	_ = json.NewEncoder(w).Encode(metadata{
		Issuer:                at,
		AuthorizationEndpoint: at + authorizePath,
		TokenEndpoint:         at + tokenPath,
		UserinfoEndpoint:      at + userinfoPath,
		EndSessionEndpoint:    at + endSessionPath,
		KeysEndpoint:          at + keysPath,
		Scopes:                []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
		ResponseTypes:         []string{string(oidc.ResponseTypeCode)},
		ResponseModes:         []string{string(oidc.ResponseModeQuery)},
		GrantTypes:            []string{string(oidc.GrantTypeCode)},
		SubjectTypes:          []string{"public"},
		Algorithms:            []string{string(jose.RS256), string(jose.ES256)},
		TokenAuthMethods:      []string{string(oidc.AuthMethodBasic), string(oidc.AuthMethodPost)},
		ChallengeMethods:      []string{string(oidc.CodeChallengeMethodS256)},
		ACRValues:             []string{ACROneFactor, ACRTwoFactors},
		Claims:                []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "name", "email", "email_verified"},
		Locales:               languages,
		IssParameter:          true,
		BackChannelLogout:     true,
		BackChannelSession:    true,
	})
}

// nameIssuer adds iss to answers that go back to a relying party, code or
// error (RFC 9207 §2), which the library does not do.
func nameIssuer(issuer string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&issuerNamer{ResponseWriter: w, issuer: issuer}, r)
	})
}

type issuerNamer struct {
	http.ResponseWriter
	issuer string
}

func (n *issuerNamer) WriteHeader(status int) {
	if to, err := url.Parse(n.Header().Get("Location")); err == nil && to.Host != "" {
		if query := to.Query(); query.Has("code") || query.Has("error") {
			query.Set("iss", n.issuer)
			to.RawQuery = query.Encode()
			n.Header().Set("Location", to.String())
		}
	}
	n.ResponseWriter.WriteHeader(status)
}
