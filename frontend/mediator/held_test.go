package mediator_test

import (
	"net/http"
	"testing"

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
