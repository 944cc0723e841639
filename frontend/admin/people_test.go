package admin_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

const day = 24 * time.Hour

// AU-09: the list says what each person lacks and whose turn it is, in the
// reader's language.
func TestPeopleSayWhatLacksAndWhoMendsIt(t *testing.T) {
	t.Parallel()
	h := setup(t)
	waiting := h.invited("Ana Lopez")
	toConfirm := h.invited("Hugo Leroy")
	h.signIn("Hugo Leroy")
	untrained := h.confirmed("Paul Morel")
	expired := h.confirmed("Rose Weber")
	today := h.clock.Now()
	must(t, h.orgs.RecordTraining(t.Context(), h.as(h.referent), organisations.Training{Membership: expired.ID, Course: "Ancien cours", Evidence: "Dossier",
		CompletedOn: today.AddDate(-1, 0, 0), ExpiresOn: today.AddDate(0, 0, -1)}))
	must(t, h.orgs.AcceptCharter(t.Context(), h.as(expired.Account), h.pack.Charter.Version))
	charter := h.confirmed("Omar Said")
	must(t, h.orgs.RecordTraining(t.Context(), h.as(h.referent), organisations.Training{Membership: charter.ID, Course: "Cours", Evidence: "Dossier", CompletedOn: today}))

	b := h.browser(h.referent)
	for lang, want := range map[string][]string{
		"fr": {"L’équipe", "Première connexion pas encore faite", "À Ana Lopez de se connecter", "Arrivée pas encore confirmée", "À vous d’agir.",
			"Aucune formation enregistrée", "La formation n’est plus valable", "Charte en vigueur pas encore acceptée", "À Omar Said d’agir", "4 personnes attendent"},
		"en": {"The team", "Has not signed in yet", "Ana Lopez signs in", "Not confirmed yet", "Your turn.",
			"No training on record", "The training is no longer valid", "Current charter not accepted yet", "Omar Said does this", "4 people are waiting"},
		"es": {"El equipo", "Aún no ha iniciado sesión", "Ana Lopez debe iniciar sesión", "Aún sin confirmar", "Le toca a usted.",
			"Ninguna formación registrada", "La formación ya no es válida", "Carta de compromiso vigente aún no aceptada", "Le toca a Omar Said", "4 personas esperan"},
	} {
		b.lang = lang
		p := b.get("/organisation/people")
		p.is(t, http.StatusOK, want[0])
		p.has(t, want...)
		p.has(t, `href="/organisation/people/`+toConfirm.ID.String()+`/confirm"`, `href="/organisation/people/`+untrained.ID.String()+`/training"`,
			`href="/organisation/people/`+expired.ID.String()+`/training"`)
		p.lacks(t, `href="/organisation/people/`+waiting.ID.String()+`/confirm"`)
	}
	// The page of one person says the same.
	b.lang = "fr"
	b.get("/organisation/people/"+expired.ID.String()).has(t, "Ce qui manque encore", "La formation n’est plus valable", "À vous d’agir.", "Ancien cours")
	b.get("/organisation/people/"+h.mediatorMember.String()).has(t, "Cette personne peut agir jusqu’au 23 novembre 2028")
}

// A large team is read page by page, whoever waits for the reader first, and
// searched by a part of a name, accents aside.
func TestALargeTeam(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.confirmed("Zoé Zimmer") // lacks a training: the reader's turn
	h.many(60)
	b := h.browser(h.referent)
	first := b.get("/organisation/people")
	first.has(t, "De 1 à 50, sur", "Suivants", "Chercher par nom")
	if at, other := strings.Index(first.body, "Zoé Zimmer"), strings.Index(first.body, "Nóm 001"); at < 0 || other < at {
		t.Error("who waits for the reader is not on top")
	}
	second := b.get(first.way(t, "Suivants"))
	second.has(t, "Nóm 060", "Précédents")
	second.lacks(t, "Suivants", "Zoé Zimmer")
	if b.get(second.way(t, "Précédents")).body != b.get("/organisation/people").body {
		t.Error("the way back is not the first page")
	}
	b.get("/organisation/people?q=NOM+017").has(t, "Nóm 017")
	b.get("/organisation/people?q=NOM+017").lacks(t, "Nóm 018")
	b.get("/organisation/people?q=xyz").has(t, "Personne ne porte ce nom ici", "Voir toute l’équipe")
	b = h.browser(h.operator)
	b.get("/operator/organisations/"+h.org.String()+"/people").has(t, "De 1 à 50", "Suivants")
}

