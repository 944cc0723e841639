package admin

import (
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/organisations/clients"
)

// servicesView is a list of services, or of software.
type servicesView struct {
	Tabs, Kinds []t.Tab
	Count       string
	Table       t.Table
	Pager       t.Pager
	Software    bool
	Ended       t.Link // the other list: with those that ended, or without
}

// listedClients are all of a kind, with those that ended or without.
type listedClients struct {
	all   []clients.Client
	kind  clients.Kind
	ended bool
	where where
}

func newServices(p t.Page, set *packs.Set, x listedClients) servicesView {
	kind, capped := x.kind, len(x.all) >= mostRead
	v := servicesView{Tabs: operatorSections(p, servicesPath), Software: kind == clients.Software, Count: countOf(p, len(x.all), capped, "clients.count."+string(kind), "clients.count."+string(kind)+"_many"),
		Ended: t.Link{Text: p.T("clients.with_ended"), Href: "?kind=" + string(kind) + "&ended=1"}}
	if x.ended {
		v.Ended = t.Link{Text: p.T("clients.without_ended"), Href: "?kind=" + string(kind)}
	}
	for _, k := range []clients.Kind{clients.Service, clients.Software} {
		v.Kinds = append(v.Kinds, t.Tab{Text: p.T("clients.kind." + string(k)), Href: servicesPath + "?kind=" + string(k), Current: k == kind})
	}
	v.Table = t.Table{Caption: p.T("clients.kind." + string(kind)), Columns: []t.Column{{Title: p.T("clients.name")},
		{Title: p.T("admin.organisations.pack")}, {Title: p.T("clients.offers")}, {Title: p.T("admin.organisations.state")}}}
	if v.Software {
		v.Table.Columns[2].Title = p.T("clients.may")
	}
	found, pager := pageOf(p, x.all, x.where, capped)
	v.Pager = pager
	for _, c := range found {
		offers := p.N("clients.procedures_count", len(c.Procedures))
		if v.Software {
			offers = p.List(worded(p, "clients.scope.", c.Scopes))
		}
		v.Table.Rows = append(v.Table.Rows, []t.Cell{{Text: c.Name, Href: servicePath(c.ID), Small: c.ClientID},
			{Text: packName(p, set, c.Pack)}, {Text: offers}, {Tags: []t.Tag{clientTag(p, c.State)}}})
	}
	return v
}

func clientTag(p t.Page, state string) t.Tag {
	tag := t.Tag{Text: p.T("clients.state." + state), Tone: t.Success}
	switch state {
	case clients.Suspended:
		tag.Tone, tag.Icon = t.Danger, t.IconPause
	case clients.Ended:
		tag.Tone, tag.Icon = t.Neutral, t.IconStop
	}
	return tag
}

// clientFactsView is the form of a client, new or not.
type clientFactsView struct {
	Title, Lead, Do              string
	Refused                      []string
	Action, Back, BackText       string
	Kind                         clients.Kind
	New                          bool
	Organisation                 uuid.UUID
	OrganisationName             string
	Pack, PackName               string
	ChoosePack                   []t.ButtonLink // a country has to be chosen first
	Auth, Profiles               []t.Option
	Algorithms, Userinfo         []t.Option
	Claims, Procedures, ScopeSet []t.Option
}

