package v1

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

// caller is who a token belongs to.
type caller struct {
	client clients.Client
	// access is the jti of a delegated token; empty for software.
	access  string
	subject actorClaim
}

// The security schemes of the specification.
const (
	schemeSoftware  = "software"
	schemeDelegated = "delegated"
)

// maxToken bounds what is hashed or parsed.
const maxToken = 8 << 10

// authenticate says who asks, by the scheme that the operation names.
func (a *API) authenticate(c *gin.Context, route *routers.Route) (caller, error) {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return caller{}, errNoToken
	}
	for _, requirement := range *route.Operation.Security {
		if scopes, is := requirement[schemeSoftware]; is {
			return a.bySoftware(c, token, scopes)
		}
		if _, is := requirement[schemeDelegated]; is {
			return a.byService(c, token)
		}
	}
	return caller{}, errNoToken
}

func (a *API) bySoftware(c *gin.Context, token string, scopes []string) (caller, error) {
	client, holds, err := a.Clients.SoftwareByToken(c.Request.Context(), token)
	if err != nil {
		return caller{}, err
	}
	for _, s := range scopes {
		if !slices.Contains(holds, s) {
			return caller{}, problem.New(problem.KindForbidden, "scope_missing").With("Scope", s)
		}
	}
	return caller{client: client}, nil
}

// accessClaims are what is read of a delegated token (RFC 9068, 2.2).
type accessClaims struct {
	Issuer   string          `json:"iss"`
	Audience json.RawMessage `json:"aud"`
	ID       string          `json:"jti"`
	Expiry   int64           `json:"exp"`
	Actor    actorClaim      `json:"act"`
}

type actorClaim struct {
	Subject string `json:"sub"`
}

// byService checks a delegated token as it stands. What it still opens is
// acting's to say, at the very hop.
func (a *API) byService(c *gin.Context, token string) (caller, error) {
	claims, ours, err := a.read(token)
	c.Set(oursKey, ours)
	if err != nil {
		return caller{}, errTokenInvalid.Because(err)
	}
	client, err := a.Clients.ByClientID(c.Request.Context(), a.holder(claims))
	if problem.Is(err, "not_found") {
		return caller{}, errTokenInvalid
	}
	if err != nil {
		return caller{}, err
	}
	return caller{client: client, access: claims.ID, subject: claims.Actor}, nil
}

// oursKey holds whether the token shown bears our signature. tokenOver then says
// that it is over: a service that comes late guesses nothing, and is not counted
// among those who do.
const (
	oursKey   = "relais.token"
	tokenOver = `error_description="The access token is over"` //nolint:gosec // words, not a secret
)

// read verifies signature, type, issuer, audience and end (RFC 9068, 4). ours
// says that the signature is.
func (a *API) read(token string) (claims accessClaims, ours bool, err error) {
	payload, err := a.Keyring.Access(token)
	if err != nil {
		return claims, false, err
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return claims, true, err
	}
	switch {
	case claims.Issuer != a.Issuer:
		return claims, true, errors.New("another issuer's")
	case a.holder(claims) == "":
		return claims, true, errors.New("for another audience")
	case !a.Store.Now().Before(time.Unix(claims.Expiry, 0)):
		return claims, true, errors.New("expired")
	case claims.ID == "":
		return claims, true, errors.New("without jti")
	}
	return claims, true, nil
}

// holder is the service that a token was given to: the one audience beside
// ourselves. An exchanged token (OP-08) names the service it was exchanged for
// alone; what it lends there is asked of us.
func (a *API) holder(claims accessClaims) string {
	to := slices.DeleteFunc(audiences(claims.Audience), func(s string) bool { return s == a.Issuer })
	if len(to) != 1 {
		return ""
	}
	return to[0]
}

// audiences reads aud, one or several (RFC 7519, 4.1.3).
func audiences(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	var several []string
	if json.Unmarshal(raw, &several) != nil {
		return nil
	}
	return several
}
