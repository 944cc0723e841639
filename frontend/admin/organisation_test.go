package admin_test

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// Letters: listed, read, opened as a PDF, and gone once printed.
func TestLetters(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	b.get("/organisation/letters").has(t, "Aucune lettre n’attend")
	id := h.letter("Madame,\n\nVotre mandat a commencé.\nIl dure un mois.\n\nBien à vous")
	b.get("/organisation/letters").has(t, "Fatima Haddad", "Votre mandat a commencé", "23 novembre 2026")
	path := "/organisation/letters/" + id.String()
	p := b.get(path)
	p.is(t, http.StatusOK, "Lettre pour Fatima Haddad")
	p.has(t, "Votre mandat a commencé. Il dure un mois.", "2 rue Haute", "La lettre est partie")
	pdf := b.get(path + "/letter.pdf")
	if pdf.status != http.StatusOK || !bytes.HasPrefix([]byte(pdf.body), []byte("%PDF-")) {
		t.Errorf("the PDF is %d %.20q", pdf.status, pdf.body)
	}
	h.leaves(translog.LetterPrinted, func() { b.post(path+"/printed").goes(t, "/organisation/letters") })
	b.get("/organisation/letters").has(t, "Aucune lettre n’attend")
	b.get(path).has(t, "Cette lettre est partie le 23 novembre 2026")
	h.leaves(translog.ActRefused, func() {
		p := b.post(path + "/printed")
		p.is(t, http.StatusUnprocessableEntity, "Erreur")
		p.has(t, "Cette lettre est déjà partie")
	})
	// It can still be opened: paper jams.
	if again := b.get(path + "/letter.pdf"); again.status != http.StatusOK {
		t.Errorf("a printed letter answers %d", again.status)
	}
}

// However many letters wait, the list says how many and leads on; from one that is
// gone one goes to the next.
func TestManyLetters(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var ids []uuid.UUID
	for range 52 {
		ids = append(ids, h.letter("Madame, votre mandat a commencé."))
		h.clock.Advance(time.Second)
	}
	path := func(i int) string { return "/organisation/letters/" + ids[i].String() }
	b := h.browser(h.referent)
	first := b.get("/organisation/letters")
	first.has(t, "52 lettres attendent", path(0), path(49), "Suivants")
	first.lacks(t, path(50))
	next := first.way(t, "Suivants")
	b.get(next).has(t, path(50), path(51), "Précédents")
	b.post(path(3)+"/printed").goes(t, path(4))
	b.get("/organisation/letters").has(t, "51 lettres attendent")
	b.post(path(50)+"/printed").goes(t, path(51))
	b.post(path(51)+"/printed").goes(t, path(0)) // the last: from the top again
	b.post(path(49)+"/printed").goes(t, path(0))
	b.get(next).goes(t, "/organisation/letters") // nothing is left there
	b.get("/organisation/letters?after=nonsense").goes(t, "/organisation/letters")
}

// Mandates that end within 30 days, with their last day in words (MA-02).
func TestEndingMandates(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	b.get("/organisation/mandates").has(t, "Aucun mandat ne finit dans les 30 jours")
	person := h.person("Fatima", "Haddad")
	h.signed(person) // 31 days: until Thursday 24 December 2026
	b.get("/organisation/mandates").lacks(t, "Fatima Haddad")
	h.clock.Advance(3 * day)
	b = h.browser(h.referent) // the session is of days ago
	p := b.get("/organisation/mandates")
	p.has(t, "1 personne", "Fatima Haddad", "/people/"+person.String(), "jeudi 24 décembre 2026", "Logement")
	b.get("/organisation/mandates?after=nonsense").is(t, http.StatusBadRequest, "Erreur")
}

