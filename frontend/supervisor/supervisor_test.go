package supervisor_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/organisations"
)

// with says why, once, and gives the address that carries it by its id.
func (c *client) with(path string) string {
	c.h.t.Helper()
	a := c.post("/supervision/why", "path", path, "purpose", why)
	if a.status != http.StatusSeeOther {
		c.h.t.Fatalf("saying why answered %d: %.400s", a.status, plain(a.body))
	}
	return a.location
}

// why is the id by which addresses name the purpose said.
func (c *client) why() string {
	c.h.t.Helper()
	_, id, _ := strings.Cut(c.with("/supervision/people/any"), "why=")
	return id
}

var anchor = regexp.MustCompile(`(?s)<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>`)

// way is where the link with these words leads, empty for none.
func (a answer) way(words string) string {
	a.t.Helper()
	for _, m := range anchor.FindAllStringSubmatch(a.body, -1) {
		if strings.Contains(m[2], words) {
			return html.UnescapeString(m[1])
		}
	}
	return ""
}

// SU-01: the first page asks why, reminds that looks are logged, and says what
// is supervised, in three languages and without a look of its own.
func TestStart(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	for _, lang := range i18n.Langs() {
		c.lang = string(lang)
		p := i18n.For(lang)
		a := c.get("/supervision").shows(http.StatusOK, p.T("supervisor.purpose_label"), p.T("supervisor.logged"), "Maison France Services").lacks("CCAS de Nantes")
		if want := p.T("supervisor.start.title"); !strings.HasPrefix(a.title(), want) {
			t.Errorf("%s: title %q", lang, a.title())
		}
	}
	if h.looks() != 0 {
		t.Error("the first page left a look")
	}
	if a := h.browser(h.here.mediator).get("/supervision"); a.status != http.StatusForbidden {
		t.Errorf("a mediator sees the supervision: %d", a.status)
	}
}

// A timeline is read day by day, page by page, and can be searched.
func TestTimelineDayByDay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	yesterday := h.store.Now()
	h.clock.Advance(24 * time.Hour)
	for range 52 {
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	c := h.browser(h.supervisor)
	p := i18n.For(i18n.English)
	path := c.with("/supervision/people/" + h.here.person.String())
	first := c.get(path).shows(http.StatusOK, ">"+p.Date(h.store.Now())+"</h3>", p.T("supervisor.extent", "First", "1", "Last", "50"), p.T("supervisor.narrow"),
		`name="person_name" value="Fatima Haddad"`)
	if strings.Count(first.body, p.Date(h.store.Now())) != 1 {
		t.Error("the day is written again on its lines")
	}
	c.get(first.way(p.T("shell.next"))).shows(http.StatusOK, ">"+p.Date(yesterday)+"</h3>", "Mandate signed", p.T("shell.previous")).lacks(p.T("shell.next"))
	c.get(path + "&after=2.%3F").shows(http.StatusNotFound)
	c.get(c.with("/supervision/mandates/"+h.here.mandate.ID.String())).shows(http.StatusOK, "Housing benefit").lacks(p.T("supervisor.narrow"))
	c.get(c.with("/supervision/mediators/"+h.here.mediator.String())).shows(http.StatusOK, p.T("supervisor.narrow"), `name="mediator" value="Claire Martin"`)
}

