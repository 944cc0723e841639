package idptest

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/relais-org/relais/cmd/demo/idp"
)

// IDP is a provider that runs for one test.
type IDP struct {
	// URL is the issuer.
	URL string
	// Provider rotates keys and forces logouts.
	Provider *idp.Provider
}

// Start runs a provider with these people on a free port of this machine.
// Relying parties come by Register, once their address is known.
func Start(t testing.TB, people ...idp.Person) *IDP {
	t.Helper()
	return StartWith(t, idp.Options{People: people})
}

// StartWith is Start with other options; the issuer is filled in.
func StartWith(t testing.TB, o idp.Options) *IDP {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	o.Issuer = "http://" + server.Listener.Addr().String()
	provider, err := idp.New(o)
	if err != nil {
		t.Fatalf("start the identity provider: %v", err)
	}
	server.Config.Handler = provider
	server.Start()
	t.Cleanup(server.Close)
	return &IDP{URL: o.Issuer, Provider: provider}
}

// Register adds a relying party.
func (i *IDP) Register(t testing.TB, c idp.Client) {
	t.Helper()
	if err := i.Provider.Register(c); err != nil {
		t.Fatalf("register the relying party: %v", err)
	}
}

// hidden finds the request that a page of the provider carries.
var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// Login walks from an authorization URL to the moment the provider sends the
// browser back, pressing the name of subject and, where asked, the button of
// the second factor. It returns the relying party's callback address, unvisited,
// so that a test may look at it or tamper with it. Cookies of the provider go
// to the client's jar; without a jar there is no session there.
func Login(client *http.Client, authURL, subject string) (*url.URL, error) {
	w, err := newWalk(client, authURL)
	if err != nil {
		return nil, err
	}
	if err := w.get(authURL); err != nil {
		return nil, err
	}
	for _, press := range []struct{ path, name, value string }{
		{"/login", "subject", subject},
		{"/login/confirm", "confirm", "1"},
	} {
		if w.back != nil {
			return w.back, nil
		}
		if err := w.press(press.path, press.name, press.value); err != nil {
			return nil, err
		}
	}
	if w.back == nil {
		return nil, fmt.Errorf("the provider did not send %s back; its page: %.400s", subject, w.page)
	}
	return w.back, nil
}

// Cancel walks to the sign-in page and presses "cancel".
func Cancel(client *http.Client, authURL string) (*url.URL, error) {
	w, err := newWalk(client, authURL)
	if err != nil {
		return nil, err
	}
	if err := w.get(authURL); err != nil {
		return nil, err
	}
	if err := w.press("/login", "cancel", "1"); err != nil {
		return nil, err
	}
	if w.back == nil {
		return nil, errors.New("the provider did not send the browser back")
	}
	return w.back, nil
}

// walk is a browser among the provider's pages.
type walk struct {
	client *http.Client
	origin *url.URL
	page   string
	back   *url.URL // set when the provider sends the browser elsewhere
}

func newWalk(client *http.Client, authURL string) (*walk, error) {
	origin, err := url.Parse(authURL)
	if err != nil {
		return nil, err
	}
	w := &walk{origin: origin}
	own := *client // the caller's client keeps its own way with redirects
	own.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if next.URL.Host == origin.Host {
			return nil
		}
		w.back = next.URL
		return http.ErrUseLastResponse
	}
	w.client = &own
	return w, nil
}

func (w *walk) get(address string) error { return w.read(w.client.Get(address)) }

func (w *walk) press(path, name, value string) error {
	found := hidden.FindStringSubmatch(w.page)
	if found == nil {
		return fmt.Errorf("no request on the provider's page: %.400s", w.page)
	}
	form := url.Values{"request": {html.UnescapeString(found[1])}, name: {value}}
	to := w.origin.Scheme + "://" + w.origin.Host + path
	return w.read(w.client.Post(to, "application/x-www-form-urlencoded", strings.NewReader(form.Encode())))
}

func (w *walk) read(answer *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // read to its end below
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	w.page = string(body)
	if w.back == nil && answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider answered %s: %.400s", answer.Status, body)
	}
	return nil
}
