package supervisor

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/review"
)

// askView asks why, before a page that was opened without saying so.
type askView struct {
	frame
	Form *form.Form
	Path string
}

// looking is a page about to be opened: which, and why. Its purpose is words;
// the way is how addresses name them.
type looking struct {
	frame
	way
	id      uuid.UUID
	purpose string
	trail   desk.Trail // of a timeline
}

// look reads what to open. Without a purpose said in this session it asks for
// one, and answers done.
func (s *Surface) look(c *gin.Context, actor authz.Actor) (l looking, done bool, err error) {
	if l.frame, err = s.frame(c, actor); err != nil {
		return l, false, err
	}
	if l.id, err = uuid.Parse(c.Param("id")); err != nil || l.id == noOne {
		return l, false, problem.NotFound()
	}
	l.way, l.trail = way{why: c.Query(whyField), in: c.Query(inField)}, desk.TrailOf(c.Request.URL.Query())
	if l.purpose = said(c, l.why); l.purpose != "" {
		return l, false, nil
	}
	return l, true, web.Render(c, http.StatusOK, askPage(askView{frame: l.frame, Form: form.New(l.Printer), Path: c.Request.URL.Path}))
}

// pager goes around what is shown.
func (l looking) pager(path string, n int, next string) t.Pager {
	return counted(l.trail.Pager(path, l.onto(url.Values{}), next), l.extent(ofEntries, l.trail, n, next != ""))
}

// timelineView is the page of one subject.
type timelineView struct {
	looking
	Line    review.Timeline
	Days    []day
	Pager   t.Pager
	Actions []t.ButtonLink
	// Narrower are the fields of a search among these lines; none of a mandate.
	Narrower [][2]string
	Now      authz.Actor
}

func (s *Surface) timeline(c *gin.Context, actor authz.Actor, subject func(uuid.UUID) review.Subject) (v timelineView, done bool, err error) {
	l, done, err := s.look(c, actor)
	if err != nil || done {
		return v, done, err
	}
	line, err := s.Review.Timeline(c.Request.Context(), actor, review.Look{Subject: subject(l.id), Purpose: l.purpose, Cursor: l.trail.After})
	v = timelineView{looking: l, Line: line, Days: l.days(line.Entries, l.way, line.Mediator != nil), Now: actor,
		Pager: l.pager(c.Request.URL.Path, len(line.Entries), line.Next)}
	v.Narrower = v.narrower()
	return v, false, err
}

// person shows what happened about somebody.
func (s *Surface) person(c *gin.Context, actor authz.Actor) error {
	v, done, err := s.timeline(c, actor, func(id uuid.UUID) review.Subject { return review.Subject{Beneficiary: id} })
	if err != nil || done {
		return err
	}
	return web.Render(c, http.StatusOK, personPage(v))
}

// mediator shows what somebody of staff did, and their places.
func (s *Surface) mediator(c *gin.Context, actor authz.Actor) error {
	v, done, err := s.timeline(c, actor, func(id uuid.UUID) review.Subject { return review.Subject{Mediator: id} })
	if err != nil || done {
		return err
	}
	return web.Render(c, http.StatusOK, mediatorPage(v))
}

// mandate shows what was done under one, and what can be done to it.
func (s *Surface) mandate(c *gin.Context, actor authz.Actor) error {
	v, done, err := s.timeline(c, actor, func(id uuid.UUID) review.Subject { return review.Subject{Mandate: id} })
	if err != nil || done {
		return err
	}
	v.Actions = v.mandateActions()
	return web.Render(c, http.StatusOK, mandatePage(v))
}

// entryView is one event, explained.
type entryView struct {
	looking
	Entry review.Explained
}

// entry shows one event with its proof.
func (s *Surface) entry(c *gin.Context, actor authz.Actor) error {
	l, done, err := s.look(c, actor)
	if err != nil || done {
		return err
	}
	x, err := s.Review.Entry(c.Request.Context(), actor, l.id, l.purpose)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, entryPage(entryView{looking: l, Entry: x}))
}

// asked is an act about to be done.
type asked struct {
	id     uuid.UUID
	reason string
}

// act is something a supervisor may do, on a page of its own.
type act struct {
	name    string // its texts are supervisor.act.<name>.*
	subject func(uuid.UUID) review.Subject
	reason  bool // must be said
	do      command
}

