package admin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// idOf reads an id of the address; anything else is not there.
func idOf(c *gin.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil {
		return uuid.Nil, problem.NotFound()
	}
	return id, nil
}

// errNoOrganisation: these pages are about the organisation acted for, and the
// actor is no referent there.
var errNoOrganisation = problem.New(problem.KindForbidden, "no_organisation")

// here is the membership by which the actor, as a referent, acts for the
// organisation chosen. A change tried by anybody else is an event.
func (s *Surface) here(c *gin.Context, actor authz.Actor) (authz.Membership, error) {
	for _, m := range actor.Memberships {
		if m.Organisation == actor.Organisation && m.Role == authz.Referent {
			return m, nil
		}
	}
	if c.Request.Method != http.MethodPost || s.Commands == nil {
		return authz.Membership{}, errNoOrganisation
	}
	return authz.Membership{}, s.Commands.RefuseOutside(c.Request.Context(), actor, c.FullPath(), errNoOrganisation,
		translog.Event{Organisation: actor.Organisation})
}

// pack is the country pack of the organisation acted for.
func (s *Surface) pack(m authz.Membership) (*packs.Pack, error) { return s.Packs.Get(m.Pack) }

// settle answers a post: done when the command accepted, else the same page
// again with what was typed, what to mend, and the reasons of a refusal.
func settle(c *gin.Context, f *form.Form, err error, again func(refused []string) error, done func() error) error {
	ok, rest := f.Accept(err)
	switch lines := refusal(web.PageOf(c), rest); {
	case len(lines) > 0:
		return again(lines)
	case rest != nil:
		return rest
	case !ok:
		return again(nil)
	}
	return done()
}

// statusOf is that of a page shown again.
func statusOf(refused []string) int {
	if len(refused) > 0 {
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

// refusal is why a command was refused, in words; nothing for other errors. A
// few reasons have words of their own here, which also say what to do.
func refusal(p t.Page, err error) []string {
	if err == nil {
		return nil
	}
	e := problem.As(err)
	if e.Kind != problem.KindForbidden {
		return nil
	}
	var lines []string
	for _, r := range e.Reasons {
		switch {
		case p.Has("admin.refused." + r):
			lines = append(lines, p.T("admin.refused."+r))
		case p.Has("reason." + r):
			lines = append(lines, p.T("reason."+r))
		}
	}
	return lines
}

// day writes a calendar day, which is kept at midnight UTC whatever the zone.
func day(p t.Page, d time.Time) string {
	if d.IsZero() {
		return ""
	}
	return p.In(time.UTC).LongDate(d)
}

// moment writes an instant as a day, "" when there is none.
func moment(p t.Page, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return p.LongDate(at)
}

// rows leaves out what there is nothing to say about.
func rows(all ...t.Row) []t.Row {
	var out []t.Row
	for _, r := range all {
		if r.Value != "" || r.Body != nil || len(r.Lines) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// sections are the tabs of a referent's pages.
func sections(p t.Page, current string) []t.Tab {
	tabs := []t.Tab{
		{Text: p.T("admin.tab.people"), Href: "/organisation/people"},
		{Text: p.T("admin.tab.mandates"), Href: "/organisation/mandates"},
		{Text: p.T("admin.tab.letters"), Href: "/organisation/letters"},
		{Text: p.T("admin.tab.disputes"), Href: "/organisation/disputes"},
		{Text: p.T("admin.tab.settings"), Href: "/organisation/settings"},
		{Text: p.T("admin.tab.software"), Href: softwarePath},
	}
	return mark(tabs, current)
}

// operatorSections are the tabs of an operator's pages.
func operatorSections(p t.Page, current string) []t.Tab {
	return mark([]t.Tab{
		{Text: p.T("admin.tab.organisations"), Href: "/operator/organisations"},
		{Text: p.T("admin.tab.services"), Href: servicesPath},
		{Text: p.T("admin.tab.supervisors"), Href: "/operator/supervisors"},
	}, current)
}

func mark(tabs []t.Tab, current string) []t.Tab {
	for i := range tabs {
		tabs[i].Current = tabs[i].Href == current
	}
	return tabs
}