// worded fills in the words and the choices. name is that of a client that is
// there already.
func (v clientFactsView) worded(p t.Page, set *packs.Set, name string) clientFactsView {
	v.New = name == ""
	if v.New {
		v.Back, v.BackText = servicesPath, p.T("admin.tab.services")
		v.Title, v.Lead, v.Do = p.T("clients.new."+string(v.Kind)), p.T("clients.new_lead."+string(v.Kind)), p.T("clients.register")
	} else {
		v.BackText, v.Title, v.Do = name, p.T("clients.edit", "Name", name), p.T("admin.facts.save")
	}
	pack, err := set.Get(v.Pack)
	if err != nil {
		for _, x := range set.All() {
			v.ChoosePack = append(v.ChoosePack, t.ButtonLink{Text: x.Name.In(string(p.Lang())), Href: servicesPath + "/new?pack=" + x.ID, Kind: t.Secondary, Icon: t.IconGlobe})
		}
		v.Title, v.Lead = p.T("clients.pack.title"), p.T("clients.pack.lead")
		return v
	}
	v.PackName = pack.Name.In(string(p.Lang()))
	v.Auth = options(p, "clients.auth.", clients.SecretBasic, clients.SecretPost, clients.PrivateKeyJWT)
	v.ScopeSet = options(p, "clients.scope.", v.scopes()...)
	if v.Kind == clients.Software {
		return v
	}
	v.Profiles = options(p, "clients.profile.", string(clients.Relais), string(clients.FranceConnect))
	v.Algorithms = codes("ES256", "RS256", "HS256")
	v.Userinfo = append([]t.Option{{Value: "", Label: p.T("clients.userinfo_plain")}}, codes("ES256", "RS256")...)
	v.Claims = options(p, "claim.", clients.ClaimNames()...)
	for _, theme := range pack.Themes {
		for _, x := range pack.ProceduresOf(theme.Code) {
			v.Procedures = append(v.Procedures, t.Option{Value: x.Code, Label: x.Name.In(string(p.Lang())), Hint: themeName(p, pack, theme.Code)})
		}
	}
	return v
}

// usualScopes are those ticked at first.
func (v clientFactsView) usualScopes() []string {
	if v.Kind == clients.Software {
		return nil
	}
	return []string{"openid", "profile", "birth"}
}

// scopes are those that the kind of client may have.
func (v clientFactsView) scopes() []string {
	if v.Kind == clients.Software {
		return clients.SoftwareScopeNames()
	}
	return clients.ScopeNames()
}

// options are codes with words of their own; a hint is there where one is written.
func options(p t.Page, prefix string, values ...string) []t.Option {
	out := make([]t.Option, 0, len(values))
	for _, value := range values {
		key := prefix + strings.ReplaceAll(value, ":", "_")
		o := t.Option{Value: value, Label: p.T(key)}
		if p.Has(key + "_hint") {
			o.Hint = p.T(key + "_hint")
		}
		out = append(out, o)
	}
	return out
}

func codes(values ...string) []t.Option {
	out := make([]t.Option, 0, len(values))
	for _, value := range values {
		out = append(out, t.Option{Value: value, Label: value})
	}
	return out
}

// factsOfClient is the form of a client that is there.
func factsOfClient(p t.Page, set *packs.Set, c clients.Client) clientFactsView {
	v := clientFactsView{Kind: c.Kind, Organisation: c.Organisation, Pack: c.Pack, Action: servicePath(c.ID) + "/edit", Back: servicePath(c.ID)}
	return v.worded(p, set, c.Name)
}

// filledClient is the form over what a client is now.
func filledClient(p t.Page, c clients.Client) *form.Form {
	return form.New(p.Printer).Set("name", c.Name).Set("auth_method", c.AuthMethod).Set("keys", string(c.Keys)).Set("scopes", c.Scopes...).
		Set("redirect_uris", strings.Join(c.RedirectURIs, "\n")).Set("post_logout_redirect_uris", strings.Join(c.PostLogoutRedirectURIs, "\n")).
		Set("backchannel_logout_uri", c.BackChannelLogoutURI).Set("events_uri", c.EventsURI).Set("profile", string(c.Profile)).
		Set("id_token_alg", c.IDTokenAlg).Set("userinfo_alg", c.UserinfoAlg).Set("claims", c.Claims...).Set("procedures", c.Procedures...)
}

// serviceView is one service or software, as an operator sees it.
type serviceView struct {
	Name, Caption string
	State         t.Tag
	Facts, Wires  []t.Row
	Actions       []t.ButtonLink
	Back          t.Link
	Path          string
}