// PO-05: disagreements, the most urgent first, answered once; the person who
// did the act does not answer for it.
func TestDisputes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	b.get("/organisation/disputes").has(t, "Aucun désaccord n’attend de réponse")
	person := h.person("Fatima", "Haddad")
	h.signed(person)
	d := h.dispute(person)
	p := b.get("/organisation/disputes")
	p.is(t, http.StatusOK, "Désaccords")
	p.has(t, "Fatima Haddad", "Claire Martin", "23 décembre 2026", "Encore 30 jours")
	path := "/organisation/disputes/" + d.ID.String()
	p = b.get(path)
	p.has(t, "Je n’ai jamais demandé cela.", "Claire Martin", "Ce qui avait été fait")

	h.clock.Advance(31 * day)
	b = h.browser(h.referent)
	b.get("/organisation/disputes").has(t, "En retard")

	p = b.post(path, "answer", "")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Un désaccord")
	p.has(t, `href="#f-answer"`, "Je n’ai jamais demandé cela.")
	p = b.post(path, "answer", "Le mot de passe est: Soleil2024!")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Un désaccord")
	h.leaves(translog.DisputeAnswered, func() {
		b.post(path, "answer", "Nous avons vérifié : l’acte a été retiré.").goes(t, "/organisation/disputes")
	})
	b.get("/organisation/disputes").lacks(t, "Fatima Haddad")
	b.get("/organisation/disputes?state=answered").has(t, "Fatima Haddad", "Répondu")
	b.get(path).has(t, "l’acte a été retiré", "Réponse de Nadia Benali")
	b.get("/organisation/disputes?state=answered&after=rubbish").goes(t, "/organisation/disputes?state=answered")
	h.leaves(translog.ActRefused, func() {
		p := b.post(path, "answer", "Encore une réponse")
		p.is(t, http.StatusUnprocessableEntity, "Erreur")
		p.has(t, "l’acte a été retiré")
	})
}

// Themes: all by default, restricted by choice, never none by accident.
func TestSettings(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	p := b.get("/organisation/settings")
	p.is(t, http.StatusOK, "Domaines permis")
	if n, themes := strings.Count(p.body, " checked"), len(h.pack.Themes); n != themes {
		t.Errorf("%d themes are ticked, want all %d", n, themes)
	}
	p = b.post("/organisation/settings")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Domaines permis")
	h.leaves(translog.OrganisationChanged, func() {
		b.post("/organisation/settings", "allowed_themes", "housing", "allowed_themes", "work").goes(t, "/organisation/settings")
	})
	if n := strings.Count(b.get("/organisation/settings").body, " checked"); n != 2 {
		t.Errorf("%d themes are ticked, want 2", n)
	}
	p = b.post("/organisation/settings", "allowed_themes", "gold")
	p.is(t, http.StatusUnprocessableEntity, "Erreur")
}

// Operators: find, add, change; an error keeps what was typed.
func TestOrganisations(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.operator)
	b.get("/operator/organisations").has(t, "Maison France Services", "Rennes", "Active")
	b.get("/operator/organisations?q=FRANCE").has(t, "Maison France Services")
	b.get("/operator/organisations?q=zzz").has(t, "Aucune organisation ne porte ce nom")
	p := b.post("/operator/organisations/new", "name", "M", "pack", "fr", "phone", "call me", "address", "2 place de l’Église")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Ajouter une organisation")
	p.has(t, `href="#f-name"`, `href="#f-phone"`, `value="call me"`, "2 place de l’Église", "checked")
	p = b.post("/operator/organisations/new", "name", "Mairie", "pack", "atlantis")
	p.has(t, `href="#f-pack"`)
	h.leaves(translog.OrganisationCreated, func() {
		p = b.post("/operator/organisations/new", "name", "Mairie de Vitré", "pack", "fr", "city", "Vitré")
	})
	id := strings.TrimPrefix(p.location, "/operator/organisations/")
	if _, err := uuid.Parse(id); err != nil || p.status != http.StatusSeeOther {
		t.Fatalf("got %d to %q", p.status, p.location)
	}
	path := p.location
	b.get(path).has(t, "Mairie de Vitré", "Europe/Paris", "Tous ceux du pays")
	p = b.get(path + "/edit")
	p.has(t, `value="Mairie de Vitré"`, "checked")
	h.leaves(translog.OrganisationChanged, func() {
		b.post(path+"/edit", "name", "Ville de Vitré", "time_zone", "Europe/Paris", "allowed_themes", "housing").goes(t, path)
	})
	b.get(path).has(t, "Ville de Vitré", "Logement")
	p = b.post(path+"/edit", "name", "Ville de Vitré", "time_zone", "Europe/Vitré", "allowed_themes", "housing")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Modifier Ville de Vitré")
	p.has(t, `href="#f-time_zone"`, `value="Europe/Vitré"`)
}

