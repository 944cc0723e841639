package v1

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/organisations/clients"
)

// caller is who a token belongs to.
type caller struct {
	client clients.Client
	// access is the jti of a delegated token; empty for software.
	access string
	// subject is the mediator that a delegated token names, pairwise.
	subject string
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
			return a.byService(c, token, checks(route))
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

// checks are the two operations that acting answers on who last showed the token,
// holding that to how it is registered now.
func checks(route *routers.Route) bool {
	return route.Operation.OperationID == "checkCommit" || route.Operation.OperationID == "evaluate"
}

// byService checks a delegated token as it stands. What it still opens is
// acting's to say, at the very hop.
func (a *API) byService(c *gin.Context, raw string, check bool) (caller, error) {
	token, err := a.Keyring.Access(raw, a.Issuer)
	if err != nil {
		return caller{}, errTokenInvalid.Because(err)
	}
	to := a.holder(token)
	if to == "" {
		return caller{}, errTokenInvalid.Because(clients.ErrTokenOver) // for another audience
	}
	if check {
		if client, ok := a.Acting.Asking(token.ID); ok && client.ClientID == to {
			return caller{client: client, access: token.ID, subject: token.Actor.Subject}, nil
		}
	}
	client, err := a.Clients.ByClientID(c.Request.Context(), to)
	if problem.Is(err, "not_found") {
		return caller{}, errTokenInvalid.Because(clients.ErrTokenOver)
	}
	if err != nil {
		return caller{}, err
	}
	return caller{client: client, access: token.ID, subject: token.Actor.Subject}, nil
}

// oursKey holds whether the token shown was given by us, whatever became of it.
// tokenOver then says that it is over: who comes late guesses nothing, and is not
// counted among those who do.
const (
	oursKey   = "relais.token"
	tokenOver = `error_description="The access token is over"` //nolint:gosec // words, not a secret
)

// stranger counts a refused token by the address it came from, unless it was ours.
// From an address that keeps showing tokens of nobody's the next are told to wait;
// whoever shows one that holds never is, for what its neighbours do.
func (a *API) stranger(c *gin.Context, err error) error {
	if problem.As(err).Kind != problem.KindUnauthenticated || c.GetBool(oursKey) {
		return err
	}
	left, until := a.strange.Take(rate.Address(c.ClientIP()))
	if left >= 0 {
		return err
	}
	c.Header("Retry-After", seconds(until.Sub(a.Store.Now())))
	return errTooMany.Because(err)
}

// holder is the service that a token was given to: the one audience beside
// ourselves. An exchanged token (OP-08) names the service it was exchanged for
// alone; what it lends there is asked of us.
func (a *API) holder(token clients.AccessToken) (to string) {
	for _, s := range token.Audience {
		switch {
		case s == a.Issuer:
		case to != "":
			return ""
		default:
			to = s
		}
	}
	return to
}
