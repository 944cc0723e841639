package mediator_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// there is another organisation with somebody it knows, a signed mandate and an
// open case, where "Claire Martin", mediator of the first house, mediates too.
type there struct {
	*house
	org     uuid.UUID
	who     beneficiaries.Beneficiary
	mandate mandates.Mandate
	opened  mandates.Case
}

func elsewhere(t *testing.T) there {
	t.Helper()
	x := there{house: setup(t)}
	ctx := t.Context()
	x.org = x.newOrganisation("Autre Maison")
	referent := x.newReferent(x.org, "Rita Costa")
	own := x.newMediator(x.org, referent, "Mia Lopez")
	x.who = x.newPerson(own, "Fatima", "Haddad")
	x.mandate = x.signed(own, x.who.ID, 31, "housing")
	var err error
	x.opened, err = x.mandates.OpenCase(ctx, x.actor(own), mandates.OpenCase{Beneficiary: x.who.ID, Procedure: apl, IdempotencyKey: "there"})
	must(t, err)

	_, membership := x.invited(referent, "Claire Martin")
	must(t, x.orgs.Confirm(ctx, x.actor(referent), membership))
	must(t, x.orgs.RecordTraining(ctx, x.actor(referent), organisations.Training{Membership: membership, Course: "Aidants Connect",
		Evidence: "Certificate 12", CompletedOn: x.store.Now(), ExpiresOn: x.store.Now().AddDate(2, 0, 0)}))
	both, err := x.orgs.Actor(ctx, organisations.ActorQuery{Account: x.mediator, Organisation: x.org, StrongAt: x.store.Now()})
	must(t, err)
	must(t, x.orgs.AcceptCharter(ctx, both, x.pack.Charter.Version))
	return x
}

// pages are all that is about the person there.
func (x there) pages() []string {
	person, mandate, of := "/people/"+x.who.ID.String(), "/mandates/"+x.mandate.ID.String(), "/cases/"+x.opened.ID.String()
	return []string{person, person + "/edit", person + "/contact", "/cases/new?person=" + x.who.ID.String(),
		mandate, mandate + "/revoke", mandate + "/document.pdf", of, of + "/hand-over", of + "/close", of + "/due"}
}

// browseFor signs an account in for one of its organisations.
func (h *house) browseFor(account, organisation uuid.UUID) *browser {
	h.t.Helper()
	token, _, err := h.sessions.Start(h.t.Context(), authz.NewSession{Account: account, Issuer: "demo", Organisation: organisation})
	must(h.t, err)
	return &browser{h: h, token: token, lang: "fr"}
}

// A mediator of two organisations sees and changes, acting for one, nothing of
// the other: it would stand under the wrong name and the wrong country.
func TestOnePersonUnderOneOrganisation(t *testing.T) {
	t.Parallel()
	x := elsewhere(t)
	here := x.browseFor(x.mediator, x.house.org)
	for _, page := range x.pages() {
		here.get(page).is(http.StatusNotFound).hides("Haddad")
	}
	person := "/people/" + x.who.ID.String()
	here.post(person+"/edit", x.typed()).is(http.StatusNotFound)
	here.post(person+"/contact", x.typed()).is(http.StatusNotFound)
	here.post(person+"/mandates", url.Values{"key": {uuid.NewString()}}).is(http.StatusNotFound)
	here.post("/cases/new", url.Values{"key": {uuid.NewString()}, "person": {x.who.ID.String()}, "procedure": {apl}}).is(http.StatusNotFound)
	here.post("/cases/"+x.opened.ID.String()+"/steps", step(uuid.NewString(), "prepare", mandates.OutcomePrepared)).is(http.StatusNotFound)
	here.post("/cases/"+x.opened.ID.String()+"/close", url.Values{"state": {"withdrawn"}}).is(http.StatusNotFound)
	here.post("/mandates/"+x.mandate.ID.String()+"/revoke", nil).is(http.StatusNotFound)
	if n := x.count(`SELECT (SELECT count(*) FROM mandates) + (SELECT count(*) FROM cases) + (SELECT count(*) FROM steps)`); n != 2 {
		t.Errorf("%d mandates, cases and steps, want the 2 there were", n)
	}
	acting := x.browseFor(x.mediator, x.org)
	acting.get(person).is(http.StatusOK).shows("Fatima Haddad")
	acting.get("/cases/" + x.opened.ID.String()).is(http.StatusOK)
}

// SU-04: supervision over an organisation opens no mediator's page of it, to a
// mediator elsewhere or to nobody's; and where nothing was shown, the person's
// history tells of no look.
func TestSupervisionLooksElsewhere(t *testing.T) {
	t.Parallel()
	x := elsewhere(t)
	for _, name := range []string{"Hugo Leroy", "Sofia Costa"} {
		_, err := x.orgs.GrantRemit(t.Context(), x.actor(x.operator), organisations.Remit{Name: name, Email: address(name), Organisation: x.org})
		must(t, err)
	}
	looks := func() int {
		return x.count(`SELECT count(*) FROM events WHERE beneficiary_id = $1 AND kind IN ('beneficiary.viewed', 'log.viewed')`, x.who.ID)
	}
	for name, b := range map[string]*browser{"a mediator with a remit": x.browseFor(x.colleague, x.house.org), "a supervisor": x.browse(x.identify("Sofia Costa"))} {
		for _, page := range x.pages() {
			if a := b.get(page).hides("Haddad"); a.status != http.StatusNotFound && a.status != http.StatusForbidden {
				t.Errorf("%s: %s answers %d", name, page, a.status)
			}
		}
		if n := looks(); n != 0 {
			t.Errorf("%s: %d looks recorded of what was not shown", name, n)
		}
	}
}