// AU-11, AU-08: suspending an organisation takes effect at once, and asks for a
// fresh sign-in; so does lifting it.
func TestSuspendOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	path := "/operator/organisations/" + h.org.String()
	b := h.browser(h.operator)
	b.get(path+"/suspend").has(t, "Plus personne ne peut agir en son nom", "Ne rien changer")
	h.clock.Advance(20 * time.Minute)
	b.post(path+"/suspend", "reason", "Contrôle en cours").goes(t, "/fresh-sign-in")
	b = h.browser(h.operator)
	h.leaves(translog.OrganisationSuspended, func() { b.post(path+"/suspend", "reason", "Contrôle en cours").goes(t, path) })
	b.get(path).has(t, "Suspendue", "Contrôle en cours", "Lever la suspension")
	h.browser(h.referent).get("/organisation/people").has(t, "Votre organisation est suspendue")
	p := b.post(path+"/suspend", "reason", "Contrôle en cours")
	p.is(t, http.StatusUnprocessableEntity, "Erreur")
	p.has(t, "On ne peut suspendre que ce qui est actif", "Contrôle en cours")
	h.leaves(translog.OrganisationResumed, func() { b.post(path+"/resume").goes(t, path) })
	h.browser(h.referent).get("/organisation/people").lacks(t, "Votre organisation est suspendue")
}

// The first referent comes from the operator; who works somewhere is looked at
// on a page that says that the look is recorded, and it is.
func TestReferentAndLook(t *testing.T) {
	t.Parallel()
	h := setup(t)
	org, err := h.orgs.Create(t.Context(), h.as(h.operator), organisations.NewOrganisation{Name: "Mairie de Vitré", Pack: "fr", TimeZone: "Europe/Paris"})
	must(t, err)
	path := "/operator/organisations/" + org.ID.String()
	b := h.browser(h.operator)
	before := h.happened(translog.LogViewed)
	b.get(path)
	if n := h.happened(translog.LogViewed); n != before {
		t.Error("the organisation's own page is a look")
	}
	h.leaves(translog.LogViewed, func() { b.get(path+"/people").has(t, "inscrit au journal", "Aucun référent ne peut agir ici") })
	p := b.post(path+"/referent", "name", "Ines Roy", "email", "nowhere")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Inviter un référent")
	p.has(t, `value="Ines Roy"`)
	h.leaves(translog.MembershipInvited, func() { b.post(path+"/referent", "name", "Ines Roy", "email", address("Ines Roy")).goes(t, path) })
	h.signIn("Ines Roy")
	p = b.get(path + "/people")
	p.has(t, "Ines Roy", "Peut agir")
	p.lacks(t, "Aucun référent ne peut agir ici")
	// AU-12: an operator does not make themselves a referent.
	h.leaves(translog.ActRefused, func() {
		p := b.post(path+"/referent", "name", "Olga Petit", "email", address("Olga Petit"))
		p.is(t, http.StatusForbidden, "Erreur : Inviter un référent")
		p.has(t, "Personne ne peut le faire pour soi-même", `value="Olga Petit"`)
	})
}

