package portal_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// access opens an access at a service about somebody, as a mediator does.
func (b *bundle) access(p person, service string) uuid.UUID {
	b.t.Helper()
	ctx := b.t.Context()
	law, err := authz.New()
	must(b.t, err)
	set, err := packs.Load()
	must(b.t, err)
	registry := clients.NewRegistry(clients.Dependencies{Commands: command.New(command.Deps{Store: b.store, Authz: law}), Packs: set, Key: bytes.Repeat([]byte{9}, 32)})
	client, _, err := registry.Register(ctx, authz.Actor{System: true, Now: b.store.Now()}, clients.New{Kind: clients.Service, Pack: "fr",
		Changes: clients.Changes{Name: service, RedirectURIs: []string{"https://caf.example/back"}, Procedures: []string{"housing.apl"}, Scopes: []string{"openid"}}})
	must(b.t, err)
	_, session, err := authz.NewSessions(authz.SessionsDeps{Store: b.store}).Start(ctx, authz.NewSession{Account: b.mediator, Issuer: "demo"})
	must(b.t, err)
	actor, secret := b.as(b.mediator), bytes.Repeat([]byte{1}, 32)
	actor.Session = session.ID
	r, err := b.acting.Begin(ctx, acting.NewRequest{Client: client, Params: acting.Params{RedirectURI: "https://caf.example/back"}, Browser: secret})
	must(b.t, err)
	c, err := b.acting.Open(ctx, actor, r.ID, secret)
	must(b.t, err)
	must(b.t, b.acting.ChoosePerson(ctx, actor, r.ID, c.Version, p.id))
	must(b.t, b.acting.ChooseScope(ctx, actor, r.ID, c.Version+1, "housing.apl", []string{"view", "prepare"}))
	d, err := b.acting.Grant(ctx, actor, r.ID, c.Version+2)
	must(b.t, err)
	return d.ID
}

// What is open at services is on the person's first page, by card too, and one
// press closes it; nobody else's can be closed.
func TestAccessesOpenAtServices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, other := b.newPerson("Fatima", "Haddad", "06 12 34 56 78", "housing"), b.newPerson("Karim", "Amrani", "", "housing")
	mine, theirs := b.access(p, "Allocations logement"), b.access(other, "Une autre caisse")
	for _, lang := range i18n.Langs() {
		w, say := b.browser(lang), i18n.For(lang)
		w.open(p)
		if lang != i18n.French {
			w.get("/mine?lang="+string(lang)).leads(http.StatusSeeOther, "/mine")
		}
		w.get("/mine").shows(http.StatusOK, say.T("acting.live.title"), "Allocations logement", "Claire Martin", say.T("action.prepare"), say.T("acting.live.end")).
			hides("Une autre caisse")
	}
	w := b.browser(i18n.French)
	w.open(p)
	if a := w.post("/mine/services/" + theirs.String() + "/end"); a.Code != http.StatusNotFound {
		t.Errorf("somebody else's access: %d", a.Code)
	}
	for range 2 {
		w.post("/mine/services/"+mine.String()+"/end").leads(http.StatusSeeOther, "/mine")
	}
	w.get("/mine").shows(http.StatusOK, i18n.For(i18n.French).T("flash.access_ended")).hides("Allocations logement")
	if n := b.count(`SELECT count(*) FROM delegations WHERE ended_at IS NOT NULL AND end_reason = 'recalled'`); n != 1 {
		t.Errorf("%d delegations closed by the person, want one", n)
	}
}
