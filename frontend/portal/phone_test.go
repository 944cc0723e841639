package portal_test

import (
	"net/http"
	"testing"

	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/organisations"
)

// An organisation need not have a telephone: no page then says "call" with no
// number behind it.
func TestPagesOfAnOrganisationWithoutATelephone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.orgs.Change(t.Context(), b.as(b.operator), b.org, organisations.Changes{Name: "Maison France Services", Kind: "France Services",
		TimeZone: "Europe/Paris", Territory: "35", Address: "1 rue de la Paix\n35000 Rennes", City: "Rennes",
		Email: "contact@msf.example"}))
	const place = "Maison France Services"
	for _, lang := range i18n.Langs() {
		p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing", "money")
		w, say := b.browser(lang), i18n.For(lang)
		w.open(p)
		if lang != i18n.French { // the person's own language
			w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
		}
		w.get("/mine").shows(http.StatusOK, place).hides(say.T("portal.mine.call"))
		w.get("/mine/code").shows(http.StatusOK, say.T("portal.code.without_number_visit", "Organisation", place)).
			hides(say.T("portal.code.without_number", "Organisation", place, "Phone", ""))
		whole := "/mine/stop/" + p.mandate.ID.String()
		w.get(whole).shows(http.StatusOK, say.T("portal.stop.visit", "Organisation", place)).
			hides(say.T("portal.stop.phone", "Organisation", place, "Phone", ""))
		w.post(whole).leads(http.StatusSeeOther, whole)
		w.get(whole).shows(http.StatusOK, say.T("portal.stopped.question_visit", "Organisation", place)).
			hides(say.T("portal.stopped.question", "Organisation", place, "Phone", ""))
		w.prove(p)
		must(t, b.people.CancelMyCards(t.Context(), b.me(p.id)))
		w.get("/mine/card").shows(http.StatusOK, say.T("portal.card.new", "Organisation", place)).
			hides(say.T("portal.card.ask", "Organisation", place, "Phone", ""))
	}
}