// Remits: given to somebody else only, once, and taken back (AU-12, SU-02).
func TestRemits(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.operator)
	b.get("/operator/supervisors").has(t, "Sofia Costa", "Maison France Services")
	b.get("/operator/supervisors/new?organisation="+h.org.String()).has(t, `value="`+h.org.String()+`" selected`)
	grant := func(pairs ...string) page { return b.post("/operator/supervisors/new", pairs...) }

	h.leaves(translog.ActRefused, func() {
		p := grant("name", "Olga Petit", "email", address("Olga Petit"), "place", "organisation", "organisation", h.org.String())
		p.is(t, http.StatusForbidden, "Erreur : Donner à superviser") //nolint:misspell // French
		p.has(t, "Personne ne peut le faire pour soi-même", `value="Olga Petit"`, `value="`+h.org.String()+`" selected`)
	})
	if why := h.why(); !strings.Contains(why, "not_on_yourself") {
		t.Errorf("logged as %s", why)
	}
	p := grant("name", "Jan Kowalski", "email", address("Jan Kowalski"), "place", "organisation")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Donner à superviser") //nolint:misspell // French
	p.has(t, `href="#f-organisation"`)
	p = grant("name", "Jan Kowalski", "email", address("Jan Kowalski"))
	p.has(t, `href="#f-place"`)
	h.leaves(translog.RemitGranted, func() {
		grant("name", "Jan Kowalski", "email", address("Jan Kowalski"), "place", "territory", "territory", "35").goes(t, "/operator/supervisors")
	})
	p = grant("name", "Jan Kowalski", "email", address("Jan Kowalski"), "place", "territory", "territory", "35")
	p.is(t, http.StatusUnprocessableEntity, "Erreur")
	p.has(t, "Cette personne supervise déjà cela")
	h.clock.Advance(20 * time.Minute)
	grant("name", "Jan Kowalski", "email", address("Jan Kowalski"), "place", "territory", "territory", "56").goes(t, "/fresh-sign-in")

	b = h.browser(h.operator)
	all, err := h.orgs.Supervisors(t.Context(), h.as(h.operator))
	must(t, err)
	path := "/operator/supervisors/" + all[0].Remits[0].ID.String() + "/end"
	b.get(path).has(t, "Mettre fin à cette supervision", all[0].Name, "Garder cette supervision")
	h.leaves(translog.RemitEnded, func() { b.post(path).goes(t, "/operator/supervisors") })
	b.get(path).is(t, http.StatusNotFound, "")
	b.get("/operator/supervisors").lacks(t, all[0].Name)
}

// RB-02: queries from a fuzzer are answered with a page.
func FuzzQueries(f *testing.F) {
	h := setup(f)
	for _, s := range []string{"", "a", "%", "\x00", "é'\"<", strings.Repeat("x", 400), "..", "'; DROP TABLE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		inner := *h
		inner.t = t
		for account, paths := range map[uuid.UUID][]string{
			h.operator: {"/operator/organisations?q=", "/operator/organisations?after=", "/operator/supervisors/new?organisation="},
			h.referent: {"/organisation/mandates?after=", "/organisation/disputes?state=", "/organisation/people/invite?name="},
		} {
			b := inner.browser(account)
			for _, path := range paths {
				if p := b.get(path + url.QueryEscape(s)); p.status >= 500 {
					t.Errorf("%s%q answers %d", path, s, p.status)
				}
			}
		}
	})
}

// Past one page the answered disagreements come last answered first, and lead on
// and back; whichever is opened from there is there.
func TestManyDisputes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	person := h.person("Fatima", "Haddad")
	h.signed(person)
	d := h.dispute(person)
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO disputes (id, step_id, case_id, organisation_id, beneficiary_id, text, state, due_on, raised_at, answer, answered_by, answered_at)
			SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, d.step_id, d.case_id, d.organisation_id, d.beneficiary_id, 'n° ' || i, 'answered', d.due_on,
				d.raised_at, 'oui', ?, d.raised_at + i * interval '1 minute' FROM generate_series(1, 230) i, disputes d WHERE d.id = ?`, h.referent, d.ID).Error
	}))
	b := h.browser(h.referent)
	one := func(i int) string { return fmt.Sprintf("/organisation/disputes/00000000-0000-4000-8000-%012d", i) }
	b.get("/organisation/disputes").has(t, d.ID.String())
	first := b.get("/organisation/disputes?state=answered")
	first.has(t, one(230), one(181), "Réponse donnée le")
	first.lacks(t, one(180)+`"`)
	next := regexp.MustCompile(`href="([^"]*)"[^>]*>\s*<span>\s*Suivants`)
	pages := 1
	for at := first; pages < 9; pages++ {
		m := next.FindStringSubmatch(at.body)
		if m == nil {
			at.has(t, one(1), "Précédents")
			break
		}
		at = b.get(html.UnescapeString(m[1]))
	}
	if pages != 5 {
		t.Errorf("%d pages, want 5", pages)
	}
	b.get(one(1)).has(t, "n° 1")
	b.get(one(230)).has(t, "n° 230")
}