// SU-02: outside the remit every page answers as for what does not exist.
func TestOutsideTheRemit(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	for _, path := range []string{"/supervision/people/", "/supervision/mediators/", "/supervision/mandates/", "/supervision/entries/"} {
		ids := map[string]uuid.UUID{"/supervision/people/": h.there.person, "/supervision/mediators/": h.there.mediator, "/supervision/mandates/": h.there.mandate.ID}
		id, ok := ids[path]
		if !ok {
			must(t, h.store.Pool().QueryRow(t.Context(), `SELECT event_id FROM events WHERE organisation_id = $1 LIMIT 1`, h.there.org).Scan(&id))
		}
		outside, absent := c.get(c.with(path+id.String())), c.get(c.with(path+uuid.NewString()))
		request := regexp.MustCompile(`[0-9a-f]{16}`)
		strip := func(a answer) string {
			return request.ReplaceAllString(regexp.MustCompile(`[0-9a-f-]{36}`).ReplaceAllString(a.body, "id"), "request")
		}
		if outside.status != http.StatusNotFound || absent.status != http.StatusNotFound || strip(outside) != strip(absent) {
			t.Errorf("%s: %d outside, %d absent, bodies equal: %v", path, outside.status, absent.status, strip(outside) == strip(absent))
		}
	}
	c.get(c.with("/supervision/people/nobody")).shows(http.StatusNotFound)
	for _, path := range []string{"/supervision/mandates/" + h.there.mandate.ID.String() + "/suspend", "/supervision/memberships/" + h.there.membership.String() + "/suspend"} {
		c.get(c.with(path)).shows(http.StatusNotFound)
		c.post(path, "why", c.why(), "reason", "Outside of what I watch").shows(http.StatusNotFound)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind LIKE 'log.%'`); n != 0 {
		t.Errorf("%d looks outside the remit succeeded", n)
	}
}

// A page opened without saying why asks first, and shows nothing.
func TestPurposeIsAsked(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	path := "/supervision/people/" + h.here.person.String()
	c.get(path).shows(http.StatusOK, "Why are you opening this page?").lacks("Haddad")
	c.get(path+"?purpose=Complaint+received+on+Monday").shows(http.StatusOK, "Why are you opening this page?").lacks("Haddad")
	c.post("/supervision/why", "path", path, "purpose", "look").shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("error.purpose_short"), "look", path).lacks("Haddad")
	for _, elsewhere := range []string{"https://evil.example/", "//evil.example", "/home", "/supervision", "/supervision/../home?x"} {
		if a := c.post("/supervision/why", "path", elsewhere, "purpose", why); a.status != http.StatusNotFound {
			t.Errorf("saying why led to %q (%d)", a.location, a.status)
		}
	}
	if h.looks() != 0 {
		t.Error("asking why left a look")
	}
	c.get(c.with(path)).shows(http.StatusOK, "Fatima Haddad", "Mandate signed", why)
	if h.looks() != 1 {
		t.Errorf("%d looks, want one", h.looks())
	}
}

// SU-08: the page of a refusal says who tried what, why not, and under which law.
func TestEntryPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_ = h.step(h.here, "change_payment", "done", "")
	var id uuid.UUID
	must(t, h.store.Pool().QueryRow(t.Context(), `SELECT event_id FROM events WHERE kind = 'act.refused' ORDER BY id DESC LIMIT 1`).Scan(&id))
	c := h.browser(h.supervisor)
	for _, lang := range i18n.Langs() {
		c.lang = string(lang)
		p := i18n.For(lang)
		c.get(c.with("/supervision/entries/"+id.String())).shows(http.StatusOK, p.T("supervisor.blocked_title"), p.T("why.action_not_in_scope"), p.T("action.change_payment"),
			p.T("tried.step_do"), p.T("supervisor.law_same"), p.T("supervisor.position_pending"), "mediator, step, do", "Claire Martin", "Fatima Haddad", id.String())
	}
}

// SU-07: suspending a mediator asks why on a page of its own, holds at once,
// and can be lifted.
func TestSuspendMediator(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	mediator := c.with("/supervision/mediators/" + h.here.mediator.String())
	path := "/supervision/memberships/" + h.here.membership.String() + "/suspend"
	c.get(mediator).shows(http.StatusOK, "Claire Martin", "Maison France Services", path)
	c.get(c.with(path)).shows(http.StatusOK, "From their very next page", "Change nothing", "Claire Martin")
	c.post(path, "why", c.why(), "reason", "").shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("error.say_why"))
	must(t, h.step(h.here, "prepare", "prepared", ""))
	if a := c.post(path, "why", c.why(), "reason", "A complaint is being looked into", "account", h.here.mediator.String()); a.status != http.StatusSeeOther || a.location != mediator {
		t.Fatalf("%d to %q", a.status, a.location)
	}
	if err := h.step(h.here, "prepare", "prepared", ""); err == nil {
		t.Error("a suspended mediator acted")
	}
	c.get(mediator).shows(http.StatusOK, "Suspended", "A complaint is being looked into", "Lift the suspension")
	// Twice: the page comes back with what was typed.
	c.post(path, "why", c.why(), "reason", "Typed a second time").shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("problem.cannot_suspend"), "Typed a second time")
	resume := strings.Replace(path, "suspend", "resume", 1)
	c.get(c.with(resume)).shows(http.StatusOK, "may act again")
	c.post(resume, "why", c.why(), "account", h.here.mediator.String()).shows(http.StatusSeeOther)
	must(t, h.step(h.here, "prepare", "prepared", ""))
}

// SU-07: a mandate is put on hold, resumed, stopped; what cannot be undone says
// so, and asks for a fresh sign-in.
func TestMandateActs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	page := "/supervision/mandates/" + h.here.mandate.ID.String()
	c.get(c.with(page)).shows(http.StatusOK, "In force", "Fatima Haddad", page+"/suspend", page+"/revoke").lacks(page + "/resume")
	c.get(c.with(page+"/suspend")).shows(http.StatusOK, "nobody may act with this mandate")
	if a := c.post(page+"/suspend", "why", c.why(), "reason", "A complaint"); a.location != c.with(page) {
		t.Fatalf("%d to %q", a.status, a.location)
	}
	if err := h.step(h.here, "prepare", "prepared", ""); err == nil {
		t.Error("a mandate on hold was used")
	}
	c.get(c.with(page)).shows(http.StatusOK, "On hold", "A complaint", page+"/resume").lacks(page + "/suspend")
	c.post(page+"/resume", "why", c.why()).shows(http.StatusSeeOther)
	must(t, h.step(h.here, "prepare", "prepared", ""))
	c.get(c.with(page+"/revoke")).shows(http.StatusOK, "This is final")
	h.clock.Advance(20 * time.Minute)
	if a := c.post(page+"/revoke", "why", c.why(), "reason", "The person is in danger"); a.location != "/fresh-sign-in" {
		t.Fatalf("revoked without a fresh sign-in: %d to %q", a.status, a.location)
	}
	fresh := h.browser(h.supervisor)
	fresh.post(page+"/revoke", "why", fresh.why(), "reason", "The person is in danger").shows(http.StatusSeeOther)
	fresh.get(fresh.with(page)).shows(http.StatusOK, "Stopped").lacks(page+"/suspend", page+"/revoke")
	fresh.post(page+"/suspend", "why", fresh.why(), "reason", "Too late, and kept").shows(http.StatusUnprocessableEntity, "Too late, and kept")
}

// SU-04: the export is a file that says what it holds, after a fresh sign-in.
func TestExport(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	a := c.post("/supervision/export", "purpose", why)
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") ||
		!strings.Contains(a.header.Get("Content-Disposition"), "relais-log-2026-11-23.csv") || !strings.Contains(a.body, "end of the export") || strings.Contains(a.body, "Haddad") {
		t.Errorf("%d %v %.300s", a.status, a.header, a.body)
	}
	c.post("/supervision/export", "purpose", "x").shows(http.StatusUnprocessableEntity, i18n.For(i18n.English).T("error.purpose_short"))
	h.clock.Advance(20 * time.Minute)
	if a := c.post("/supervision/export", "purpose", why); a.location != "/fresh-sign-in" {
		t.Errorf("exported without a fresh sign-in: %d", a.status)
	}
}

// A supervisor of several organisations may choose one; names in any script and
// of any length stay apart from the text around them.
func TestTwoOrganisations(t *testing.T) {
	t.Parallel()
	h := setup(t)
	_, err := h.orgs.GrantRemit(t.Context(), h.as(h.operator), organisations.Remit{Email: address("Sofia Costa"), Name: "Sofia Costa", Territory: "44"})
	must(t, err)
	other := h.newPerson(h.there.mediator, "فاطمة", strings.Repeat("Wolfeschlegelsteinhausen", 3), "06 11 22 33 44")
	c := h.browser(h.supervisor)
	c.get("/supervision").shows(http.StatusOK, "CCAS de Nantes", "All that you supervise")
	a, _ := c.search("purpose", why, "organisation", h.there.org.String())
	a.shows(http.StatusOK, "Hugo Leroy", i18n.For(i18n.English).T("supervisor.somebody")).
		lacks("Claire Martin").lacks("فاطمة") // a look that names nobody shows nobody: they could not list it
	c.post("/supervision/search", "purpose", why, "organisation", "all of them").shows(http.StatusNotFound)
	c.get(c.with("/supervision/people/"+other.String())).shows(http.StatusOK, "<bdi>فاطمة Wolfe")
}
