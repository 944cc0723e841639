package v1_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// given is what a mediator was given at a service, and the token for it.
type given struct {
	client     clients.Client
	delegation acting.Delegation
	claims     map[string]any
	token      string
}

// given goes through the choosing as a mediator does, and gives the token.
func (h *house) given(clientID string, actions ...string) given {
	h.t.Helper()
	ctx := h.t.Context()
	client, _, err := h.clients.Register(ctx, authz.Actor{System: true, Now: h.store.Now()}, clients.New{ClientID: clientID, Kind: clients.Service, Pack: "fr",
		Changes: clients.Changes{Name: "Benefits", RedirectURIs: []string{"https://benefits.example/back"}, Procedures: []string{procedure}, Scopes: []string{"openid"}}})
	must(h.t, err)
	verifier := strings.Repeat("v", 43)
	challenge := sha256.Sum256([]byte(verifier))
	request, err := h.acting.Begin(ctx, acting.NewRequest{Client: client, Params: acting.Params{RedirectURI: "https://benefits.example/back",
		CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]), Scopes: []string{"openid"}}})
	must(h.t, err)
	_, session, err := authz.NewSessions(authz.SessionsDeps{Store: h.store}).Start(ctx, authz.NewSession{Account: h.here.mediator, Organisation: h.here.org})
	must(h.t, err)
	who, err := h.orgs.Actor(ctx, organisations.ActorQuery{Account: h.here.mediator, Session: session.ID, StrongAt: h.store.Now()})
	must(h.t, err)
	browser := []byte("a browser's own secret, long enough")
	version := func() int {
		seen, err := h.acting.Open(ctx, who, request.ID, browser)
		must(h.t, err)
		return seen.Version
	}
	must(h.t, h.acting.ChoosePerson(ctx, who, request.ID, version(), h.here.person))
	must(h.t, h.acting.ChooseScope(ctx, who, request.ID, version(), procedure, actions))
	g := given{client: client}
	_, err = h.acting.Grant(ctx, who, request.ID, version())
	must(h.t, err)
	code := uuid.NewString()
	must(h.t, h.acting.SaveCode(ctx, request.ID, code))
	g.delegation, err = h.acting.Redeem(ctx, client, acting.Redemption{Code: code, RedirectURI: "https://benefits.example/back", Verifier: verifier})
	must(h.t, err)
	tokens, err := h.acting.IssueAccess(ctx, g.delegation, client.ClientID, false)
	must(h.t, err)
	facts, err := h.acting.Claims(ctx, g.delegation, client)
	must(h.t, err)
	g.claims = map[string]any{"iss": issuer, "sub": facts.Subject, "aud": []string{issuer, client.ClientID}, "client_id": client.ClientID, "jti": tokens.AccessID,
		"exp": tokens.ExpiresAt.Unix(), "act": facts.Actor}
	g.token = h.sign("at+jwt", g.claims)
	return g
}

func (h *house) sign(typ string, claims map[string]any) string {
	h.t.Helper()
	raw, err := json.Marshal(claims)
	must(h.t, err)
	token, _, err := h.tokens.SignAs(typ, raw)
	must(h.t, err)
	return token
}

func as(token string) func(*http.Request) { return with("Authorization", "Bearer "+token) }

// OP-06: yes or no, signed, the same for the same key, and no at once after a
// revocation.
func TestCommitChecks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.given("benefits", "prepare", "submit")
	question := map[string]any{"procedure": procedure, "action": "submit"}
	key := with("Idempotency-Key", "commit-1-1")
	yes := h.ok(h.call("POST", "/api/v1/commit-checks", question, as(g.token), key), 200)
	if yes.json["allowed"] != true || len(strings.Split(yes.text("signed"), ".")) != 3 {
		t.Errorf("got %s", yes.raw)
	}
	again := h.ok(h.call("POST", "/api/v1/commit-checks", question, as(g.token), key), 200)
	if string(again.raw) != string(yes.raw) {
		t.Errorf("again %s", again.raw)
	}
	question["action"] = "prepare"
	h.refused(h.call("POST", "/api/v1/commit-checks", question, as(g.token), key), 409, "idempotency_key_reused")
	outside := h.ok(h.call("POST", "/api/v1/commit-checks", map[string]any{"procedure": procedure, "action": "change_payment"}, as(g.token)), 200)
	if outside.json["allowed"] != false || outside.reasons() == "" {
		t.Errorf("outside %s", outside.raw)
	}
	must(t, h.mandates.Revoke(t.Context(), h.as(h.here.mediator), mandates.Revocation{Mandate: h.here.mandate.ID}))
	no := h.ok(h.call("POST", "/api/v1/commit-checks", question, as(g.token)), 200)
	if no.json["allowed"] != false || !strings.Contains(no.reasons(), string(authz.ReasonMandateRevoked)) {
		t.Errorf("revoked %s", no.raw)
	}
}

