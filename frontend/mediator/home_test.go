package mediator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

func TestHomeWithNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, lang := range []string{"fr", "en", "es"} {
		h.browse(h.mediator).in(lang).get("/home").is(http.StatusOK).says("mediator.home.help.title").says("mediator.home.begin.title").
			says("mediator.home.nothing.title").shows(`href="/people?then=mandate"`, `action="/people"`).hides(h.browse(h.mediator).in(lang).printer().T("mediator.home.lacks.title"))
	}
}

func TestHomeShowsWhatWaits(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	ada, eve, wim := h.newPerson(h.mediator, "Ada", "Active"), h.newPerson(h.mediator, "Eve", "Ending"), h.newPerson(h.mediator, "Wim", "Waiting")
	h.signed(h.mediator, ada.ID, 365, "housing")
	h.signed(h.mediator, eve.ID, 31, "housing")
	waits := h.presented(h.mediator, wim.ID, 31, "housing")
	must(t, h.mandates.AwaitWitness(ctx, h.actor(h.mediator), waits.ID))
	_, err := h.mandates.OpenCase(ctx, h.actor(h.mediator), mandates.OpenCase{Beneficiary: ada.ID, Procedure: "housing.apl",
		DueOn: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), IdempotencyKey: uuid.NewString()})
	must(t, err)
	h.clock.Advance(2 * 24 * hour)
	mine := h.browse(h.mediator).get("/home").is(http.StatusOK).says("mediator.case.overdue").shows("Wim Waiting", "Eve Ending", `href="/mandates/`+waits.ID.String()+`"`)
	mine.hides("/witness")
	_, ending, _ := strings.Cut(mine.body, mine.b.printer().T("mediator.home.ending.title"))
	if strings.Contains(ending, "Ada Active") {
		t.Error("a mandate of a year ends soon")
	}
	own := h.presented(h.colleague, h.newPerson(h.colleague, "Zoe", "Zeller").ID, 31, "housing")
	h.clock.Advance(hour)
	asked := h.browse(h.colleague).get("/home").is(http.StatusOK).says("mediator.home.waiting.asks", "Name", "Claire Martin").says("mediator.home.waiting.asked").
		shows(`href="/mandates/`+waits.ID.String()+`/witness"`, `href="/mandates/`+own.ID.String()+`"`)
	if _, below, _ := strings.Cut(asked.body, "Wim Waiting"); !strings.Contains(below, "Zoe Zeller") {
		t.Error("who waits beside a colleague does not come first")
	}
	h.browse(h.referent).get("/home").is(http.StatusOK).says("mediator.home.people.title").hides("then=mandate")
}

// AU-09: what lacks, and the next person to act, on the first page and on the
// page about one's authority.
func TestWhatLacksIsSaid(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	account, membership := h.invited(h.referent, "Nina Novak")
	asks := func(b *browser) string { return b.printer().T("organisations.next.referent", "Names", "Nadia Benali") }
	b := h.browse(account)
	b.get("/home").is(http.StatusOK).says("mediator.home.lacks.title").says("reason.mediator_not_confirmed").says("reason.mediator_not_trained").
		says("reason.charter_not_accepted").shows(asks(b), `href="/my-authority#charter"`).hides(`action="/people"`)
	b.get("/people").goes("/home")
	must(t, h.orgs.Confirm(ctx, h.actor(h.referent), membership))
	must(t, h.orgs.AcceptCharter(ctx, h.actor(account), h.pack.Charter.Version))
	b.get("/my-authority").is(http.StatusOK).says("mediator.authority.not_yet", "Organisation", "Maison France Services").says("reason.mediator_not_trained").
		shows(asks(b)).hides(b.printer().T("reason.mediator_not_confirmed"), b.printer().T("reason.charter_not_accepted"))
	today := h.store.Now()
	must(t, h.orgs.RecordTraining(ctx, h.actor(h.referent), organisations.Training{Membership: membership, Course: "Aidants Connect", Evidence: "Certificate 3",
		CompletedOn: today, ExpiresOn: today.AddDate(0, 0, 10)}))
	b.get("/my-authority").is(http.StatusOK).says("mediator.authority.until", "Organisation", "Maison France Services", "Date", "jeudi 3 décembre 2026").shows("Aidants Connect")
	b.get("/home").is(http.StatusOK).says("mediator.home.until", "Date", "jeudi 3 décembre 2026")
	h.clock.Advance(11 * 24 * hour)
	b = h.browse(account)
	b.get("/home").is(http.StatusOK).says("reason.training_expired").shows(asks(b))
}

