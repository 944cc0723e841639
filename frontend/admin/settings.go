package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
)

// settings shows the themes that mandates may have here.
func (s *Surface) settings(c *gin.Context, actor authz.Actor) error {
	v, allowed, err := s.settingsHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, settingsPage(page, form.New(page.Printer).Set("allowed_themes", allowed...), v))
}

// settingsHere reads the choice there is, and the one made.
func (s *Surface) settingsHere(c *gin.Context, actor authz.Actor) (settingsView, []string, error) {
	here, err := s.here(c, actor)
	if err != nil {
		return settingsView{}, nil, err
	}
	org, err := s.Organisations.Organisation(c.Request.Context(), actor, here.Organisation)
	if err != nil {
		return settingsView{}, nil, err
	}
	pack, err := s.pack(here)
	if err != nil {
		return settingsView{}, nil, err
	}
	page := web.PageOf(c)
	v := settingsView{Organisation: org.Name, Suspended: !here.OrganisationAlive, Tabs: sections(page, "/organisation/settings"), Themes: themeOptions(page, pack)}
	return v, ticked(pack, org.AllowedThemes), nil
}

// changeSettings keeps the choice. Nothing ticked would mean everything to the
// command, so it is asked again.
func (s *Surface) changeSettings(c *gin.Context, actor authz.Actor) error {
	v, _, err := s.settingsHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	chosen := f.Values("allowed_themes")
	if len(chosen) == 0 {
		f.Fail("allowed_themes", "themes_missing")
	}
	if f.Valid() {
		err = s.Organisations.Restrict(c.Request.Context(), actor, actor.Organisation, chosen)
	}
	return settle(c, f, err, func(refused []string) error {
		v.Refused = refused
		return web.Render(c, statusOf(refused), settingsPage(page, f, v))
	}, func() error {
		web.Flash(c, "flash.admin_settings")
		return web.SeeOther(c, "/organisation/settings")
	})
}

// settingsView is the choice of themes.
type settingsView struct {
	Organisation string
	Suspended    bool
	Refused      []string
	Tabs         []t.Tab
	Themes       []t.Option
}

func themeOptions(p t.Page, pack *packs.Pack) []t.Option {
	var out []t.Option
	for _, theme := range pack.Themes {
		out = append(out, t.Option{Value: theme.Code, Label: theme.Name.In(string(p.Lang())), Hint: theme.Plain.In(string(p.Lang()))})
	}
	return out
}

// ticked are the themes allowed: none named means all of the pack.
func ticked(pack *packs.Pack, allowed []string) []string {
	if len(allowed) > 0 {
		return allowed
	}
	var all []string
	for _, theme := range pack.Themes {
		all = append(all, theme.Code)
	}
	return all
}
