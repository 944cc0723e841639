package op

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

const (
	// longestState bounds what is only carried back: state and nonce.
	longestState = 512
	// challengeBytes is the size of a SHA-256 (RFC 7636 §4.2).
	challengeBytes = 32
	// longestAge bounds max_age, in seconds: a year.
	longestAge = 365 * 24 * 60 * 60
	// stepUpSeconds is how long a fresh authentication stands.
	stepUpSeconds = int(authz.StepUpAge / time.Second)
)

// asker is who asks and where the answer may go. Before it is known, no fault
// is sent anywhere.
type asker struct {
	client   clients.Client
	redirect string
	state    string
}

// whoAsks finds the client and holds the redirect address to its list: equal,
// byte for byte (RFC 9700 §2.1). No normalisation, no prefix, no port to spare.
func (p *Provider) whoAsks(ctx context.Context, values url.Values) (asker, error) {
	if !values.Has("client_id") {
		return asker{}, bad(invalidRequest, "client_id is missing")
	}
	client, err := p.Clients.ByClientID(ctx, values.Get("client_id"))
	if err != nil {
		if problem.Is(err, "not_found") {
			return asker{}, bad(invalidClient, "no such client")
		}
		return asker{}, err
	}
	if client.Kind != clients.Service {
		return asker{}, bad(unauthorizedClient, "this client does not act for people")
	}
	to := values.Get("redirect_uri")
	if !slices.Contains(client.RedirectURIs, to) {
		return asker{}, bad(invalidRequest, "redirect_uri is not one registered for this client")
	}
	a := asker{client: client, redirect: to}
	// Only a state that may be echoed is.
	if state := values.Get("state"); len(state) <= longestState && visible(state) {
		a.state = state
	}
	return a, nil
}

// visible: printable ASCII, as RFC 6749 appendix A.5 has state.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

// unsupported parameters, each with the code it is refused by.
var unsupported = [][2]string{
	{"request", requestNotSupported}, {"request_uri", requestURINotSupported}, {"registration", registrationForbidden},
}

// params validates everything else of a request. Its faults may go back to the
// client.
func (p *Provider) params(a asker, v url.Values) (acting.Params, error) {
	for _, u := range unsupported {
		if v.Has(u[0]) {
			return acting.Params{}, bad(u[1], u[0]+" is not supported")
		}
	}
	out := acting.Params{RedirectURI: a.redirect, State: a.state, Nonce: v.Get("nonce"), ACRValues: words(v.Get("acr_values"))}
	switch {
	case v.Get("state") != a.state:
		return out, bad(invalidRequest, "state is too long, or not printable ASCII")
	case !v.Has("response_type"):
		return out, bad(invalidRequest, "response_type is missing")
	case v.Get("response_type") != "code":
		return out, bad(unsupportedResponse, "response_type must be code")
	case v.Has("response_mode") && v.Get("response_mode") != "query":
		return out, bad(invalidRequest, "response_mode must be query")
	case len(out.Nonce) > longestState || !visible(out.Nonce):
		return out, bad(invalidRequest, "nonce is too long, or not printable ASCII")
	}
	var err error
	if out.Scopes, err = scopesFor(a.client, v.Get("scope")); err != nil {
		return out, err
	}
	if out.CodeChallenge, err = challenge(a.client, v); err != nil {
		return out, err
	}
	if out.MaxAge, err = freshness(v); err != nil {
		return out, err
	}
	if a.client.Profile == clients.FranceConnect {
		return p.franceConnect(out, a, v)
	}
	out.Details, err = p.details(v.Get("authorization_details"), a.client)
	return out, err
}

