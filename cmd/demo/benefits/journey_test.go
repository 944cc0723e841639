package benefits_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
)

func demand(t *testing.T, name string, p page, status int, words ...string) {
	t.Helper()
	if p.status != status {
		t.Errorf("%s: status %d, want %d: %.800s", name, p.status, status, p.body)
	}
	for _, want := range words {
		if !strings.Contains(plain(p.body), want) {
			t.Errorf("%s does not say %q: %.1500s", name, want, plain(p.body))
		}
	}
}

// OP-01, OP-06, OP-07.
func TestMediatorFillsAndSendsForThePerson(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	path, p := w.arrive(packs.ActionPrepare, packs.ActionSubmit)
	demand(t, "the first page", p, http.StatusOK, "You are filling this in for Fatou Diallo", "you are Jean Martin, Centre social Les Tilleuls")
	demand(t, "the address Relais knows", w.get(path+"/home"), http.StatusOK, `value="12 rue du Moulin"`, `value="45000"`, `value="Orléans"`)
	w.fill(path)
	p = w.post(path+"/check", "agreed", "1")
	demand(t, "sent", p, http.StatusOK, "The application is sent", "RIVE-", "entered it in the case", "Fatou Diallo", "Jean Martin")
	if again := w.post(path+"/check", "agreed", "1"); !strings.HasSuffix(again.at.Path, "/sent") {
		t.Errorf("a second press led to %s", again.at)
	}
	steps := w.steps()
	if len(steps) != 2 {
		t.Fatalf("%d steps at Relais: %+v", len(steps), steps)
	}
	for _, s := range steps {
		if s.ReportedByName != "Caisse de Rive-sur-Loire" || s.MediatorName != "Jean Martin" || s.Procedure != procedure {
			t.Errorf("step %+v", s)
		}
		if s.Action == packs.ActionSubmit && (s.Outcome != mandates.OutcomeSubmitted || !strings.Contains(p.body, s.ReceiptNumber)) {
			t.Errorf("the sending: %+v", s)
		}
	}
	for _, line := range []string{"Token received: Jean Martin, Centre social Les Tilleuls, acts for Fatou Diallo", "Relais answers yes, signed", "Step reported to Relais: “fill in the application”",
		"Step reported to Relais: “send the application” " + steps[0].ReceiptNumber} {
		w.journal(line)
	}
}

// OP-05, OP-06: stopped while the form is open; the send is refused.
func TestSendIsRefusedOnceTheMandateIsStopped(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	path, _ := w.arrive(packs.ActionPrepare, packs.ActionSubmit)
	w.fill(path)
	must(t, w.h.Mandates.Revoke(t.Context(), w.as(w.mediator), mandates.Revocation{Mandate: w.mandate.ID}))
	p := w.post(path+"/check", "agreed", "1") // the event may have come or not: the answer is no
	demand(t, "the send", p, http.StatusForbidden, "Nothing was sent", "is kept for Fatou Diallo", "812.50", "SCI du Fort")
	w.journal("Event received from Relais (mandate stopped): what Jean Martin did for Fatou Diallo is stopped")
	p = w.get(path + "/home")
	demand(t, "the next click", p, http.StatusForbidden, "The mandate was stopped", "ended on", "Nothing was sent", "SCI du Fort")
	p = w.post(path+"/resources", "pension", "999", "changed", "yes")
	demand(t, "a page sent afterwards", p, http.StatusForbidden, "The mandate was stopped", "999.00")
	for _, s := range w.steps() {
		if s.Action == packs.ActionSubmit {
			t.Errorf("a step: %+v", s)
		}
	}
}

