package acting_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	choosing "github.com/relais-org/relais/frontend/acting"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
)

// callbackOf is where the provider takes over.
func callbackOf(path string) string {
	return "/oauth/authorize/callback?id=" + strings.TrimPrefix(path, "/act/")
}

// pick chooses a person found by a search.
func (b *browser) pick(path, typed string, person uuid.UUID) answer {
	page := b.get(path + "/person?q=" + url.QueryEscape(typed)).is(http.StatusOK)
	return b.post(path+"/person", url.Values{"version": {page.hidden("version")}, "beneficiary": {person.String()}})
}

// scope chooses what for.
func (b *browser) scope(path, procedure string, actions ...string) answer {
	page := b.get(path + "/what").is(http.StatusOK)
	return b.post(path+"/what", url.Values{"version": {page.hidden("version")}, "beneficiary": {page.hidden("beneficiary")},
		"procedure": {procedure}, "actions." + procedure: actions})
}

// agree presses the last button.
func (b *browser) agree(path string) answer {
	page := b.get(path + "/confirm").is(http.StatusOK)
	return b.post(path+"/confirm", url.Values{"version": {page.hidden("version")}})
}

// OP-01: from the service to the service, in three pages, in each language.
func TestChoosing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	fatima := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, fatima.ID, "housing", packs.DefaultActions()...)
	for _, lang := range i18n.Langs() {
		b := h.browse(h.mediator).in(string(lang))
		path := h.begin(b)
		b.get(path).goes(path + "/person")
		b.get(path+"/person").is(http.StatusOK).says("acting.person.title").says("acting.caption", "Service", "Allocations logement").hides("Fatima")
		b.get(path + "/person?q=" + url.QueryEscape("12/03/1957 fat")).is(http.StatusOK).shows("Fatima Haddad")
		b.get(path + "/person?q=13.3.1957").is(http.StatusOK).hides("Fatima")
		b.get(path + "/what").goes(path + "/person")
		b.get(path + "/confirm").goes(path + "/person")
		found := b.get(path+"/person?q=hadd").is(http.StatusOK).shows("Fatima Haddad", "1957", fatima.ID.String())
		if !strings.Contains(found.policy, "form-action 'self' https://caf.example") {
			t.Errorf("a form could not end at the service: %s", found.policy)
		}
		b.pick(path, "hadd", fatima.ID).goes(path + "/what")
		b.get(path).goes(path + "/what")
		b.get(path + "/what").shows("Fatima Haddad").says("action.submit").says("acting.what.lacking")
		b.scope(path, "housing.apl", "view", "prepare").goes(path + "/confirm")
		b.get(path).goes(path + "/confirm")
		b.get(path+"/confirm").shows("Fatima Haddad").says("claim.birthdate").says("acting.confirm.you").says("action.prepare").
			says("acting.confirm.do", "Name", "Fatima Haddad").says("acting.leave").hides(b.printer().T("action.submit"))
		b.agree(path).goes(callbackOf(path))
	}
	if n := h.count(`SELECT count(*) FROM delegations WHERE beneficiary_id = $1 AND account_id = $2 AND procedure = 'housing.apl' AND actions = '{view,prepare}'`,
		fatima.ID, h.mediator); n != 3 {
		t.Errorf("%d delegations, want one in each language", n)
	}
}

// OP-03: only people with a live mandate here for what the service does are
// found; anybody else's id answers as none would.
func TestOnlyPeopleWithAMandateForIt(t *testing.T) {
	t.Parallel()
	h := setup(t)
	none := h.newPerson(h.mediator, "Aline", "Dupont")
	work := h.newPerson(h.mediator, "Bernard", "Dupont")
	h.signed(h.mediator, work.ID, "work", packs.DefaultActions()...)
	other := h.newOrganisation("Autre maison")
	away := h.newMediator(other, h.newReferent(other, "Rita Roux"), "Marc Blanc")
	elsewhere := h.newPerson(away, "Carole", "Dupont")
	h.signed(away, elsewhere.ID, "housing", packs.DefaultActions()...)
	stopped := h.newPerson(h.mediator, "Denise", "Dupont")
	m := h.signed(h.mediator, stopped.ID, "housing", packs.DefaultActions()...)
	must(t, h.mandates.Revoke(t.Context(), h.actor(h.mediator), mandates.Revocation{Mandate: m.ID, Reason: "au guichet"}))
	b := h.browse(h.mediator)
	path := h.begin(b)
	page := b.get(path+"/person?q=dupont").is(http.StatusOK).says("acting.nobody.title", "Typed", "dupont").shows("Maison France Services", "APL").
		hides("Aline", "Bernard", "Carole", "Denise")
	b.get(path + "/person?q=d").is(http.StatusUnprocessableEntity).failed("q")
	var bodies []string
	for _, id := range []string{none.ID.String(), work.ID.String(), elsewhere.ID.String(), stopped.ID.String(), uuid.NewString(), "1"} {
		a := b.post(path+"/person", url.Values{"version": {page.b.get(path + "/person?q=dupont").version()}, "beneficiary": {id}}).
			is(http.StatusForbidden).says("acting.not_offered.title").failed()
		bodies = append(bodies, a.main())
	}
	for _, body := range bodies[1:] {
		if body != bodies[0] {
			t.Errorf("an id can be told from another:\n%s\n%s", bodies[0], body)
		}
	}
}

