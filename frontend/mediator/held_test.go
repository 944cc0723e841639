package mediator_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// SU-07: the mandate's page says that supervision holds it, and whom to ask.
func TestAMandateSuspendedBySupervisionSaysWhomToAsk(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.signed(h.mediator, h.newPerson(h.mediator, "Fatima", "Haddad").ID, 31, "housing")
	_, err := h.orgs.GrantRemit(t.Context(), h.actor(h.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: h.org})
	must(t, err)
	supervisor := h.identify("Sofia Costa")
	must(t, h.mandates.Suspend(t.Context(), h.actor(supervisor), m.ID, "Une plainte"))
	for _, who := range []*browser{h.browse(h.referent), h.browse(h.mediator)} {
		who.get("/mandates/"+m.ID.String()).is(http.StatusOK).says("mandate.show.held_above").
			says("mandate.show.held_above_text", "Name", "Sofia Costa", "Reason", "Une plainte")
	}
	must(t, h.mandates.Resume(t.Context(), h.actor(supervisor), m.ID))
	must(t, h.mandates.Suspend(t.Context(), h.actor(h.referent), m.ID, "Un doute"))
	h.browse(h.referent).get("/mandates/"+m.ID.String()).is(http.StatusOK).says("mandate.show.suspended_text", "Reason", "Un doute")
}

// What supervision suspended, the pages do not send to the referent for: neither
// an act in a case, nor a new case, nor one's own authority.
func TestSuspendedBySupervisionIsNotForTheReferent(t *testing.T) {
	t.Parallel()
	h := setupCase(t)
	ctx := t.Context()
	_, err := h.orgs.GrantRemit(ctx, h.actor(h.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: h.org})
	must(t, err)
	supervisor := h.identify("Sofia Costa")
	must(t, h.mandates.Suspend(ctx, h.actor(supervisor), h.under.ID, "Une plainte"))
	opening := url.Values{"key": {uuid.NewString()}, "person": {h.who.ID.String()}, "procedure": {"housing.social-housing"}}
	check := func(key string, pairs ...any) {
		t.Helper()
		h.b.get(h.path).is(http.StatusOK).says(key, pairs...)
		h.b.post(h.path+"/steps", step(uuid.NewString(), "prepare", mandates.OutcomePrepared)).is(http.StatusForbidden).says(key, pairs...)
		h.b.post("/cases/new", opening).is(http.StatusForbidden).says(key, pairs...)
	}
	check("case.mend.held_above", "Name", "Sofia Costa")
	must(t, h.mandates.Resume(ctx, h.actor(supervisor), h.under.ID))
	must(t, h.mandates.Suspend(ctx, h.actor(h.referent), h.under.ID, "Un doute"))
	check("case.mend.suspended")

	var membership uuid.UUID
	must(t, h.store.Pool().QueryRow(ctx, `SELECT id FROM memberships WHERE account_id = $1`, h.mediator).Scan(&membership))
	referents := h.b.printer().T("organisations.next.referent", "Names", "Nadia Benali")
	must(t, h.orgs.Suspend(ctx, h.actor(supervisor), membership, "Une plainte"))
	for _, page := range []string{"/my-authority", "/home"} {
		h.b.get(page).is(http.StatusOK).says("organisations.next.supervisor", "Names", "Sofia Costa").hides(referents)
	}
	must(t, h.orgs.Resume(ctx, h.actor(supervisor), membership))
	must(t, h.orgs.Suspend(ctx, h.actor(h.referent), membership, "Un doute"))
	h.b.get("/my-authority").is(http.StatusOK).shows(referents)
}