// OP-06: though nothing was pushed, the question asked at the last moment is
// answered no.
func TestCommitCheckSaysNo(t *testing.T) {
	t.Parallel()
	w := settle(t, true)
	w.get("/?lang=en")
	path, _ := w.arrive(packs.ActionPrepare, packs.ActionSubmit)
	w.fill(path)
	must(t, w.h.Mandates.Revoke(t.Context(), w.as(w.mediator), mandates.Revocation{Mandate: w.mandate.ID}))
	demand(t, "the send", w.post(path+"/check", "agreed", "1"), http.StatusForbidden, "Nothing was sent",
		"Relais does not allow Fatou Diallo’s application to be sent", "The mandate was stopped.", "is kept for Fatou Diallo", "SCI du Fort")
	w.journal("Check before “send the application”: Relais answers no. Nothing is done. Jean Martin for Fatou Diallo")
	demand(t, "the next click", w.get(path+"/check"), http.StatusForbidden, "The mandate was stopped")
}

// OP-02, OP-10: the bank account is asked for apart, with a fresh sign-in, and
// only under a mandate that lends it.
func TestBankAccountIsAskedForApart(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	path, _ := w.arrive(packs.ActionPrepare, packs.ActionSubmit)
	w.fill(path)
	account := []string{"account", "FR76 3000 6000 0112 3456 7890 189"}
	demand(t, "without", w.post(path+"/payment", account...), http.StatusForbidden, "Your authorisation does not allow this", "Ask to change the account")
	ask := "/act?" + url.Values{"for": {strings.TrimPrefix(path, "/applications/")}, "page": {"payment"}}.Encode()
	if err := w.choose(w.begin(ask), packs.ActionPrepare, packs.ActionChangePayment); err == nil {
		t.Error("the mandate does not lend the bank account, and Relais gave it")
	}
	w.sign(append(packs.DefaultActions(), packs.ActionChangePayment)...)
	w.stale = true
	if err := w.choose(w.begin(ask), packs.ActionPrepare, packs.ActionSubmit, packs.ActionChangePayment); problem.As(err).Kind != problem.KindNeedsStepUp {
		t.Fatalf("an old sign-in: %v", err)
	}
	w.stale = false
	id := w.begin(ask)
	must(t, w.choose(id, packs.ActionPrepare, packs.ActionSubmit, packs.ActionChangePayment))
	p := w.read(w.browser.Get(w.callback(id)))
	if p.at.Path != path+"/payment" {
		t.Fatalf("back at %s", p.at)
	}
	demand(t, "the page asked for", p, http.StatusOK, "Number of the new account")
	demand(t, "changed", w.post(path+"/payment", account...), http.StatusOK, "ending in 0189", "SCI du Fort")
	for _, s := range w.steps() {
		if s.Action == packs.ActionChangePayment && s.Outcome == mandates.OutcomeDone {
			return
		}
	}
	t.Errorf("no step tells it: %+v", w.steps())
}

