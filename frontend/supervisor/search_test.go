package supervisor_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/store"
)

// search asks for a search, and follows to what it finds.
func (c *client) search(pairs ...string) (answer, string) {
	c.h.t.Helper()
	a := c.post("/supervision/search", pairs...)
	if a.status != http.StatusSeeOther {
		c.h.t.Fatalf("the search answered %d: %.600s", a.status, plain(a.body))
	}
	return c.get(a.location), a.location
}

// SU-01: what is at fault is said at its field and in the summary, with what
// was typed kept.
func TestSearchKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	for _, lang := range i18n.Langs() {
		c.lang = string(lang)
		p := i18n.For(lang)
		a := c.post("/supervision/search", "purpose", "short", "person_name", "Haddad", "mediator", "Claire", "outcome", "refused").
			shows(http.StatusUnprocessableEntity, p.T("error.purpose_short"), p.T("error.second_identifier"), `value="Haddad"`, `value="Claire"`,
				`href="#f-purpose"`, `href="#f-person_birth_date`, `value="refused" selected`)
		if prefix := plain(p.T("shell.error_title", "Title", "")); !strings.HasPrefix(a.title(), prefix) {
			t.Errorf("%s: title %q lacks the prefix of errors", lang, a.title())
		}
	}
	c.lang = "en"
	c.post("/supervision/search", "purpose", why, "from-day", "40", "from-month", "1", "from-year", "2026").
		shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("error.date_real"), `value="40"`)
	if h.looks() != 0 {
		t.Error("a search with faults left a look")
	}
}

// SU-01: results name who, what, for whom and where; the purpose and the search
// go on with every link, and no name is in an address.
func TestSearchShowsResults(t *testing.T) {
	t.Parallel()
	h := setup(t)
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	_ = h.step(h.here, "change_payment", "done", "")
	c := h.browser(h.supervisor)
	a, address := c.search("purpose", why, "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957")
	a.shows(http.StatusOK, "Fatima Haddad", "Claire Martin", "Maison France Services", why, "Tried to do a step of a procedure", "The mandate does not allow this act.", "Blocked",
		`name="person_name" value="Haddad"`)
	for _, href := range append(regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(a.body, -1), []string{"", address}) {
		if strings.Contains(href[1], "Haddad") || strings.Contains(href[1], "Complaint") || strings.Contains(href[1], "/supervision/entries/") && !strings.Contains(href[1], "why=") {
			t.Errorf("an address holds a name or the purpose, or does not carry it: %s", href[1])
		}
	}
	if h.looks() != 1 || h.count(`SELECT count(*) FROM events WHERE kind = 'log.searched' AND beneficiary_id = $1`, h.here.person) != 1 {
		t.Error("the search is not one look that the person can see")
	}
	a, _ = c.search("purpose", why, "person_name", "Ahmed Saïd", "person_phone", "06 12 34 56 78")
	a.shows(http.StatusOK, "Nothing matches", `value="Ahmed Saïd"`).lacks("Hugo Leroy")
	a, _ = c.search("purpose", why, "outcome", "refused")
	a.shows(http.StatusOK, "we searched the last 31 days", "Blocked")
	c.post("/supervision", "purpose", why, "person_name", "Haddad", "outcome", "refused").shows(http.StatusOK, `value="Haddad"`, `value="refused" selected`, why)
	if a := c.get("/supervision/search"); a.location != "/supervision" {
		t.Errorf("results of no search lead to %q", a.location)
	}
	if a, _ := c.search("purpose", why, "organisation", h.there.org.String()); a.status != http.StatusNotFound {
		t.Errorf("an organisation outside the remit: %d", a.status)
	}
	c.post("/supervision/search", "purpose", why, "mediator", strings.Repeat("م", 700)).shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("error.too_long"))
}

// What a page says once above is not said again on each of its lines.
func TestResultsDoNotRepeatThemselves(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	p := i18n.For(i18n.English)
	column := func(key string) string { return ">" + p.T(key) + "</th>" }
	one, _ := c.search("purpose", why, "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957")
	one.shows(http.StatusOK, column("supervisor.what")).lacks(column("supervisor.person"), column("supervisor.organisation"))
	all, _ := c.search("purpose", why)
	all.shows(http.StatusOK, column("supervisor.person")).lacks(column("supervisor.organisation"))
}

