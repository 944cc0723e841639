package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

const servicesPath = "/operator/services"

func servicePath(id uuid.UUID) string { return servicesPath + "/" + id.String() }

// runs keeps these pages to operators: a referent reads their own software on a
// page of theirs.
func runs(actor authz.Actor) error {
	if !actor.Operator {
		return problem.Forbidden(string(authz.ReasonNoRule))
	}
	return nil
}

// services lists the services linked to Relais, and organisations' software.
func (s *Surface) services(c *gin.Context, actor authz.Actor) error {
	if err := runs(actor); err != nil {
		return err
	}
	kind, ended := clients.Service, c.Query("ended") != ""
	if c.Query("kind") == string(clients.Software) {
		kind = clients.Software
	}
	found, err := s.Clients.List(c.Request.Context(), actor, clients.Query{Kind: kind, Ended: ended})
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, servicesPage(page, newServices(page, s.Packs, listedClients{found, kind, ended, whereIn(servicesPath, c.Request.URL.Query(), "kind", "ended")})))
}

// newService asks for the country first: what a service offers is in its pack.
// With an organisation it is about that organisation's own software.
func (s *Surface) newService(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	v, err := s.newClientFacts(c, actor, c.Query("pack"), c.Query("organisation"))
	if err != nil {
		return err
	}
	f := form.New(page.Printer).Set("client_id", s.suggestedID(v)).Set("auth_method", clients.SecretBasic).
		Set("profile", string(clients.Relais)).Set("id_token_alg", "ES256").Set("scopes", v.usualScopes()...)
	return web.Render(c, http.StatusOK, clientFormPage(page, f, v))
}

// suggestedID is a name for the protocol that nobody has: chosen when the page
// is shown, so that a form sent twice registers once.
func (s *Surface) suggestedID(v clientFactsView) string {
	const random = 24 // where the last, random part of an id begins
	return string(v.Kind) + "-" + s.Store.NewID().String()[random:]
}

// addService registers it. Its secret is on the answer, and nowhere else.
func (s *Surface) addService(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, err := s.newClientFacts(c, actor, f.Value("pack"), f.Value("organisation"))
	if err != nil {
		return err
	}
	registered, secret, err := s.Clients.Register(c.Request.Context(), actor, clients.New{ClientID: f.Value("client_id"), Kind: v.Kind,
		Organisation: v.Organisation, Pack: v.Pack, Changes: changesOf(f, v)})
	return settle(c, f, err, func(refused []string) error {
		v.Refused = refused
		return web.Render(c, statusOf(refused), clientFormPage(page, f, v))
	}, func() error {
		return web.Render(c, http.StatusCreated, secretPage(page, newSecret(page, registered, secret, "registered")))
	})
}

// newClientFacts is the form of a client to register.
func (s *Surface) newClientFacts(c *gin.Context, actor authz.Actor, pack, organisation string) (clientFactsView, error) {
	v := clientFactsView{Kind: clients.Service, Action: servicesPath + "/new", Pack: pack}
	if err := runs(actor); err != nil {
		return v, err
	}
	if organisation != "" {
		id, err := uuid.Parse(organisation)
		if err != nil {
			return v, problem.NotFound()
		}
		org, err := s.Organisations.Organisation(c.Request.Context(), actor, id)
		if err != nil {
			return v, err
		}
		v.Kind, v.Organisation, v.OrganisationName, v.Pack = clients.Software, org.ID, org.Name, org.Pack
	}
	page := web.PageOf(c)
	return v.worded(page, s.Packs, ""), nil
}

// changesOf reads the form.
func changesOf(f *form.Form, v clientFactsView) clients.Changes {
	ch := clients.Changes{Name: f.Value("name"), AuthMethod: f.Value("auth_method"), Keys: []byte(f.Value("keys")), Scopes: f.Values("scopes")}
	if ch.AuthMethod != clients.PrivateKeyJWT {
		ch.Keys = nil
	}
	if v.Kind == clients.Software {
		return ch
	}
	ch.RedirectURIs, ch.PostLogoutRedirectURIs = lines(f.Value("redirect_uris")), lines(f.Value("post_logout_redirect_uris"))
	ch.BackChannelLogoutURI, ch.EventsURI = f.Value("backchannel_logout_uri"), f.Value("events_uri")
	ch.Profile, ch.IDTokenAlg, ch.UserinfoAlg = clients.Profile(f.Value("profile")), f.Value("id_token_alg"), f.Value("userinfo_alg")
	ch.Claims, ch.Procedures = f.Values("claims"), f.Values("procedures")
	return ch
}

// clientOf loads the client of the address.
func (s *Surface) clientOf(c *gin.Context, actor authz.Actor) (clients.Client, error) {
	if err := runs(actor); err != nil {
		return clients.Client{}, err
	}
	id, err := idOf(c)
	if err != nil {
		return clients.Client{}, err
	}
	return s.Clients.Get(c.Request.Context(), actor, id)
}

func (s *Surface) service(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	name := ""
	if client.Kind == clients.Software {
		org, err := s.Organisations.Facts(c.Request.Context(), client.Organisation)
		if err != nil {
			return err
		}
		name = org.Name
	}
	return web.Render(c, http.StatusOK, servicePage(page, newServiceView(page, s.Packs, client, name)))
}

func (s *Surface) editService(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, clientFormPage(page, filledClient(page, client), factsOfClient(page, s.Packs, client)))
}

func (s *Surface) changeService(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v := factsOfClient(page, s.Packs, client)
	changed, secret, err := s.Clients.Change(c.Request.Context(), actor, client.ID, changesOf(f, v))
	return settle(c, f, err, func(refused []string) error {
		v.Refused = refused
		return web.Render(c, statusOf(refused), clientFormPage(page, f, v))
	}, func() error {
		if secret.Reveal() != "" { // the way it proves itself changed
			return web.Render(c, http.StatusOK, secretPage(page, newSecret(page, changed, secret, "rotated")))
		}
		web.Flash(c, "flash.service_changed")
		return web.SeeOther(c, servicePath(client.ID))
	})
}
