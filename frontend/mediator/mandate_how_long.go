package mediator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

const maxNameTyped = 200

// howLongView is the third page.
type howLongView struct {
	stepView
	Durations, Languages, Protections, Conflicts []t.Option
}

// howLong asks until when, and the two questions every person is asked.
func (s *Surface) howLong(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	switch {
	case err != nil:
		return err
	case d.next() == "":
		return web.SeeOther(c, d.href(""))
	case len(d.m.Draft.Grants) == 0:
		return web.SeeOther(c, d.href(stepWhat))
	}
	f, draft := form.New(d.page.Printer), d.m.Draft
	if draft.DurationDays > 0 {
		f.Set("duration", strconv.Itoa(draft.DurationDays))
	}
	if draft.Language == "" {
		draft.Language = d.person.Language
	}
	if draft.ProtectionAnswer == "" && d.person.Protection != noProtection {
		draft.ProtectionAnswer = d.person.Protection
	}
	f.Set("language", draft.Language).Set("interpreter", draft.Interpreter).Set("protection", draft.ProtectionAnswer).
		Set("conflict", draft.ConflictAnswer).Set(representativeField(draft.ProtectionAnswer), draft.Representative)
	return s.showHowLong(c, d, f, stepAnswer{})
}

// chooseHowLong keeps the answers and freezes the text, so that a person whom
// the pack's rule protects is told on this page, before anything is read. The
// answers stay kept when freezing is refused.
func (s *Surface) chooseHowLong(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.next() == "" {
		return d.moved(c)
	}
	f, err := form.Parse(c.Writer, c.Request, d.page.Printer)
	if err != nil {
		return err
	}
	draft := d.answersIn(f)
	if !f.Valid() {
		return s.showHowLong(c, d, f, stepAnswer{})
	}
	m, err := s.Mandates.ChangeDraft(c.Request.Context(), actor, d.m.ID, versionOf(f), draft)
	if err == nil {
		d.m = m
		_, err = s.Mandates.Present(c.Request.Context(), actor, m.ID, m.Version)
	}
	answer, err := s.answerOf(c, &d, f, named(err, "representative", d.representativeAt(draft)))
	switch {
	case err != nil:
		return err
	case answer.ok:
		return web.SeeOther(c, d.href(stepRead))
	}
	return s.showHowLong(c, d, f, answer)
}

// answersIn reads the page's answers into the draft.
func (d deal) answersIn(f *form.Form) mandates.Draft {
	draft := d.m.Draft
	var days []string
	for _, x := range d.pack.Durations {
		days = append(days, strconv.Itoa(x.Days))
	}
	draft.DurationDays, _ = atoi(f.OneOf("duration", "choose_duration", days...))
	draft.Language = f.OneOf("language", "choose_language", d.languages()...)
	draft.Interpreter = f.AtMost("interpreter", maxNameTyped)
	draft.ProtectionAnswer = f.Required("protection", "answer_protection")
	draft.ConflictAnswer = f.OneOf("conflict", "answer_conflict", mandates.Conflicts()...)
	draft.Representative = f.AtMost(representativeField(draft.ProtectionAnswer), maxNameTyped)
	return draft
}

// languages are those the text can be read in: a translation of the consent
// text, the person's own first.
func (d deal) languages() []string {
	out := d.pack.ConsentLanguages()
	slices.SortStableFunc(out, func(a, b string) int { return index(b == d.person.Language) - index(a == d.person.Language) })
	return out
}

func index(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// representativeField is the box for who signs too: one under each situation
// that asks for it.
func representativeField(status string) string { return "representative." + status }

// representativeAt is the box a missing representative is missing from. The
// file may know of a protection that the answer left out.
func (d deal) representativeAt(draft mandates.Draft) string {
	if draft.ProtectionAnswer == noProtection && d.person.Protection != noProtection {
		return "protection"
	}
	return representativeField(draft.ProtectionAnswer)
}

// named renames a field at fault to the page's own name for it; a fault of
// another page is said without a link to it.
func named(err error, from, to string) error {
	p := problem.As(err)
	if p == nil || p.Kind != problem.KindInvalid {
		return err
	}
	renamed := *p
	renamed.Fields = slices.Clone(p.Fields)
	for i := range renamed.Fields {
		switch name := renamed.Fields[i].Name; {
		case name == from:
			renamed.Fields[i].Name = to
		case strings.HasPrefix(name, themesField):
			renamed.Fields[i].Name = ""
		}
	}
	return &renamed
}

func (s *Surface) showHowLong(c *gin.Context, d deal, f *form.Form, answer stepAnswer) error {
	if f.Value("language") == "" || !slices.Contains(d.languages(), f.Value("language")) {
		f.Set("language", d.languages()[0])
	}
	v := howLongView{stepView: s.stepViewOf(c, d, f, answer, 3)}
	lang := string(d.page.Lang())
	durations := slices.Clone(d.pack.Durations)
	slices.SortFunc(durations, func(a, b packs.Duration) int { return a.Days - b.Days })
	for _, x := range durations {
		v.Durations = append(v.Durations, t.Option{Value: strconv.Itoa(x.Days), Label: x.Name.In(lang),
			Hint: d.page.T("mandate.how_long.until", "Date", d.lastDayOf(x.Days))})
	}
	for _, l := range d.languages() {
		v.Languages = append(v.Languages, t.Option{Value: l, Label: languageName(d.page, l)})
	}
	v.Protections = d.protections(f)
	for _, x := range mandates.Conflicts() {
		v.Conflicts = append(v.Conflicts, t.Option{Value: x, Label: d.page.T("conflict." + x)})
	}
	code := status(f, answer.refused, answer.stale)
	if answer.stop != nil {
		code = http.StatusForbidden
	}
	return web.Render(c, code, howLongPage(d.page, v))
}

// protections are the situations a person may be in, with what follows.
func (d deal) protections(f *form.Form) []t.Option {
	lang := string(d.page.Lang())
	out := []t.Option{{Value: noProtection, Label: d.page.T("mandate.protection.none")}}
	for _, r := range d.pack.Protection {
		if r.Status == packs.StatusMinor {
			continue // the date of birth says it
		}
		o := t.Option{Value: r.Status, Label: r.Name.In(lang)}
		o.Body = protectionMore(d.page, f, protectionRule{Text: r.Text.In(lang), Field: representativeField(r.Status), Signs: r.Rule == packs.RuleRepresentativeSigns})
		out = append(out, o)
	}
	return out
}

// protectionRule is what follows from one situation.
type protectionRule struct {
	Text, Field string
	Signs       bool // somebody signs too
}
