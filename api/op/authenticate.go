package op

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/organisations/clients"
)

// The ways a client proves who it is (OpenID Connect Core §9).
const (
	secretBasic = "client_secret_basic"
	secretPost  = "client_secret_post"
	privateKey  = "private_key_jwt"
)

// authenticate says which client asks. Exactly one proof, of the one method
// registered for that client; whatever is wrong has one answer. An address from
// which too many proofs failed is told to wait at each that fails: whoever proves
// who they are is never turned away for a neighbour's faults, and secrets are too
// long to be guessed at any pace.
func (p *Provider) authenticate(c *gin.Context, form url.Values) (clients.Client, error) {
	client, err := p.prove(c, form)
	var f *fault
	if !errors.As(err, &f) || f.code != invalidClient {
		return client, err
	}
	if err := p.recordProof(c.Request.Context(), f); err != nil {
		return clients.Client{}, err
	}
	if !p.faults.Allow(rate.Address(c.ClientIP())) {
		return clients.Client{}, &fault{status: http.StatusTooManyRequests, code: temporarilyDown,
			description: "too many failures from this address", retryAfter: "60", why: f.why, client: f.client}
	}
	// RFC 6749 §5.2: the scheme that was tried is named.
	if c.GetHeader("Authorization") != "" {
		f.challenge = `Basic realm="relais", error="invalid_client"`
	}
	return clients.Client{}, f
}

// recordProof has a refused proof recorded under the client that it was shown
// for, if there is one.
func (p *Provider) recordProof(ctx context.Context, f *fault) error {
	if f.claimed == "" {
		return nil
	}
	named, err := p.Clients.RefuseProof(ctx, f.claimed, f.why)
	if err != nil && ours(err) {
		return err
	}
	f.client = named.ID
	return nil
}

func (p *Provider) prove(c *gin.Context, form url.Values) (clients.Client, error) {
	id, secret, basic, err := basicOf(c.Request)
	if err != nil {
		return clients.Client{}, err
	}
	post, key := form.Has("client_secret"), form.Has("client_assertion") || form.Has("client_assertion_type")
	proofs := 0
	for _, used := range []bool{basic, post, key} {
		if used {
			proofs++
		}
	}
	switch {
	case proofs > 1:
		return clients.Client{}, bad(invalidRequest, "more than one proof of the client")
	case proofs == 0:
		return clients.Client{}, unknownClient(errors.New("no proof"))
	case key:
		return p.proveByKey(c, form)
	case basic && form.Has("client_id") && form.Get("client_id") != id:
		return clients.Client{}, bad(invalidRequest, "two client identifiers")
	case post:
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	client, err := p.Clients.Authenticate(c.Request.Context(), id, secret)
	if err != nil {
		return clients.Client{}, notProved(err, id, clients.SecretWrong)
	}
	if want := method(post); client.AuthMethod != want {
		return clients.Client{}, unproved(id, clients.MethodWrong, errors.New("another method is registered than "+want))
	}
	return client, nil
}

func method(post bool) string {
	if post {
		return secretPost
	}
	return secretBasic
}

// basicOf reads HTTP Basic as RFC 6749 §2.3.1 has it: both halves form-encoded.
func basicOf(r *http.Request) (id, secret string, used bool, err error) {
	if r.Header.Get("Authorization") == "" {
		return "", "", false, nil
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		return "", "", true, unknownClient(errors.New("not HTTP Basic"))
	}
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	if errors.Join(errID, errSecret) != nil || id == "" || secret == "" {
		return "", "", true, unknownClient(errors.New("basic credentials are not form-encoded"))
	}
	return id, secret, true, nil
}

func (p *Provider) proveByKey(c *gin.Context, form url.Values) (clients.Client, error) {
	if form.Get("client_assertion_type") != assertionType || !form.Has("client_assertion") {
		return clients.Client{}, bad(invalidRequest, "client_assertion_type is not supported, or an assertion is missing")
	}
	id, err := claimedClient(form.Get("client_assertion"))
	if err != nil {
		return clients.Client{}, unknownClient(err)
	}
	if form.Has("client_id") && form.Get("client_id") != id {
		return clients.Client{}, bad(invalidRequest, "two client identifiers")
	}
	client, err := p.Clients.ByClientID(c.Request.Context(), id)
	if err != nil {
		return clients.Client{}, notProved(err, id, clients.AssertionWrong)
	}
	if client.AuthMethod != privateKey {
		return clients.Client{}, unproved(id, clients.MethodWrong, errors.New("another method is registered than "+privateKey))
	}
	a, err := p.verifyAssertion(client, form.Get("client_assertion"))
	if err != nil {
		return clients.Client{}, unproved(id, clients.AssertionWrong, err)
	}
	if err := p.Clients.UseAssertion(c.Request.Context(), client, a.ID, seconds(*a.Expiry).Add(clockLeeway)); err != nil {
		return clients.Client{}, notProved(err, id, clients.AssertionReused)
	}
	return client, nil
}

// notProved keeps our own failures apart from clients that are not who they say.
func notProved(err error, clientID, why string) error {
	switch problem.As(err).Kind {
	case problem.KindInternal, problem.KindUnavailable, problem.KindTooMany:
		return asFault(err, invalidClient)
	default:
		return unproved(clientID, why, err)
	}
}
