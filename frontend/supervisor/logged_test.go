package supervisor_test

import (
	"net/http"
	"testing"

	"github.com/relais-org/relais/internal/i18n"
)

// Only of a look at one person is it said that the person can read it: not of a
// search that names nobody, nor of the page of somebody of staff.
func TestOnlyAPersonReadsALook(t *testing.T) {
	t.Parallel()
	h := setup(t)
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	c, say := h.browser(h.supervisor), i18n.For(i18n.English)
	read, only := say.T("supervisor.logged_short"), say.T("supervisor.logged_only")
	for _, fields := range [][]string{{"outcome", "prepared"}, {"mediator", "Claire"}, {"person_name", "Ahmed Saïd", "person_phone", "06 12 34 56 78"}} {
		a, _ := c.search(append([]string{"purpose", why}, fields...)...)
		a.shows(http.StatusOK, only).lacks(read)
	}
	a, _ := c.search("purpose", why, "person_name", "Haddad", "person_birth_date-day", "12", "person_birth_date-month", "3", "person_birth_date-year", "1957")
	a.shows(http.StatusOK, read)
	c.get(c.with("/supervision/people/"+h.here.person.String())).shows(http.StatusOK, read)
	c.get(c.with("/supervision/mandates/"+h.here.mandate.ID.String())).shows(http.StatusOK, read)
	c.get(c.with("/supervision/mediators/"+h.here.mediator.String())).shows(http.StatusOK, only).lacks(read)
}
