package admin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/translog"
)

// newService is the form of a service, filled in, with changes.
func newService(changes ...string) []string {
	fields := url.Values{"pack": {"fr"}, "client_id": {"caf-test"}, "name": {"Caisse d’allocations"}, "procedures": {"housing.apl"},
		"claims": {"given_name", "birthdate"}, "scopes": {"openid", "profile"}, "redirect_uris": {"https://caf.example/back\n\nhttps://caf.example/back2"},
		"auth_method": {"client_secret_basic"}, "profile": {"relais"}, "id_token_alg": {"ES256"}}
	for i := 0; i < len(changes); i += 2 {
		fields.Set(changes[i], changes[i+1])
	}
	var out []string
	for k, vs := range fields {
		for _, v := range vs {
			out = append(out, k, v)
		}
	}
	return out
}

var (
	secretShown = regexp.MustCompile(`<code>([^<]+)</code>`)
	serviceLink = regexp.MustCompile(`/operator/services/[0-9a-f-]{36}`)
)

// TestServiceFromRegistrationToItsEnd walks through everything an operator does
// with a service; the secret is shown once, on the answer that made it.
func TestServiceFromRegistrationToItsEnd(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.operator)
	b.get("/operator/services").is(t, http.StatusOK, "Services et logiciels")
	b.get("/operator/services/new").has(t, "De quel pays est ce service ?", "/operator/services/new?pack=es")
	b.get("/operator/services/new?pack=fr").has(t, "Démarches proposées", "Aide au logement (APL, ALF, ALS)", `value="openid" checked`)

	bad := b.post("/operator/services/new", newService("name", "C", "redirect_uris", "http://caf.example/back", "client_id", "a b")...)
	bad.is(t, http.StatusUnprocessableEntity, "Erreur")
	bad.has(t, `href="#f-redirect_uris"`, `href="#f-name"`, `value="a b"`, "http://caf.example/back")

	var made page
	h.leaves(translog.ClientRegistered, func() { made = b.post("/operator/services/new", newService()...) })
	made.is(t, http.StatusCreated, "Caisse d’allocations est relié à Relais")
	secret := secretShown.FindStringSubmatch(made.body)
	if secret == nil || len(secret[1]) < 40 {
		t.Fatalf("no secret: %s", made.text)
	}
	path := serviceLink.FindString(made.body)
	again := b.post("/operator/services/new", newService()...) // the button pressed twice
	again.is(t, http.StatusUnprocessableEntity, "Erreur")
	again.has(t, "Un autre")
	again.lacks(t, secret[1])

	one := b.get(path)
	one.is(t, http.StatusOK, "Caisse d’allocations")
	one.has(t, "Aide au logement (APL, ALF, ALS)", "Date de naissance", "caf-test", "https://caf.example/back2")
	one.lacks(t, secret[1])

	b.get(path+"/edit").has(t, "https://caf.example/back\nhttps://caf.example/back2", `value="housing.apl" checked`)
	h.leaves(translog.ClientChanged, func() { b.post(path+"/edit", newService("name", "CAF 35")...).goes(t, path) })
	b.get(path).is(t, http.StatusOK, "CAF 35")

	b.get(path+"/secret").has(t, "L’ancien secret ne marche plus")
	other := b.post(path + "/secret")
	other.is(t, http.StatusOK, "Nouveau secret de CAF 35")
	if m := secretShown.FindStringSubmatch(other.body); m == nil || m[1] == secret[1] {
		t.Error("no new secret")
	}
	for _, act := range []struct {
		code string
		kind translog.Kind
	}{{"suspend", translog.ClientSuspended}, {"resume", translog.ClientResumed}, {"end", translog.ClientEnded}} {
		b.get(path+"/"+act.code).is(t, http.StatusOK, "CAF 35")
		h.leaves(act.kind, func() { b.post(path+"/"+act.code).goes(t, path) })
	}
	b.get(path).lacks(t, path+"/end")
	b.get("/operator/services").lacks(t, "CAF 35")
	b.get("/operator/services?ended=1").has(t, "CAF 35", "Retiré")
	b.post(path+"/end").is(t, http.StatusUnprocessableEntity, "Erreur")
}

// Software belongs to an organisation, and is registered from its page.
func TestSoftwareOfAnOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.operator)
	b.get("/operator/organisations/"+h.org.String()).has(t, "/operator/services/new?organisation="+h.org.String())
	b.get("/operator/services/new?organisation="+h.org.String()).has(t, "Maison France Services", "Ouvrir des dossiers et noter des étapes")
	made := b.post("/operator/services/new", "organisation", h.org.String(), "pack", "fr", "client_id", "msf-tool", "name", "Outil de la maison",
		"scopes", "people:read", "scopes", "cases:read", "auth_method", "client_secret_basic")
	made.is(t, http.StatusCreated, "Outil de la maison")
	b.get("/operator/services?kind=software").has(t, "Outil de la maison", "msf-tool")
	b.get(serviceLink.FindString(made.body)).has(t, "Maison France Services", "Lire les dossiers et leurs étapes")
	b.get("/operator/services/new?organisation="+uuid.NewString()).is(t, http.StatusNotFound, "")
}

// AU-08: registering, and every act, ask for a fresh sign-in; nothing happened.
func TestServicesAskForAFreshSignIn(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.operator)
	made := b.post("/operator/services/new", newService()...)
	path := serviceLink.FindString(made.body)
	h.clock.Advance(authz.StepUpAge + time.Minute)
	b.post("/operator/services/new", newService("client_id", "caf-2")...).goes(t, "/fresh-sign-in")
	for _, act := range []string{"secret", "suspend", "end"} {
		b.post(path+"/"+act).goes(t, "/fresh-sign-in")
	}
	if p := b.get(path); !strings.Contains(p.text, "Relié") {
		t.Errorf("the service changed: %s", p.text)
	}
}

// A referent's page of software: addresses to tell are added with a secret shown
// once, and taken away; another organisation's is not there.
func TestAddressesToTell(t *testing.T) {
	t.Parallel()
	h := setup(t)
	b := h.browser(h.referent)
	b.get("/organisation/software").is(t, http.StatusOK, "Nos logiciels")
	b.post("/organisation/software/new", "url", "http://outil.example/x").is(t, http.StatusUnprocessableEntity, "Erreur")
	var made page
	h.leaves(translog.WebhookRegistered, func() {
		made = b.post("/organisation/software/new", "url", "https://outil.example/x", "kinds", string(translog.MandateRevoked))
	})
	made.is(t, http.StatusCreated, "L’adresse est ajoutée")
	secret := secretShown.FindStringSubmatch(made.body)
	path := regexp.MustCompile(`/organisation/software/[0-9a-f-]{36}`).FindString(made.body)
	one := b.get(path)
	one.is(t, http.StatusOK, "Adresse à prévenir")
	one.has(t, "https://outil.example/x", "Rien n’a encore été envoyé")
	if secret == nil || strings.Contains(one.body, secret[1]) {
		t.Error("the secret is not shown once")
	}
	h.browser(h.operator).get(path).is(t, http.StatusForbidden, "")
	h.leaves(translog.WebhookEnded, func() { b.post(path+"/end").goes(t, "/organisation/software") })
	b.get(path).is(t, http.StatusNotFound, "")
	b.get("/organisation/software").lacks(t, "outil.example")
}
