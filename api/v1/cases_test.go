package v1_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
)

func openHousing(person uuid.UUID) mandates.OpenCase {
	return mandates.OpenCase{Beneficiary: person, Procedure: procedure, IdempotencyKey: uuid.NewString()}
}

func (h *house) openCase(due string) string {
	h.t.Helper()
	body := map[string]any{"mediator": h.here.mediator, "person": h.here.person, "procedure": procedure}
	if due != "" {
		body["due_on"] = due
	}
	return h.ok(h.call("POST", "/api/v1/cases", body), 201).text("id")
}

func (h *house) step(action, outcome string) map[string]any {
	return map[string]any{"mediator": h.here.mediator, "action": action, "outcome": outcome, "receipt_number": "R-1", "note": "Bring the lease"}
}

// A case is opened under a live mandate, for a mediator, once for a key.
func TestOpeningACase(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := with("Idempotency-Key", "open-housing")
	body := map[string]any{"mediator": h.here.mediator, "person": h.here.person, "procedure": procedure}
	first := h.ok(h.call("POST", "/api/v1/cases", body, key), 201)
	again := h.ok(h.call("POST", "/api/v1/cases", body, key), 201)
	if first.text("id") != again.text("id") || first.json["assigned_to"].(map[string]any)["id"] != h.here.mediator.String() {
		t.Errorf("first %s, again %s", first.raw, again.raw)
	}
	body["procedure"] = "papers.passport"
	got := h.call("POST", "/api/v1/cases", body)
	h.refused(got, 403, "forbidden")
	if got.reasons() != string(authz.ReasonProcedureNotInScope) {
		t.Errorf("out of scope: %s", got.raw)
	}
	read := h.ok(h.call("GET", first.header.Get("Location"), nil), 200)
	if read.text("procedure") != procedure || read.header.Get("ETag") != `"1"` {
		t.Errorf("read %s", read.raw)
	}
	if list := h.ok(h.call("GET", "/api/v1/cases?open=true", nil), 200); len(list.items()) != 1 || list.items()[0]["procedure"] != nil {
		t.Errorf("list %s", list.raw)
	}
}

// A step of software is the mediator's, marked as reported, checked as at the
// screen: ST-01, ST-02.
func TestRecordingAStep(t *testing.T) {
	t.Parallel()
	h := setup(t)
	steps := "/api/v1/cases/" + h.openCase("") + "/steps"
	key := with("Idempotency-Key", "step-one-1")
	first := h.ok(h.call("POST", steps, h.step("submit", "submitted"), key), 201)
	if first.text("reported_by") != h.software.ID.String() || first.json["mediator"].(map[string]any)["name"] != "Claire Martin" {
		t.Errorf("step %s", first.raw)
	}
	again := h.ok(h.call("POST", steps, h.step("submit", "submitted"), key), 201)
	if string(first.raw) != string(again.raw) {
		t.Errorf("again %s", again.raw)
	}
	h.refused(h.call("POST", steps, h.step("submit", "failed"), key), 409, "idempotency_key_reused")
	if n := h.count(`SELECT count(*) FROM steps WHERE reported_by = $1 AND mediator_id = $2`, h.software.ID, h.here.mediator); n != 1 {
		t.Errorf("%d steps", n)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'step.reported' AND actor_role = 'software' AND actor_id = $1 AND beneficiary_id = $2`, h.software.ID, h.here.person); n != 1 {
		t.Errorf("%d events", n)
	}
	fix := h.step("submit", "submitted")
	fix["corrects"] = first.text("id")
	h.ok(h.call("POST", steps, fix), 201)
	page := h.ok(h.call("GET", steps+"?limit=1", nil), 200)
	rest := h.ok(h.call("GET", steps+"?limit=1&cursor="+page.text("next"), nil), 200)
	if len(page.items()) != 1 || len(rest.items()) != 1 || rest.items()[0]["corrects"] != first.text("id") || rest.text("next") != "" {
		t.Errorf("page %s, rest %s", page.raw, rest.raw)
	}
	got := h.ok(h.call("GET", strings.TrimSuffix(steps, "/steps"), nil), 200)
	if got.text("state") != "submitted" {
		t.Errorf("case %s", got.raw)
	}
	// First use of a mandate tells the person, once.
	if n := h.count(`SELECT count(*) FROM messages WHERE beneficiary_id = $1 AND dedupe_key LIKE 'first_use:%'`, h.here.person); n != 1 {
		t.Errorf("%d messages of first use", n)
	}
}

// What the mediator could not do at the screen, software cannot say they did.
func TestStepsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := setup(t)
	steps := "/api/v1/cases/" + h.openCase("") + "/steps"
	sensitive := h.call("POST", steps, h.step("change_payment", "done"))
	h.refused(sensitive, 403, "needs_step_up")
	secret := h.step("prepare", "prepared")
	secret["note"] = "the password is: Hunter2!xyz"
	got := h.call("POST", steps, secret)
	h.refused(got, 400, "invalid")
	if got.faults() != "note:secret_in_text" {
		t.Errorf("secret: %s", got.raw)
	}
	other := h.step("prepare", "prepared")
	other["corrects"] = uuid.New()
	if got := h.call("POST", steps, other); got.faults() != "corrects:step_not_here" {
		t.Errorf("corrects: %s", got.raw)
	}
	must(t, h.mandates.Revoke(t.Context(), h.as(h.here.mediator), mandates.Revocation{Mandate: h.here.mandate.ID}))
	revoked := h.call("POST", steps, h.step("prepare", "prepared"))
	h.refused(revoked, 403, "forbidden")
	if revoked.reasons() != string(authz.ReasonMandateRevoked) {
		t.Errorf("revoked: %s", revoked.raw)
	}
	if n := h.count(`SELECT count(*) FROM steps`); n != 0 {
		t.Errorf("%d steps", n)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'act.refused' AND actor_role = 'software' AND beneficiary_id = $1`, h.here.person); n != 3 {
		t.Errorf("%d refusals kept", n)
	}
}

