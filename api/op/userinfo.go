package op

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// bearer reads an access token from the header or, with POST, from the body
// (RFC 6750 §2.1, §2.2); never from the address.
func bearer(c *gin.Context) (string, error) {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	inHeader := strings.EqualFold(scheme, "Bearer") && token != ""
	inBody := ""
	if c.Request.Method == http.MethodPost && c.Request.ContentLength != 0 {
		form, err := posted(c)
		if err != nil {
			return "", err
		}
		inBody = form.Get("access_token")
	}
	switch {
	case inHeader && inBody != "":
		return "", bad(invalidRequest, "two access tokens")
	case inHeader:
		return token, nil
	case inBody != "":
		return inBody, nil
	}
	return "", &fault{status: http.StatusUnauthorized, code: invalidToken, description: "an access token is needed", challenge: `Bearer realm="relais"`}
}

// refusedToken is a token that opens nothing, with what a client should do
// about it (RFC 6750 §3.1, RFC 9470 §3).
func refusedToken(err error) *fault {
	f := asFault(err, invalidToken)
	if f.status >= http.StatusInternalServerError || f.status == http.StatusTooManyRequests {
		return f
	}
	f.status = http.StatusUnauthorized
	f.challenge = fmt.Sprintf(`Bearer realm="relais", error=%q, error_description=%q`, f.code, f.description)
	if f.stepUp {
		f.challenge += fmt.Sprintf(`, acr_values=%q, max_age="%d"`, acrStepUp, stepUpSeconds)
	}
	return f
}

// userinfo says who the person is and who acts for them, to the service that
// holds a token, as things stand now (OpenID Connect Core §5.3).
func (p *Provider) userinfo(c *gin.Context) error {
	ctx := c.Request.Context()
	raw, err := bearer(c)
	if err != nil {
		return err
	}
	claims, err := p.readAccess(raw)
	if err != nil || !slices.Contains(claims.Audience, p.Issuer) {
		return refusedToken(bad(invalidToken, "the access token does not verify, or is not for here"))
	}
	d, err := p.Acting.Use(ctx, claims.ID)
	if err != nil {
		return refusedToken(err)
	}
	if !slices.Contains(d.Token.Scopes, scopeOpenID) {
		return &fault{status: http.StatusForbidden, code: insufficientScope, description: "scope openid was not granted",
			challenge: `Bearer realm="relais", error="insufficient_scope", scope="openid"`}
	}
	told, err := p.Acting.Claims(ctx, d, d.Client)
	if err != nil {
		return refusedToken(err)
	}
	return p.tell(c, d, told)
}

// tell writes userinfo, plain or signed as the client is registered.
func (p *Provider) tell(c *gin.Context, d acting.Delegation, told acting.Claims) error {
	out := map[string]any{"sub": told.Subject, "act": told.Actor}
	for name, value := range told.Person {
		out[name] = value
	}
	if d.Client.Profile == clients.FranceConnect {
		pivot(out)
	} else {
		out["authorization_details"] = told.Details
	}
	if d.Client.UserinfoAlg == "" {
		p.json(c, http.StatusOK, out)
		return nil
	}
	out["iss"], out["aud"], out["iat"] = p.Issuer, d.Client.ClientID, p.Store.Now().Unix()
	signed, err := p.Keys.sign(d.Client.UserinfoAlg, typPlain, out, nil)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/jwt", []byte(signed))
	return nil
}