// OP-07: what the service reports appears in the case, marked as its own.
func TestReportedSteps(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.given("benefits", "prepare", "submit")
	body := map[string]any{"action": "submit", "outcome": "submitted", "receipt_number": "CAF-77"}
	key := with("Idempotency-Key", "report-1-1")
	first := h.ok(h.call("POST", "/api/v1/reported-steps", body, as(g.token), key), 201)
	again := h.ok(h.call("POST", "/api/v1/reported-steps", body, as(g.token), key), 201)
	if first.text("id") != again.text("id") || first.text("procedure") != procedure {
		t.Errorf("first %s, again %s", first.raw, again.raw)
	}
	if n := h.count(`SELECT count(*) FROM steps WHERE reported_by = $1 AND mediator_id = $2 AND receipt_number = 'CAF-77'`, g.client.ID, h.here.mediator); n != 1 {
		t.Errorf("%d steps", n)
	}
	body["action"] = "correspond"
	h.refused(h.call("POST", "/api/v1/reported-steps", body, as(g.token)), 403, "forbidden")
	must(t, h.mandates.Revoke(t.Context(), h.as(h.here.mediator), mandates.Revocation{Mandate: h.here.mandate.ID}))
	body["action"] = "submit"
	if got := h.call("POST", "/api/v1/reported-steps", body, as(g.token)); got.status != 403 && got.status != 401 {
		t.Errorf("revoked %d %s", got.status, got.raw)
	}
}

// The AuthZEN shape answers as the commit check does, about the token's own
// mediator alone.
func TestEvaluation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.given("benefits", "prepare")
	mediator := g.claims["act"].(acting.Party).Subject
	ask := func(subject, kind, id, action string) map[string]any {
		return map[string]any{"subject": map[string]any{"type": "mediator", "id": subject}, "resource": map[string]any{"type": kind, "id": id}, "action": map[string]any{"name": action}}
	}
	yes := h.ok(h.call("POST", "/access/v1/evaluation", ask(mediator, "procedure", procedure, "prepare"), as(g.token), with("X-Request-ID", "q-1")), 200)
	if yes.json["decision"] != true || yes.header.Get("X-Request-Id") != "q-1" {
		t.Errorf("got %s %v", yes.raw, yes.header)
	}
	no := h.ok(h.call("POST", "/access/v1/evaluation", ask(mediator, "procedure", procedure, "submit"), as(g.token)), 200)
	if no.json["decision"] != false {
		t.Errorf("got %s", no.raw)
	}
	h.refused(h.call("POST", "/access/v1/evaluation", ask("somebody", "procedure", procedure, "prepare"), as(g.token)), 400, "invalid")
	h.refused(h.call("POST", "/access/v1/evaluation", ask(mediator, "person", "x", "prepare"), as(g.token)), 400, "invalid")
	h.refused(h.call("POST", "/access/v1/evaluation", ask(mediator, "procedure", procedure, "explode"), as(g.token)), 400, "invalid")
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'commit.checked'`); n != 2 {
		t.Errorf("%d checks kept", n)
	}
}

// A token that is not exactly ours, for this, now, opens nothing.
func TestTokensThatAreNotAccess(t *testing.T) {
	t.Parallel()
	h := setup(t)
	g := h.given("benefits", "prepare")
	bent := func(change func(map[string]any)) string {
		claims := map[string]any{}
		for k, v := range g.claims {
			claims[k] = v
		}
		change(claims)
		return h.sign("at+jwt", claims)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + strings.Split(g.token, ".")[1] + "."
	for name, token := range map[string]string{
		"another typ":      h.sign("secevent+jwt", g.claims),
		"another issuer":   bent(func(c map[string]any) { c["iss"] = "https://other.example" }),
		"another audience": bent(func(c map[string]any) { c["aud"] = "other" }),
		"no audience":      bent(func(c map[string]any) { delete(c, "aud") }),
		"only ourselves":   bent(func(c map[string]any) { c["aud"] = issuer }),
		"over":             bent(func(c map[string]any) { c["exp"] = h.store.Now().Add(-time.Second).Unix() }),
		"no jti":           bent(func(c map[string]any) { delete(c, "jti") }),
		"unknown jti":      bent(func(c map[string]any) { c["jti"] = uuid.NewString() }),
		"no signature":     none,
		"cut":              g.token[:len(g.token)-4],
		"software's":       h.token,
	} {
		h.refused(h.call("POST", "/api/v1/commit-checks", map[string]any{"procedure": procedure, "action": "prepare"}, as(token)), 401, "token_invalid")
		_ = name
	}
	h.refused(h.call("GET", "/api/v1/people", nil, as(g.token)), 401, "token_invalid")
	must(t, h.clients.Suspend(t.Context(), authz.Actor{System: true, Now: h.store.Now()}, g.client.ID))
	h.refused(h.call("POST", "/api/v1/commit-checks", map[string]any{"procedure": procedure, "action": "prepare"}, as(g.token)), 401, "token_invalid")
}
