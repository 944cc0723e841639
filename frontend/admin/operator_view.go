package admin

import (
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/organisations"
)

const organisationsPath = "/operator/organisations"

func organisationPath(id uuid.UUID) string { return organisationsPath + "/" + id.String() }

// organisationsView is a list of organisations.
type organisationsView struct {
	Tabs     []t.Tab
	Table    t.Table
	Pager    t.Pager
	Searched bool
}

func newOrganisations(p t.Page, set *packs.Set, found organisations.Page, w where) organisationsView {
	v := organisationsView{Tabs: operatorSections(p, organisationsPath), Pager: w.trail.Pager(w.path, w.keep, found.Next), Searched: w.keep.Get("q") != "",
		Table: t.Table{Caption: p.T("admin.organisations.caption"), Columns: []t.Column{{Title: p.T("admin.organisations.name")},
			{Title: p.T("admin.organisations.pack")}, {Title: p.T("admin.organisations.territory")}, {Title: p.T("admin.organisations.state")}}}}
	for _, o := range found.Rows {
		v.Table.Rows = append(v.Table.Rows, []t.Cell{{Text: o.Name, Href: organisationPath(o.ID), Small: o.City},
			{Text: packName(p, set, o.Pack)}, {Text: o.Territory}, {Tags: []t.Tag{stateOf(p, o)}}})
	}
	return v
}

func packName(p t.Page, set *packs.Set, id string) string {
	if pack, err := set.Get(id); err == nil {
		return pack.Name.In(string(p.Lang()))
	}
	return id
}

func stateOf(p t.Page, o organisations.Organisation) t.Tag {
	if o.State == organisations.OrganisationSuspended {
		return t.Tag{Text: p.T("admin.organisations.suspended"), Tone: t.Danger, Icon: t.IconPause}
	}
	return t.Tag{Text: p.T("admin.organisations.active"), Tone: t.Success}
}

// factsView is the form of an organisation, new or not.
type factsView struct {
	Title, Lead, Do string
	Refused         []string
	Action, Back    string
	BackText        string
	Packs           []t.Option // empty when the pack is fixed
	PackName        string
	Zones           []string
	Themes          []t.Option // empty for a new one: all of its pack
}

func newFacts(p t.Page, set *packs.Set, o *organisations.Organisation) factsView {
	v := factsView{Title: p.T("admin.facts.new"), Lead: p.T("admin.facts.new_lead"), Do: p.T("admin.facts.create"),
		Action: "/operator/organisations/new", Back: "/operator/organisations", BackText: p.T("admin.tab.organisations")}
	for _, pack := range set.All() {
		v.Zones = append(v.Zones, pack.TimeZone)
		if o == nil {
			v.Packs = append(v.Packs, t.Option{Value: pack.ID, Label: pack.Name.In(string(p.Lang()))})
		}
	}
	if o != nil {
		v.Title, v.Lead, v.Do = p.T("admin.facts.edit", "Name", o.Name), "", p.T("admin.facts.save")
		v.Action, v.Back, v.BackText = organisationPath(o.ID)+"/edit", organisationPath(o.ID), o.Name
		v.PackName = packName(p, set, o.Pack)
		if pack, err := set.Get(o.Pack); err == nil {
			v.Themes = themeOptions(p, pack)
		}
	}
	return v
}

// filled is the form over what an organisation is now.
func filled(p t.Page, set *packs.Set, o organisations.Organisation) *form.Form {
	f := form.New(p.Printer).Set("name", o.Name).Set("kind", o.Kind).Set("time_zone", o.TimeZone).Set("territory", o.Territory).
		Set("address", o.Address).Set("city", o.City).Set("phone", o.Phone).Set("email", o.Email)
	if pack, err := set.Get(o.Pack); err == nil {
		f.Set("allowed_themes", ticked(pack, o.AllowedThemes)...)
	}
	return f
}

// organisationView is one organisation, as an operator sees it.
type organisationView struct {
	Name      string
	State     t.Tag
	Suspended string // why, empty when it is not
	Facts     []t.Row
	Actions   []t.ButtonLink
	Path      string
}

