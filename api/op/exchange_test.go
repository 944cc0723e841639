package op_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

const accessType = "urn:ietf:params:oauth:token-type:access_token"

func (r *rp) exchange(token, audience string, more ...string) answer {
	v := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token},
		"subject_token_type": {accessType}, "audience": {audience}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return r.post("/oauth/token", v)
}

func (h *house) detail(fields string) string {
	return fmt.Sprintf(`[{"type":"%s/rar/mandate-step/1"%s}]`, h.issuer, fields)
}

// OP-08: one audience, never broader, never longer, the person still sub and
// the mediator act, each by the names that audience knows.
func TestTokenExchange(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two", func(n *clients.New) {
		n.Claims = []string{"family_name"}
		n.Scopes = []string{"openid", "profile", "birth", "offline_access"}
	})
	r, target := h.rp("one", one), h.rp("two", two)
	direct := claimsOf(t, target.tokens().text("id_token"))
	subject := r.tokens().text("access_token")
	own := claimsOf(t, subject)
	h.advance(3 * time.Minute)

	got := r.exchange(subject, "two", "authorization_details", h.detail(`,"actions":["view"]`))
	if got.status != http.StatusOK || got.text("issued_token_type") != accessType || got.text("refresh_token") != "" || got.text("id_token") != "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if in := got.json["expires_in"].(float64); in > 120 {
		t.Errorf("lasts %v s, longer than the subject token", in)
	}
	wantDetail(t, target, got.json["authorization_details"], "view")
	c := claimsOf(t, got.text("access_token"))
	if fmt.Sprint(c["aud"]) != "two" && fmt.Sprint(c["aud"]) != "[two]" {
		t.Errorf("aud %v", c["aud"])
	}
	if c["sid"] == "" || c["sid"] == own["sid"] || c["sid"] != target.introspect(got.text("access_token")).text("sid") {
		t.Errorf("sid %v at the audience, %v where it was given", c["sid"], own["sid"])
	}
	if c["sub"] != direct["sub"] || c["act"].(map[string]any)["sub"] != direct["act"].(map[string]any)["sub"] || c["client_id"] != "one" {
		t.Errorf("claims %v, the audience knows %v", c, direct)
	}
	seen := target.introspect(got.text("access_token"))
	if seen.json["active"] != true || seen.text("sub") != direct["sub"] || seen.text("client_id") != "one" {
		t.Errorf("the audience is told %s", seen.body)
	}
	wantDetail(t, target, seen.json["authorization_details"], "view")
	// It opens nothing here, and cannot be passed on.
	if info := h.userinfo(got.text("access_token")); info.status != http.StatusUnauthorized {
		t.Errorf("userinfo %d %s", info.status, info.body)
	}
	refused(t, target.exchange(got.text("access_token"), "one"), http.StatusBadRequest, "invalid_request")
	refused(t, r.exchange(got.text("access_token"), "one"), http.StatusBadRequest, "invalid_target")
	h.revokeMandate()
	if again := target.introspect(got.text("access_token")); again.body != `{"active":false}` {
		t.Errorf("after the revocation %s", again.body)
	}
	refused(t, r.exchange(subject, "two"), http.StatusBadRequest, "invalid_request")
}

func TestExchangesThatAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	h.service("elsewhere", aProcedureOf(h, "family"))
	ended, _ := h.service("ended")
	must(t, h.clients.Suspend(t.Context(), h.as(h.operator), ended.ID))
	r, other := h.rp("one", one), h.rp("two", two)
	v := r.asking()
	v.Set("scope", "openid profile offline_access")
	all := r.redeem(r.code(v))
	subject := all.text("access_token")
	for name, c := range map[string]struct {
		got  answer
		code string
	}{
		"another client's token":  {other.exchange(subject, "one"), "invalid_request"},
		"a refresh token":         {r.exchange(all.text("refresh_token"), "two"), "invalid_request"},
		"an ID token":             {r.exchange(all.text("id_token"), "two"), "invalid_request"},
		"nonsense":                {r.exchange("x", "two"), "invalid_request"},
		"unknown audience":        {r.exchange(subject, "nobody"), "invalid_target"},
		"itself":                  {r.exchange(subject, "one"), "invalid_target"},
		"suspended audience":      {r.exchange(subject, "ended"), "invalid_target"},
		"another procedure":       {r.exchange(subject, "elsewhere"), "invalid_target"},
		"a resource":              {r.exchange(subject, "two", "resource", "https://two.example/"), "invalid_target"},
		"an actor":                {r.exchange(subject, "two", "actor_token", subject, "actor_token_type", accessType), "invalid_request"},
		"a refresh token, please": {r.exchange(subject, "two", "requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"},
		"another kind":            {r.exchange(subject, "two", "subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), "invalid_request"},
		"more actions":            {r.exchange(subject, "two", "authorization_details", h.detail(`,"actions":["change_payment"]`)), "invalid_authorization_details"},
		"another mandate":         {r.exchange(subject, "two", "authorization_details", h.detail(`,"identifier":"`+uuid.NewString()+`"`)), "invalid_authorization_details"},
		"another's name of it":    {r.exchange(subject, "two", "authorization_details", h.detail(`,"identifier":"`+h.mandateAt("two")+`"`)), "invalid_authorization_details"},
		"another scope of work":   {r.exchange(subject, "two", "authorization_details", h.detail(`,"procedures":["family.birth"]`)), "invalid_authorization_details"},
		"a longer time":           {r.exchange(subject, "two", "authorization_details", h.detail(`,"not_after":"2030-01-01T00:00:00Z"`)), "invalid_authorization_details"},
		"more scopes":             {r.exchange(subject, "two", "scope", "openid address"), "invalid_scope"},
	} {
		if c.got.status != http.StatusBadRequest || c.got.text("error") != c.code {
			t.Errorf("%s: %d %s, want %s", name, c.got.status, c.got.body, c.code)
		}
	}
	if got := r.exchange(subject, "two", "authorization_details", h.detail(`,"identifier":"`+h.mandateAt("one")+`","procedures":["housing.apl"]`)); got.status != http.StatusOK {
		t.Errorf("the mandate named: %d %s", got.status, got.body)
	}
}

// DESIGN §5, 4: an exchange to an audience that is unknown, suspended or not a
// service is a refusal about the person, whichever part of us finds out.
func TestRefusedAudiencesAreRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	asks, one := h.service("one")
	suspended, _ := h.service("suspended")
	must(t, h.clients.Suspend(t.Context(), h.as(h.operator), suspended.ID))
	r := h.rp("one", one)
	subject := r.tokens().text("access_token")
	for i, audience := range []string{"nobody", "suspended", "one"} {
		refused(t, r.exchange(subject, audience), http.StatusBadRequest, "invalid_target")
		var n int
		must(t, h.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM events WHERE kind = 'act.refused' AND actor_id = $1 AND beneficiary_id = $2
			AND position('target_invalid' in convert_from(facts, 'UTF8')) > 0`, asks.ID, h.person).Scan(&n))
		if n != i+1 {
			t.Errorf("%s: %d refusals are recorded, want %d", audience, n, i+1)
		}
	}
}

// RFC 7009 §2.1: whoever got an exchanged token, and whom it is for, may give it
// up; that is no refusal, and the token is over.
func TestRevokingAnExchangedToken(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	_, two := h.service("two")
	r, target := h.rp("one", one), h.rp("two", two)
	subject := r.tokens().text("access_token")
	for name, by := range map[string]*rp{"who got it": r, "whom it is for": target} {
		token := r.exchange(subject, "two").text("access_token")
		if seen := target.introspect(token); seen.json["active"] != true {
			t.Fatalf("before: %s", seen.body)
		}
		before := len(h.refusals())
		if got := by.post("/oauth/revoke", url.Values{"token": {token}}); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if n := len(h.refusals()) - before; n != 0 {
			t.Errorf("%s: %d refusals", name, n)
		}
		if seen := target.introspect(token); seen.body != `{"active":false}` {
			t.Errorf("%s: after: %s", name, seen.body)
		}
	}
}

// aProcedureOf replaces the procedures by the first of a theme.
func aProcedureOf(h *house, theme string) func(*clients.New) {
	return func(n *clients.New) {
		for _, p := range h.pack.Procedures {
			if p.Theme == theme {
				n.Procedures = []string{p.Code}
				return
			}
		}
		h.t.Fatal("no such theme")
	}
}

// OP-10: what is sensitive asks for a fresh sign-in of the mediator, and
// succeeds after it.
func TestStepUp(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	h.service("two")
	r := h.rp("one", one)

	// granted in time, used too late
	r.actions = []string{"view", "change_payment"}
	first := r.tokens()
	if acr := claimsOf(t, first.text("id_token"))["acr"]; acr != "urn:relais:step-up" {
		t.Errorf("acr %v", acr)
	}
	h.advance(16 * time.Minute)
	next := r.refresh(first.text("refresh_token"))
	if next.status != http.StatusOK {
		t.Fatalf("%d %s", next.status, next.body)
	}
	late := r.exchange(next.text("access_token"), "two")
	refused(t, late, http.StatusBadRequest, "insufficient_user_authentication")
	if late.text("acr_values") != "urn:relais:step-up" || late.json["max_age"] != 900.0 {
		t.Errorf("how to go on: %s", late.body)
	}
	if got := r.exchange(next.text("access_token"), "two", "authorization_details", h.detail(`,"actions":["view"]`)); got.status != http.StatusOK {
		t.Errorf("what is not sensitive: %d %s", got.status, got.body)
	}

	// asked for by the service: choosing does not end without it
	asking := r.asking()
	asking.Set("acr_values", "urn:relais:step-up")
	begun := r.authorize(asking)
	id, stale := r.requestOf(begun), h.actor(h.mediator, h.store.Now().Add(-time.Hour))
	r.actions = []string{"view"}
	seen, err := h.acting.Open(t.Context(), stale, id, r.secretOfBrowser())
	must(t, err)
	must(t, h.acting.ChoosePerson(t.Context(), stale, id, seen.Version, h.person))
	seen, err = h.acting.Open(t.Context(), stale, id, r.secretOfBrowser())
	must(t, err)
	must(t, h.acting.ChooseScope(t.Context(), stale, id, seen.Version, procedure, r.actions))
	seen, err = h.acting.Open(t.Context(), stale, id, r.secretOfBrowser())
	must(t, err)
	if !seen.NeedsStepUp {
		t.Error("no fresh sign-in is asked for")
	}
	if _, err = h.acting.Grant(t.Context(), stale, id, seen.Version); problem.As(err) == nil || !slices.Contains(problem.As(err).Reasons, "needs_step_up") {
		t.Errorf("granted without: %v", err)
	}
	got := r.redeem(r.back(r.choose(begun)).query("code"))
	if acr := claimsOf(t, got.text("id_token"))["acr"]; acr != "urn:relais:step-up" {
		t.Errorf("acr %v", acr)
	}
	again := r.exchange(got.text("access_token"), "two")
	if again.status != http.StatusOK {
		t.Errorf("after it: %d %s", again.status, again.body)
	}
}

// OP-10: max_age and prompt=login reach whoever chooses; auth_time says when.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	for _, fresh := range []url.Values{{"max_age": {"0"}}, {"prompt": {"login"}}, {"max_age": {"60"}}} {
		r := h.rp("caf", secret)
		v := r.asking()
		for name, value := range fresh {
			v[name] = value
		}
		begun := r.authorize(v)
		before := h.store.Now()
		r.strongAt = before.Add(-10 * time.Minute)
		id := r.requestOf(begun)
		who := h.actor(h.mediator, r.strongAt)
		seen, err := h.acting.Open(t.Context(), who, id, r.secretOfBrowser())
		must(t, err)
		must(t, h.acting.ChoosePerson(t.Context(), who, id, seen.Version, h.person))
		seen, err = h.acting.Open(t.Context(), who, id, r.secretOfBrowser())
		must(t, err)
		must(t, h.acting.ChooseScope(t.Context(), who, id, seen.Version, procedure, r.actions))
		seen, err = h.acting.Open(t.Context(), who, id, r.secretOfBrowser())
		must(t, err)
		if _, err := h.acting.Grant(t.Context(), who, id, seen.Version); problem.As(err) == nil || problem.As(err).Kind != problem.KindNeedsStepUp {
			t.Errorf("%v: granted on an old sign-in: %v", fresh, err)
		}
		r.strongAt = time.Time{}
		got := r.redeem(r.back(r.choose(begun)).query("code"))
		if at := claimsOf(t, got.text("id_token"))["auth_time"].(float64); int64(at) < before.Unix() {
			t.Errorf("%v: auth_time %v before the request", fresh, at)
		}
	}
}

// OP-03, cross-organisation ids: another organisation's person is like nobody.
func TestOthersPeopleAreNobody(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, secret := h.service("caf")
	r := h.rp("caf", secret)
	_, _, stranger, _ := h.newOrganisation("Mairie", "Rosa Diaz", "Hugo Leroy")
	theirs := h.newPerson(stranger, "Paul", "Autre")
	unmandated := h.newPerson(h.mediator, "Sans", "Mandat")
	id := r.requestOf(r.authorize(r.asking()))
	who := h.as(h.mediator)
	seen, err := h.acting.Open(t.Context(), who, id, r.secretOfBrowser())
	must(t, err)
	var said []string
	for _, person := range []uuid.UUID{theirs, unmandated, uuid.New()} {
		err := h.acting.ChoosePerson(t.Context(), who, id, seen.Version, person)
		if problem.As(err) == nil || problem.As(err).Kind != problem.KindNotFound {
			t.Errorf("chosen: %v", err)
			continue
		}
		said = append(said, problem.As(err).Error())
	}
	if len(slices.Compact(said)) != 1 {
		t.Errorf("they are told apart: %s", strings.Join(said, " | "))
	}
	// and another mediator finds no request
	if _, err := h.acting.Open(t.Context(), h.as(stranger), id, r.secretOfBrowser()); problem.As(err) == nil || problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("another mediator opened it: %v", err)
	}
	shown(t, r.back(uuid.New()), http.StatusBadRequest)
}
