package op_test

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"

	"github.com/relais-org/relais/api/op"
	"github.com/relais-org/relais/mandates/document"
)

// rotate has the keys rotated as another process does: in their file.
func (h *house) rotate() {
	h.t.Helper()
	ring, err := document.LoadKeyring(h.keysAt, rand.Reader)
	must(h.t, err)
	must(h.t, ring.Rotate(h.store.Now()))
	must(h.t, ring.Save(h.keysAt))
}

// second is another process of the same house: a provider with keys of the same
// files.
func (h *house) second() (*op.Keys, http.Handler) {
	h.t.Helper()
	keys, err := op.OpenKeys(h.keysAt, rand.Reader, h.store.Now)
	must(h.t, err)
	provider, err := op.New(op.Dependencies{Issuer: h.issuer, Acting: h.acting, Clients: h.clients, Keys: keys, Store: h.store,
		Logger: slog.New(slog.DiscardHandler)})
	must(h.t, err)
	engine := gin.New()
	provider.Mount(engine)
	return keys, engine
}

func published(t *testing.T, provider http.Handler) jose.JSONWebKeySet {
	t.Helper()
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/keys", nil))
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return set
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	must(t, err)
	return jws.Signatures[0].Protected.KeyID
}

// Two processes have the same keys: what one rotates or makes, the other
// publishes, believes and signs with from then on, and nothing is lost.
func TestTwoProcessesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	h := setup(t)
	keys, web := h.second()
	for _, algorithm := range []string{"ES256", "RS256"} {
		for round := range 2 {
			token, err := h.keys.Sign(algorithm, "at+jwt", map[string]any{"round": round})
			must(t, err)
			if set := published(t, web); len(set.Key(kidOf(t, token))) != 1 {
				t.Errorf("%s, round %d: signed by a key that the other process does not publish", algorithm, round)
			}
			other, err := keys.Sign(algorithm, "at+jwt", map[string]any{})
			must(t, err)
			if kidOf(t, other) != kidOf(t, token) {
				t.Errorf("%s, round %d: the other process signs with a key of before", algorithm, round)
			}
			h.advance(91 * 24 * time.Hour)
			must(t, h.keys.RotateDue())
			must(t, keys.RotateDue()) // both find it due, one does it
		}
	}
	// 4 rotations of ES256; the first RSA key came after two, and 2 followed.
	if n := len(published(t, web).Keys); n != 5+3 {
		t.Errorf("%d keys are published", n)
	}
}

// Processes that all need a first key at once end with one.
func TestOneKeyIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/keys/provider.json"
	const processes = 4
	kids := make([]string, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Add(1)
		go func() {
			defer all.Done()
			k, err := op.OpenKeys(path, rand.Reader, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			var signed []string
			for _, algorithm := range []string{"ES256", "RS256"} {
				token, err := k.Sign(algorithm, "JWT", map[string]any{})
				if err != nil {
					t.Error(err)
					return
				}
				signed = append(signed, kidOf(t, token))
			}
			kids[i] = strings.Join(signed, " ")
		}()
	}
	all.Wait()
	for _, kid := range kids {
		if kid != kids[0] {
			t.Fatalf("processes sign with keys of their own: %q", kids)
		}
	}
	k, err := op.OpenKeys(path, rand.Reader, time.Now)
	must(t, err)
	if n := len(k.PublicJWKS().Keys); n != 2 {
		t.Errorf("%d keys are kept", n)
	}
}
