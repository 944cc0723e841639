package v1_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

func (h *house) newcomer(given string) map[string]any {
	return map[string]any{
		"mediator": h.here.mediator,
		"identity": map[string]any{"given_names": given, "family_name": "Moreau", "birth_date": "1980-05-17", "identity_check": h.pack.IdentityDocuments[0].Code},
		"contact":  map[string]any{"channel": "none", "language": "fr"},
	}
}

// A look at a person is one event that names the person, the software and the
// purpose (DESIGN, invariant 4).
func TestReadingAPersonIsALook(t *testing.T) {
	t.Parallel()
	h := setup(t)
	got := h.ok(h.call("GET", "/api/v1/people/"+h.here.person.String(), nil), 200)
	if got.json["identity"].(map[string]any)["family_name"] != "Haddad" || got.header.Get("ETag") == "" {
		t.Errorf("got %s", got.raw)
	}
	looks := h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.viewed' AND actor_role = 'software' AND actor_id = $1
		AND beneficiary_id = $2 AND convert_from(personal, 'UTF8') LIKE '%' || $3 || '%'`, h.software.ID, h.here.person, purpose)
	if looks != 1 {
		t.Errorf("%d looks", looks)
	}
	for name, change := range map[string]func(*http.Request){
		"no purpose":    with("Relais-Purpose", ""),
		"too short":     with("Relais-Purpose", "because"),
		"only digits":   with("Relais-Purpose", "123456789012"),
		"a card number": with("Relais-Purpose", "the card 4242 4242 4242 4242 was lost"),
	} {
		if got := h.call("GET", "/api/v1/people/"+h.here.person.String(), nil, change); got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.viewed'`); n != 1 {
		t.Errorf("%d looks after refused ones", n)
	}
}

// Another organisation's person looks as if not there, and the try is kept.
func TestNotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	there := h.place("CCAS de Vannes", "Paul Roy", "Lucie Blanc", "Jean", "Petit")
	opened, err := h.mandates.OpenCase(t.Context(), h.as(there.mediator), openHousing(there.person))
	must(t, err)
	nowhere := uuid.NewString()
	for path, id := range map[string]string{
		"/api/v1/people/%":          there.person.String(),
		"/api/v1/people/%/mandates": there.person.String(),
		"/api/v1/mandates/%":        there.mandate.ID.String(),
		"/api/v1/cases/%":           opened.ID.String(),
		"/api/v1/cases/%/steps":     opened.ID.String(),
	} {
		theirs := h.call("GET", strings.Replace(path, "%", id, 1), nil)
		none := h.call("GET", strings.Replace(path, "%", nowhere, 1), nil)
		h.refused(theirs, 404, "not_found")
		h.refused(none, 404, "not_found")
		delete(theirs.json, "instance")
		delete(none.json, "instance")
		if theirs.text("title") != none.text("title") || len(theirs.json) != len(none.json) {
			t.Errorf("%s: %s and %s", path, theirs.raw, none.raw)
		}
	}
	for _, got := range []answer{
		h.call("POST", "/api/v1/cases", map[string]any{"mediator": h.here.mediator, "person": there.person, "procedure": procedure}),
		h.call("POST", "/api/v1/cases/"+opened.ID.String()+"/steps", map[string]any{"mediator": h.here.mediator, "action": "prepare", "outcome": "prepared"}),
		h.call("PATCH", "/api/v1/people/"+there.person.String(), map[string]any{"mediator": h.here.mediator, "given_names": "X"}, with("If-Match", `"x"`)),
	} {
		h.refused(got, 404, "not_found")
	}
	got := h.call("POST", "/api/v1/cases", map[string]any{"mediator": there.mediator, "person": h.here.person, "procedure": procedure})
	h.refused(got, 400, "invalid")
	if got.faults() != "mediator:not_a_mediator_here" {
		t.Errorf("another organisation's mediator: %s", got.raw)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'act.refused' AND actor_role = 'software' AND beneficiary_id = $1`, there.person); n != 8 {
		t.Errorf("%d refusals kept", n)
	}
	list := h.ok(h.call("GET", "/api/v1/people?limit=100", nil), 200)
	if len(list.items()) != 1 || list.items()[0]["id"] != h.here.person.String() {
		t.Errorf("list %s", list.raw)
	}
}

// Lists go page by page, each line once, and name nobody.
func TestListsGoPageByPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, name := range []string{"Ana", "Bea", "Cleo", "Dora"} {
		h.newPerson(h.here.mediator, name, "Lopez")
	}
	seen := map[string]bool{}
	path := "/api/v1/people?limit=2"
	pages := 0
	for path != "" && pages < 10 {
		got := h.ok(h.call("GET", path, nil), 200)
		pages++
		for _, line := range got.items() {
			if id := line["id"].(string); seen[id] {
				t.Errorf("%s came twice", id)
			} else {
				seen[id] = true
			}
			if len(line) != 2 {
				t.Errorf("a line says %v", line)
			}
		}
		link := got.header.Get("Link")
		if (link == "") != (got.text("next") == "") {
			t.Errorf("link %q and next %q", link, got.text("next"))
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(link, "<"), ">")
	}
	if pages != 3 || len(seen) != 5 {
		t.Errorf("%d people in %d pages", len(seen), pages)
	}
	found := h.ok(h.call("GET", "/api/v1/people?name=haddad&birth_date=1957-03-12", nil), 200)
	if len(found.items()) != 1 {
		t.Fatalf("found %s", found.raw)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.viewed' AND beneficiary_id = $1`, h.here.person); n != 1 {
		t.Errorf("%d looks at who was found", n)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'list.viewed' AND beneficiary_id IS NULL AND actor_id = $1`, h.software.ID); n != 3 {
		t.Errorf("%d events of lists", n)
	}
	for _, path := range []string{"/api/v1/people?cursor=AAAA", "/api/v1/people?cursor=" + strings.Repeat("A", 32), "/api/v1/people?limit=0", "/api/v1/people?limit=101",
		"/api/v1/people?limit=x", "/api/v1/people?birth_date=12/03/1957", "/api/v1/people?phone=ABCD", "/api/v1/people?name=x"} {
		h.refused(h.call("GET", path, nil), 400, "invalid")
	}
}

// The same key makes one person; another content under it is refused.
func TestAddingAPersonOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	key := with("Idempotency-Key", "adding-paul-1")
	first := h.ok(h.call("POST", "/api/v1/people", h.newcomer("Paul"), key), 201)
	again := h.ok(h.call("POST", "/api/v1/people", h.newcomer("Paul"), key), 201)
	if string(first.raw) != string(again.raw) || first.header.Get("Location") != "/api/v1/people/"+first.text("id") {
		t.Errorf("first %s, again %s", first.raw, again.raw)
	}
	h.refused(h.call("POST", "/api/v1/people", h.newcomer("Pauline"), key), 409, "idempotency_key_reused")
	if n := h.count(`SELECT count(*) FROM beneficiaries WHERE family_name = 'Moreau' AND created_by = $1`, h.here.mediator); n != 1 {
		t.Errorf("%d people", n)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.created' AND actor_role = 'software' AND convert_from(facts, 'UTF8') LIKE '%"for":"' || $1 || '"%'`,
		h.here.mediator.String()); n != 1 {
		t.Errorf("%d events name the mediator", n)
	}
	twin := h.call("POST", "/api/v1/people", h.newcomer("Paul"))
	h.refused(twin, 409, "possible_duplicate")
	if matches, _ := twin.json["matches"].([]any); len(matches) != 1 || matches[0] != first.text("id") {
		t.Errorf("matches %s", twin.raw)
	}
	confirmed := h.newcomer("Paul")
	confirmed["duplicate_confirmed"] = true
	h.ok(h.call("POST", "/api/v1/people", confirmed), 201)
}

