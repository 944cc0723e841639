package mediator_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates"
)

// The referent erases somebody at their request, from their page: what goes and
// what stays is said first, a mandate that stands is stopped first, and the
// sign-in is fresh.
func TestErasingAPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	m := h.signed(h.mediator, p.ID, 31, "housing")
	page := "/people/" + p.ID.String()
	known := func() int {
		return h.count(`SELECT count(*) FROM beneficiaries WHERE id = $1 AND family_name = 'Haddad' AND erased_at IS NULL`, p.ID)
	}
	b := h.browse(h.referent)
	b.get(page).is(http.StatusOK).shows(page + "/erase").says("mediator.erase.link")
	h.browse(h.mediator).get(page).is(http.StatusOK).hides(page + "/erase")
	for _, lang := range i18n.Langs() {
		b.in(string(lang)).get(page + "/erase").is(http.StatusOK).says("mediator.erase.title").says("mediator.erase.first").says("mediator.erase.stays_log").
			shows("/mandates/" + m.ID.String()).hides(`action="` + page + `/erase"`)
	}
	b.post(page+"/erase", url.Values{}).is(http.StatusConflict).failed().says("problem.mandate_still_live")

	must(t, h.mandates.Revoke(t.Context(), h.actor(h.mediator), mandates.Revocation{Mandate: m.ID}))
	for _, lang := range i18n.Langs() {
		b.in(string(lang)).get(page + "/erase").is(http.StatusOK).says("mediator.erase.name").says("mediator.erase.forever").says("mediator.erase.stays_log").
			says("mediator.erase.keep").shows(`action="` + page + `/erase"`)
	}
	h.browse(h.mediator).post(page+"/erase", url.Values{}).is(http.StatusForbidden)
	if known() != 1 {
		t.Fatal("a mediator erased somebody")
	}
	h.clock.Advance(authz.StepUpAge + time.Minute)
	b.post(page+"/erase", url.Values{}).goes("/step-up?next=" + url.QueryEscape("/"))
	if known() != 1 {
		t.Fatal("erased without a fresh sign-in")
	}
	fresh := h.browse(h.referent)
	fresh.post(page+"/erase", url.Values{}).goes("/people")
	if known() != 0 || h.count(`SELECT count(*) FROM events WHERE kind = 'beneficiary.erased' AND actor_id = $1 AND beneficiary_id = $2`, h.referent, p.ID) != 1 {
		t.Error("the person is not erased, or no event says so")
	}
	for _, path := range []string{page, page + "/erase"} {
		fresh.get(path).is(http.StatusNotFound)
	}
	fresh.post(page+"/erase", url.Values{}).is(http.StatusNotFound)
}

// Whose person it is decides: another organisation's referent finds nobody.
func TestErasingSomebodyElsesPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	stranger := h.browse(h.newReferent(h.newOrganisation("Mairie de Redon"), "Iris Caron"))
	page := "/people/" + p.ID.String() + "/erase"
	stranger.get(page).is(http.StatusNotFound)
	stranger.post(page, url.Values{}).is(http.StatusNotFound)
	if h.count(`SELECT count(*) FROM beneficiaries WHERE id = $1 AND erased_at IS NULL`, p.ID) != 1 {
		t.Error("a stranger erased somebody")
	}
}

// MA-10: the button to renew is there for as long as the command accepts: a
// year from when the mandate really ended.
func TestRenewingIsOfferedAsLongAsItIsPossible(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.newPerson(h.mediator, "Fatima", "Haddad")
	first := h.signed(h.mediator, p.ID, 365, "housing")
	h.signed(h.mediator, p.ID, 31, "housing") // in its place
	page := "/mandates/" + first.ID.String()
	h.browse(h.mediator).get(page).is(http.StatusOK).shows(page + "/renew")
	h.clock.Set(h.clock.Now().AddDate(1, 0, 1))
	h.browse(h.mediator).get(page).is(http.StatusOK).hides(page + "/renew")
}
