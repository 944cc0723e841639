package supervisor_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// A purpose is one session's own: an address followed from elsewhere, by a
// colleague or after a new sign-in, opens nothing and leaves no look.
func TestAnAddressCarriesNobodyElsesPurpose(t *testing.T) {
	t.Parallel()
	h := setup(t)
	path := "/supervision/people/" + h.here.person.String()
	c := h.browser(h.supervisor)
	address := c.with(path)
	if strings.Contains(address, "Complaint") {
		t.Errorf("the purpose is in the address %s", address)
	}
	c.get(address).shows(http.StatusOK, "Fatima Haddad", why)
	if c.with(path) != address {
		t.Error("the same purpose has two ids in one session")
	}
	looks := h.looks()
	h.browser(h.supervisor).get(address).shows(http.StatusOK, "Why are you opening this page?").lacks("Haddad")
	colleague := h.browser(h.newSupervisor("Luis Vega", organisations.Remit{Organisation: h.here.org}))
	colleague.get(address).shows(http.StatusOK, "Why are you opening this page?").lacks("Haddad")
	if a := colleague.post("/supervision/mandates/"+h.here.mandate.ID.String()+"/suspend", "why", strings.TrimPrefix(address, path+"?why="), "reason", "A complaint"); a.status != http.StatusSeeOther || strings.Contains(a.location, "why=") {
		t.Errorf("acted with a purpose never said: %d to %q", a.status, a.location)
	}
	if n := h.count(`SELECT count(*) FROM mandates WHERE id = $1 AND state = 'suspended'`, h.here.mandate.ID); n != 0 || h.looks() != looks {
		t.Error("an address from elsewhere did or showed something")
	}
}

// Many purposes in one session never fill it: the oldest is asked for again.
func TestTheOldestPurposeGivesWay(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	path := "/supervision/people/" + h.here.person.String()
	var addresses []string
	for i := range 6 {
		a := c.post("/supervision/why", "path", path, "purpose", fmt.Sprintf("%d %s", i, strings.Repeat("\U0001D400", 296)))
		if a.status != http.StatusSeeOther {
			t.Fatalf("purpose %d: %d %.300s", i, a.status, plain(a.body))
		}
		addresses = append(addresses, a.location)
		h.clock.Advance(time.Second)
	}
	c.get(addresses[0]).shows(http.StatusOK, "Why are you opening this page?")
	c.get(addresses[5]).shows(http.StatusOK, "Fatima Haddad")
}

// PO-05: what waits for an answer in the remit is listed with its date, names
// and quotes nobody helped, and the look is an event; who is not of the remit
// sees none of it.
func TestDisagreementsThatWait(t *testing.T) {
	t.Parallel()
	h := setup(t)
	c := h.browser(h.supervisor)
	say := i18n.For(i18n.English)
	c.get("/supervision").shows(http.StatusOK, say.T("supervisor.disputes.open"), "/supervision/disagreements")
	c.get("/supervision/disagreements").shows(http.StatusOK, say.T("admin.disputes.none"))
	if h.looks() != 0 {
		t.Error("an empty list is no look at anybody")
	}
	h.disagree(h.here, "I never asked for this.")
	h.disagree(h.there, "Not this either.")
	for _, lang := range i18n.Langs() {
		c.lang = string(lang)
		say := i18n.For(lang)
		before := h.looks()
		c.get("/supervision/disagreements").shows(http.StatusOK, say.T("supervisor.disputes.title"), say.T("supervisor.disputes.logged"), "Maison France Services",
			"Claire Martin", say.T("supervisor.somebody"), "/supervision/people/"+h.here.person.String(), say.LongDate(h.store.Now().AddDate(0, 0, 30)), say.N("admin.disputes.days", 30)).
			lacks("Haddad").lacks("I never asked").lacks("CCAS").lacks("Hugo Leroy").lacks(h.there.person.String())
		if h.looks() != before+1 {
			t.Errorf("%s: %d looks more, want one", lang, h.looks()-before)
		}
	}
	c.lang = "en"
	c.get("/supervision").shows(http.StatusOK, say.T("supervisor.subject.disputes")).lacks(say.T("supervisor.subject.staff"))
	c.get("/supervision/people/"+h.here.person.String()).shows(http.StatusOK, "Why are you opening this page?")
	h.clock.Advance(32 * 24 * time.Hour)
	late := h.browser(h.supervisor)
	late.get("/supervision/disagreements").shows(http.StatusOK, say.T("admin.disputes.late"))
	for _, account := range []uuid.UUID{h.here.referent, h.here.mediator} {
		if a := h.browser(account).get("/supervision/disagreements"); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("somebody without a remit lists them: %d", a.status)
		}
	}
}

// PO-05: however many wait, each is reached, once, page by page, and each page is
// a look.
func TestManyDisagreementsPageByPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 230 {
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	h.disagree(h.here, "I never asked for this.")
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO disputes (id, step_id, case_id, organisation_id, beneficiary_id, text, state, due_on, raised_at)
			SELECT gen_random_uuid(), s.id, d.case_id, d.organisation_id, d.beneficiary_id, 'Not this either', 'open', d.due_on + (row_number() OVER ())::int, d.raised_at
			FROM steps s, disputes d WHERE s.id <> d.step_id`).Error
	}))
	c := h.browser(h.supervisor)
	say := i18n.For(i18n.English)
	days, path, pages := map[string]bool{}, "/supervision/disagreements", 0
	for path != "" && pages < 10 {
		a := c.get(path).shows(http.StatusOK, say.T("supervisor.disputes.logged"))
		for _, m := range regexp.MustCompile(`(?s)<th scope="row".*?<bdi>(.*?)</bdi>`).FindAllStringSubmatch(a.body, -1) {
			if days[m[1]] {
				t.Fatalf("%s is listed twice", m[1])
			}
			days[m[1]] = true
		}
		if pages++; pages == 1 {
			a.shows(http.StatusOK, say.T("supervisor.disputes.extent", "First", "1", "Last", "50")).lacks("older")
		}
		if path = a.way(say.T("shell.next")); path == "" {
			a.shows(http.StatusOK, say.T("supervisor.disputes.extent_last", "First", "201", "Last", "231"), say.T("shell.previous"))
		}
	}
	if len(days) != 231 || pages != 5 || h.looks() != 5 {
		t.Errorf("%d disagreements on %d pages, %d looks", len(days), pages, h.looks())
	}
	for _, bad := range []string{"2.nothing", "3.0_900000000000000000_" + uuid.Max.String()} {
		if a := c.get("/supervision/disagreements?after=" + bad); a.location != "/supervision/disagreements" {
			t.Errorf("%s leads to %d %q", bad, a.status, a.location)
		}
	}
}

// disagree is a step of a site's mediator with which their person disagrees.
func (h *house) disagree(s site, text string) {
	h.t.Helper()
	ctx := h.t.Context()
	step, err := h.mandates.LogStep(ctx, h.as(s.mediator), mandates.NewStep{Case: s.caseID, Action: "prepare", Outcome: "prepared", IdempotencyKey: uuid.NewString()})
	must(h.t, err)
	person := authz.Actor{Beneficiary: s.person, Organisation: s.org, Tier: authz.TierPhone, Now: h.store.Now(), StrongAt: h.store.Now()}
	_, err = h.mandates.RaiseDispute(ctx, person, step.ID, text)
	must(h.t, err)
}