// What cannot be is told by field, in the language asked for.
func TestFaultsNameTheirFields(t *testing.T) {
	t.Parallel()
	h := setup(t)
	late := h.newcomer("Paul")
	late["identity"].(map[string]any)["birth_date"] = "2190-01-01"
	got := h.call("POST", "/api/v1/people", late, with("Accept-Language", "fr"))
	h.refused(got, 400, "invalid")
	if got.faults() != "birth_date:unlikely_birth_date" || got.header.Get("Content-Language") != "fr" || !strings.Contains(got.text("title"), "valable") {
		t.Errorf("got %s", got.raw)
	}
	odd := h.newcomer("Paul")
	odd["nationality"] = "FR"
	delete(odd["contact"].(map[string]any), "channel")
	got = h.call("POST", "/api/v1/people", odd)
	h.refused(got, 400, "invalid")
	if !strings.Contains(got.faults(), "field_unknown") || !strings.Contains(got.faults(), "value_missing") {
		t.Errorf("got %s", got.raw)
	}
}

// What services know somebody by goes in, out, and away again by its three members.
func TestIdentityCodes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	born := func(codes map[string]any) map[string]any {
		n := h.newcomer("Paul")
		for k, v := range codes {
			n["identity"].(map[string]any)[k] = v
		}
		return n
	}
	got := h.call("POST", "/api/v1/people", born(map[string]any{"gender": "M", "birth_country": "99352", "birth_place_code": "35238"}), with("Accept-Language", "fr"))
	h.refused(got, 400, "invalid")
	if got.faults() != "gender:choose_gender birth_place_code:place_code_abroad" {
		t.Errorf("faults %s: %s", got.faults(), got.raw)
	}
	made := h.ok(h.call("POST", "/api/v1/people", born(map[string]any{"gender": "male", "birth_place_code": "35238"})), 201)
	path := "/api/v1/people/" + made.text("id")
	is := func(got answer, want map[string]any) {
		t.Helper()
		for _, k := range []string{"gender", "birth_place_code", "birth_country"} {
			if v := got.json["identity"].(map[string]any)[k]; v != want[k] {
				t.Errorf("%s is %v, want %v", k, v, want[k])
			}
		}
	}
	is(made, map[string]any{"gender": "male", "birth_place_code": "35238", "birth_country": "99100"})
	read := h.ok(h.call("GET", path, nil), 200)
	is(read, map[string]any{"gender": "male", "birth_place_code": "35238", "birth_country": "99100"})
	changed := h.ok(h.call("PATCH", path, map[string]any{"mediator": h.here.mediator, "birth_place_code": "", "birth_country": "99352"}, with("If-Match", read.header.Get("ETag"))), 200)
	is(changed, map[string]any{"gender": "male", "birth_country": "99352"})
}