// version is that of the request, which a page without results does not carry.
func (a answer) version() string {
	a.b.h.t.Helper()
	return "1"
}

// OP-10: a sensitive action asks for a fresh sign-in, and goes through after it.
func TestSensitiveActionsAskForAFreshSignIn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, p.ID, "housing", append(packs.DefaultActions(), "change_payment")...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.pick(path, "haddad", p.ID).goes(path + "/what")
	page := b.get(path + "/what").says("acting.what.sensitive").says("mandate.what.sensitive.change_payment")
	if strings.Contains(page.body, `value="change_payment" checked`) {
		t.Error("a sensitive action is ticked by itself")
	}
	b.post(path+"/what", url.Values{"version": {page.hidden("version")}, "beneficiary": {p.ID.String()}, "procedure": {"housing.apl"},
		"actions.housing.apl": {"view"}, "sensitive.housing.apl": {"change_payment"}}).goes(path + "/confirm")
	h.clock.Advance(authz.StepUpAge + time.Minute)
	b.get(path + "/confirm").is(http.StatusOK).says("acting.confirm.careful").says("acting.confirm.fresh")
	b.agree(path).goes("/fresh-sign-in")
	if n := h.count(`SELECT count(*) FROM delegations`); n != 0 {
		t.Fatalf("%d delegations without a fresh sign-in", n)
	}
	again := h.browse(h.mediator) // signed in again, in the same browser
	again.secret = b.secret
	again.get(path + "/confirm").is(http.StatusOK).hides(again.printer().T("acting.confirm.fresh"))
	again.agree(path).goes(callbackOf(path))
}

// A request is one browser's and one mediator's: anybody else sees what they
// would see if it were not there.
func TestARequestIsOneBrowsersAndOneMediators(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, p.ID, "housing", packs.DefaultActions()...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.get(path).goes(path + "/person")
	colleague := h.browse(h.colleague)
	colleague.secret = b.secret
	elsewhere := h.browse(h.mediator)
	bare := h.browse(h.mediator)
	bare.secret = nil
	unknown := b.get("/act/" + uuid.NewString()).is(http.StatusNotFound).says("acting.gone.title").main()
	for name, x := range map[string]*browser{"a colleague in this browser": colleague, "this mediator in another browser": elsewhere, "a browser without the cookie": bare} {
		for _, step := range []string{"", "/person", "/what", "/confirm"} {
			if got := x.get(path + step).is(http.StatusNotFound).main(); got != unknown {
				t.Errorf("%s can tell %s from one that is not there", name, step)
			}
		}
		for _, step := range []string{"/person", "/what", "/confirm", "/decline"} {
			x.post(path+step, url.Values{"version": {"1"}, "beneficiary": {p.ID.String()}}).is(http.StatusNotFound)
		}
	}
	b.get("/act/1").is(http.StatusNotFound).says("acting.gone.do")
	b.pick(path, "haddad", p.ID).goes(path + "/what") // and it is still its own mediator's
}