func newServiceView(p t.Page, set *packs.Set, c clients.Client, organisation string) serviceView {
	path := servicePath(c.ID)
	v := serviceView{Path: path, Name: c.Name, Caption: p.T("clients.one." + string(c.Kind)), State: clientTag(p, c.State),
		Back: t.Link{Href: servicesPath + "?kind=" + string(c.Kind), Text: p.T("clients.kind." + string(c.Kind))}}
	v.Facts = rows(
		t.Row{Key: p.T("clients.organisation"), Value: organisation},
		t.Row{Key: p.T("admin.facts.pack"), Value: packName(p, set, c.Pack)},
		t.Row{Key: p.T("clients.offers"), Lines: procedureNames(p, set, c)},
		t.Row{Key: p.T("clients.learns"), Lines: worded(p, "claim.", c.Claims)},
		t.Row{Key: p.T("clients.may"), Lines: worded(p, "clients.scope.", c.Scopes)},
		t.Row{Key: p.T("clients.since"), Value: p.LongDate(c.CreatedAt)},
		t.Row{Key: p.T("clients.until"), Value: moment(p, c.EndedAt)},
	)
	v.Wires = rows(
		t.Row{Key: p.T("clients.client_id"), Value: c.ClientID},
		t.Row{Key: p.T("clients.auth_label"), Value: p.T("clients.auth." + c.AuthMethod)},
		t.Row{Key: p.T("clients.redirect_uris"), Lines: c.RedirectURIs},
		t.Row{Key: p.T("clients.post_logout_redirect_uris"), Lines: c.PostLogoutRedirectURIs},
		t.Row{Key: p.T("clients.backchannel_logout_uri"), Value: c.BackChannelLogoutURI},
		t.Row{Key: p.T("clients.events_uri"), Value: c.EventsURI},
	)
	if c.Kind == clients.Service {
		v.Wires = append(v.Wires, t.Row{Key: p.T("clients.profile_label"), Value: p.T("clients.profile." + string(c.Profile))},
			t.Row{Key: p.T("clients.algorithms"), Value: c.IDTokenAlg})
	}
	add := func(when bool, code string, icon t.Icon) {
		if when {
			v.Actions = append(v.Actions, t.ButtonLink{Text: p.T("clients.act." + code + ".open"), Href: path + "/" + code, Kind: t.Secondary, Icon: icon})
		}
	}
	add(c.State != clients.Ended, "edit", t.IconPen)
	add(c.State != clients.Ended && c.HasSecret(), "secret", t.IconKey)
	add(c.State == clients.Active, "suspend", t.IconPause)
	add(c.State == clients.Suspended, "resume", t.IconArrow)
	add(c.State != clients.Ended, "end", t.IconStop)
	return v
}

func worded(p t.Page, prefix string, values []string) []string {
	var out []string
	for _, o := range options(p, prefix, values...) {
		out = append(out, o.Label)
	}
	return out
}

func procedureNames(p t.Page, set *packs.Set, c clients.Client) []string {
	pack, err := set.Get(c.Pack)
	var out []string
	for _, code := range c.Procedures {
		name := code
		if err == nil {
			if x, ok := pack.Procedure(code); ok {
				name = x.Name.In(string(p.Lang()))
			}
		}
		out = append(out, name)
	}
	return out
}

// secretView shows a secret once.
type secretView struct {
	Title, Lead, Secret string
	Facts               []t.Row
	Path                string
}

func newSecret(p t.Page, c clients.Client, secret clients.Secret, how string) secretView {
	return secretView{Title: p.T("clients.secret."+how, "Name", c.Name), Secret: secret.Reveal(), Path: servicePath(c.ID),
		Facts: []t.Row{{Key: p.T("clients.client_id"), Value: c.ClientID}, {Key: p.T("clients.auth_label"), Value: p.T("clients.auth." + c.AuthMethod)}}}
}

func newClientAct(p t.Page, code string, danger bool, c clients.Client, refused []string) actView {
	v := newAct(p, "clients.act."+code, c.Name, servicePath(c.ID), refused)
	v.Danger, v.Confirm.Action = danger, servicePath(c.ID)+"/"+code
	return v
}