// What is not Relais's own changes nothing.
func TestForgedEventsAreRefused(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	path, _ := w.arrive(packs.ActionPrepare, packs.ActionSubmit)
	now := time.Now().Unix()
	client, err := w.h.Clients.ByClientID(t.Context(), "caf-demo")
	must(t, err)
	mandate := w.h.Acting.MandateAt(client, acting.Delegation{Mandate: w.mandate.ID})
	sign := func(kind string, change func(map[string]any)) string {
		body := map[string]any{"iss": w.h.Config.BaseURL, "jti": uuid.NewString(), "aud": "caf-demo", "iat": now, "toe": now,
			"events": map[string]any{w.h.Config.BaseURL + "/events/mandate-revoked": map[string]any{"reason": "recalled", "mandate": mandate}}}
		change(body)
		raw, err := json.Marshal(body)
		must(t, err)
		token, _, err := w.h.ProviderKeys.SignAs(kind, raw)
		must(t, err)
		return token
	}
	same := func(map[string]any) {}
	good := sign("secevent+jwt", same)
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"another type":     sign("relais-check+jwt", same),
		"for another":      sign("secevent+jwt", func(b map[string]any) { b["aud"] = "another" }),
		"another issuer":   sign("secevent+jwt", func(b map[string]any) { b["iss"] = "http://evil.example" }),
		"too old":          sign("secevent+jwt", func(b map[string]any) { b["iat"] = now - 30*24*3600 }),
		"of tomorrow":      sign("secevent+jwt", func(b map[string]any) { b["iat"] = now + 24*3600 }),
		"without jti":      sign("secevent+jwt", func(b map[string]any) { delete(b, "jti") }),
		"a byte altered":   parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"without a key":    "eyJhbGciOiJub25lIiwidHlwIjoic2VjZXZlbnQrand0In0." + parts[1] + ".",
		"nothing at all":   "",
		"a lot of nothing": strings.Repeat("x", 100_000),
	} {
		p := w.read(w.browser.Post(w.service.URL+"/events", "application/secevent+jwt", strings.NewReader(token)))
		if p.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, p.status, p.body)
		}
	}
	demand(t, "still open", w.get(path+"/household"), http.StatusOK)
	for _, kind := range []string{"application/json", "text/plain"} {
		if p := w.read(w.browser.Post(w.service.URL+"/events", kind, strings.NewReader(good))); p.status != http.StatusBadRequest {
			t.Errorf("as %s: %d", kind, p.status)
		}
	}
	for range 2 { // the second delivery is taken too, and changes nothing
		if p := w.read(w.browser.Post(w.service.URL+"/events", "application/secevent+jwt", strings.NewReader(good))); p.status != http.StatusAccepted {
			t.Errorf("a real one: %d %s", p.status, p.body)
		}
	}
	demand(t, "stopped", w.get(path+"/household"), http.StatusForbidden, "The mandate was stopped")
	if n := strings.Count(plain(w.get("/journal").body), "(mandate stopped)"); n != 1 {
		t.Errorf("the journal tells it %d times", n)
	}
	if p := w.post("/backchannel-logout", "logout_token", good); p.status != http.StatusBadRequest {
		t.Errorf("a security event as a logout token: %d", p.status)
	}
}

// OP-04 from the service's side: mix-up and replay of the answer.
func TestAnswersThatAreNotRelaissAreRefused(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	id := w.begin("/act")
	must(t, w.choose(id, packs.ActionPrepare))
	back := w.read(w.still().Get(w.callback(id))).location
	if back == nil || back.Query().Get("code") == "" {
		t.Fatalf("no code: %v", back)
	}
	with := func(change func(url.Values)) string {
		q := back.Query()
		change(q)
		return "/callback?" + q.Encode()
	}
	demand(t, "unknown state", w.get(with(func(q url.Values) { q.Set("state", "x") })), http.StatusBadRequest, "no longer good")
	mine := w.browser
	w.browser = &http.Client{}
	demand(t, "another browser", w.get(with(func(url.Values) {})), http.StatusBadRequest, "Relais")
	w.browser = mine
	demand(t, "another issuer", w.get(with(func(q url.Values) { q.Set("iss", "https://evil.example") })), http.StatusBadRequest, "no longer good")
	demand(t, "the state was used", w.get(with(func(url.Values) {})), http.StatusBadRequest, "no longer good")

	id = w.begin("/act")
	must(t, w.choose(id, packs.ActionPrepare))
	must(t, w.h.Mandates.Revoke(t.Context(), w.as(w.mediator), mandates.Revocation{Mandate: w.mandate.ID}))
	p := w.read(w.browser.Get(w.callback(id)))
	if p.status == http.StatusOK && strings.HasPrefix(p.at.Path, "/applications/") {
		t.Error("a code of a stopped mandate was worth a token")
	}
}

// Leaving gives the token back: nothing of it works any more.
func TestLeavingEndsTheDelegation(t *testing.T) {
	t.Parallel()
	w := settle(t)
	w.get("/?lang=en")
	path, _ := w.arrive(packs.ActionPrepare)
	demand(t, "left", w.post("/leave"), http.StatusOK, "Apply for housing benefit")
	demand(t, "closed", w.get(path+"/household"), http.StatusNotFound, "not open here")
	w.journal("was given back to Relais")
}