// many are referents like the first one.
func (h *house) many(n int) {
	h.t.Helper()
	must(h.t, h.store.InTx(h.t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`WITH new AS (INSERT INTO accounts SELECT (jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(),
				'name', 'Nóm ' || lpad(i::text, 3, '0'), 'email', 'n' || i || '@people.example', 'subject', 'n' || i))).* FROM accounts a, generate_series(1, ?) i WHERE a.id = ? RETURNING id)
			INSERT INTO memberships SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid(), 'account_id', new.id))).*
			FROM memberships m, new WHERE m.account_id = ? AND m.organisation_id = ?`, n, h.referent, h.referent, h.org).Error
	}))
}

var anchor = regexp.MustCompile(`(?s)<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>`)

// way is where the link with these words leads.
func (p page) way(t testing.TB, words string) string {
	t.Helper()
	for _, m := range anchor.FindAllStringSubmatch(p.body, -1) {
		if strings.Contains(m[2], words) {
			return html.UnescapeString(m[1])
		}
	}
	t.Fatalf("no way to %q", words)
	return ""
}

// An invitation left unanswered for 14 days is offered again, filled in.
func TestInviteAgain(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Ana Lopez")
	h.clock.Advance(15 * day)
	b := h.browser(h.referent)
	p := b.get("/organisation/people/" + m.ID.String())
	p.has(t, "Invitation trop ancienne", "L’invitation a plus de 14 jours", "Inviter à nouveau")
	p = b.get("/organisation/people/invite?email=ana.lopez%40people.example&name=Ana+Lopez&role=mediator")
	p.has(t, `value="ana.lopez@people.example"`, `value="Ana Lopez"`, "checked")
	h.leaves(translog.MembershipInvited, func() {
		b.post("/organisation/people/invite", "name", "Ana Lopez", "email", m.Email, "role", "mediator").goes(t, "/organisation/people/"+m.ID.String())
	})
}

// Inviting: what was typed is kept, what is wrong is said in words.
func TestInvite(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	b.get("/organisation/people/invite").is(t, http.StatusOK, "Inviter une personne")
	p := b.post("/organisation/people/invite", "name", "Ana Lopez", "email", "ana", "role", "mediator")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Inviter une personne")
	p.has(t, "Écrivez une adresse de messagerie complète", `href="#f-email"`, `value="Ana Lopez"`, `value="ana"`)
	p = b.post("/organisation/people/invite", "name", "", "email", "", "role", "operator")
	p.has(t, `href="#f-name"`, `href="#f-email"`, `href="#f-role"`, "Choisissez médiateur ou référent")
	// A member already: said on the page, nothing sent.
	p = b.post("/organisation/people/invite", "name", "Claire", "email", address("Claire Martin"), "role", "mediator")
	p.is(t, http.StatusUnprocessableEntity, "Erreur")
	p.has(t, "Cette personne a déjà ce rôle", `value="Claire"`)
	h.leaves(translog.MembershipInvited, func() {
		p = b.post("/organisation/people/invite", "name", "Ana Lopez", "email", "ana@people.example", "role", "mediator")
	})
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/organisation/people/") {
		t.Errorf("got %d to %q", p.status, p.location)
	}
}

