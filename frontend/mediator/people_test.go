package mediator_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/mediator"
)

// typed is a form filled in for somebody new.
func (h *house) typed() url.Values {
	return url.Values{
		"given_names": {"Fatima Zohra"}, "family_name": {"Haddad"}, "usage_name": {"Martin"},
		"birth_date-day": {"12"}, "birth_date-month": {"3"}, "birth_date-year": {"1957"}, "birth_place": {"Oran"},
		"identity_check": {h.pack.IdentityDocuments[0].Code}, "protection": {"none"},
		"phone": {"06 12 34 56 78"}, "channel": {"sms"}, "language": {"ar"},
	}
}

func without(v url.Values, names ...string) url.Values {
	for _, n := range names {
		v.Del(n)
	}
	return v
}

func with(v url.Values, pairs ...string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// Every route names its permission; the desk refuses to mount one that does not.
func TestRoutesNameTheirPermission(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range mediator.New(mediator.Dependencies{}).Routes() {
		key := r.Method + " " + r.Path
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if err := r.Access.Check(); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if strings.HasPrefix(r.Access.String(), "public") {
			t.Errorf("%s is public: nothing here is", key)
		}
	}
	for _, must := range []string{"GET /home", "GET /people", "GET /cases", "POST /people/new", "POST /people/:id/contact", "POST /my-authority/charter"} {
		if !seen[must] {
			t.Errorf("no %s", must)
		}
	}
}

func TestVisitorsAreSentToSignIn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	nobody := &browser{h: h, lang: "fr"}
	nobody.get("/people?q=haddad").goes(desk.SignInPath + "?next=" + url.QueryEscape("/people?q=haddad"))
	nobody.post("/people/new", h.typed()).is(http.StatusUnauthorized)
	if n := h.count("SELECT count(*) FROM beneficiaries"); n != 0 {
		t.Errorf("a visitor added %d people", n)
	}
}

func TestAddingSomebody(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	page := b.get("/people/new").is(http.StatusOK).says("mediator.new.title").says("mediator.form.identity_check_hint")
	for _, d := range h.pack.IdentityDocuments {
		page.shows(d.Name.In("fr"))
	}
	for _, r := range h.pack.Protection {
		page.shows(r.Name.In("fr"), r.Text.In("fr"))
	}
	page.shows("العربية (arabe)", `autocomplete="off"`)
	got := b.post("/people/new", h.typed()).is(http.StatusSeeOther)
	b.get(got.location).is(http.StatusOK).shows("Fatima Zohra Martin", "12 mars 1957", "+33 6 12 34 56 78", "Claire Martin").
		says("mediator.person.birth_name", "Name", "Haddad").says("mediator.person.no_mandate")
}

// UI-04: what is wrong is listed with links, and what was typed is kept.
func TestAddingKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, lang := range []string{"fr", "en", "es"} {
		b := h.browse(h.mediator).in(lang)
		b.post("/people/new", with(without(h.typed(), "given_names", "protection", "birth_date-month"), "usage_name", `<script>"x"`)).
			is(http.StatusUnprocessableEntity).failed("given_names", "protection", "birth_date-month").
			keeps("family_name", "Haddad").keeps("usage_name", `<script>"x"`).keeps("birth_date-day", "12").keeps("phone", "06 12 34 56 78").
			says("error.missing_given_names").says("error.date_part")
		// Only a channel that works is accepted; the service says which field lacks.
		b.post("/people/new", with(without(h.typed(), "phone"), "then", "mandate")).
			is(http.StatusUnprocessableEntity).failed("phone").says("error.needed_for_sms").keeps("given_names", "Fatima Zohra").keeps("then", "mandate")
		b.post("/people/new", without(h.typed(), "channel")).is(http.StatusUnprocessableEntity).failed("channel")
	}
	if n := h.count("SELECT count(*) FROM beneficiaries"); n != 0 {
		t.Errorf("%d people were added", n)
	}
}

