package op_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// refusal is act.refused as the log has it.
type refusal struct {
	actor, person uuid.UUID
	role          string
	Command       string   `json:"command"`
	Reasons       []string `json:"reasons"`
}

// refusals are all there are, the oldest first, each with words in every
// language for what was tried and why it was refused.
func (h *house) refusals() []refusal {
	h.t.Helper()
	none := uuid.Nil
	rows, err := h.store.Pool().Query(h.t.Context(), `SELECT coalesce(actor_id, $1), coalesce(beneficiary_id, $1), actor_role, facts FROM events
		WHERE kind = 'act.refused' ORDER BY xid, id`, none)
	must(h.t, err)
	defer rows.Close()
	var all []refusal
	for rows.Next() {
		var r refusal
		var facts []byte
		must(h.t, rows.Scan(&r.actor, &r.person, &r.role, &facts))
		f, err := translog.ParseFacts(facts)
		must(h.t, err)
		must(h.t, json.Unmarshal(f.Detail, &r))
		all = append(all, r)
		for _, lang := range i18n.Langs() {
			for _, key := range append([]string{review.TriedKey(r.Command)}, each(r.Reasons, review.WhyKey)...) {
				if !i18n.For(lang).Has(key) {
					h.t.Errorf("%s: no words for %s", lang, key)
				}
			}
		}
	}
	must(h.t, rows.Err())
	return all
}

func each(list []string, of func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = of(s)
	}
	return out
}

// refusesOnce runs act and demands one refusal of it: who, what and why.
func (h *house) refusesOnce(client, person uuid.UUID, command, reason string, act func() answer) answer {
	h.t.Helper()
	before := len(h.refusals())
	got := act()
	all := h.refusals()[before:]
	want := refusal{client, person, "service", command, []string{reason}}
	if len(all) != 1 || fmt.Sprint(all[0]) != fmt.Sprint(want) {
		h.t.Errorf("recorded %v, want %v", all, want)
	}
	if strings.Contains(got.body, reason) {
		h.t.Errorf("the answer says why: %s", got.body)
	}
	return got
}

// Design, invariant 4: a refused proof is in the log under the client it was
// shown for; one of nobody we know is in the structured log alone.
func TestRefusedProofsAreRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	basic, secret := h.service("basic")
	k := h.keyed("keyed")
	keyed, err := h.clients.ByClientID(t.Context(), "keyed")
	must(t, err)
	byBasic := func(id, secret string) func() answer {
		return func() answer {
			return h.post("/oauth/introspect", url.Values{"token": {"x"}}, func(r *http.Request) { r.SetBasicAuth(id, secret) })
		}
	}
	good, late := sign(t, jose.ES256, k.key, "JWT", k.saying()), k.saying()
	late["exp"] = h.store.Now().Add(-time.Hour).Unix()
	if got := k.with(good); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, c := range []struct {
		client clients.Client
		reason string
		act    func() answer
	}{
		{basic, "secret_wrong", byBasic("basic", secret+"x")},
		{keyed, "secret_wrong", byBasic("keyed", "x")},
		{basic, "method_wrong", func() answer {
			return h.post("/oauth/introspect", url.Values{"token": {"x"}, "client_id": {"basic"}, "client_secret": {secret}})
		}},
		{keyed, "assertion_reused", func() answer { return k.with(good) }},
		{keyed, "assertion_wrong", func() answer { return k.with(sign(t, jose.ES256, k.key, "JWT", late)) }},
	} {
		refused(t, h.refusesOnce(c.client.ID, uuid.Nil, "client.authenticate", c.reason, c.act), http.StatusUnauthorized, "invalid_client")
		if logged := h.logs.String(); !strings.Contains(logged, "why="+c.reason) || !strings.Contains(logged, "client="+c.client.ID.String()) {
			t.Errorf("%s is not in the structured log", c.reason)
		}
	}
	before := len(h.refusals())
	refused(t, byBasic("nobody", "x")(), http.StatusUnauthorized, "invalid_client")
	refused(t, h.post("/oauth/introspect", url.Values{"token": {"x"}, "client_id": {"basic"}}), http.StatusUnauthorized, "invalid_client")
	if all := h.refusals()[before:]; len(all) != 0 {
		t.Errorf("recorded %v of nobody's proof", all)
	}
	if strings.Contains(h.logs.String(), "nobody") {
		t.Error("the structured log quotes what was sent")
	}
}

// Guesses do not fill the log, however many addresses they come from.
func TestGuessesDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.hold()
	_, secret := h.service("caf")
	guess := func() {
		for range 40 {
			h.post("/oauth/introspect", url.Values{"token": {"x"}}, func(q *http.Request) { q.SetBasicAuth("caf", secret+"x") })
		}
	}
	guess()
	if n := len(h.refusals()); n != 10 {
		t.Errorf("%d of 40 guesses are in the log", n)
	}
	if n := strings.Count(h.logs.String(), "why=secret_wrong"); n != 40 {
		t.Errorf("%d of 40 guesses are in the structured log", n)
	}
	h.advance(time.Minute)
	guess()
	if n := len(h.refusals()); n != 20 {
		t.Errorf("%d refusals after a minute", n)
	}
}

// Another client's token, at each door, is a refusal about the person, and is
// answered as one that never was.
func TestOthersTokensAreRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, one := h.service("one")
	two, secret := h.service("two")
	r, other := h.rp("one", one), h.rp("two", secret)
	got := r.tokens()
	access, refresh := got.text("access_token"), got.text("refresh_token")
	type door struct {
		command, token string
		act            func(token string) answer
	}
	revoke := func(token string) answer { return other.post("/oauth/revoke", url.Values{"token": {token}}) }
	for _, d := range []door{
		{"delegation.use", access, other.introspect},
		{"delegation.exchange", access, func(token string) answer { return other.exchange(token, "one") }},
		{"delegation.give_up", access, revoke},
		{"delegation.give_up", refresh, revoke},
	} {
		theirs := h.refusesOnce(two.ID, h.person, d.command, "token_foreign", func() answer { return d.act(d.token) })
		before := len(h.refusals())
		nobodys := d.act("x")
		if theirs.status != nobodys.status || theirs.body != nobodys.body {
			t.Errorf("%s: %d %s for another's, %d %s for none", d.command, theirs.status, theirs.body, nobodys.status, nobodys.body)
		}
		if all := h.refusals()[before:]; len(all) != 0 {
			t.Errorf("%s: nobody's token left %v", d.command, all)
		}
	}
	if n := strings.Count(h.logs.String(), "client="+two.ID.String()); n < 4 {
		t.Errorf("%d lines of four in the structured log", n)
	}
	if h.userinfo(access).status != http.StatusOK {
		t.Error("the token no longer opens anything")
	}
}

// RFC 7009: an access token given up is one event, the second time none.
func TestGivingUpIsRecorded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	caf, secret := h.service("caf")
	r := h.rp("caf", secret)
	got := r.tokens()
	for range 2 {
		if ended := r.post("/oauth/revoke", url.Values{"token": {got.text("access_token")}}); ended.status != http.StatusOK {
			t.Fatalf("%d %s", ended.status, ended.body)
		}
		if n := h.count(`SELECT count(*) FROM events WHERE kind = 'delegation.token_given_up' AND actor_id = $1 AND beneficiary_id = $2`, caf.ID, h.person); n != 1 {
			t.Errorf("%d events", n)
		}
	}
}
