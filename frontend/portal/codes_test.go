package portal_test

import (
	"net/http"
	"testing"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/i18n"
)

// PO-03: what services know somebody by is part of everything kept about them, in
// words on the page and as codes in the file.
func TestEverythingHasTheCodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing")
	kept, err := b.people.Get(t.Context(), b.as(b.mediator), p.id)
	must(t, err)
	in := kept.Identity()
	in.Codes = beneficiaries.Codes{Gender: "female", Country: "99352"}
	must(t, b.people.Change(t.Context(), b.as(b.mediator), p.id, in))
	w, say := b.browser(i18n.French), i18n.For(i18n.French)
	w.open(p)
	w.prove(p)
	w.post("/mine/everything", "as", "page").shows(http.StatusOK, say.T("claim.gender"), "Féminin", say.T("claim.birthcountry"), "Algérie").hides("Code Insee")
	w.post("/mine/everything").shows(http.StatusOK, `"gender": "female"`, `"birth_country": "99352"`).hides("birth_place_code")
}
