package v1_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/organisations/clients"
)

// Without a token that holds, nothing; with one that lacks the scope, nothing
// either; suspension bites at once.
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	h := setup(t)
	bearer := func(v string) func(*http.Request) { return with("Authorization", v) }
	path := "/api/v1/people/" + h.here.person.String()
	for name, v := range map[string]string{"none": "", "basic": "Basic eDp5", "empty": "Bearer ", "unknown": "Bearer rls_x", "long": "Bearer " + strings.Repeat("x", 20_000)} {
		got := h.call("GET", path, nil, bearer(v))
		if got.status != 401 || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	_, narrow := h.newSoftware("Narrow", h.here.org, []string{"cases:read"})
	got := h.call("GET", path, nil, bearer("Bearer "+narrow))
	h.refused(got, 403, "scope_missing")
	if !strings.Contains(got.header.Get("WWW-Authenticate"), "insufficient_scope") {
		t.Errorf("challenge %q", got.header.Get("WWW-Authenticate"))
	}
	must(t, h.clients.Suspend(t.Context(), authz.Actor{System: true, Now: h.store.Now()}, h.software.ID))
	h.refused(h.call("GET", path, nil), 401, "token_invalid")
	must(t, h.clients.Resume(t.Context(), h.freshOperator(), h.software.ID))
	h.ok(h.call("GET", path, nil), 200)
	h.clock.Advance(clients.SoftwareTokenLife)
	h.refused(h.call("GET", path, nil), 401, "token_invalid")
}

func (h *house) freshOperator() authz.Actor { return h.as(h.operator) }

// A client that asks too often waits; others do not.
func TestRates(t *testing.T) {
	t.Parallel()
	h := setup(t, 3)
	for left := 2; left >= 0; left-- {
		got := h.ok(h.call("GET", "/api/v1/cases", nil), 200)
		if got.header.Get("RateLimit-Limit") != "3" || got.header.Get("RateLimit-Remaining") != fmt.Sprint(left) || got.header.Get("RateLimit-Reset") == "" {
			t.Errorf("headers %v", got.header)
		}
	}
	got := h.call("GET", "/api/v1/cases", nil)
	h.refused(got, 429, "api_rate")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_, other := h.newSoftware("Other", h.here.org, []string{"cases:read"})
	h.ok(h.call("GET", "/api/v1/cases", nil, with("Authorization", "Bearer "+other)), 200)
	h.clock.Advance(time.Minute)
	h.ok(h.call("GET", "/api/v1/cases", nil), 200)
}

// A service that comes too late, however often, is not taken for one who guesses;
// and it may ask far more often than software.
func TestServicesThatComeLate(t *testing.T) {
	t.Parallel()
	h := setup(t, 3)
	g := h.given("benefits", "prepare")
	question := map[string]any{"procedure": procedure, "action": "prepare"}
	for range 5 {
		got := h.ok(h.call("POST", "/api/v1/commit-checks", question, as(g.token)), 200)
		if got.header.Get("RateLimit-Limit") != "60000" {
			t.Errorf("headers %v", got.header)
		}
	}
	h.clock.Advance(6 * time.Minute)
	for range 70 {
		got := h.call("POST", "/api/v1/commit-checks", question, as(g.token))
		h.refused(got, 401, "token_invalid")
		if !strings.Contains(got.header.Get("WWW-Authenticate"), "is over") {
			t.Fatalf("challenge %q", got.header.Get("WWW-Authenticate"))
		}
	}
}

// An address that keeps trying tokens of nobody's is told to wait at each more.
// Whoever shows one that holds is answered, in the same minute and from the same
// address: many organisations' software runs behind one.
func TestStrangersAreSlowed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.given("benefits", "prepare")
	guess := func(from ...func(*http.Request)) answer {
		return h.call("GET", "/api/v1/cases", nil, append(from, with("Authorization", "Bearer rls_guess"))...)
	}
	for range 60 {
		h.refused(guess(), 401, "token_invalid")
	}
	for range 5 {
		slowed := guess()
		h.refused(slowed, 429, "api_rate")
		if slowed.header.Get("Retry-After") != "60" {
			t.Errorf("Retry-After %q", slowed.header.Get("Retry-After"))
		}
		h.ok(h.call("GET", "/api/v1/cases", nil), 200)
		h.ok(h.call("POST", "/api/v1/commit-checks", map[string]any{"procedure": procedure, "action": "prepare"}, as(g.token)), 200)
	}
	h.refused(guess(with("X-Forwarded-For", "192.0.2.7")), 401, "token_invalid") // the address is the one that the engine outside found
	h.clock.Advance(time.Minute)
	h.refused(guess(), 401, "token_invalid")
}