// Results have an address to come back to: from an entry, after a reload, in
// another language. It is one session's own, and the name typed is gone from
// the session once the person is found.
func TestOneComesBackToTheResults(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	first, address := c.search("purpose", why, "mediator", "Claire", "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957")
	if n := h.count(`SELECT count(*) FROM web_sessions WHERE data::text ILIKE '%haddad%' OR data::text LIKE '%1957%'`); n != 0 {
		t.Error("the session still names whom the search found")
	}
	entry := regexp.MustCompile(`href="(/supervision/entries/[^"]+)"`).FindStringSubmatch(first.body)
	if entry == nil {
		t.Fatal("no entry in the results")
	}
	say := i18n.For(i18n.English)
	page := c.get(html.UnescapeString(entry[1])).shows(http.StatusOK, say.T("supervisor.back_results"), `href="`+address+`"`)
	person := regexp.MustCompile(`<a href="(/supervision/people/[^"]+)"`).FindStringSubmatch(page.body)
	if person == nil {
		t.Fatal("no person on the entry")
	}
	c.get(html.UnescapeString(person[1])).shows(http.StatusOK, say.T("supervisor.back_results"), `href="`+address+`"`)
	c.get(address).shows(http.StatusOK, "Fatima Haddad", "Mandate signed", `name="person_name" value="Fatima Haddad"`)
	if a := h.browser(h.supervisor).get(address); a.location != "/supervision" {
		t.Errorf("another session reads these results: %d to %q", a.status, a.location)
	}
	_, _ = c.search("purpose", why, "person_name", "Ahmed Saïd", "person_phone", "06 12 34 56 78")
	// Two searches are kept, the oldest gives way, and the purposes stay.
	for _, name := range []string{"Claire", "Nadia", "Martin"} {
		h.clock.Advance(time.Second)
		c.search("purpose", why, "mediator", name)
	}
	if a := c.get(address); a.location != "/supervision" {
		t.Errorf("the oldest search is still there: %d", a.status)
	}
	if n := h.count(`SELECT count(*) FROM web_sessions s, jsonb_object_keys(s.data) k WHERE k LIKE 'search.%'`); n != 2 {
		t.Errorf("%d searches kept", n)
	}
}

// The longest searches and purposes fit one session together.
func TestTheLongestSearchesFit(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	for i := range 6 {
		a, _ := c.search("purpose", fmt.Sprintf("%d %s", i, strings.Repeat("\U0001D400", 296)), "mediator", fmt.Sprintf("%d%s", i, strings.Repeat("\U0001D400", 199)),
			"organisation", h.here.org.String(), "procedure", apl)
		a.shows(http.StatusOK, "Nothing matches")
		h.clock.Advance(time.Second)
	}
}

// Pages go on and back, and say which lines they show.
func TestSearchGoesOn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 105 {
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	c := h.browser(h.supervisor)
	p := i18n.For(i18n.English)
	first, address := c.search("purpose", why, "procedure", apl)
	first.shows(http.StatusOK, p.T("supervisor.extent", "First", "1", "Last", "50"), p.T("shell.next")).lacks(p.T("shell.previous"))
	second := c.get(first.way(p.T("shell.next"))).shows(http.StatusOK, p.T("supervisor.extent", "First", "51", "Last", "100"))
	third := c.get(second.way(p.T("shell.next")))
	third.shows(http.StatusOK, p.T("shell.previous")).lacks(p.T("shell.next"))
	if !strings.HasPrefix(third.title(), "Entries 101 to") || !strings.Contains(third.title(), "these are the last") {
		t.Errorf("the last page is %q", third.title())
	}
	back := c.get(third.way(p.T("shell.previous"))).shows(http.StatusOK, p.T("supervisor.extent", "First", "51", "Last", "100"))
	c.get(back.way(p.T("shell.previous"))).shows(http.StatusOK, p.T("supervisor.extent", "First", "1", "Last", "50"))
	c.get(address + ".2.%3F").shows(http.StatusNotFound)
	c.get(address+".2.").shows(http.StatusOK, p.T("supervisor.extent", "First", "1", "Last", "50"))
	// From an entry of the second page one comes back to the second page.
	entry := regexp.MustCompile(`href="(/supervision/entries/[^"]+)"`).FindStringSubmatch(second.body)
	if entry == nil {
		t.Fatal("no entry")
	}
	c.get(c.get(html.UnescapeString(entry[1])).way(p.T("supervisor.back_results"))).shows(http.StatusOK, p.T("supervisor.extent", "First", "51", "Last", "100"))
}

