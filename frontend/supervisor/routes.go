package supervisor

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
)

// Dependencies of the surface.
type Dependencies struct {
	Review        *review.Service
	Organisations *organisations.Service
	Mandates      *mandates.Service
	Packs         *packs.Set
	// Sessions keep the purposes said.
	Sessions *authz.Sessions
}

// Surface answers supervisors.
type Surface struct{ Dependencies }

// New makes the surface.
func New(d Dependencies) *Surface { return &Surface{d} }

// The addresses that pages link to.
const (
	homePath   = "/supervision"
	searchPath = "/supervision/search"
	exportPath = "/supervision/export"
	whyPath    = "/supervision/why"
	duePath    = "/supervision/disagreements"
)

// Routes are all there are.
func (s *Surface) Routes() []desk.Route {
	search := authz.Perm(authz.KindLog, authz.LogSearch)
	read := authz.Perm(authz.KindLog, authz.LogRead)
	return []desk.Route{
		desk.Get(homePath, search, s.start),
		desk.Post(homePath, search, s.changeSearch),
		desk.Get(searchPath, search, s.results),
		desk.Post(searchPath, search, s.search),
		desk.Get(exportPath, authz.Perm(authz.KindLog, authz.LogExport), s.startAgain),
		desk.Post(exportPath, authz.Perm(authz.KindLog, authz.LogExport), s.export),
		desk.Post(whyPath, read, s.sayWhy),
		desk.Get(duePath, authz.Perm(authz.KindDispute, authz.DisputeRead), s.disputes),
		desk.Get("/supervision/entries/:id", read, s.entry),
		desk.Get("/supervision/people/:id", read, s.person),
		desk.Get("/supervision/mediators/:id", read, s.mediator),
		desk.Get("/supervision/mandates/:id", read, s.mandate),
		desk.Get("/supervision/mandates/:id/suspend", authz.Perm(authz.KindMandate, authz.MandateSuspend), s.askAct(suspendMandate)),
		desk.Post("/supervision/mandates/:id/suspend", authz.Perm(authz.KindMandate, authz.MandateSuspend), s.doAct(suspendMandate)),
		desk.Get("/supervision/mandates/:id/resume", authz.Perm(authz.KindMandate, authz.MandateResume), s.askAct(resumeMandate)),
		desk.Post("/supervision/mandates/:id/resume", authz.Perm(authz.KindMandate, authz.MandateResume), s.doAct(resumeMandate)),
		desk.Get("/supervision/mandates/:id/revoke", authz.Perm(authz.KindMandate, authz.MandateRevoke), s.askAct(revokeMandate)),
		desk.Post("/supervision/mandates/:id/revoke", authz.Perm(authz.KindMandate, authz.MandateRevoke), s.doAct(revokeMandate)),
		desk.Get("/supervision/memberships/:id/suspend", authz.Perm(authz.KindMembership, authz.MembershipSuspend), s.askAct(suspendMember)),
		desk.Post("/supervision/memberships/:id/suspend", authz.Perm(authz.KindMembership, authz.MembershipSuspend), s.doAct(suspendMember)),
		desk.Get("/supervision/memberships/:id/resume", authz.Perm(authz.KindMembership, authz.MembershipResume), s.askAct(resumeMember)),
		desk.Post("/supervision/memberships/:id/resume", authz.Perm(authz.KindMembership, authz.MembershipResume), s.doAct(resumeMember)),
	}
}

// frame is what every page here needs: the page, in the zone of the remit, and
// the remit.
type frame struct {
	t.Page
	remit []review.Organisation
	packs *packs.Set
}

func (s *Surface) frame(c *gin.Context, actor authz.Actor) (frame, error) {
	remit, err := s.Review.Organisations(c.Request.Context(), actor)
	if err != nil {
		return frame{}, err
	}
	if actor.Organisation == noOne && len(remit) > 0 {
		if zone, err := time.LoadLocation(remit[0].TimeZone); err == nil {
			web.SetLocation(c, zone)
		}
	}
	return frame{Page: web.PageOf(c), remit: remit, packs: s.Packs}, nil
}

// command is a change that a supervisor makes.
type command func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error