// Software that comes late, or after it was stopped, guesses nothing: it is told so
// each time, however often, and neither waits nor makes its neighbours wait.
func TestSoftwareThatComesLate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	stopped, held := h.newSoftware("Stopped", h.here.org, []string{"cases:read"})
	must(t, h.clients.Suspend(t.Context(), authz.Actor{System: true, Now: h.store.Now()}, stopped.ID))
	h.clock.Advance(clients.SoftwareTokenLife)
	late := h.token
	h.keepToken()
	for range 40 {
		for _, token := range []string{late, held} {
			got := h.call("GET", "/api/v1/cases", nil, as(token))
			h.refused(got, 401, "token_invalid")
			if !strings.Contains(got.header.Get("WWW-Authenticate"), "is over") {
				t.Fatalf("challenge %q", got.header.Get("WWW-Authenticate"))
			}
		}
	}
	h.refused(h.call("GET", "/api/v1/cases", nil, as("rls_guess")), 401, "token_invalid") // not the sixty-first
	h.ok(h.call("GET", "/api/v1/cases", nil), 200)
}

// A scope that the operator withdraws from software is gone from the token that it
// holds: the next request is refused, not one in a quarter of an hour.
func TestAWithdrawnScopeBitesAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	path := "/api/v1/people/" + h.here.person.String()
	h.ok(h.call("GET", path, nil), 200)
	_, _, err := h.clients.Change(t.Context(), h.freshOperator(), h.software.ID, clients.Changes{Name: h.software.Name, Scopes: []string{"cases:read"}})
	must(t, err)
	h.refused(h.call("GET", path, nil), 403, "scope_missing")
	h.ok(h.call("GET", "/api/v1/cases", nil), 200)
}

// RB-02, by table: addresses, methods, types and sizes that nobody knows.
func TestWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	h := setup(t)
	person := "/api/v1/people/" + h.here.person.String()
	long := h.newcomer("Paul")
	long["contact"].(map[string]any)["address"] = strings.Repeat("x", 70_000)
	for name, c := range map[string]struct {
		got    answer
		status int
		code   string
	}{
		"path":           {h.call("GET", "/api/v1/nothing", nil), 404, "not_found"},
		"root":           {h.call("GET", "/api/v1/", nil), 404, "not_found"},
		"slash":          {h.call("GET", "/api/v1/people/", nil), 404, "not_found"},
		"other version":  {h.call("GET", "/access/v1/nothing", nil), 404, "not_found"},
		"id":             {h.call("GET", "/api/v1/people/7", nil), 400, "invalid"},
		"id of a NUL":    {h.call("GET", "/api/v1/people/%00", nil), 404, "not_found"},
		"id not UTF-8":   {h.call("GET", "/api/v1/people/%ff%fe", nil), 404, "not_found"},
		"method":         {h.call("DELETE", person, nil), 405, "method_not_allowed"},
		"type":           {h.call("POST", "/api/v1/people", h.newcomer("Paul"), with("Content-Type", "text/plain")), 415, "unsupported_media_type"},
		"no type":        {h.call("POST", "/api/v1/people", h.newcomer("Paul"), with("Content-Type", "")), 415, "unsupported_media_type"},
		"no key":         {h.call("POST", "/api/v1/people", h.newcomer("Paul"), with("Idempotency-Key", "")), 400, "invalid"},
		"short key":      {h.call("POST", "/api/v1/people", h.newcomer("Paul"), with("Idempotency-Key", "x")), 400, "invalid"},
		"too large":      {h.call("POST", "/api/v1/people", long), 413, "too_large"},
		"empty":          {h.call("POST", "/api/v1/people", []byte{}), 400, "invalid"},
		"not JSON":       {h.call("POST", "/api/v1/people", []byte("{")), 400, "invalid"},
		"null":           {h.call("POST", "/api/v1/people", []byte("null")), 400, "invalid"},
		"two":            {h.call("POST", "/api/v1/people", []byte("{}{}")), 400, "invalid"},
		"list":           {h.call("POST", "/api/v1/people", []byte("[]")), 400, "invalid"},
		"deep":           {h.call("POST", "/api/v1/people", []byte(strings.Repeat("[", 30_000))), 400, "invalid"},
		"NUL":            {h.call("POST", "/api/v1/cases", []byte(`{"mediator":"`+h.here.mediator.String()+`","person":"`+h.here.person.String()+`","procedure":"a\u0000"}`)), 400, "invalid"},
		"NUL in a query": {h.call("GET", "/api/v1/people?name=a%00b", nil), 400, "invalid"},
		"not UTF-8":      {h.call("GET", "/api/v1/people?name=%ff%fe%fd", nil), 400, "invalid"},
		"odd purpose":    {h.call("GET", person, nil, with("Relais-Purpose", "\xff\xfe purpose of somebody")), 400, "invalid"},
		"odd due":        {h.call("GET", "/api/v1/cases?due_before=0000-00-00", nil), 400, "invalid"},
		"procedure":      {h.call("POST", "/api/v1/cases", map[string]any{"mediator": h.here.mediator, "person": h.here.person, "procedure": "nothing"}), 403, "forbidden"},
		"own evaluation": {h.call("POST", "/access/v1/evaluation", map[string]any{}), 401, "token_invalid"},
	} {
		if c.got.status != c.status || c.got.text("code") != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, c.got.status, c.got.raw, c.status, c.code)
		}
	}
	if strings.Contains(h.logs.String(), "level=ERROR") {
		t.Errorf("faults of ours:\n%s", h.logs)
	}
}

