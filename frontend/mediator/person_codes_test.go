package mediator_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/organisations"
)

// folded finds whether the details some services ask for are folded away.
var folded = regexp.MustCompile(`<details class="ds-details r-details"( open)?>`)

func coded(v url.Values, gender, country, place string) url.Values {
	return with(v, "gender", gender, "birth_country", country, "birth_place_code", place)
}

// OP-01, UI-05: what some services ask for is folded away, explained, optional, in
// the reader's words; what is typed is kept, shown and can be corrected.
func TestDetailsSomeServicesAskFor(t *testing.T) {
	t.Parallel()
	h := setup(t)
	algeria := map[string]string{"fr": "Algérie", "en": "Algeria", "es": "Argelia"}
	for lang, name := range algeria {
		b := h.browse(h.mediator).in(lang)
		page := b.get("/people/new").is(http.StatusOK).says("mediator.form.codes").says("mediator.form.codes_why").says("claim.gender").says("claim.birthcountry").
			shows(`<option value="99352">`+name+`</option>`, h.pack.IdentityCodes.BirthPlace.Hint.In(lang), h.pack.IdentityCodes.Genders[0].Name.In(lang))
		if m := folded.FindStringSubmatch(page.body); m == nil || m[1] != "" {
			t.Errorf("%s: nothing is known, and the details are open or not there: %v", lang, m)
		}
	}
	b := h.browse(h.mediator)
	got := b.post("/people/new", coded(h.typed(), "female", "99352", "")).is(http.StatusSeeOther)
	b.get(got.location).is(http.StatusOK).shows("Féminin", "Algérie").hides("Code Insee")
	page := b.get(got.location+"/edit").is(http.StatusOK).shows(`<option value="99352" selected>`, `<option value="female" selected>`, `<details class="ds-details r-details" open>`)
	if !strings.Contains(page.body, `name="birth_place_code"`) {
		t.Error("no box for the code of the place")
	}
	b.post(got.location+"/edit", coded(h.typed(), "female", "", "2a004")).goes(got.location)
	b.get(got.location).shows("Code Insee", "2A004", ">France<")
	b.post(got.location+"/edit", h.typed()).goes(got.location) // all left empty again
	b.get(got.location).hides("Féminin", "Algérie", "2A004")
}

// UI-04: what cannot be is said beside the box, which is then in sight; nothing
// typed is lost, nor behind the question about somebody alike.
func TestDetailsToMend(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, lang := range []string{"fr", "en", "es"} {
		b := h.browse(h.mediator).in(lang)
		for code, fields := range map[string]url.Values{
			"place_code_not_recognised": coded(h.typed(), "female", "", "35000"),
			"place_code_abroad":         coded(h.typed(), "female", "99352", "35238"),
		} {
			b.post("/people/new", fields).is(http.StatusUnprocessableEntity).failed("birth_place_code").says("error."+code).
				keeps("birth_place_code", fields.Get("birth_place_code")).shows(`<option value="female" selected>`, `<details class="ds-details r-details" open>`)
		}
		b.post("/people/new", coded(h.typed(), "F", "99999", "")).is(http.StatusUnprocessableEntity).failed("gender", "birth_country").
			says("error.choose_gender").says("error.choose_birth_country")
	}
	h.newPerson(h.mediator, "Fatima", "Haddad")
	b := h.browse(h.mediator)
	fields := coded(with(h.typed(), "given_names", "Fatima"), "female", "99100", "35238")
	asked := b.post("/people/new", fields).is(http.StatusConflict)
	again := url.Values{}
	for name := range maps.Keys(fields) {
		again.Set(name, asked.hidden(name))
	}
	got := b.post("/people/new", with(again, "someone_else", "1")).is(http.StatusSeeOther)
	b.get(got.location).shows("Féminin", "35238")
	if n := h.count(`SELECT count(*) FROM beneficiaries WHERE (gender, birth_place_code, birth_country) = ('female', '35238', '99100')`); n != 1 {
		t.Errorf("%d people have what was typed", n)
	}
}

// France comes first, then every country by its name as the reader says it, É with E.
func TestCountriesAreInOrder(t *testing.T) {
	t.Parallel()
	h := setup(t)
	options := regexp.MustCompile(`<option value="99\d{3}">([^<]+)</option>`)
	for lang, want := range map[string][]string{"fr": {"France", "Afghanistan"}, "es": {"Francia", "Afganistán"}} {
		page := h.browse(h.mediator).in(lang).get("/people/new")
		var names []string
		for _, m := range options.FindAllStringSubmatch(page.body, -1) {
			names = append(names, m[1])
		}
		if len(names) != len(h.pack.IdentityCodes.BirthCountry.Codes) || !slices.Equal(names[:2], want) {
			t.Fatalf("%s: %d countries, %v", lang, len(names), names[:2])
		}
		if lang == "fr" && slices.Index(names, "Égypte") > slices.Index(names, "Finlande") {
			t.Errorf("Égypte comes after Finlande")
		}
	}
}

// A country without such codes asks for none.
func TestNoDetailsWhereThereAreNone(t *testing.T) {
	t.Parallel()
	h := setup(t)
	o, err := h.orgs.Create(t.Context(), h.actor(h.operator), organisations.NewOrganisation{Name: "Casa", Kind: "Centro", Pack: "es-as", TimeZone: "Europe/Madrid",
		Territory: "33", City: "Oviedo", Address: "Calle Fruela 1\n33007 Oviedo", Phone: "984 00 00 00", Email: "hola@casa.example"})
	must(t, err)
	h.org = o.ID
	h.referent = h.newReferent(o.ID, "Pilar Prieto")
	pack, err := h.packs.Get("es-as")
	must(t, err)
	h.pack = pack
	there := h.newMediator(o.ID, h.referent, "Luz Vega")
	b := h.browseFor(there, o.ID)
	b.get("/people/new").is(http.StatusOK).hides(b.printer().T("mediator.form.codes"), `name="birth_country"`, `name="gender"`)
	p, err := h.people.Create(t.Context(), h.actor(there), beneficiaries.New{DuplicateConfirmed: true,
		Identity: beneficiaries.Identity{GivenNames: "Ana", FamilyName: "Prado", BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC), IdentityCheck: pack.IdentityDocuments[0].Code},
		Contact:  beneficiaries.Contact{Channel: "none", Language: "es"}})
	must(t, err)
	b.get("/people/" + p.ID.String() + "/edit").is(http.StatusOK).hides(`name="birth_place_code"`)
	if p.Codes != (beneficiaries.Codes{}) {
		t.Errorf("kept %+v", p.Codes)
	}
}