// What is typed of somebody leaves the session when the search cannot be done:
// outside the remit, a page that never was, or a fault said on the form.
func TestWhoWasTypedIsForgotten(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	say := i18n.For(i18n.English)
	kept := func(step string, want int) {
		t.Helper()
		if n := h.count(`SELECT count(*) FROM web_sessions WHERE data::text ILIKE '%haddad%' OR data::text LIKE '%1957%'`); n != want {
			t.Errorf("%s: the name is in %d sessions, want %d", step, n, want)
		}
	}
	named := []string{"purpose", why, "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957"}
	posted := func(more ...string) string {
		t.Helper()
		a := c.post("/supervision/search", append(named, more...)...)
		if a.status != http.StatusSeeOther {
			t.Fatalf("the search answered %d", a.status)
		}
		kept("before the log answers", 1)
		return a.location
	}
	// Outside the remit: not found, and nothing left.
	address := posted("organisation", h.there.org.String())
	c.get(address).shows(http.StatusNotFound)
	kept("outside the remit", 0)
	// A page that never was.
	address = posted()
	c.get(address + ".2.%3F").shows(http.StatusNotFound)
	kept("a page that never was", 0)
	// At fault on the results: the form comes again with all of it.
	h.many("Nóm", 21)
	address = posted("mediator", "Nóm")
	c.get(address).shows(http.StatusUnprocessableEntity, say.T("error.name_too_common"), `value="Haddad"`, `value="1957"`)
	kept("the form again", 0)
}

// A search without anybody in it, or with somebody found, outlives a page of it
// that fails.
func TestAFaultLosesNoSearch(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	_, address := c.search("purpose", why, "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957")
	c.get(address + ".2.%3F").shows(http.StatusNotFound)
	c.get(address).shows(http.StatusOK, "Fatima Haddad", "Mandate signed")
	_, address = c.search("purpose", why, "mediator", "Claire")
	c.get(address + ".2.%3F").shows(http.StatusNotFound)
	c.get(address).shows(http.StatusOK, "Claire Martin")
}

// Nobody answers to the name: the page comes back after a reload and in another
// language, with all that was typed but who; it is one look, and says what
// happened.
func TestNobodyFoundComesBack(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	first, address := c.search("purpose", why, "person_name", "Ahmed Saïd", "person_phone", "06 12 34 56 78", "outcome", "refused", "mediator", "Claire")
	first.shows(http.StatusOK, "Nothing matches", `value="Ahmed Saïd"`)
	looks := h.looks()
	for _, lang := range i18n.Langs() {
		c.lang = string(lang)
		say := i18n.For(lang)
		c.get(address).shows(http.StatusOK, say.T("supervisor.nothing"), say.T("supervisor.nothing_found"), say.T("supervisor.forgotten"), why,
			`name="outcome" value="refused"`, `name="mediator" value="Claire"`).lacks("Ahmed", "06 12 34", say.T("supervisor.presumed"), say.T("supervisor.from"))
	}
	if n := h.count(`SELECT count(*) FROM web_sessions WHERE data::text ILIKE '%ahmed%' OR data::text LIKE '%06 12%'`); n != 0 {
		t.Error("the session still names whom nobody is")
	}
	if h.looks() != looks {
		t.Error("nobody was looked for again")
	}
}

// many are n mediators of a name, here.
func (h *house) many(name string, n int) {
	h.t.Helper()
	must(h.t, h.store.InTx(h.t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`WITH new AS (INSERT INTO accounts SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(),
				'name', ? || ' ' || i, 'email', 'n' || i || '@people.example', 'subject', 'n' || i))).* FROM accounts a, generate_series(1, ?) i WHERE a.id = ? RETURNING id)
			INSERT INTO memberships SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(), 'account_id', new.id))).*
			FROM memberships m, new WHERE m.id = ?`, name, n, h.here.mediator, h.here.membership).Error
	}))
}
