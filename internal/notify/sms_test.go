package notify

import (
	"crypto/hmac"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
)

var secret = []byte("a secret shared with the gateway")

// gateway is a real HTTP server that checks what it is handed.
type gateway struct {
	t      testing.TB
	mu     sync.Mutex
	status int
	texts  []smsBody
	keys   []string
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Error(err)
	}
	at, signature, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Relais-Signature"), "t="), ",v1=")
	if !ok || !hmac.Equal([]byte(signature), []byte(SignSMS(secret, at, body))) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var text smsBody
	if err := json.Unmarshal(body, &text); err != nil {
		g.t.Error(err)
	}
	g.texts, g.keys = append(g.texts, text), append(g.keys, r.Header.Get("Idempotency-Key"))
	w.WriteHeader(g.status)
}

func (g *gateway) answer(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status = status
}

func (g *gateway) open(t testing.TB) *Gateway {
	t.Helper()
	g.t = t
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return NewGateway(server.URL, secret, time.Now)
}

// An SMS is signed, carries its key, and its code does not stay behind.
func TestSMSLeaves(t *testing.T) {
	t.Parallel()
	g := &gateway{status: http.StatusAccepted}
	b := setup(t, nil, g.open(t))
	id := b.queue(smsTo("+33612345678"))
	must(t, b.work(id, 1, true))
	if len(g.texts) != 1 {
		t.Fatalf("the gateway took %d messages, want 1", len(g.texts))
	}
	if got := g.texts[0]; got.To != "+33612345678" || got.Text != "Relais : votre code est 482913." || got.ID != id.String() || g.keys[0] != id.String() {
		t.Errorf("the gateway got %+v under %q", got, g.keys[0])
	}
	if k := b.kept(id); k.State != "sent" || k.Body != "" {
		t.Errorf("kept %+v, want it sent and empty", k)
	}
	// At least once: a job that comes back has nothing to do.
	must(t, b.work(id, 2, true))
	if len(g.texts) != 1 {
		t.Error("it was sent twice")
	}
	if n := b.count(`SELECT count(*) FROM river_job WHERE args::text LIKE '%482913%'`); n != 0 {
		t.Error("the job holds the code")
	}
}

// Another secret signs nothing that the gateway takes.
func TestSMSWithAnotherSecret(t *testing.T) {
	t.Parallel()
	g := &gateway{status: http.StatusAccepted}
	good := g.open(t)
	b := setup(t, nil, NewGateway(good.address, []byte("not that one"), time.Now))
	id := b.queue(smsTo("+33612345678"))
	if err := b.work(id, 1, true); err == nil || len(g.texts) != 0 {
		t.Errorf("got %v, and %d messages were taken", err, len(g.texts))
	}
	if k := b.kept(id); k.State != "queued" {
		t.Errorf("kept %+v, want it waiting", k)
	}
}

// An outage is tried again under the same key; nothing is lost meanwhile.
func TestSMSRetries(t *testing.T) {
	t.Parallel()
	g := &gateway{status: http.StatusServiceUnavailable}
	b := setup(t, nil, g.open(t))
	id := b.queue(smsTo("+33612345678"))
	var cancelled *river.JobCancelError
	for attempt := 1; attempt <= 3; attempt++ {
		if err := b.work(id, attempt, true); err == nil || errors.As(err, &cancelled) {
			t.Fatalf("attempt %d: got %v, want another", attempt, err)
		}
	}
	if k := b.kept(id); k.State != "queued" || k.Attempts != 3 || k.Body == "" {
		t.Errorf("kept %+v", k)
	}
	g.answer(http.StatusOK)
	must(t, b.work(id, 4, true))
	for _, key := range g.keys {
		if key != id.String() {
			t.Errorf("an attempt went under %q", key)
		}
	}
	if k := b.kept(id); k.State != "sent" || k.Body != "" {
		t.Errorf("kept %+v", k)
	}
	if said := b.log.String(); strings.Contains(said, "612345678") || strings.Contains(said, "482913") {
		t.Errorf("the log tells whom or what: %s", said)
	}
}

// What will never be taken, and what was tried for two days, ends as failed,
// without its code.
func TestSMSGivenUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status, attempt int
		why             string
	}{
		"a number that is none": {http.StatusUnprocessableEntity, 1, "refused"},
		"the last attempt":      {http.StatusBadGateway, maxAttempts, "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gateway{status: c.status}
			b := setup(t, nil, g.open(t))
			id := b.queue(smsTo("+33612345678"))
			var cancelled *river.JobCancelError
			if err := b.work(id, c.attempt, true); !errors.As(err, &cancelled) {
				t.Errorf("got %v, want the job given up", err)
			}
			if k := b.kept(id); k.State != "failed" || k.Why != c.why || k.Body != "" {
				t.Errorf("kept %+v", k)
			}
		})
	}
}