func TestDuplicatesAreAskedAbout(t *testing.T) {
	t.Parallel()
	h := setup(t)
	known := h.newPerson(h.mediator, "Fatima", "Haddad")
	b := h.browse(h.mediator)
	fields := with(h.typed(), "given_names", "Fatima", "then", "mandate", "key", "k1")
	asked := b.post("/people/new", fields).is(http.StatusConflict).says("mediator.duplicate.title").
		shows(`href="/people/`+known.ID.String()+`"`, "12 mars 1957").says("mediator.duplicate.phone")
	for name := range fields {
		if got := asked.hidden(name); got != fields.Get(name) {
			t.Errorf("%s came back as %q, want %q", name, got, fields.Get(name))
		}
	}
	b.post("/people/new", with(fields, "correct", "1")).is(http.StatusOK).keeps("given_names", "Fatima").keeps("phone", "06 12 34 56 78")
	if n := h.count("SELECT count(*) FROM beneficiaries"); n != 1 {
		t.Fatalf("%d people before the answer", n)
	}
	b.post("/people/new", with(without(fields, "correct"), "someone_else", "1")).is(http.StatusSeeOther)
	if n := h.count("SELECT count(*) FROM beneficiaries"); n != 2 {
		t.Errorf("%d people after the answer, want 2", n)
	}
}

// MA-06: a second press adds nobody, pressed while the first is under way or
// after it, and with or without the question about somebody alike; the same page
// typed over with another name adds that one.
func TestTwoPressesAddOnePerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	people := func(want int) {
		t.Helper()
		if n := h.count("SELECT count(*) FROM beneficiaries"); n != want {
			t.Fatalf("%d people, want %d", n, want)
		}
	}
	b := h.browse(h.mediator)
	fields := with(h.typed(), "key", b.get("/people/new").is(http.StatusOK).hidden("key"))
	both := make(chan answer, 2)
	for range cap(both) {
		go func() {
			var got answer
			defer func() { both <- got }() // one that failed ends the wait too
			got = b.post("/people/new", maps.Clone(fields))
		}()
	}
	first, second := <-both, <-both
	if t.Failed() {
		t.FailNow()
	}
	first.is(http.StatusSeeOther)
	second.goes(first.location)
	people(1)
	b.post("/people/new", fields).goes(first.location)
	people(1)

	alike := with(h.typed(), "key", b.get("/people/new").is(http.StatusOK).hidden("key"))
	b.post("/people/new", alike).is(http.StatusConflict).says("mediator.duplicate.title")
	with(alike, "someone_else", "1")
	b.post("/people/new", alike).goes(b.post("/people/new", alike).is(http.StatusSeeOther).location)
	people(2)

	b.post("/people/new", with(alike, "given_names", "Ahmed")).is(http.StatusSeeOther)
	people(3)
}

// UI-05: adding somebody goes straight on to their mandate.
func TestAddingGoesOnToTheMandate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	key := b.get("/people/new?then=mandate").is(http.StatusOK).says("mediator.new.do_mandate").hidden("key")
	got := b.post("/people/new", with(h.typed(), "then", "mandate", "key", key)).is(http.StatusSeeOther)
	if !strings.HasPrefix(got.location, "/mandates/") {
		t.Errorf("went to %q", got.location)
	}
	if n := h.count("SELECT count(*) FROM mandates WHERE state = 'draft'"); n != 1 {
		t.Errorf("%d drafts", n)
	}
}

