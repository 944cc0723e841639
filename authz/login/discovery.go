package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	httpTimeout      = 10 * time.Second
	discoveryTimeout = 5 * time.Second
	// discoveryFresh is how long a discovery document is used before it is
	// read again; the old one stays in use if that fails.
	discoveryFresh = time.Hour
	firstRetry     = time.Second
	longestRetry   = 30 * time.Second
	// prepareWait is how long a page waits for issuers that were never read.
	prepareWait = 2 * time.Second
	// maxAnswer is the most that is read from an issuer, in bytes.
	maxAnswer = 1 << 20
)

// signingAlgorithms are the only ones a token may be signed with, whatever the
// discovery document says.
var signingAlgorithms = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA}

// issuer is one configured issuer and what discovery told of it.
type issuer struct {
	Issuer
	service *Service

	mu       sync.Mutex
	found    *discovered
	readAt   time.Time
	retryAt  time.Time
	failures int
	lastErr  error

	// latest is found, for pages, which must not wait for the lock: it is held
	// while the network is asked. asking keeps it to one such page at a time.
	latest atomic.Pointer[discovered]
	asking atomic.Bool
}

// discovered is an issuer ready for use. It never changes.
type discovered struct {
	url        string
	provider   *oidc.Provider
	oauth      oauth2.Config
	endSession string
	// namesItself: every answer must carry iss (RFC 9207 §2.3).
	namesItself bool
	// signed checks the signature alone, so that a refusal can say whether it
	// was that; strict checks everything the library can.
	signed, strict *oidc.IDTokenVerifier
}

// discover gives the issuer, asking the network at most once an hour, and no
// more often than the backoff allows while it does not answer.
func (i *issuer) discover(ctx context.Context) (*discovered, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.service.now()
	if i.found != nil && now.Before(i.readAt.Add(discoveryFresh)) {
		return i.found, nil
	}
	if now.Before(i.retryAt) {
		return i.known()
	}
	found, err := i.read(ctx)
	if err != nil {
		i.failures++
		i.retryAt = now.Add(min(firstRetry<<min(i.failures-1, 10), longestRetry))
		i.lastErr = fail(ProviderUnavailable, fmt.Errorf("issuer %s: %w", i.ID, err))
		i.service.log.WarnContext(ctx, "identity provider does not answer", "issuer", i.ID, "failures", i.failures, "error", err)
		return i.known()
	}
	i.found, i.readAt, i.failures, i.retryAt = found, now, 0, time.Time{}
	i.latest.Store(found)
	return found, nil
}

// known is the last good answer, or why there is none.
func (i *issuer) known() (*discovered, error) {
	if i.found != nil {
		return i.found, nil
	}
	return nil, i.lastErr
}

// addresses are where a browser may be sent, as far as is known now.
func (i *issuer) addresses() []string {
	found := i.latest.Load()
	if found == nil {
		return append([]string{i.URL}, i.Via...)
	}
	return append([]string{i.URL, found.oauth.Endpoint.AuthURL, found.endSession}, i.Via...)
}

// ask reads an issuer that was never read, without keeping anybody waiting; the
// backoff of discover bounds how often.
func (i *issuer) ask() {
	if i.latest.Load() != nil || !i.asking.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer i.asking.Store(false)
		_, _ = i.discover(context.Background()) // logged there; bounded by discoveryTimeout
	}()
}

// Prepare reads the issuers that were never read, so that a page with a sign-in
// form can name in its policy where that form may end. It waits two seconds at
// most: an issuer that is down keeps nobody from the others.
func (s *Service) Prepare(ctx context.Context) {
	done := make(chan struct{}, len(s.issuers))
	waiting := 0
	for _, i := range s.issuers {
		if i.latest.Load() != nil {
			continue
		}
		waiting++
		go func() {
			_, _ = i.discover(ctx) // logged there
			done <- struct{}{}
		}()
	}
	enough := time.After(prepareWait)
	for ; waiting > 0; waiting-- {
		select {
		case <-done:
		case <-enough:
			return
		case <-ctx.Done():
			return
		}
	}
}

type metadata struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Userinfo      string   `json:"userinfo_endpoint"`
	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"`
}

func (m metadata) check(loopback bool) error {
	faults := []error{
		checkURL("authorization_endpoint", m.Authorization, loopback),
		checkURL("token_endpoint", m.Token, loopback),
		checkURL("jwks_uri", m.Keys, loopback),
	}
	for what, optional := range map[string]string{"userinfo_endpoint": m.Userinfo, "end_session_endpoint": m.EndSession} {
		if optional != "" {
			faults = append(faults, checkURL(what, optional, loopback))
		}
	}
	return errors.Join(faults...)
}

// read asks the network. A browser that goes away does not spoil it for others.
func (i *issuer) read(ctx context.Context) (*discovered, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discoveryTimeout)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.service.client), i.URL)
	if err != nil {
		return nil, err
	}
	var m metadata
	if err := provider.Claims(&m); err != nil {
		return nil, err
	}
	if err := m.check(i.AllowInsecureHTTP); err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = authStyle(i.ClientSecret, m.AuthMethods)
	strict := &oidc.Config{ClientID: i.ClientID, SupportedSigningAlgs: signingAlgorithms, Now: i.service.now}
	signed := *strict
	signed.SkipIssuerCheck, signed.SkipClientIDCheck, signed.SkipExpiryCheck = true, true, true
	return &discovered{
		url:      i.URL,
		provider: provider,
		oauth: oauth2.Config{
			ClientID: i.ClientID, ClientSecret: i.ClientSecret, Endpoint: endpoint,
			RedirectURL: i.service.baseURL + CallbackPath, Scopes: i.Scopes,
		},
		endSession:  m.EndSession,
		namesItself: m.NamesItself,
		signed:      provider.Verifier(&signed),
		strict:      provider.Verifier(strict),
	}, nil
}

// authStyle is chosen from the metadata: trying both, as x/oauth2 does when
// not told, would use up the code on the first failure.
func authStyle(secret string, methods []string) oauth2.AuthStyle {
	if secret == "" || (len(methods) > 0 && !slices.Contains(methods, "client_secret_basic")) {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// boundedClient copies the client and bounds what is read from each answer:
// the libraries read to the end.
func boundedClient(given *http.Client) *http.Client {
	client := http.Client{Timeout: httpTimeout}
	if given != nil {
		client = *given
	}
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	client.Transport = boundedTransport{next}
	return &client
}

type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}
