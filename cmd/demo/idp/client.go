package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// idTokenLifetime is short: the relying party makes its own session at once.
const idTokenLifetime = 10 * time.Minute

// relyingParty shows a Client to the protocol library.
type relyingParty struct{ Client }

var _ op.Client = relyingParty{}

func (c relyingParty) GetID() string                       { return c.ID }
func (c relyingParty) RedirectURIs() []string              { return c.Client.RedirectURIs }
func (c relyingParty) PostLogoutRedirectURIs() []string    { return c.PostLogoutURIs }
func (c relyingParty) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c relyingParty) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c relyingParty) LoginURL(id string) string           { return loginPath + "?request=" + id }
func (c relyingParty) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }
func (c relyingParty) IDTokenLifetime() time.Duration      { return idTokenLifetime }
func (c relyingParty) DevMode() bool                       { return false }
func (c relyingParty) IsScopeAllowed(string) bool          { return false }
func (c relyingParty) ClockSkew() time.Duration            { return 0 }

func (c relyingParty) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c relyingParty) GrantTypes() []oidc.GrantType { return []oidc.GrantType{oidc.GrantTypeCode} }

// IDTokenUserinfoClaimsAssertion is false: e-mail and name come from userinfo
// only, as OpenID Connect Core §5.4 has it, so that relying parties tried here
// also work with strict providers.
func (c relyingParty) IDTokenUserinfoClaimsAssertion() bool { return false }

func (c relyingParty) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (c relyingParty) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}