// MA-12: one row each, found by any name, date of birth or telephone number.
func TestSearching(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	added := b.post("/people/new", with(h.typed(), "given_names", "Éléonore")).is(http.StatusSeeOther).location
	h.newPerson(h.mediator, "Jean", "Dupont")
	for _, typed := range []string{"eleonore", "HADDAD", "martin", "12/03/1957 haddad", "haddad 12.3.1957", "1957-03-12 martin", "martin eleonore"} {
		b.get("/people?q="+url.QueryEscape(typed)).is(http.StatusOK).shows(`href="`+added+`"`, "Éléonore Martin").hides("Jean Dupont").keeps("q", typed)
	}
	for _, typed := range []string{"12/03/1957", "12 3 1957", "06 12 34 56 78", "+33 6 12 34 56 78"} {
		b.get("/people?q="+url.QueryEscape(typed)).is(http.StatusOK).shows("Éléonore Martin", "Jean Dupont")
	}
	b.get("/people?q=13%2F03%2F1957").is(http.StatusOK).hides("Éléonore", "Jean Dupont").says("mediator.people.empty.search", "Typed", "13/03/1957")
	b.get("/people?q=" + strings.Repeat("x", 300)).is(http.StatusUnprocessableEntity).failed()
	b.get("/people?after=rubbish").is(http.StatusUnprocessableEntity).failed()
}

// MA-12: the lists, with their counts, and the choice kept in the address.
func TestListsOfPeople(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	b.get("/people").is(http.StatusOK).says("mediator.people.empty.all")
	active, ending, waiting := h.newPerson(h.mediator, "Ada", "Active"), h.newPerson(h.mediator, "Eve", "Ending"), h.newPerson(h.mediator, "Wim", "Waiting")
	h.signed(h.mediator, active.ID, 365, "housing", "money")
	h.signed(h.mediator, ending.ID, 31, "housing")
	h.presented(h.mediator, waiting.ID, 31, "housing")
	h.clock.Advance(5 * 24 * hour)
	b = h.browse(h.mediator)
	housing, _ := h.pack.Theme("housing")
	money, _ := h.pack.Theme("money")
	b.get("/people").is(http.StatusOK).shows("Ada Active", "Eve Ending", "Wim Waiting", housing.Name.In("fr"), money.Name.In("fr"), `href="/people?list=ending"`, "Encore 26 jours")
	b.get("/people?list=active").shows("Ada Active", "Eve Ending").hides("Wim Waiting")
	b.get("/people?list=ending").shows("Eve Ending").hides("Ada Active", "Wim Waiting")
	b.get("/people?list=awaiting").shows("Wim Waiting").hides("Ada Active")
	b.get("/people?list=ended").hides("Ada Active").says("mediator.people.empty.ended")
	b.get("/people?list=active&q=ada&then=mandate").shows("Ada Active", `href="/people?list=ending&q=ada&then=mandate"`, `action="/people/`+active.ID.String()+`/mandates"`).
		says("mediator.people.choose.title").hides("Eve Ending")
	b.get("/people?list=awaiting&q=ada").says("mediator.people.empty.search_list").shows(`href="/people?q=ada"`)
}

func TestPagesOfPeople(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i := range 60 {
		h.newPerson(h.mediator, "Person", fmt.Sprintf("N%03d", i))
	}
	b := h.browse(h.mediator)
	seen := map[string]bool{}
	var addresses []string
	for path := "/people?q=person"; path != ""; {
		page := b.get(path).is(http.StatusOK)
		addresses = append(addresses, path)
		for i := range 60 {
			if name := fmt.Sprintf("Person N%03d", i); strings.Contains(page.body, name) {
				if seen[name] {
					t.Errorf("%s is there twice", name)
				}
				seen[name] = true
			}
		}
		if len(addresses) > 1 {
			page.shows(`href="` + addresses[len(addresses)-2] + `"`) // the way back
		}
		path = nextHref(page, b.printer().T("shell.next"))
	}
	if len(seen) != 60 || len(addresses) != 3 {
		t.Errorf("saw %d people on %d pages", len(seen), len(addresses))
	}
}

// nextHref is where a button leads.
func nextHref(a answer, text string) string {
	for _, part := range strings.Split(a.body, "<a ") {
		if strings.Contains(strings.SplitN(part, "</a>", 2)[0], text) && strings.Contains(part, "after=") {
			_, rest, _ := strings.Cut(part, `href="`)
			href, _, _ := strings.Cut(rest, `"`)
			return href
		}
	}
	return ""
}