func ofMandate(id uuid.UUID) review.Subject    { return review.Subject{Mandate: id} }
func ofMembership(id uuid.UUID) review.Subject { return review.Subject{Membership: id} }

// The acts.
var (
	suspendMandate = act{"suspend_mandate", ofMandate, true, func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error {
		return s.Mandates.Suspend(ctx, actor, a.id, a.reason)
	}}
	resumeMandate = act{"resume_mandate", ofMandate, false, func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error {
		return s.Mandates.Resume(ctx, actor, a.id)
	}}
	revokeMandate = act{"revoke_mandate", ofMandate, true, func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error {
		return s.Mandates.Revoke(ctx, actor, revocation(a))
	}}
	suspendMember = act{"suspend_member", ofMembership, true, func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error {
		return s.Organisations.Suspend(ctx, actor, a.id, a.reason)
	}}
	resumeMember = act{"resume_member", ofMembership, false, func(s *Surface, ctx context.Context, actor authz.Actor, a asked) error {
		return s.Organisations.Resume(ctx, actor, a.id)
	}}
)

// actView is the page before an act.
type actView struct {
	looking
	act
	Form    *form.Form
	Sheet   review.Sheet
	Action  string
	Refused []string // why the law said no, in words
}

// askAct shows what an act does.
func (s *Surface) askAct(a act) func(*gin.Context, authz.Actor) error {
	return func(c *gin.Context, actor authz.Actor) error {
		l, done, err := s.look(c, actor)
		if err != nil || done {
			return err
		}
		return s.showAct(c, actor, actView{looking: l, act: a, Form: form.New(l.Printer)}, http.StatusOK)
	}
}

func (s *Surface) showAct(c *gin.Context, actor authz.Actor, v actView, status int) error {
	sheet, err := s.Review.Open(c.Request.Context(), actor, review.Look{Subject: v.subject(v.id), Purpose: v.purpose})
	if err != nil {
		return err
	}
	v.Sheet, v.Action = sheet, c.Request.URL.Path
	return web.Render(c, status, actPage(v))
}

// doAct does it, and goes back to the timeline.
func (s *Surface) doAct(a act) func(*gin.Context, authz.Actor) error {
	return func(c *gin.Context, actor authz.Actor) error {
		v, err := s.posted(c, actor, a)
		if err != nil {
			return err
		}
		if v.purpose == "" {
			return web.SeeOther(c, c.Request.URL.Path) // which asks why
		}
		reason := v.Form.Value("reason")
		if a.reason {
			reason = v.Form.Required("reason", "say_why")
		}
		if v.Form.Valid() {
			err = a.do(s, c.Request.Context(), actor, asked{id: v.id, reason: reason})
		}
		var p *problem.Error
		if errors.As(err, &p) && p.Kind == problem.KindForbidden {
			for _, r := range p.Reasons {
				v.Refused = append(v.Refused, v.wordOr("reason."+r, "problem.forbidden"))
			}
			return s.showAct(c, actor, v, http.StatusForbidden)
		}
		if ok, err := v.Form.Accept(err); err != nil {
			return err
		} else if !ok {
			return s.showAct(c, actor, v, http.StatusUnprocessableEntity)
		}
		web.Flash(c, "flash."+a.name)
		return web.SeeOther(c, v.backHref())
	}
}

// posted reads the form of an act.
func (s *Surface) posted(c *gin.Context, actor authz.Actor, a act) (actView, error) {
	f, err := s.frame(c, actor)
	if err != nil {
		return actView{}, err
	}
	x, err := form.Parse(c.Writer, c.Request, f.Printer)
	if err != nil {
		return actView{}, err
	}
	w := way{why: x.Value(whyField), in: x.Value(inField)}
	v := actView{looking: looking{frame: f, way: w, purpose: said(c, w.why)}, act: a, Form: x}
	if v.id, err = uuid.Parse(c.Param("id")); err != nil || v.id == noOne {
		return v, problem.NotFound()
	}
	return v, nil
}

// backHref is the timeline one came from.
func (v actView) backHref() string {
	if v.subject(v.id).Mandate != noOne {
		return v.to("mandates", v.id)
	}
	if v.Sheet.Mediator != nil {
		return v.to("mediators", v.Sheet.Mediator.Account)
	}
	if account, err := uuid.Parse(v.Form.Value("account")); err == nil {
		return v.to("mediators", account)
	}
	return homePath
}
