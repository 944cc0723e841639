package admin_test

import (
	"net/http"
	"testing"

	"github.com/relais-org/relais/translog"
)

// SU-07: a suspension placed by supervision says so, and whom to ask, instead
// of a button that would be refused.
func TestSuspendedBySupervision(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	path := "/organisation/people/" + h.mediatorMember.String()
	must(t, h.orgs.Suspend(t.Context(), h.as(h.supervisor), h.mediatorMember, "Une plainte"))
	for _, p := range []page{b.get(path), b.get("/organisation/people")} {
		p.has(t, "Suspension décidée par la supervision. Demandez à Sofia Costa")
		p.lacks(t, path+"/resume")
	}
	// Whoever types the address is told the same, and it is on record.
	h.leaves(translog.ActRefused, func() {
		p := b.post(path + "/resume")
		p.is(t, http.StatusForbidden, "Erreur")
		p.has(t, "Seule la supervision peut lever la suspension")
	})
	must(t, h.orgs.Resume(t.Context(), h.as(h.supervisor), h.mediatorMember))
	must(t, h.orgs.Suspend(t.Context(), h.as(h.referent), h.mediatorMember, "Absence longue"))
	b.get(path).has(t, path+"/resume")
}
