package mediator

import (
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

const primaryButton = t.Primary

// personView is what the page of a person shows.
type personView struct {
	page t.Page
	pack *packs.Pack
	now  time.Time

	Person              beneficiaries.Beneficiary
	CheckedBy           string
	Begin               beginView
	MayBegin, MayChange bool
	MayErase            bool
	Live                bool // a mandate is in force: a case can be opened
	Mandates            []t.Moment
	Cases               [][]t.Cell
	Open                templ.Component // what is open at services; nil for nothing
}

// fill turns mandates and cases into what is shown.
func (v *personView) fill(all []mandates.Mandate, cases []mandates.Case) {
	for _, m := range all {
		state := m.StateAt(v.now)
		v.Live = v.Live || state == mandates.Active
		v.Mandates = append(v.Mandates, v.moment(m, state))
	}
	for _, c := range cases {
		v.Cases = append(v.Cases, []t.Cell{
			{Text: procedureName(v.page, v.pack, c.Procedure), Href: "/cases/" + c.ID.String(), Small: c.AssignedName},
			{Tags: []t.Tag{caseTag(v.page, c.State)}},
			dueCell(v.page, v.now, c),
		})
	}
}

// moment is one mandate: what for, until when, how it stands.
func (v *personView) moment(m mandates.Mandate, state mandates.State) t.Moment {
	tag := stateTag(v.page, state)
	lines := v.scope(m)
	return t.Moment{
		Title: v.mandateTitle(lines), Href: mandateHref(m), When: v.when(m, state), DateTime: m.CreatedAt.Format(time.RFC3339),
		Who: m.MediatorName, Tag: tag, Tone: tag.Tone, Icon: tag.Icon, Body: scopeLines(together(lines)),
	}
}

// mandateTitle names a mandate by its themes.
func (v *personView) mandateTitle(lines []scopeLine) string {
	var names []string
	for _, l := range lines {
		if !slices.Contains(names, l.Theme) {
			names = append(names, l.Theme)
		}
	}
	if len(names) == 0 {
		return v.page.T("mediator.person.mandate_empty")
	}
	// Names of themes hold commas of their own.
	return v.page.T("mediator.person.mandate", "Themes", strings.Join(names, " · "))
}

// when says until when a mandate holds, or when and how it ended.
func (v *personView) when(m mandates.Mandate, state mandates.State) string {
	switch {
	case state.Live():
		return v.page.T("mediator.person.until", "Date", lastDay(v.page, m.EndsAt))
	case state == mandates.Expired:
		return v.page.T("mediator.person.ended", "Date", lastDay(v.page, m.EndsAt))
	case state.Terminal():
		return v.page.T("mediator.person.stopped", "Date", v.page.Date(m.EndedAt))
	}
	return v.page.T("mediator.person.begun", "Date", v.page.Date(m.CreatedAt))
}

// scopeLine is one line of a mandate's scope in plain words.
type scopeLine struct {
	Theme, What string
	Part        bool   // some procedures of the theme only
	Ended       string // "Stopped", when this line alone was
}

// scope says what a mandate is for, from its lines or, before they exist, from
// what was chosen so far.
func (v *personView) scope(m mandates.Mandate) []scopeLine {
	var out []scopeLine
	for _, g := range m.Grants {
		line := v.scopeOf(g.Theme, g.Procedures, g.Actions)
		if g.State == "revoked" || g.State == "superseded" {
			line.Ended = v.page.T("grant_state." + g.State)
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		for _, g := range m.Draft.Grants {
			out = append(out, v.scopeOf(g.Theme, g.Procedures, g.Actions))
		}
	}
	return out
}

// together says once what is the same in every line: the title has the themes.
func together(lines []scopeLine) []scopeLine {
	for _, l := range lines {
		if l.What != lines[0].What || l.Ended != "" || l.Part {
			return lines
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return []scopeLine{{What: capital(lines[0].What)}}
}

// namedProcedures is how many procedures a line names before it counts.
const namedProcedures = 3

func (v *personView) scopeOf(theme string, procedures, actions []string) scopeLine {
	acts := make([]string, len(actions))
	for i, a := range actions {
		acts[i] = lowered(v.page.T("action." + a))
	}
	line := scopeLine{Theme: themeName(v.page, v.pack, theme), What: v.page.List(acts)}
	whole := v.pack.Resolve(theme, actions)
	if len(procedures) == 0 || len(procedures) >= len(whole) {
		return line
	}
	var names []string
	for _, code := range procedures {
		if len(names) < namedProcedures || len(procedures) == namedProcedures+1 {
			names = append(names, procedureName(v.page, v.pack, code))
		}
	}
	if left := len(procedures) - len(names); left > 0 {
		names = append(names, v.page.N("mediator.person.procedures_more", left))
	}
	line.Part = true
	line.What = v.page.T("mediator.person.scope_of", "Procedures", v.page.List(names), "Actions", line.What)
	return line
}

// lowered begins with a small letter, inside a sentence.
func lowered(s string) string {
	r := []rune(s)
	return strings.ToLower(string(r[:1])) + string(r[1:])
}

// identityRows say who somebody is, and how that is known.
func (v *personView) identityRows() []t.Row {
	p, b := v.page, v.Person
	rows := []t.Row{{Key: p.T("mediator.form.given_names"), Value: b.GivenNames}, {Key: p.T("mediator.form.family_name"), Value: b.FamilyName}}
	if b.UsageName != "" {
		rows = append(rows, t.Row{Key: p.T("mediator.form.usage_name"), Value: b.UsageName})
	}
	rows = append(rows, t.Row{Key: p.T("mediator.form.birth_date"), Value: calendarDay(p, b.BirthDate)})
	if b.BirthPlace != "" {
		rows = append(rows, t.Row{Key: p.T("mediator.form.birth_place"), Value: b.BirthPlace})
	}
	rows = append(rows, desk.CodeRows(p, v.pack.IdentityCodes, b.Codes)...)
	rows = append(rows, t.Row{Key: p.T("mediator.person.checked"), Value: v.documentName(),
		Lines: []string{p.T("mediator.person.checked_by", "Name", v.CheckedBy, "Date", p.LongDate(b.IdentityCheckedAt))}})
	if rule, ok := v.pack.Protection.For(b.Protection); ok {
		rows = append(rows, t.Row{Key: p.T("mediator.person.protection"), Value: rule.Name.In(string(p.Lang()))})
	}
	return rows
}

func (v *personView) documentName() string {
	for _, d := range v.pack.IdentityDocuments {
		if d.Code == v.Person.IdentityCheck {
			return d.Name.In(string(v.page.Lang()))
		}
	}
	return v.Person.IdentityCheck
}

// contactRows say how to reach somebody.
func (v *personView) contactRows() []t.Row {
	p, b := v.page, v.Person
	rows := []t.Row{{Key: p.T("mediator.person.channel"), Value: p.T("channel." + b.Channel)}}
	for _, kv := range [][2]string{{"mediator.form.phone", desk.PhoneWords(b.Phone)}, {"mediator.form.email", b.Email}} {
		if kv[1] != "" {
			rows = append(rows, t.Row{Key: p.T(kv[0]), Value: kv[1]})
		}
	}
	if b.Address != "" {
		rows = append(rows, t.Row{Key: p.T("mediator.form.address"), Lines: strings.Split(b.Address, "\n")})
	}
	return append(rows, t.Row{Key: p.T("mediator.person.language"), Value: languageName(p, b.Language)})
}

func (v *personView) openCaseHref() string { return "/cases/new?person=" + v.Person.ID.String() }

// contactNotice says who will be told of a change, and how.
func contactNotice(p t.Page, b beneficiaries.Beneficiary) string {
	channel, to := b.WhereTold()
	switch {
	case to == "":
		return p.T("mediator.contact.told_none")
	case channel == "sms":
		to = desk.PhoneWords(to)
	case channel == "letter":
		to = strings.ReplaceAll(to, "\n", ", ")
	}
	return p.T("mediator.contact.told."+channel, "To", to)
}