func newOrganisation(p t.Page, set *packs.Set, o organisations.Organisation) organisationView {
	path := organisationPath(o.ID)
	v := organisationView{Name: o.Name, State: stateOf(p, o), Path: path}
	themes := p.T("admin.organisations.all_themes")
	if pack, err := set.Get(o.Pack); err == nil && len(o.AllowedThemes) > 0 {
		var names []string
		for _, code := range o.AllowedThemes {
			names = append(names, themeName(p, pack, code))
		}
		themes = p.List(names)
	}
	v.Facts = rows(
		t.Row{Key: p.T("admin.facts.kind"), Value: o.Kind},
		t.Row{Key: p.T("admin.facts.pack"), Value: packName(p, set, o.Pack)},
		t.Row{Key: p.T("admin.facts.territory"), Value: o.Territory},
		t.Row{Key: p.T("admin.facts.address"), Lines: addressOf(o)},
		t.Row{Key: p.T("admin.facts.phone"), Value: o.Phone},
		t.Row{Key: p.T("admin.facts.email"), Value: o.Email},
		t.Row{Key: p.T("admin.facts.time_zone"), Value: o.TimeZone},
		t.Row{Key: p.T("admin.facts.themes"), Value: themes},
		t.Row{Key: p.T("admin.facts.created"), Value: p.LongDate(o.CreatedAt)},
	)
	v.Actions = []t.ButtonLink{
		{Text: p.T("admin.organisations.invite"), Href: path + "/referent", Kind: t.Primary, Icon: t.IconMail},
		{Text: p.T("admin.organisations.edit"), Href: path + "/edit", Kind: t.Secondary, Icon: t.IconPen},
		{Text: p.T("admin.organisations.remit"), Href: "/operator/supervisors/new?organisation=" + o.ID.String(), Kind: t.Secondary, Icon: t.IconEye},
		{Text: p.T("clients.new.software"), Href: servicesPath + "/new?organisation=" + o.ID.String(), Kind: t.Secondary, Icon: t.IconKey},
	}
	if o.State == organisations.OrganisationSuspended {
		v.Suspended = o.SuspendedReason
		v.Actions = append(v.Actions, t.ButtonLink{Text: p.T("admin.org_act.resume.open"), Href: path + "/resume", Kind: t.Secondary, Icon: t.IconArrow})
	} else {
		v.Actions = append(v.Actions, t.ButtonLink{Text: p.T("admin.org_act.suspend.open"), Href: path + "/suspend", Kind: t.Secondary, Icon: t.IconPause})
	}
	return v
}

// addressOf is the postal address, and the town where it does not say it.
func addressOf(o organisations.Organisation) []string {
	if o.City == "" || strings.Contains(o.Address, o.City) {
		return lines(o.Address)
	}
	return append(lines(o.Address), o.City)
}

// organisationPeopleView is who works in an organisation, for an operator.
type organisationPeopleView struct {
	Name, Path string
	Referents  bool // somebody can run it
	Count      string
	Table      t.Table
	Pager      t.Pager
}

func newOrganisationPeople(p t.Page, o organisations.Organisation, x team) organisationPeopleView {
	v := organisationPeopleView{Name: o.Name, Path: organisationPath(o.ID), Count: countOf(p, len(x.members), x.capped(), "admin.people.count", "admin.people.count_many"),
		Referents: x.capped(), // who was not read may be one
		Table: t.Table{Caption: p.T("admin.people.caption"),
			Columns: []t.Column{{Title: p.T("admin.people.name")}, {Title: p.T("admin.people.role")}, {Title: p.T("admin.people.status")}}}}
	for _, m := range x.members {
		v.Referents = v.Referents || m.Role == "referent" && m.State == organisations.MembershipActive
	}
	members, pager := pageOf(p, x.members, x.where, x.capped())
	v.Pager = pager
	for _, m := range members {
		v.Table.Rows = append(v.Table.Rows, []t.Cell{{Text: m.Name, Small: m.Email}, {Text: p.T("role." + string(m.Role))},
			{Tags: []t.Tag{statusOfMember(p, m, x.now)}}})
	}
	return v
}

// referentView is the page that invites a referent.
type referentView struct {
	Name, Path string
	Refused    []string
}

func newOrgAct(p t.Page, act orgAct, o organisations.Organisation, refused []string) actView {
	v := newAct(p, "admin.org_act."+act.code, o.Name, organisationPath(o.ID), refused)
	v.AskReason, v.Danger = act.reason, act.code == suspendingOrg.code
	v.Confirm.Action = organisationPath(o.ID) + "/" + act.code
	return v
}