// The same key at the same time makes one step.
func TestOneStepUnderRaces(t *testing.T) {
	t.Parallel()
	h := setup(t)
	steps := "/api/v1/cases/" + h.openCase("") + "/steps"
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			got := h.call("POST", steps, h.step("prepare", "prepared"), with("Idempotency-Key", "race-race-1"))
			if got.status != 201 {
				t.Errorf("%d %s", got.status, got.raw)
			}
			ids[i] = got.text("id")
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("ids %v", ids)
		}
	}
	if n := h.count(`SELECT count(*) FROM steps`); n != 1 {
		t.Errorf("%d steps", n)
	}
}

// Reminders are cases to watch and mandates that end, soonest first.
func TestReminders(t *testing.T) {
	t.Parallel()
	h := setup(t)
	soon := h.clock.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	id := h.openCase(soon)
	first := h.ok(h.call("GET", "/api/v1/reminders?days=40&limit=1", nil), 200)
	second := h.ok(h.call("GET", "/api/v1/reminders?days=40&limit=1&cursor="+first.text("next"), nil), 200)
	a, b := first.items(), second.items()
	if len(a) != 1 || a[0]["kind"] != "case_due" || a[0]["case"] != id || a[0]["on"] != soon {
		t.Errorf("first %s", first.raw)
	}
	if len(b) != 1 || b[0]["kind"] != "mandate_ending" || b[0]["mandate"] != h.here.mandate.ID.String() || second.text("next") != "" {
		t.Errorf("second %s", second.raw)
	}
	if none := h.ok(h.call("GET", "/api/v1/reminders?days=1", nil), 200); len(none.items()) != 0 {
		t.Errorf("none %s", none.raw)
	}
}

// Webhooks are the organisation's; their secret is shown once.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := with("Idempotency-Key", "hook-hook-1")
	body := map[string]any{"url": "https://agenda.example/relais", "kinds": []string{"mandate.revoked"}}
	made := h.ok(h.call("POST", "/api/v1/webhooks", body, key), 201)
	if made.text("secret") == "" {
		t.Errorf("made %s", made.raw)
	}
	h.refused(h.call("POST", "/api/v1/webhooks", body, key), 409, "idempotency_key_used")
	list := h.ok(h.call("GET", "/api/v1/webhooks", nil), 200)
	if len(list.items()) != 1 || strings.Contains(string(list.raw), made.text("secret")) {
		t.Errorf("list %s", list.raw)
	}
	there := h.place("CCAS de Vannes", "Paul Roy", "Lucie Blanc", "Jean", "Petit")
	_, theirs := h.newSoftware("Autre", there.org, []string{"webhooks:manage"})
	path := "/api/v1/webhooks/" + list.items()[0]["id"].(string)
	h.refused(h.call(http.MethodDelete, path, nil, with("Authorization", "Bearer "+theirs)), 404, "not_found")
	h.ok(h.call(http.MethodDelete, path, nil), 204)
	if list := h.ok(h.call("GET", "/api/v1/webhooks", nil), 200); len(list.items()) != 0 {
		t.Errorf("list %s", list.raw)
	}
	h.refused(h.call("POST", "/api/v1/webhooks", body, key), 409, "idempotency_key_used") // also once it has ended
	body["kinds"] = []string{"nothing.known"}
	h.refused(h.call("POST", "/api/v1/webhooks", body), 400, "invalid")
}

// The key of a registration that was refused is still good when it is asked
// again: nothing was made with it.
func TestKeyOfARefusedWebhook(t *testing.T) {
	t.Parallel()
	h := setup(t)
	body := map[string]any{"url": "https://agenda.example/relais", "kinds": []string{"mandate.revoked"}}
	var last string
	for i := range acting.MaxWebhooks {
		made := h.ok(h.call("POST", "/api/v1/webhooks", body, with("Idempotency-Key", fmt.Sprintf("hook-hook-%d", i))), 201)
		last = made.json["webhook"].(map[string]any)["id"].(string)
	}
	key := with("Idempotency-Key", "hook-one-more")
	h.refused(h.call("POST", "/api/v1/webhooks", body, key), 409, "too_many_webhooks")
	h.ok(h.call(http.MethodDelete, "/api/v1/webhooks/"+last, nil), 204)
	if made := h.ok(h.call("POST", "/api/v1/webhooks", body, key), 201); made.text("secret") == "" {
		t.Errorf("made %s", made.raw)
	}
	h.refused(h.call("POST", "/api/v1/webhooks", body, key), 409, "idempotency_key_used")
}
