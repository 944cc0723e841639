package benefits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	answerWithin = 10 * time.Second
	longest      = 1 << 20 // of an answer or a token, in bytes
	// readAgain is how long a discovery document is used.
	readAgain = time.Hour
	// acrStepUp asks Relais for a fresh sign-in of the mediator (RFC 9470).
	acrStepUp = "urn:relais:step-up"
	// detailPath, below the issuer, is the type of authorization_details.
	detailPath = "/rar/mandate-step/1"
)

// errAway is any failure to reach Relais or to understand it: nothing was
// decided, and the same may be tried again.
var errAway = errors.New("relais does not answer")

// relais is the client's side of Relais.
type relais struct {
	Options
	http *http.Client

	mu     sync.Mutex
	known  *discovered
	readAt time.Time
}

// discovered is what the discovery document says. It never changes.
type discovered struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	par      string
	revoke   string
	keys     oidc.KeySet
	ids      *oidc.IDTokenVerifier
}

func newRelais(o Options) *relais {
	return &relais{Options: o, http: &http.Client{Timeout: answerWithin}}
}

// context carries the HTTP client to the libraries.
func (r *relais) context(ctx context.Context) context.Context { return oidc.ClientContext(ctx, r.http) }

// discover reads where everything is, once an hour.
func (r *relais) discover(ctx context.Context) (*discovered, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known != nil && r.Now().Sub(r.readAt) < readAgain {
		return r.known, nil
	}
	provider, err := oidc.NewProvider(r.context(ctx), r.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	var more struct {
		PAR    string `json:"pushed_authorization_request_endpoint"`
		Revoke string `json:"revocation_endpoint"`
		Keys   string `json:"jwks_uri"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	// The keys outlive this request, so its context must not end their fetching.
	keys := oidc.NewRemoteKeySet(r.context(context.WithoutCancel(ctx)), more.Keys)
	r.known = &discovered{
		provider: provider, par: more.PAR, revoke: more.Revoke, keys: keys,
		oauth: oauth2.Config{ClientID: r.ClientID, ClientSecret: r.Secret, Endpoint: endpoint, RedirectURL: r.BaseURL + CallbackPath,
			Scopes: []string{oidc.ScopeOpenID, "profile", "birth", "address", oidc.ScopeOfflineAccess}},
		ids: oidc.NewVerifier(r.Issuer, keys, &oidc.Config{ClientID: r.ClientID, Now: r.Now, SupportedSigningAlgs: []string{oidc.ES256}}),
	}
	r.readAt = r.Now()
	return r.known, nil
}

// wish is what is asked of Relais for one authorisation.
type wish struct {
	flow
	Actions  []string
	Language string
	// StepUp asks for a fresh sign-in.
	StepUp bool
}

// push sends the request to Relais from here (RFC 9126), so that nothing of it
// passes through the browser, and says where to send the browser.
func (r *relais) push(ctx context.Context, w wish) (string, error) {
	d, err := r.discover(ctx)
	if err != nil {
		return "", err
	}
	details, err := json.Marshal([]map[string]any{{"type": r.Issuer + detailPath, "actions": w.Actions,
		"procedures": []string{r.Procedure}, "locations": []string{r.BaseURL + "/"}}})
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(w.Nonce), oauth2.S256ChallengeOption(w.Verifier),
		oauth2.SetAuthURLParam("authorization_details", string(details)), oauth2.SetAuthURLParam("ui_locales", w.Language)}
	if w.StepUp {
		options = append(options, oauth2.SetAuthURLParam("acr_values", acrStepUp))
	}
	whole, err := url.Parse(d.oauth.AuthCodeURL(w.State, options...))
	if err != nil {
		return "", err
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	if err := r.post(ctx, d.par, whole.Query(), &pushed); err != nil {
		return "", fmt.Errorf("%w: push the request: %w", errAway, err)
	}
	to, err := url.Parse(d.oauth.Endpoint.AuthURL)
	if err != nil {
		return "", err
	}
	to.RawQuery = url.Values{"client_id": {r.ClientID}, "request_uri": {pushed.RequestURI}}.Encode()
	return to.String(), nil
}

// post sends a form with the client's secret.
func (r *relais) post(ctx context.Context, address string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(r.ClientID), url.QueryEscape(r.Secret))
	_, body, err := r.do(req)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// revoke gives a refresh token back, and with it everything that came of it
// (RFC 7009).
func (r *relais) revoke(ctx context.Context, refresh string) error {
	d, err := r.discover(ctx)
	if err != nil {
		return err
	}
	return r.post(ctx, d.revoke, url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}, nil)
}

// answerError is an answer other than 2xx.
type answerError struct {
	Status  int
	Code    string // error (RFC 6749) or code (RFC 9457)
	Reasons []string
	// StepUp: a fresh sign-in would help (RFC 9470).
	StepUp bool
}

func (e *answerError) Error() string {
	return fmt.Sprintf("answered %d %s", e.Status, e.Code)
}

// do sends a request and reads its answer.
func (r *relais) do(req *http.Request) (http.Header, []byte, error) {
	req.Header.Set("Accept", "application/json")
	answer, err := r.http.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end below
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		return nil, nil, err
	}
	if answer.StatusCode/100 == 2 {
		return answer.Header, body, nil
	}
	fault := &answerError{Status: answer.StatusCode}
	var said struct {
		Error   string   `json:"error"`
		Code    string   `json:"code"`
		Reasons []reason `json:"reasons"`
	}
	if err := json.Unmarshal(body, &said); err == nil { // otherwise the status has to do
		fault.Code = said.Error + said.Code
		for _, why := range said.Reasons {
			fault.Reasons = append(fault.Reasons, string(why))
		}
	}
	fault.StepUp = strings.Contains(answer.Header.Get("WWW-Authenticate"), errStepUp) || strings.Contains(fault.Code, errStepUp)
	return nil, nil, fault
}

// reason is a code: by itself at the provider, with words in the API.
type reason string

// UnmarshalJSON reads either.
func (r *reason) UnmarshalJSON(raw []byte) error {
	var full struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(raw, (*string)(r)); err == nil {
		return nil
	}
	err := json.Unmarshal(raw, &full)
	*r = reason(full.Code)
	return err
}

// errStepUp is RFC 9470's error.
const errStepUp = "insufficient_user_authentication"