// AU-12: nobody does for themselves what another must do; said with what to do.
func TestNotForOneself(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	// A referent who would be a mediator too.
	h.leaves(translog.ActRefused, func() {
		p := b.post("/organisation/people/invite", "name", "Nadia Benali", "email", address("Nadia Benali"), "role", "mediator")
		p.is(t, http.StatusForbidden, "Erreur : Inviter une personne")
		p.has(t, "Personne ne peut le faire pour soi-même", "Rien n’a été changé", `value="Nadia Benali"`)
	})
	other, _ := h.newReferent("Yann Le Goff")
	m, err := h.orgs.Invite(t.Context(), h.as(other), organisations.Invite{Organisation: h.org, Name: "Nadia", Email: address("Nadia Benali"), Role: authz.Mediator})
	must(t, err)
	path := "/organisation/people/" + m.ID.String()
	p := b.get(path)
	p.has(t, "Arrivée pas encore confirmée", "Adressez-vous à Yann Le Goff")
	p.lacks(t, `href="`+path+`/confirm"`, `href="`+path+`/training"`)
	h.leaves(translog.ActRefused, func() {
		p := b.post(path + "/confirm")
		p.is(t, http.StatusForbidden, "Erreur : Confirmer l’arrivée")
		p.has(t, "Personne ne peut le faire pour soi-même")
	})
	if why := h.why(); !strings.Contains(why, "not_on_yourself") {
		t.Errorf("logged as %s", why)
	}
	h.leaves(translog.ActRefused, func() {
		p := b.post(path+"/training", "course", "Cours à moi", "evidence", "Dossier bleu", "completed_on-day", "1", "completed_on-month", "10", "completed_on-year", "2026")
		p.is(t, http.StatusForbidden, "Erreur : Enregistrer une formation")
		p.has(t, `value="Cours à moi"`, "Dossier bleu", `value="2026"`)
	})
	if s := h.state(m.ID); s != "invited" {
		t.Errorf("the membership is %s", s)
	}
}

// AU-12: the last referent stays, said kindly and with the way out.
func TestLastReferent(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	path := "/organisation/people/" + h.referentMember.String()
	b.get(path+"/end").is(t, http.StatusOK, "Quitter cette organisation")
	for _, act := range []string{"end", "suspend"} {
		h.leaves(translog.ActRefused, func() {
			p := b.post(path+"/"+act, "reason", "Je pars en congé")
			p.is(t, http.StatusForbidden, "Erreur")
			p.has(t, "Invitez d’abord un autre référent", "Rien n’a été changé")
			if act == "suspend" {
				p.has(t, "Je pars en congé")
			}
		})
	}
	if why := h.why(); !strings.Contains(why, "last_referent") {
		t.Errorf("logged as %s", why)
	}
	h.newReferent("Yann Le Goff")
	h.leaves(translog.MembershipEnded, func() { b.post(path+"/end").goes(t, "/") })
}

// The acts of a referent on a mediator, from the invitation to the end.
func TestActs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	m := h.invited("Ana Lopez")
	path := "/organisation/people/" + m.ID.String()
	// Too early: the reason is on the page.
	h.leaves(translog.ActRefused, func() {
		p := b.post(path + "/confirm")
		p.is(t, http.StatusUnprocessableEntity, "Erreur : Confirmer l’arrivée de Ana Lopez")
		p.has(t, "Cette personne ne s’est pas encore connectée")
	})
	h.signIn("Ana Lopez")
	b.get(path).has(t, "À confirmer", path+"/confirm")
	p := b.get(path + "/confirm")
	p.is(t, http.StatusOK, "Confirmer l’arrivée de Ana Lopez")
	p.has(t, "Ce qui va se passer", "Pas maintenant")
	h.leaves(translog.MembershipConfirmed, func() { b.post(path+"/confirm").goes(t, path) })

	p = b.post(path+"/training", "course", "Agir sous mandat", "evidence", "Attestation du 1er octobre", "completed_on-day", "31", "completed_on-month", "2", "completed_on-year", "2026")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Enregistrer une formation")
	p.has(t, `href="#f-completed_on-day"`, `value="31"`, "Attestation du 1er octobre")
	p = b.post(path+"/training", "course", "Agir sous mandat", "evidence", "Attestation", "completed_on-day", "1", "completed_on-month", "1", "completed_on-year", "2030")
	p.has(t, "La formation doit être terminée")
	h.leaves(translog.TrainingRecorded, func() {
		b.post(path+"/training", "course", "Agir sous mandat", "evidence", "Attestation", "completed_on-day", "1", "completed_on-month", "10", "completed_on-year", "2026",
			"expires_on-day", "1", "expires_on-month", "10", "expires_on-year", "2028").goes(t, path)
	})
	b.get(path).has(t, "Agir sous mandat", "1er octobre 2026", "1er octobre 2028")

	p = b.post(path+"/suspend", "reason", "non")
	p.is(t, http.StatusUnprocessableEntity, "Erreur : Suspendre Ana Lopez")
	p.has(t, "Écrivez au moins 5 caractères", "non")
	h.leaves(translog.MembershipSuspended, func() { b.post(path+"/suspend", "reason", "Absence longue").goes(t, path) })
	b.get(path).has(t, "Suspendu", "Absence longue", "Lever la suspension")
	p = b.post(path+"/suspend", "reason", "Absence longue")
	p.is(t, http.StatusUnprocessableEntity, "Erreur")
	p.has(t, "On ne peut suspendre que ce qui est actif", "Absence longue")
	h.leaves(translog.MembershipResumed, func() { b.post(path+"/resume").goes(t, path) })
	b.get(path+"/end").has(t, "Garder Ana Lopez dans l’équipe")
	h.leaves(translog.MembershipEnded, func() { b.post(path+"/end").goes(t, path) })
	p = b.get(path)
	p.has(t, "Parti")
	p.lacks(t, path+"/suspend", "Ce qui manque encore")
	b.get("/organisation/people").lacks(t, "Ana Lopez")
}