// A correction needs the version that was read, and leaves contact alone.
func TestCorrectingAPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	path := "/api/v1/people/" + h.here.person.String()
	etag := h.ok(h.call("GET", path, nil), 200).header.Get("ETag")
	change := map[string]any{"mediator": h.here.mediator, "usage_name": "Benaïssa"}
	h.refused(h.call("PATCH", path, change), 428, "precondition_required")
	h.refused(h.call("PATCH", path, change, with("If-Match", `"other"`)), 412, "precondition_failed")
	got := h.ok(h.call("PATCH", path, change, with("If-Match", etag)), 200)
	if got.json["identity"].(map[string]any)["usage_name"] != "Benaïssa" || got.json["identity"].(map[string]any)["family_name"] != "Haddad" {
		t.Errorf("got %s", got.raw)
	}
	h.refused(h.call("PATCH", path, change, with("If-Match", etag)), 412, "precondition_failed")
	contact := h.call("PATCH", path, map[string]any{"mediator": h.here.mediator, "phone": "0612345678"}, with("If-Match", got.header.Get("ETag")))
	h.refused(contact, 400, "invalid")
	if !strings.Contains(contact.faults(), "field_unknown") {
		t.Errorf("contact: %s", contact.raw)
	}
}

// A mediator who may no longer act lends nothing, and the list says what lacks.
func TestMediatorsAuthorityCounts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	must(t, h.orgs.Suspend(t.Context(), h.as(h.here.referent), h.here.membership, "Leave of absence"))
	got := h.call("POST", "/api/v1/people", h.newcomer("Paul"))
	h.refused(got, 403, "forbidden")
	if !strings.Contains(got.reasons(), string(authz.ReasonMembershipInactive)) {
		t.Errorf("got %s", got.raw)
	}
	must(t, h.orgs.Resume(t.Context(), h.as(h.here.referent), h.here.membership))
	list := h.ok(h.call("GET", "/api/v1/mediators", nil), 200)
	if len(list.items()) != 1 || list.items()[0]["name"] != "Claire Martin" || list.items()[0]["may_act"] != true {
		t.Errorf("list %s", list.raw)
	}
}

func TestMandatesAreRead(t *testing.T) {
	t.Parallel()
	h := setup(t)
	of := h.ok(h.call("GET", "/api/v1/people/"+h.here.person.String()+"/mandates", nil), 200)
	one := h.ok(h.call("GET", "/api/v1/mandates/"+h.here.mandate.ID.String(), nil), 200)
	if len(of.items()) != 1 || of.items()[0]["id"] != one.text("id") || one.text("state") != "active" || one.header.Get("ETag") == "" {
		t.Errorf("of %s, one %s", of.raw, one.raw)
	}
	if list := h.ok(h.call("GET", "/api/v1/mandates?state=active", nil), 200); len(list.items()) != 1 || list.items()[0]["grants"] != nil {
		t.Errorf("list %s", list.raw)
	}
	if list := h.ok(h.call("GET", "/api/v1/mandates?state=revoked", nil), 200); len(list.items()) != 0 {
		t.Errorf("list %s", list.raw)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.viewed' AND actor_role = 'software' AND beneficiary_id = $1`, h.here.person); n != 2 {
		t.Errorf("%d looks", n)
	}
}

// Who looked, when and why is in the person's own history.
func TestThePersonSeesTheLook(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.ok(h.call("GET", "/api/v1/people/"+h.here.person.String(), nil), 200)
	h.ok(h.call("GET", "/api/v1/mandates/"+h.here.mandate.ID.String(), nil), 200)
	person, err := h.people.PersonActor(t.Context(), beneficiaries.PersonQuery{Beneficiary: h.here.person, Session: uuid.New(), Tier: authz.TierPhone, StrongAt: h.store.Now()})
	must(t, err)
	history, err := review.New(review.Dependencies{Commands: h.commands, Packs: packsOf(t), Log: ledger.NewReader(h.store)}).PersonHistory(t.Context(), person, "")
	must(t, err)
	looks := 0
	for _, l := range history.Lines {
		if l.Kind == translog.BeneficiaryViewed && l.Who == "Agenda" && l.Purpose == purpose {
			looks++
		}
	}
	if looks != 2 {
		t.Errorf("%d looks in %+v", looks, history.Lines)
	}
}
