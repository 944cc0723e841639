package op_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
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
	// 4 rotations of ES256; the first RSA key was made at the first, and 3 followed.
	if n := len(published(t, web).Keys); n != 5+4 {
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

// A key is published before it signs, for longer than a service may keep the set
// that it read: whoever has the set of any instant, as old as caches may have it,
// verifies what is signed. Each process goes by the same rule.
func TestAKeyIsKnownBeforeItSigns(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hold()
	keys, web := h.second()
	algorithms := []string{"ES256", "RS256"}
	maxAge := cacheable(t, web)
	must(t, h.keys.RotateDue()) // the first RSA key, before anybody asks for one
	cached := published(t, web)
	signers := func() (kids []string) {
		for _, algorithm := range algorithms {
			for _, process := range []*op.Keys{h.keys, keys} {
				token, err := process.Sign(algorithm, "JWT", map[string]any{})
				must(t, err)
				kid := kidOf(t, token)
				if len(cached.Key(kid)) != 1 {
					t.Errorf("%s is signed by a key that a set of %s ago does not hold", algorithm, maxAge)
				}
				if len(kids) > 0 && process == keys && kid != kids[len(kids)-1] {
					t.Errorf("%s: the processes sign by different keys", algorithm)
				}
				kids = append(kids, kid)
			}
		}
		return kids
	}
	before := signers()
	h.advance(90 * 24 * time.Hour)
	cached = published(t, web) // read just before the rotation
	must(t, keys.RotateDue())
	if n := len(published(t, web).Keys); n != len(cached.Keys)+len(algorithms) {
		t.Fatalf("%d keys are published after %d", n, len(cached.Keys))
	}
	for range 2 {
		if again := signers(); !slices.Equal(again, before) {
			t.Error("a key signs before it could be known")
		}
		h.advance(maxAge - time.Second)
	}
	cached = published(t, web) // by now everybody has read it again
	h.advance(maxAge)
	for i, kid := range signers() {
		if kid == before[i] {
			t.Error("the earlier key still signs")
		}
	}
}

// cacheable is how long a service may keep the published set.
func cacheable(t *testing.T, provider http.Handler) time.Duration {
	t.Helper()
	w := httptest.NewRecorder()
	provider.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/oauth/keys", nil))
	var seconds int
	if _, err := fmt.Sscanf(w.Header().Get("Cache-Control"), "public, max-age=%d", &seconds); err != nil || seconds == 0 {
		t.Fatalf("Cache-Control %q", w.Header().Get("Cache-Control"))
	}
	return time.Duration(seconds) * time.Second
}