// FuzzRequests throws anything at every operation: the answer is never a fault
// of ours, never a page, and always as the specification says (RB-02).
func FuzzRequests(f *testing.F) {
	h := setup(f)
	opened := h.openCase("")
	paths := []string{"/api/v1/people", "/api/v1/people/" + h.here.person.String(), "/api/v1/people/" + h.here.person.String() + "/mandates", "/api/v1/mandates",
		"/api/v1/mandates/" + h.here.mandate.ID.String(), "/api/v1/cases", "/api/v1/cases/" + opened, "/api/v1/cases/" + opened + "/steps", "/api/v1/reminders",
		"/api/v1/mediators", "/api/v1/webhooks", "/api/v1/commit-checks", "/access/v1/evaluation", "/api/v1/%"}
	methods := []string{"GET", "POST", "PATCH", "DELETE", "PUT"}
	adding, err := json.Marshal(h.newcomer("Zoé"))
	must(f, err)
	f.Add(0, 1, "", "", adding)
	f.Add(0, 0, "name=a&limit=2&cursor=x", purpose, []byte{})
	f.Add(7, 1, "", "", []byte(`{"mediator":"`+h.here.mediator.String()+`","action":"prepare","outcome":"done","note":"\ud800","due_on":"9999-12-31"}`))
	f.Add(5, 1, "", "", []byte(`{"mediator":"`+h.here.mediator.String()+`","person":"`+uuid.NewString()+`","procedure":"'; DROP TABLE","due_on":"-001-01-01"}`))
	f.Add(1, 2, "", `"x"`, []byte(`{"mediator":null,"given_names":1e999}`))
	f.Add(3, 0, "ends_before=9999-12-31T23:59:59Z&state=active", purpose, []byte{})
	f.Add(8, 0, "days=366&cursor=%00&limit=-1", purpose, []byte("\x00"))
	f.Add(13, 0, "%zz", "\x7f", []byte("x"))
	shared := h
	f.Fuzz(func(t *testing.T, path, method int, query, header string, body []byte) {
		own := *shared
		h := &own
		h.t = t
		if path < 0 || method < 0 {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), methods[method%len(methods)], h.server.URL+paths[path%len(paths)], bytes.NewReader(body))
		if err != nil {
			return
		}
		req.URL.RawQuery = strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f {
				return -1
			}
			return r
		}, query)
		if strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			header = purpose
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Relais-Purpose", header)
		req.Header.Set("If-Match", header)
		req.Header.Set("Idempotency-Key", header)
		if len(header)%2 == 0 {
			req.Header.Set("Idempotency-Key", uuid.NewString())
			req.Header.Set("Relais-Purpose", purpose)
		}
		if req.Method == http.MethodPatch {
			req.Header.Set("Content-Type", "application/merge-patch+json")
		}
		h.clock.Advance(time.Minute / 300) // below the rate
		h.keepToken()
		shared.token = h.token
		req.Header.Set("Authorization", "Bearer "+h.token)
		if got := h.send(req); got.status >= 500 {
			t.Errorf("%s %s: %d %s\n%s", req.Method, req.URL, got.status, got.raw, h.logs)
		}
		h.logs.Reset()
	})
}

// keepToken renews the token before it ends.
func (h *house) keepToken() {
	if _, _, err := h.clients.SoftwareByToken(h.t.Context(), h.token); err == nil {
		return
	}
	token, err := h.clients.IssueSoftwareToken(h.t.Context(), h.software, nil)
	must(h.t, err)
	h.token = token.Token
}