// AU-10, design 5.7: another organisation's member is not there, even for a
// referent of both who acts for this one.
func TestMembersOfOthers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other, err := h.orgs.Create(t.Context(), h.as(h.operator), organisations.NewOrganisation{Name: "Mairie", Pack: "fr", TimeZone: "Europe/Paris"})
	must(t, err)
	m, err := h.orgs.Invite(t.Context(), h.as(h.operator), organisations.Invite{Organisation: other.ID, Name: "Ines Roy", Email: address("Ines Roy"), Role: authz.Referent})
	must(t, err)
	b := h.browser(h.referent)
	for _, path := range []string{"", "/confirm", "/end", "/training"} {
		p := b.get("/organisation/people/" + m.ID.String() + path)
		p.is(t, http.StatusNotFound, "Cette page n’existe pas")
		p.lacks(t, "Ines")
	}
	b.post("/organisation/people/"+m.ID.String()+"/end").is(t, http.StatusNotFound, "")
	if s := h.state(m.ID); s != "invited" {
		t.Errorf("the membership is %s", s)
	}
}

// UI-03: names of every kind are shown as text.
func TestOddNames(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for i, name := range []string{"يوسف الحداد", `<script>alert("x")</script>`, strings.Repeat("Ж", 200), "🌿 Ana"} {
		_, err := h.orgs.Invite(t.Context(), h.as(h.referent), organisations.Invite{Organisation: h.org, Name: name,
			Email: "odd" + string(rune('a'+i)) + "@people.example", Role: authz.Mediator})
		must(t, err)
	}
	p := h.browser(h.referent).get("/organisation/people")
	p.has(t, "<bdi>يوسف الحداد</bdi>", "&lt;script&gt;", strings.Repeat("Ж", 200))
	if strings.Contains(p.body, "<script>alert") {
		t.Error("a name became markup")
	}
}

// AU-11: in a suspended organisation everything can be read and nothing done.
func TestSuspendedOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.confirmed("Paul Morel")
	must(t, h.orgs.SuspendOrganisation(t.Context(), h.as(h.operator), h.org, "Under review"))
	b := h.browser(h.referent)
	for _, path := range []string{"people", "mandates", "letters", "settings"} {
		b.get("/organisation/"+path).has(t, "Votre organisation est suspendue")
	}
	h.leaves(translog.ActRefused, func() {
		p := b.post("/organisation/people/"+m.ID.String()+"/suspend", "reason", "Une longue absence")
		p.is(t, http.StatusForbidden, "Erreur")
		p.has(t, "Votre organisation est suspendue pour le moment", "Une longue absence")
	})
}
