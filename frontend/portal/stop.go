package portal

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// stopView is the page of one mandate, or one line of it, to stop or stopped.
type stopView struct {
	Mandate      mandateView
	Line         *lineView // nil: the whole mandate
	Consequences []string
	Action       string
	// Done says that it is stopped; When, in words; Rest what still goes on.
	Done bool
	When string
	Rest []string
	// Busy: somebody changed the mandate at the same moment; press again.
	Busy bool
}

// stopForm shows what stopping does, or that it is done.
func (s *Surface) stopForm(c *gin.Context, actor authz.Actor) error {
	v, err := s.stopView(c, actor)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, stopPage(web.PageOf(c), v))
}

// stop stops it. Pressing twice shows the same confirmation (PO-01).
func (s *Surface) stop(c *gin.Context, actor authz.Actor) error {
	mandate, grant, err := stopIDs(c)
	if err != nil {
		return err
	}
	err = s.Mandates.Revoke(c.Request.Context(), actor, mandates.Revocation{Mandate: mandate, Grant: grant})
	switch {
	case err == nil, problem.Is(err, "mandate_already_ended"), problem.Is(err, "grant_already_ended"):
		return web.SeeOther(c, c.Request.URL.Path)
	case problem.Is(err, "stale"):
		v, err := s.stopView(c, actor)
		if err != nil {
			return err
		}
		v.Busy = !v.Done
		return web.Render(c, http.StatusConflict, stopPage(web.PageOf(c), v))
	}
	return err
}

// stopIDs reads whose page it is; what is no id is not there.
func stopIDs(c *gin.Context) (mandate, grant uuid.UUID, err error) {
	if mandate, err = uuid.Parse(c.Param("mandate")); err != nil {
		return mandate, grant, problem.NotFound()
	}
	if c.Param("grant") == "" {
		return mandate, uuid.Nil, nil
	}
	if grant, err = uuid.Parse(c.Param("grant")); err != nil || grant == uuid.Nil {
		return mandate, grant, problem.NotFound()
	}
	return mandate, grant, nil
}

func (s *Surface) stopView(c *gin.Context, actor authz.Actor) (stopView, error) {
	ctx, page := c.Request.Context(), web.PageOf(c)
	mandate, grant, err := stopIDs(c)
	if err != nil {
		return stopView{}, err
	}
	x, err := s.Mandates.Get(ctx, actor, mandate)
	if err != nil {
		return stopView{}, err
	}
	if x.SignedAt.IsZero() {
		return stopView{}, problem.NotFound()
	}
	v := stopView{Action: c.Request.URL.Path}
	m := s.maker(page, actor.Now)
	if v.Mandate, err = m.mandate(ctx, x); err != nil {
		return v, err
	}
	if grant == uuid.Nil {
		v.Done, v.When = !v.Mandate.Live, v.Mandate.Over
		v.Consequences = wholeConsequences(page, v.Mandate)
		return v, nil
	}
	return v, m.stopLine(ctx, &v, x, grant)
}

// stopLine fills in the page of one line.
func (m *maker) stopLine(ctx context.Context, v *stopView, x mandates.Mandate, grant uuid.UUID) error {
	org, err := m.organisation(ctx, x.Organisation)
	if err != nil {
		return err
	}
	p := m.words(org)
	live := liveLines(x)
	for i, g := range x.Grants {
		if g.ID == grant {
			v.Line = &v.Mandate.Lines[i]
			v.Done = !v.Mandate.Live || g.State != "active"
			if v.When = v.Mandate.Over; v.Line.Stopped != "" {
				v.When = v.Line.Stopped
			}
		} else if g.State == "active" && v.Mandate.Live {
			v.Rest = append(v.Rest, v.Mandate.Lines[i].Theme)
		}
	}
	if v.Line == nil {
		return problem.NotFound()
	}
	v.Consequences = []string{p.T("portal.stop.line_now", "Organisation", v.Mandate.Organisation, "Theme", v.Line.Theme)}
	if live == 1 {
		v.Consequences = append(v.Consequences, p.T("portal.stop.line_last"))
	} else {
		v.Consequences = append(v.Consequences, p.T("portal.stop.line_rest", "Rest", p.List(v.Rest)))
	}
	v.Consequences = append(v.Consequences, p.T("portal.stop.rights"), p.T("portal.stop.sent_stays"),
		p.T("portal.stop.unfinished", "Organisation", v.Mandate.Organisation))
	return nil
}

func wholeConsequences(p t.Page, m mandateView) []string {
	return []string{
		p.T("portal.stop.now", "Organisation", m.Organisation),
		p.T("portal.stop.rights"),
		p.T("portal.stop.sent_stays"),
		p.T("portal.stop.unfinished", "Organisation", m.Organisation),
		p.T("portal.stop.later"),
	}
}

// title asks the question.
func (v stopView) title(p t.Page) string {
	if v.Line != nil {
		return p.T("portal.stop.title_line", "Theme", v.Line.Theme)
	}
	return p.T("portal.stop.title", "Organisation", v.Mandate.Organisation)
}

func (v stopView) button(p t.Page) string {
	if v.Line != nil {
		return p.T("portal.stop.do_line")
	}
	return p.T("portal.stop.do")
}

// stopped says what no longer holds.
func (v stopView) stopped(p t.Page) string {
	if v.Line != nil {
		return p.T("portal.stopped.line", "Organisation", v.Mandate.Organisation, "Theme", v.Line.Theme)
	}
	return p.T("portal.stopped.whole", "Organisation", v.Mandate.Organisation)
}
