package op

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// tokenAnswer is RFC 6749 §5.1, OpenID Connect Core §3.1.3.3, RFC 8693 §2.2.1
// and RFC 9396 §7.
type tokenAnswer struct {
	AccessToken string          `json:"access_token"`
	Issued      string          `json:"issued_token_type,omitempty"`
	Type        string          `json:"token_type"`
	ExpiresIn   int64           `json:"expires_in"`
	Scope       string          `json:"scope"`
	Refresh     string          `json:"refresh_token,omitempty"`
	IDToken     string          `json:"id_token,omitempty"`
	Details     []acting.Detail `json:"authorization_details,omitempty"`
}

// token gives tokens to a client that proved who it is.
func (p *Provider) token(c *gin.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	client, err := p.authenticate(c, form)
	if err != nil {
		return err
	}
	grants := map[string]func(context.Context, clients.Client, url.Values) (tokenAnswer, error){
		grantCode: p.byCode, grantRefresh: p.byRefresh, grantSoftware: p.bySoftware, grantExchange: p.byExchange,
	}
	if !form.Has("grant_type") {
		return bad(invalidRequest, "grant_type is missing")
	}
	give, known := grants[form.Get("grant_type")]
	if !known {
		return bad(unsupportedGrant, "grant_type is not supported")
	}
	if (client.Kind == clients.Software) != (form.Get("grant_type") == grantSoftware) {
		return bad(unauthorizedClient, "this grant is not for this kind of client")
	}
	answer, err := give(c.Request.Context(), client, form)
	if err != nil {
		return err
	}
	p.json(c, http.StatusOK, answer)
	return nil
}

// verifiers are as RFC 7636 §4.1 has them.
var verifiers = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// byCode exchanges a code (RFC 6749 §4.1.3).
func (p *Provider) byCode(ctx context.Context, client clients.Client, form url.Values) (tokenAnswer, error) {
	for _, name := range []string{"code", "redirect_uri"} {
		if !form.Has(name) {
			return tokenAnswer{}, bad(invalidRequest, name+" is missing")
		}
	}
	if v := form.Get("code_verifier"); v != "" && !verifiers.MatchString(v) {
		return tokenAnswer{}, bad(invalidGrant, "code_verifier is not of the right shape")
	}
	if form.Has("authorization_details") {
		return tokenAnswer{}, bad(invalidDetails, "what was granted is narrowed by token exchange, not here")
	}
	d, err := p.Acting.Redeem(ctx, client, acting.Redemption{Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier")})
	if err != nil {
		return tokenAnswer{}, err
	}
	var words []string
	if client.Profile == clients.FranceConnect { // read before the code is used up
		if words, err = p.Acting.RepScope(ctx, d); err != nil {
			return tokenAnswer{}, err
		}
	}
	t, err := p.Acting.IssueAccess(ctx, d, client.ClientID, slices.Contains(d.Scopes, scopeOffline))
	if err != nil {
		return tokenAnswer{}, err
	}
	return p.give(ctx, client, given{d, t, true, d.Nonce, words})
}

// byRefresh exchanges a refresh token for the next one (RFC 6749 §6, RFC 9700
// §4.14): what is given is what was, or less.
func (p *Provider) byRefresh(ctx context.Context, client clients.Client, form url.Values) (tokenAnswer, error) {
	if !form.Has("refresh_token") {
		return tokenAnswer{}, bad(invalidRequest, "refresh_token is missing")
	}
	if form.Has("scope") || form.Has("authorization_details") {
		return tokenAnswer{}, bad(invalidRequest, "what was granted is narrowed by token exchange, not here")
	}
	d, t, err := p.Acting.Refresh(ctx, client, form.Get("refresh_token"))
	if err != nil {
		return tokenAnswer{}, err
	}
	// OpenID Connect Core §12.2: the same sign-in, without its nonce.
	return p.give(ctx, client, given{d, t, true, "", nil})
}

// given is what a hop of acting's gave, to be written as tokens.
type given struct {
	delegation acting.Delegation
	tokens     acting.Tokens
	identify   bool // with an ID token
	nonce      string
	repScope   []string // with FranceConnect; nil: not read yet
}

// give writes the tokens of a delegation for a client.
func (p *Provider) give(ctx context.Context, client clients.Client, g given) (tokenAnswer, error) {
	d := g.delegation
	claims, err := p.Acting.Claims(ctx, d, client)
	if err != nil {
		return tokenAnswer{}, err
	}
	narrow(claims.Details, g.tokens.Actions)
	access, err := p.accessToken(d, g.tokens, claims)
	if err != nil {
		return tokenAnswer{}, err
	}
	answer := tokenAnswer{AccessToken: access, Type: "Bearer", ExpiresIn: p.left(g.tokens.ExpiresAt),
		Scope: strings.Join(g.tokens.Scopes, " "), Refresh: g.tokens.Refresh}
	if client.Profile != clients.FranceConnect {
		answer.Details = claims.Details
	}
	if g.identify && slices.Contains(d.Scopes, scopeOpenID) {
		answer.IDToken, err = p.idToken(ctx, d, claims, bound{nonce: g.nonce, access: access, repScope: g.repScope})
	}
	return answer, err
}

// narrow says in the details what a token lends, which may be less than what
// the mediator was given.
func narrow(details []acting.Detail, actions []string) {
	for i := range details {
		if actions != nil {
			details[i].Actions = actions
		}
	}
}

// bySoftware gives an organisation's own software a token for the API (RFC 6749
// §4.4). It acts for that organisation alone; never for a mediator.
func (p *Provider) bySoftware(ctx context.Context, client clients.Client, form url.Values) (tokenAnswer, error) {
	t, err := p.Clients.IssueSoftwareToken(ctx, client, words(form.Get("scope")))
	if problem.Is(err, "scope_not_allowed") {
		return tokenAnswer{}, bad(invalidScope, "a scope is not registered for this client")
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	return tokenAnswer{AccessToken: t.Token, Type: "Bearer", ExpiresIn: p.left(t.ExpiresAt), Scope: strings.Join(t.Scopes, " ")}, nil
}
