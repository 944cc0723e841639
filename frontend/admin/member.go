package admin

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// memberHere loads the member of the address, in the organisation acted for.
func (s *Surface) memberHere(c *gin.Context, actor authz.Actor) (organisations.Member, error) {
	here, err := s.here(c, actor)
	if err != nil {
		return organisations.Member{}, err
	}
	id, err := idOf(c)
	if err != nil {
		return organisations.Member{}, err
	}
	m, err := s.Organisations.Member(c.Request.Context(), actor, id)
	if err == nil && m.Organisation != here.Organisation {
		err = problem.NotFound() // of another organisation of the actor's: switch first
	}
	return m, err
}

// member is one person's page: where they stand, and what can be done.
func (s *Surface) member(c *gin.Context, actor authz.Actor) error {
	m, err := s.memberHere(c, actor)
	if err != nil {
		return err
	}
	next, err := s.nextFor(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, memberPage(page, newMember(page, m, next, s.Store.Now())))
}

func (s *Surface) trainingPage(c *gin.Context, actor authz.Actor) error {
	m, err := s.memberHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, trainingFormPage(page, form.New(page.Printer), newTraining(page, m, nil, s.Store.Now())))
}

// recordTraining puts a training on record.
func (s *Surface) recordTraining(c *gin.Context, actor authz.Actor) error {
	m, err := s.memberHere(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	in := organisations.Training{Membership: m.ID, Course: f.Required("course", "course_missing")}
	in.CompletedOn, _ = f.Date("completed_on")
	in.ExpiresOn, _ = f.OptionalDate("expires_on")
	in.Evidence = f.Required("evidence", "evidence_missing")
	if f.Valid() {
		err = s.Organisations.RecordTraining(c.Request.Context(), actor, in)
	}
	return settle(c, f, err, func(refused []string) error {
		return web.Render(c, statusOf(refused), trainingFormPage(page, f, newTraining(page, m, refused, s.Store.Now())))
	}, func() error {
		web.Flash(c, "flash.admin_trained")
		return web.SeeOther(c, memberPath(m))
	})
}

// memberAct is one act on a membership, with a page of its own before it.
type memberAct struct {
	code   string // its texts are admin.act.<code>.…
	reason bool   // staff must say why
	run    func(o *organisations.Service, ctx context.Context, actor authz.Actor, id uuid.UUID, reason string) error
}

// The acts.
var (
	confirming = memberAct{"confirm", false, func(o *organisations.Service, ctx context.Context, a authz.Actor, id uuid.UUID, _ string) error {
		return o.Confirm(ctx, a, id)
	}}
	suspending = memberAct{"suspend", true, (*organisations.Service).Suspend}
	resuming   = memberAct{"resume", false, func(o *organisations.Service, ctx context.Context, a authz.Actor, id uuid.UUID, _ string) error {
		return o.Resume(ctx, a, id)
	}}
	ending = memberAct{"end", false, func(o *organisations.Service, ctx context.Context, a authz.Actor, id uuid.UUID, _ string) error {
		return o.End(ctx, a, id)
	}}
)

// actPage says what the act will do.
func (s *Surface) actPage(act memberAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		m, err := s.memberHere(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		return web.Render(c, http.StatusOK, memberActPage(page, form.New(page.Printer), newMemberAct(page, act, m, actor, nil)))
	}
}

// act does it.
func (s *Surface) act(act memberAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		m, err := s.memberHere(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		f, err := form.Parse(c.Writer, c.Request, page.Printer)
		if err != nil {
			return err
		}
		err = act.run(s.Organisations, c.Request.Context(), actor, m.ID, f.Value("reason"))
		return settle(c, f, err, func(refused []string) error {
			return web.Render(c, statusOf(refused), memberActPage(page, f, newMemberAct(page, act, m, actor, refused)))
		}, func() error {
			web.Flash(c, "flash.admin_"+act.code)
			return web.SeeOther(c, afterAct(act, m, actor))
		})
	}
}

// afterAct is where to go on; whoever left the organisation has no page here
// any more.
func afterAct(act memberAct, m organisations.Member, actor authz.Actor) string {
	if act.code == ending.code && m.Account == actor.Account {
		return "/"
	}
	return memberPath(m)
}
