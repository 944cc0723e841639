package mediator

import (
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// Fields of the page: the themes chosen, and for each theme its procedures and
// its sensitive actions.
const (
	themesField     = "grants"
	procedureFields = "grants."
	sensitiveFields = "sensitive."
)

// what asks what the mandate is for.
func (s *Surface) what(c *gin.Context, actor authz.Actor) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.next() == "" {
		return web.SeeOther(c, d.href(""))
	}
	f := form.New(d.page.Printer)
	for _, g := range d.m.Draft.Grants {
		f.Set(themesField, append(f.Values(themesField), g.Theme)...)
		f.Set(procedureFields+g.Theme, g.Procedures...)
		f.Set(sensitiveFields+g.Theme, slices.DeleteFunc(slices.Clone(g.Actions), func(a string) bool { return !packs.Sensitive(a) })...)
	}
	return s.showWhat(c, d, f, stepAnswer{})
}

// chooseWhat keeps the choice. Changing a text already shown voids it (MA-08).
func (s *Surface) chooseWhat(c *gin.Context, actor authz.Actor) error {
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
	draft := d.m.Draft
	draft.Grants = d.grantsOf(f)
	if len(draft.Grants) == 0 {
		f.Fail(themesField, "choose_scope")
		return s.showWhat(c, d, f, stepAnswer{})
	}
	_, err = s.Mandates.ChangeDraft(c.Request.Context(), actor, d.m.ID, versionOf(f), draft)
	answer, err := s.answerOf(c, &d, f, err)
	switch {
	case err != nil:
		return err
	case answer.ok:
		return web.SeeOther(c, d.href(stepHowLong))
	}
	return s.showWhat(c, d, f, answer)
}

// grantsOf reads the choice, in the pack's order. A procedure ticked is its
// theme chosen; a theme includes the default actions, never a sensitive one
// that was not ticked by itself (MA-04).
func (d deal) grantsOf(f *form.Form) []mandates.GrantChoice {
	var out []mandates.GrantChoice
	for _, code := range d.themeCodes(f) {
		procedures := f.Values(procedureFields + code)
		if !f.Holds(themesField, code) && len(procedures) == 0 {
			continue
		}
		actions := packs.DefaultActions()
		for _, a := range f.Values(sensitiveFields + code) {
			if packs.Sensitive(a) {
				actions = append(actions, a)
			}
		}
		out = append(out, mandates.GrantChoice{Theme: code, Procedures: procedures, Actions: actions})
	}
	return out
}

// themeCodes are the pack's themes, then whatever else was sent: the command
// refuses it by name (MA-03).
func (d deal) themeCodes(f *form.Form) []string {
	var out []string
	for _, theme := range d.pack.Themes {
		out = append(out, theme.Code)
	}
	for _, sent := range f.Values(themesField) {
		if !slices.Contains(out, sent) {
			out = append(out, sent)
		}
	}
	return out
}

// stepAnswer is what a command answered to one of the five pages.
type stepAnswer struct {
	ok      bool
	stale   bool // the page was older than the mandate
	refused *desk.Refusal
	stop    *protectionView // the pack's rule refuses this person (MA-16)
}

// answerOf sorts a command's answer. Whatever is wrong is shown on the page
// with everything typed; a page that was too old gets the mandate as it is now,
// so that sending it again is a choice (MA-06).
func (s *Surface) answerOf(c *gin.Context, d *deal, f *form.Form, err error) (stepAnswer, error) {
	if err == nil && f.Valid() {
		return stepAnswer{ok: true}, nil
	}
	ctx := c.Request.Context()
	switch {
	case problem.Is(err, "stale"):
		m, rerr := s.Mandates.Get(ctx, d.actor, d.m.ID)
		d.m = m
		return stepAnswer{stale: true}, rerr
	case problem.Is(err, "protection_refused"):
		status, _ := problem.As(err).Args["status"].(string)
		return stepAnswer{stop: d.protection(status)}, nil
	}
	refused, rest := s.keep(ctx, d.page, d.actor, f, err)
	return stepAnswer{refused: refused}, rest
}

// versionOf is the mandate's version the page was made from; 0 fits none.
func versionOf(f *form.Form) int {
	n, err := atoi(f.Value("version"))
	if err != nil {
		return 0
	}
	return n
}

func (s *Surface) showWhat(c *gin.Context, d deal, f *form.Form, answer stepAnswer) error {
	v := whatView{stepView: s.stepViewOf(c, d, f, answer, 2)}
	for _, theme := range d.pack.Themes {
		if len(d.org.AllowedThemes) > 0 && !slices.Contains(d.org.AllowedThemes, theme.Code) {
			continue
		}
		v.Themes = append(v.Themes, d.themeOption(f, theme))
	}
	return web.Render(c, status(f, answer.refused, answer.stale), whatPage(d.page, v))
}

// themeOption is one theme to tick, with what can be said more exactly.
func (d deal) themeOption(f *form.Form, theme packs.Theme) t.Option {
	lang := string(d.page.Lang())
	detail := themeDetail{Form: f, Theme: theme.Code, Name: theme.Name.In(lang), Warning: theme.Warning.In(lang)}
	for _, p := range d.pack.ProceduresOf(theme.Code) {
		o := t.Option{Value: p.Code, Label: p.Name.In(lang), Hint: p.Plain.In(lang)}
		if warning := p.Warning.In(lang); warning != "" {
			o.Hint += " ⚠ " + warning
		}
		detail.Procedures = append(detail.Procedures, o)
		for _, a := range packs.Actions() {
			if packs.Sensitive(a) && p.Allows(a) && !slices.ContainsFunc(detail.Sensitive, func(o t.Option) bool { return o.Value == a }) {
				detail.Sensitive = append(detail.Sensitive, t.Option{Value: a, Label: d.page.T("action." + a), Icon: t.IconAlert,
					Hint: d.page.T("mandate.what.sensitive." + a)})
			}
		}
	}
	return t.Option{Value: theme.Code, Label: detail.Name, Hint: theme.Plain.In(lang), Icon: desk.ThemeIcon(theme), Body: themeMore(d.page, detail)}
}