// Two windows on one request: the older page says so and changes nothing.
func TestTwoWindows(t *testing.T) {
	t.Parallel()
	h := setup(t)
	one, two := h.newPerson(h.mediator, "Fatima", "Haddad"), h.newPerson(h.mediator, "Karim", "Haddad")
	h.signed(h.mediator, one.ID, "housing", packs.DefaultActions()...)
	h.signed(h.mediator, two.ID, "housing", packs.DefaultActions()...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	older := b.get(path + "/person?q=haddad").hidden("version")
	b.pick(path, "haddad", one.ID).goes(path + "/what")
	b.post(path+"/person", url.Values{"version": {older}, "beneficiary": {two.ID.String()}}).is(http.StatusConflict).
		says("acting.stale.title").says("acting.stale.person", "Name", "Fatima Haddad").failed()
	what := b.get(path + "/what")
	b.pick(path, "haddad", two.ID).goes(path + "/what") // changed one's mind in the first window
	b.post(path+"/what", url.Values{"version": {what.hidden("version")}, "beneficiary": {one.ID.String()}, "procedure": {"housing.apl"},
		"actions.housing.apl": {"view"}}).is(http.StatusConflict).says("acting.stale.person", "Name", "Karim Haddad")
	b.scope(path, "housing.apl", "view").goes(path + "/confirm")
	confirm := b.get(path + "/confirm").hidden("version")
	b.scope(path, "housing.social-housing", "view", "submit").goes(path + "/confirm")
	b.post(path+"/confirm", url.Values{"version": {confirm}}).is(http.StatusConflict).says("acting.stale.title").says("action.submit")
	b.agree(path).goes(callbackOf(path))
	b.post(path+"/confirm", url.Values{"version": {confirm}}).goes(callbackOf(path)) // pressed twice
	b.get(path + "/person").is(http.StatusOK).says("acting.over.granted.title").shows(callbackOf(path))
	if n := h.count(`SELECT count(*) FROM delegations WHERE beneficiary_id = $1`, two.ID); n != 1 {
		t.Errorf("%d delegations", n)
	}
}

// A pause of half an hour is harmless; after the request's life the page says
// to start again at the service.
func TestPausesAndExpiry(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, p.ID, "housing", packs.DefaultActions()...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.pick(path, "haddad", p.ID).goes(path + "/what")
	h.clock.Advance(30 * time.Minute)
	later := h.browse(h.mediator) // the session was over: signed in again, same browser
	later.secret = b.secret
	later.get(path).goes(path + "/what")
	later.scope(path, "housing.apl", "view").goes(path + "/confirm")
	h.clock.Advance(acting.RequestLifetime)
	last := h.browse(h.mediator)
	last.secret = b.secret
	last.get(path+"/confirm").is(http.StatusOK).says("acting.over.expired.title", "Service", "Allocations logement").shows(`href="https://caf.example/"`).hides("Haddad")
	last.post(path+"/confirm", url.Values{"version": {"3"}}).says("acting.over.expired.title", "Service", "Allocations logement")
	if n := h.count(`SELECT count(*) FROM delegations`); n != 0 {
		t.Errorf("%d delegations", n)
	}
}

// What the mandate lacks is shown and cannot be sent.
func TestWhatTheMandateLacks(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, p.ID, "housing", "view", "prepare")
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.pick(path, "haddad", p.ID).goes(path + "/what")
	page := b.get(path + "/what").says("acting.what.lacking").says("action.submit")
	if strings.Contains(page.body, `value="submit"`) {
		t.Error("what the mandate lacks can be ticked")
	}
	send := func(procedure string, actions ...string) answer {
		return b.post(path+"/what", url.Values{"version": {page.hidden("version")}, "beneficiary": {p.ID.String()}, "procedure": {procedure}, "actions." + procedure: actions})
	}
	send("housing.apl", "view", "submit").is(http.StatusForbidden).says("reason.action_not_in_scope").failed()
	send("housing.dalo", "view").is(http.StatusForbidden).says("reason.procedure_not_in_scope")
	send("housing.apl").is(http.StatusUnprocessableEntity).failed("actions-housing-apl")
	send("").is(http.StatusUnprocessableEntity).failed("procedure")
	send("housing.apl", "view").goes(path + "/confirm")
}

// A stop while one is choosing: the next page says so.
func TestAMandateStoppedMeanwhile(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, p.ID, "housing", packs.DefaultActions()...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.pick(path, "haddad", p.ID).goes(path + "/what")
	b.scope(path, "housing.apl", "view").goes(path + "/confirm")
	version := b.get(path + "/confirm").hidden("version")
	must(t, h.mandates.Revoke(t.Context(), h.actor(h.mediator), mandates.Revocation{Mandate: m.ID, Reason: "au guichet"}))
	a := b.post(path+"/confirm", url.Values{"version": {version}})
	if a.status != http.StatusForbidden && a.status != http.StatusConflict {
		t.Fatalf("status %d: %s", a.status, a.main())
	}
	a.failed().says("acting.person.title")
	b.get(path + "/confirm").goes(path + "/person")
	if n := h.count(`SELECT count(*) FROM delegations`); n != 0 {
		t.Errorf("%d delegations", n)
	}
}