func TestAcceptingTheCharter(t *testing.T) {
	t.Parallel()
	h := setup(t)
	account, membership := h.invited(h.referent, "Nina Novak")
	must(t, h.orgs.Confirm(t.Context(), h.actor(h.referent), membership))
	for _, lang := range []string{"fr", "en", "es"} {
		page := h.browse(account).in(lang).get("/my-authority").is(http.StatusOK).says("mediator.authority.accept").shows(h.pack.Charter.Title.In(lang))
		for _, text := range h.pack.Charter.Paragraphs {
			page.shows(text.In(lang))
		}
	}
	b := h.browse(account)
	version := b.get("/my-authority").hidden("version")
	b.post("/my-authority/charter", url.Values{"version": {version}}).is(http.StatusUnprocessableEntity).failed("read").says("error.charter_read")
	b.post("/my-authority/charter", url.Values{"version": {"fr-1999"}, "read": {"1"}}).is(http.StatusUnprocessableEntity).failed().says("problem.charter_changed")
	if n := h.count("SELECT count(*) FROM charter_acceptances WHERE account_id = $1", account); n != 0 {
		t.Fatalf("%d acceptances before accepting", n)
	}
	b.post("/my-authority/charter", url.Values{"version": {version}, "read": {"1"}}).goes("/my-authority")
	b.get("/my-authority").is(http.StatusOK).hides(b.printer().T("mediator.authority.accept")).hides(b.printer().T("reason.charter_not_accepted"))
}

// The first page shows ten; all of one's open cases are a link away, page by
// page, and so are all who wait.
func TestAllMyOpenCases(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	h.b.get("/cases").is(http.StatusOK).shows(`href="`+h.path+`"`, "Fatima Haddad").hides(`href="/cases?after=`)
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO cases (id, organisation_id, beneficiary_id, procedure, state, opened_by, opened_under, assigned_to, due_on, opened_at)
			SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, c.organisation_id, c.beneficiary_id, c.procedure, c.state, c.opened_by, c.opened_under,
				c.assigned_to, DATE '2027-01-01' + i, c.opened_at FROM generate_series(1, 60) i, cases c WHERE c.id = ?`, h.of).Error
	}))
	one := func(i int) string { return fmt.Sprintf(`href="/cases/00000000-0000-4000-8000-%012d"`, i) }
	h.presented(h.mediator, h.who.ID, 31, "money")
	for _, lang := range []string{"fr", "en", "es"} {
		h.b.in(lang).get("/home").is(http.StatusOK).shows(one(10), `href="/cases"`, `href="/people?list=awaiting"`).hides(one(11)).
			says("mediator.home.cases.all").says("mediator.home.waiting.all")
		h.b.in(lang).get("/cases").is(http.StatusOK).says("mediator.home.cases.title").says("mediator.cases.lead").shows(one(1), one(25)).hides(one(26))
	}
	next := regexp.MustCompile(`href="(/cases\?[^"]*)"[^>]*>\s*<span>\s*` + h.b.printer().T("shell.next"))
	at := h.b.get("/cases")
	for i := range 2 {
		m := next.FindStringSubmatch(at.body)
		if m == nil {
			t.Fatalf("page %d leads nowhere", i+1)
		}
		at = h.b.get(m[1]).is(http.StatusOK).says("shell.previous")
	}
	at.shows(one(51), one(60), `href="`+h.path+`"`) // the one due never is the last
	if next.MatchString(at.body) {
		t.Error("the last page leads on")
	}
	h.b.get("/cases?after=rubbish").goes("/cases")
	h.colleg.get("/cases").is(http.StatusOK).says("mediator.home.cases.none").hides(one(1))
	nina, _ := h.invited(h.referent, "Nina Novak")
	h.browse(nina).get("/cases").goes("/home")
}
