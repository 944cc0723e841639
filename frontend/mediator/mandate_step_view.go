package mediator

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

// stepView is what the five pages of a new mandate share.
type stepView struct {
	Form     *form.Form
	Refused  *desk.Refusal
	Stale    bool
	Stop     *protectionView
	Step     int
	Banner   *t.PersonBanner
	Progress t.Progress
	Href     string // of the mandate
	Version  string
	Name     string
	// Shown: the text was already shown; changing it means reading it again.
	Shown    bool
	Receives []string
	SoFar    []t.Row
	Scope    []scopeLine
	Renewal  string
}

// whatView is the second page.
type whatView struct {
	stepView
	Themes []t.Option
}

// themeDetail is what can be said more exactly of one theme.
type themeDetail struct {
	Form                  *form.Form
	Theme, Name, Warning  string
	Procedures, Sensitive []t.Option
}

// protectionView says that no mandate can be given, and whom to turn to (MA-16).
type protectionView struct{ Title, Text string }

func (s *Surface) stepViewOf(c *gin.Context, d deal, f *form.Form, answer stepAnswer, step int) stepView {
	v := stepView{Form: f, Refused: answer.refused, Stale: answer.stale, Stop: answer.stop, Step: step, Banner: d.banner(),
		Progress: d.progress(step), Href: d.href(""), Version: strconv.Itoa(d.m.Version), Name: d.name(),
		Shown: d.m.State == mandates.Presented || d.m.State == mandates.Awaiting, Receives: d.receives(), SoFar: d.soFar(), Scope: d.scope()}
	if v.Stop == nil {
		v.Stop = d.minor()
	}
	if d.m.Renews != d.m.ID && !isZero(d.m.Renews) {
		v.Renewal = s.renewalWords(c, d)
	}
	return v
}

func (d deal) progress(step int) t.Progress {
	p := d.page
	return t.Progress{Step: step,
		Names: []string{p.T("mandate.step.who"), p.T("mandate.step.what"), p.T("mandate.step.how_long"), p.T("mandate.step.read"), p.T("mandate.step.sign")},
		Hrefs: []string{personHref(d.person), d.href(stepWhat), d.href(stepHowLong), d.href(stepRead)}}
}

// scope is the choice so far in plain words.
func (d deal) scope() []scopeLine {
	v := personView{page: d.page, pack: d.pack, now: d.actor.Now}
	return v.scope(d.m)
}

// receives says what the person will be handed.
func (d deal) receives() []string {
	p, b := d.page, d.person
	language := d.m.Draft.Language
	if language == "" {
		language = b.Language
	}
	admin := d.pack.Languages[0]
	out := []string{p.T("mandate.receives.paper_one", "Language", plainLanguage(p, language))}
	if language != admin {
		out[0] = p.T("mandate.receives.paper_two", "Language", plainLanguage(p, language), "Administration", plainLanguage(p, admin))
	}
	out = append(out, p.T("mandate.receives.card"))
	if to := d.contact(); to != "" {
		out = append(out, p.T("mandate.receives.message."+b.Channel, "To", to))
	}
	return append(out, p.T("mandate.receives.stop"))
}

// contact is where messages to the person go, "" when nowhere.
func (d deal) contact() string {
	b := d.person
	return map[string]string{"sms": desk.PhoneIn(d.pack.Country, b.Phone), "mail": b.Email, "letter": strings.ReplaceAll(b.Address, "\n", ", ")}[b.Channel]
}

// plainLanguage is a language inside a sentence.
func plainLanguage(p t.Page, code string) string { return strings.ToLower(languageIn(p, code)) }

// soFar is what is already chosen.
func (d deal) soFar() []t.Row {
	p, draft := d.page, d.m.Draft
	rows := []t.Row{{Key: p.T("mandate.sofar.organisation"), Value: d.org.Name}}
	if draft.DurationDays > 0 {
		rows = append(rows, t.Row{Key: p.T("mandate.sofar.until"), Value: d.until()})
	}
	if draft.Interpreter != "" {
		rows = append(rows, t.Row{Key: p.T("mandate.sofar.interpreter"), Value: draft.Interpreter})
	}
	return rows
}

// until is the last day: fixed once the text was shown, reckoned from today
// before.
func (d deal) until() string {
	if !d.m.EndsAt.IsZero() && d.m.State != mandates.Drafted {
		return lastDay(d.page, d.m.EndsAt)
	}
	return d.lastDayOf(d.m.Draft.DurationDays)
}

// minor says at once that somebody is too young to give a mandate.
func (d deal) minor() *protectionView {
	if d.person.BirthDate.IsZero() || beneficiaries.Age(d.person.BirthDate, d.actor.Now.In(d.page.Location())) >= adult {
		return nil
	}
	return d.protection(packs.StatusMinor)
}

const adult = 18

// protection is the pack's words about a situation.
func (d deal) protection(status string) *protectionView {
	v := &protectionView{Title: d.page.T("mandate.protection.title", "Name", d.name())}
	if rule, ok := d.pack.Protection.For(status); ok {
		v.Text = rule.Text.In(string(d.page.Lang()))
	}
	return v
}

// renewalWords say what changes against the mandate renewed (MA-10).
func (s *Surface) renewalWords(c *gin.Context, d deal) string {
	old, err := s.Mandates.Get(c.Request.Context(), d.actor, d.m.Renews)
	if err != nil {
		return d.page.T("mandate.renewal.plain")
	}
	var before, now []string
	for _, g := range old.Grants {
		before = append(before, g.Theme)
	}
	for _, g := range d.m.Draft.Grants {
		now = append(now, g.Theme)
	}
	out := []string{d.page.T("mandate.renewal.old", "Date", lastDay(d.page, old.EndsAt))}
	if added := d.missingFrom(now, before); added != "" {
		out = append(out, d.page.T("mandate.renewal.added", "Themes", added))
	}
	if gone := d.missingFrom(before, now); gone != "" {
		out = append(out, d.page.T("mandate.renewal.gone", "Themes", gone))
	}
	if d.m.Draft.DurationDays > 0 {
		out = append(out, d.page.T("mandate.renewal.until", "Date", d.until()))
	}
	return strings.Join(out, " ")
}

// missingFrom names the themes of one list that the other has not.
func (d deal) missingFrom(themes, other []string) string {
	var names []string
	for _, code := range themes {
		if name := themeName(d.page, d.pack, code); !slices.Contains(other, code) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return d.page.List(names)
}