// The way back to the service gives nothing, from any page and twice.
func TestDecline(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.get(path + "/person").shows(path + "/decline")
	b.post(path+"/decline", nil).goes(callbackOf(path))
	b.post(path+"/decline", nil).goes(callbackOf(path))
	b.get(path).is(http.StatusOK).says("acting.over.declined.title").shows(callbackOf(path))
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'delegation.declined'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

// A mediator who may not act is told what lacks and whom to ask, and can go back.
func TestMediatorWithoutAuthority(t *testing.T) {
	t.Parallel()
	h := setup(t)
	lucas, _ := h.invited(h.referent, "Lucas Petit")
	b := h.browse(lucas)
	path := h.begin(b)
	b.get(path).is(http.StatusForbidden).says("acting.turned_away.title").says("reason.mediator_not_confirmed").shows("Nadia Benali", path+"/decline").failed()
	b.post(path+"/decline", nil).goes(callbackOf(path))
}

// AU-06: a visitor signs in first, and comes back to the very request.
func TestVisitorsSignInFirst(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	path := h.begin(b)
	nobody := &browser{h: h, lang: "fr", secret: b.secret}
	nobody.get(path).goes("/sign-in?next=" + url.QueryEscape(path))
	nobody.post(path+"/confirm", url.Values{"version": {"1"}}).is(http.StatusUnauthorized)
	b.get(path).goes(path + "/person")
}

// Every post from another site is refused, whatever it carries.
func TestOtherSitesPostNothing(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.get(path).goes(path + "/person")
	for _, r := range choosing.New(choosing.Dependencies{}).Routes() {
		if r.Method != http.MethodPost {
			continue
		}
		req := httptest.NewRequestWithContext(t.Context(), r.Method, baseURL+strings.Replace(r.Path, "/act/:request", path, 1), strings.NewReader("version=1"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		req.Header.Set("Origin", "https://evil.example")
		b.cookies(req)
		rec := httptest.NewRecorder()
		h.engine.ServeHTTP(rec, req)
		if rec.Code != http.StatusForbidden {
			t.Errorf("%s from another site: %d", r.Path, rec.Code)
		}
	}
	if n := h.count(`SELECT count(*) FROM acting_requests WHERE state <> 'open'`); n != 0 {
		t.Error("another site moved a request")
	}
}

// Every route of the surface asks for a permission that exists.
func TestEveryRouteHasItsPermission(t *testing.T) {
	t.Parallel()
	for _, r := range choosing.New(choosing.Dependencies{}).Routes() {
		p, ok := r.Access.(authz.Permission)
		if !ok || !authz.Known(p) || r.Handle == nil {
			t.Errorf("%s %s asks for %v", r.Method, r.Path, r.Access)
		}
	}
}

// What was given can be closed by the mediator it was given to, and by nobody
// else of the house; twice is once.
func TestClosingAnAccess(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	h.signed(h.mediator, p.ID, "housing", packs.DefaultActions()...)
	b := h.browse(h.mediator)
	path := h.begin(b)
	b.pick(path, "haddad", p.ID).goes(path + "/what")
	b.scope(path, "housing.apl", "view").goes(path + "/confirm")
	b.agree(path).goes(callbackOf(path))
	live, err := h.acting.LiveOf(t.Context(), h.actor(h.colleague), p.ID)
	must(t, err)
	if len(live) != 1 || live[0].ClientName != "Allocations logement" || live[0].MediatorName != "Claire Martin" || live[0].Procedure != "housing.apl" {
		t.Fatalf("open: %+v", live)
	}
	end := "/delegations/" + live[0].ID.String() + "/end"
	open := func() int { return h.count(`SELECT count(*) FROM delegations WHERE ended_at IS NULL`) }
	if a := h.browse(h.colleague).post(end, nil); a.status != http.StatusForbidden && a.status != http.StatusNotFound || open() != 1 {
		t.Errorf("a colleague closes it: %d", a.status)
	}
	back := "/people/" + p.ID.String()
	b.post(end, url.Values{"back": {back}}).goes(back)
	b.post(end, url.Values{"back": {"https://evil.example"}}).goes("/home")
	if open() != 0 || h.count(`SELECT count(*) FROM events WHERE kind = 'delegation.ended'`) != 1 {
		t.Error("not closed once")
	}
	b.post("/delegations/"+uuid.NewString()+"/end", nil).is(http.StatusNotFound)
	other := h.newOrganisation("Autre maison")
	away := h.newMediator(other, h.newReferent(other, "Rita Roux"), "Marc Blanc")
	if _, err := h.acting.LiveOf(t.Context(), h.actor(away), p.ID); err == nil {
		t.Error("another organisation sees what is open")
	}
}