// scopesFor ignores words that no scope of ours has (OpenID Connect Core
// §3.1.2.1) and refuses those that are not for this client.
func scopesFor(client clients.Client, list string) ([]string, error) {
	var out []string
	for _, s := range words(list) {
		if !slices.Contains(supportedScopes(), s) || slices.Contains(out, s) {
			continue
		}
		if !client.MayAsk(s) {
			return nil, bad(invalidScope, "scope "+s+" is not registered for this client")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, bad(invalidScope, "no scope of this provider is asked for")
	}
	return out, nil
}

// challenge demands PKCE with S256. The FranceConnect profile may leave it out,
// never weaken it.
func challenge(client clients.Client, v url.Values) (string, error) {
	given, method := v.Get("code_challenge"), v.Get("code_challenge_method")
	if given == "" && method == "" && client.Profile == clients.FranceConnect {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(given)
	switch {
	case given == "":
		return "", bad(invalidRequest, "code_challenge is missing: PKCE is required")
	case method != "S256":
		return "", bad(invalidRequest, "code_challenge_method must be S256")
	case err != nil || len(raw) != challengeBytes:
		return "", bad(invalidRequest, "code_challenge is not a SHA-256 in base64url")
	}
	return given, nil
}

// freshness reads prompt and max_age. Somebody always has to choose, so that
// prompt=none never succeeds; prompt=login asks for a sign-in of now.
func freshness(v url.Values) (maxAge *int, err error) {
	prompts := words(v.Get("prompt"))
	for _, one := range prompts {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, one) {
			return nil, bad(invalidRequest, "prompt is not known")
		}
	}
	switch {
	case slices.Contains(prompts, "none") && len(prompts) > 1:
		return nil, bad(invalidRequest, "prompt=none stands alone")
	case slices.Contains(prompts, "none"):
		return nil, bad(interactionRequired, "the mediator must choose whom to act for")
	}
	if v.Has("max_age") {
		n, err := strconv.Atoi(v.Get("max_age"))
		if err != nil || n < 0 || n > longestAge || strconv.Itoa(n) != v.Get("max_age") {
			return nil, bad(invalidRequest, "max_age is not a number of seconds")
		}
		maxAge = &n
	}
	if slices.Contains(prompts, "login") {
		now := 0
		maxAge = &now
	}
	return maxAge, nil
}

// franceConnect holds a request to the profile in which FranceConnect asks an
// identity provider today: state and nonce always, acr_values=eidas1, and
// rep_scope in the claims parameter for what the mediator may do.
func (p *Provider) franceConnect(out acting.Params, a asker, v url.Values) (acting.Params, error) {
	switch {
	case a.state == "":
		return out, bad(invalidRequest, "state is missing")
	case out.Nonce == "":
		return out, bad(invalidRequest, "nonce is missing")
	case !slices.Equal(out.ACRValues, []string{acrEidas1}):
		return out, bad(invalidRequest, "acr_values must be eidas1")
	case !slices.Contains(out.Scopes, scopeOpenID):
		return out, bad(invalidScope, "scope openid is missing")
	case v.Has("authorization_details"):
		return out, bad(invalidRequest, "authorization_details is not part of this profile")
	}
	var err error
	out.RepScope, err = repScope(v.Get("claims"))
	return out, err
}

// repScope reads claims={"id_token":{"rep_scope":{"essential":true,"values":[…]}}}
// (OpenID Connect Core §5.5). Which words exist, and which the mandate covers,
// is acting's to say.
func repScope(raw string) ([]string, error) {
	if raw == "" {
		return nil, nil
	}
	var claims struct {
		IDToken map[string]json.RawMessage `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(raw), &claims); err != nil {
		return nil, bad(invalidRequest, "claims is not JSON of the right shape")
	}
	asked, ok := claims.IDToken["rep_scope"]
	if !ok {
		return nil, nil
	}
	var rep struct {
		Essential *bool    `json:"essential"`
		Values    []string `json:"values"`
	}
	if err := json.Unmarshal(asked, &rep); err != nil {
		return nil, bad(invalidRequest, "rep_scope is not of the right shape")
	}
	switch {
	case rep.Essential == nil || !*rep.Essential:
		return nil, bad(invalidRequest, "rep_scope must be essential")
	case len(rep.Values) == 0 || !each(rep.Values, func(s string) bool { return s != "" }):
		return nil, bad(invalidRequest, "rep_scope has no values, or one comes twice")
	}
	return rep.Values, nil
}
