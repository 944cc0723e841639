package op_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/organisations/clients"
)

// OP-09: services made of npm openid-client and oauth4webapi, whose authors
// never saw our code, complete every flow from the discovery document alone.

// nodeClient is one of them, running.
type nodeClient struct {
	t      *testing.T
	stdin  io.WriteCloser
	stdout *bufio.Reader
	said   *strings.Builder
}

func startNode(t *testing.T, settings map[string]any) *nodeClient {
	t.Helper()
	raw, err := json.Marshal(settings)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // one that says nothing is killed
	node := exec.CommandContext(ctx, "node", "testdata/client.mjs")
	node.Env = append(os.Environ(), "CLIENT="+string(raw))
	n := &nodeClient{t: t, said: new(strings.Builder)}
	node.Stderr = n.said
	n.stdin, err = node.StdinPipe()
	must(t, err)
	stdout, err := node.StdoutPipe()
	must(t, err)
	n.stdout = bufio.NewReader(stdout)
	must(t, node.Start())
	t.Cleanup(func() {
		_ = n.stdin.Close()
		_ = node.Wait() // killed by the test's context at the latest
		cancel()
	})
	return n
}

// hear reads what it says next.
func (n *nodeClient) hear() map[string]any {
	n.t.Helper()
	line, err := n.stdout.ReadString('\n')
	if err != nil {
		n.t.Fatalf("the client stopped (npm ci at the repository root installs it): %v\n%s", err, n.said)
	}
	var out map[string]any
	must(n.t, json.Unmarshal([]byte(line), &out))
	return out
}

func TestIndependentClients(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.service("target", func(n *clients.New) { n.Claims = nil })
	for _, c := range []struct{ library, method, alg, userinfo string }{
		{"openid-client", clients.SecretBasic, "ES256", ""},
		{"openid-client", clients.PrivateKeyJWT, "ES256", "ES256"},
		{"openid-client", clients.SecretPost, "RS256", "RS256"},
		{"oauth4webapi", clients.SecretBasic, "ES256", ""},
		{"oauth4webapi", clients.PrivateKeyJWT, "ES256", ""},
	} {
		t.Run(c.library+" "+c.method, func(t *testing.T) {
			id := c.library + "-" + strings.ReplaceAll(c.method, "_", "-")
			settings := map[string]any{"issuer": h.issuer, "library": c.library, "id": id, "method": c.method, "alg": c.alg, "userinfo": c.userinfo,
				"redirect": callback, "bye": bye, "audience": "target"}
			r := h.rp(id, "")
			if c.method == clients.PrivateKeyJWT {
				settings["key"] = h.keyed(id, func(n *clients.New) { n.IDTokenAlg, n.UserinfoAlg = c.alg, c.userinfo }).key
			} else {
				_, r.secret = h.service(id, func(n *clients.New) { n.AuthMethod, n.IDTokenAlg, n.UserinfoAlg = c.method, c.alg, c.userinfo })
				settings["secret"] = r.secret
			}
			r.h, r.actions = h, []string{"view"}
			node := startNode(t, settings)
			to, err := url.Parse(node.hear()["to"].(string))
			must(t, err)
			back := r.back(r.choose(r.authorize(to.Query())))
			_, err = io.WriteString(node.stdin, back.location.String()+"\n")
			must(t, err)
			got := node.hear()
			act, _ := got["act"].(map[string]any)
			if got["name"] != "Fatima" || act["org_name"] != "Maison France Services" || got["active"] != true || got["after"] != false ||
				got["rotated"] != true || got["exchanged"] != accessType {
				t.Errorf("it was told %v", got)
			}
			wantDetail(t, r, got["details"], "view")
			left := h.get(r.browser, got["end"].(string))
			if left.status != http.StatusSeeOther || left.location.String() != bye+"?state=over" {
				t.Errorf("leaving: %d %v %s", left.status, left.location, left.body)
			}
		})
	}
}

// An organisation's own software, by client credentials.
func TestIndependentSoftware(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("software", func(n *clients.New) {
		n.Kind, n.Organisation, n.RedirectURIs, n.PostLogoutRedirectURIs = clients.Software, h.org, nil, nil
		n.Claims, n.Procedures, n.Scopes = nil, nil, clients.SoftwareScopeNames()
	})
	node := startNode(t, map[string]any{"issuer": h.issuer, "library": "openid-client", "id": "software", "secret": secret,
		"method": clients.SecretBasic, "alg": "ES256", "software": "people:read mandates:read"})
	got := node.hear()
	if got["scope"] != "people:read mandates:read" || got["active"] != true || got["after"] != false {
		t.Errorf("it was told %v", got)
	}
	r := h.rp("software", secret)
	refused(t, r.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"openid"}}), http.StatusBadRequest, "invalid_scope")
	refused(t, r.redeem("x"), http.StatusBadRequest, "unauthorized_client")
	shown(t, r.authorize(r.asking()), http.StatusBadRequest) // it never acts for people by itself
	// its token opens nothing about people here
	given := r.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}})
	if info := h.userinfo(given.text("access_token")); info.status != http.StatusUnauthorized {
		t.Errorf("userinfo %d %s", info.status, info.body)
	}
}
