package mediator

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
)

// calendarDay writes a day that belongs to no time zone (a birth, a due date),
// as "12 March 1957".
func calendarDay(p t.Page, day time.Time) string { return p.In(time.UTC).LongDate(day) }

// lastDay writes the last day on which something holds, given its exclusive
// end: "Wednesday 3 March 2027".
func lastDay(p t.Page, end time.Time) string { return p.Date(end.Add(-time.Second)) }

// today is the day it is where the page is read, as midnight UTC, to compare
// with calendar days.
func today(p t.Page, now time.Time) time.Time {
	y, m, d := now.In(p.Location()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// bannerOf is the person's name on top of a page about them; href is empty on
// their own page.
func bannerOf(p t.Page, b beneficiaries.Beneficiary, href string) *t.PersonBanner {
	facts := []string{p.T("mediator.person.born", "Date", calendarDay(p, b.BirthDate))}
	if b.BirthPlace != "" {
		facts = []string{p.T("mediator.person.born_in", "Date", calendarDay(p, b.BirthDate), "Place", b.BirthPlace)}
	}
	if b.BirthName() != "" {
		facts = append(facts, p.T("mediator.person.birth_name", "Name", b.BirthName()))
	}
	return &t.PersonBanner{Label: p.T("mediator.person.label"), Name: b.Name(), Facts: facts, Href: href}
}

// personHref is the page of a person.
func personHref(b beneficiaries.Beneficiary) string { return "/people/" + b.ID.String() }

// languageName names a language by itself, then in the reader's: "العربية (Arabic)".
func languageName(p t.Page, code string) string {
	tag := language.Make(code)
	own := display.Self.Name(tag)
	ours := display.Languages(language.Make(string(p.Lang()))).Name(tag)
	switch {
	case own == "":
		return code
	case ours == "" || strings.EqualFold(own, ours):
		return capital(own)
	}
	return capital(own) + " (" + ours + ")"
}

// capital begins a line in a list with a capital letter, as people expect.
func capital(s string) string {
	r := []rune(s)
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// languagesOf are those a person of this country can be written to in, and
// those a mandate can be read in.
func languagesOf(pack *packs.Pack) []string {
	out := slices.Clone(pack.Languages)
	for _, l := range pack.ConsentLanguages() {
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// themeName names a theme, even one that a newer catalogue has dropped.
func themeName(p t.Page, pack *packs.Pack, code string) string {
	if theme, ok := pack.Theme(code); ok {
		return theme.Name.In(string(p.Lang()))
	}
	return code
}

// themeTag shows a theme as a tag.
func themeTag(p t.Page, pack *packs.Pack, code string) t.Tag {
	theme, _ := pack.Theme(code)
	return t.Tag{Text: themeName(p, pack, code), Tone: t.Info, Icon: desk.ThemeIcon(theme)}
}

// procedureName names a procedure, even one that is gone from the catalogue.
func procedureName(p t.Page, pack *packs.Pack, code string) string {
	if procedure, ok := pack.Procedure(code); ok {
		return procedure.Name.In(string(p.Lang()))
	}
	return code
}
