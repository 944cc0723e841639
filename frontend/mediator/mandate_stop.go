package mediator

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

const maxReasonTyped = 500

// stopKind is one way to end something, on a page of its own.
type stopKind struct {
	path string
	// words begin the keys of the page's texts.
	words string
	// reason: "" not asked, else whether it is needed.
	reason reasonAsked
	flash  string
	// tells: the person is sent a message, if they receive any.
	tells bool
	// standing reports whether there is still something to stop.
	standing func(mandates.State) bool
}

type reasonAsked int

const (
	noReason reasonAsked = iota
	reasonIfWanted
	reasonNeeded
)

func live(s mandates.State) bool      { return s.Live() }
func unsigned(s mandates.State) bool  { return !s.Live() && !s.Terminal() }
func cardWorks(s mandates.State) bool { return s.Live() }

var (
	revokeStop   = stopKind{"/revoke", "mandate.revoke.", reasonIfWanted, "flash.mandate_revoked", true, live}
	grantStop    = stopKind{"/revoke", "mandate.revoke_grant.", reasonIfWanted, "flash.grant_revoked", true, live}
	renounceStop = stopKind{"/renounce", "mandate.renounce.", reasonNeeded, "flash.mandate_renounced", true, live}
	voidStop     = stopKind{"/void", "mandate.void.", reasonIfWanted, "flash.mandate_voided", false, unsigned}
	cardStop     = stopKind{"/card", "mandate.card.", noReason, "", false, cardWorks}
	cancelStop   = stopKind{"/card/cancel", "mandate.card_cancel.", noReason, "flash.card_cancelled", false, cardWorks}
)

// stopView is the page before a dangerous act.
type stopView struct {
	Form              *form.Form
	Refused           *desk.Refusal
	Banner            *t.PersonBanner
	Title, Lead, Href string
	Confirm           t.Confirmation
	Reason            string // label of the box; empty: not asked
	Optional          bool
	Stopped           bool // there is nothing left to stop
}

// stopAnswer is what is shown again after a refusal.
type stopAnswer struct {
	form  *form.Form
	err   error
	grant uuid.UUID
}

func (s *Surface) confirmStop(c *gin.Context, actor authz.Actor, kind stopKind) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	return s.showStop(c, d, kind, stopAnswer{form: form.New(d.page.Printer)})
}

func (s *Surface) showStop(c *gin.Context, d deal, kind stopKind, answer stopAnswer) error {
	refused, err := s.keep(c.Request.Context(), d.page, d.actor, answer.form, answer.err)
	if err != nil {
		return err
	}
	p := d.page
	theme := d.themeOfGrant(answer.grant)
	say := func(key string) string {
		return p.T(kind.words+key, "Name", d.name(), "Organisation", d.org.Name, "Theme", theme)
	}
	v := stopView{Form: answer.form, Refused: refused, Banner: d.banner(), Title: say("title"), Lead: say("lead"), Href: d.href(""),
		Stopped: !kind.standing(d.state()), Optional: kind.reason == reasonIfWanted}
	if kind.reason != noReason {
		v.Reason = say("reason")
	}
	second := d.told()
	if !kind.tells {
		second = say("second")
	}
	v.Confirm = t.Confirmation{Consequences: []string{say("first"), second, say("third")}, Action: d.href(kind.path), Do: say("do"),
		Safe: t.Link{Text: say("keep"), Href: d.href("")}}
	if answer.grant != uuid.Nil {
		v.Confirm.Action = d.href("/grants/" + answer.grant.String() + kind.path)
	}
	code := status(answer.form, refused, false)
	if v.Stopped {
		code = http.StatusConflict
	}
	return web.Render(c, code, stopPage(p, v))
}

// told says whether the person will hear of the end by a message. Whoever may
// stop a mandate and not read the person's file is told what holds in any case.
func (d deal) told() string {
	key := "mandate.told.no"
	switch {
	case d.person.Channel == "":
		key = "mandate.told.perhaps"
	case d.person.Hears():
		key = "mandate.told.yes"
	}
	return d.page.T(key, "Name", d.name())
}

// themeOfGrant names the line a page is about.
func (d deal) themeOfGrant(grant uuid.UUID) string {
	for _, g := range d.m.Grants {
		if g.ID == grant {
			return themeName(d.page, d.pack, g.Theme)
		}
	}
	return ""
}

// stopNow runs a stopping command with the reason typed.
func (s *Surface) stopNow(c *gin.Context, actor authz.Actor, kind stopKind, grant uuid.UUID, do func(context.Context, uuid.UUID, string) error) error {
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, d.page.Printer)
	if err != nil {
		return err
	}
	reason := f.AtMost("reason", maxReasonTyped)
	if f.Valid() {
		err = do(c.Request.Context(), d.m.ID, reason)
	}
	if err != nil || !f.Valid() {
		return s.showStop(c, d, kind, stopAnswer{form: f, err: err, grant: grant})
	}
	web.Flash(c, kind.flash)
	if kind.words == voidStop.words {
		return web.SeeOther(c, personHref(d.person))
	}
	return web.SeeOther(c, d.href(""))
}

func (s *Surface) confirmVoid(c *gin.Context, actor authz.Actor) error {
	return s.confirmStop(c, actor, voidStop)
}

// voidNow gives the mandate up: the person declines, or it was a mistake (CO-06).
func (s *Surface) voidNow(c *gin.Context, actor authz.Actor) error {
	return s.stopNow(c, actor, voidStop, uuid.Nil, func(ctx context.Context, id uuid.UUID, why string) error {
		return s.Mandates.Void(ctx, actor, id, why)
	})
}

func (s *Surface) confirmRevoke(c *gin.Context, actor authz.Actor) error {
	return s.confirmStop(c, actor, revokeStop)
}

// revokeNow stops the whole mandate at the person's word.
func (s *Surface) revokeNow(c *gin.Context, actor authz.Actor) error {
	return s.stopNow(c, actor, revokeStop, uuid.Nil, func(ctx context.Context, id uuid.UUID, why string) error {
		return s.Mandates.Revoke(ctx, actor, mandates.Revocation{Mandate: id, Reason: why})
	})
}

// confirmRevokeGrant is about one line; a line that is not there is no page.
func (s *Surface) confirmRevokeGrant(c *gin.Context, actor authz.Actor) error {
	grant, err := pathID(c, "grant")
	if err != nil {
		return err
	}
	d, err := s.dealOf(c, actor)
	if err != nil {
		return err
	}
	if d.themeOfGrant(grant) == "" {
		return problem.NotFound()
	}
	return s.showStop(c, d, grantStop, stopAnswer{form: form.New(d.page.Printer), grant: grant})
}

// revokeGrantNow stops one line alone (MA-09).
func (s *Surface) revokeGrantNow(c *gin.Context, actor authz.Actor) error {
	grant, err := pathID(c, "grant")
	if err != nil {
		return err
	}
	return s.stopNow(c, actor, grantStop, grant, func(ctx context.Context, id uuid.UUID, why string) error {
		return s.Mandates.Revoke(ctx, actor, mandates.Revocation{Mandate: id, Grant: grant, Reason: why})
	})
}

func (s *Surface) confirmRenounce(c *gin.Context, actor authz.Actor) error {
	return s.confirmStop(c, actor, renounceStop)
}

// renounceNow ends the mandate on the organisation's side.
func (s *Surface) renounceNow(c *gin.Context, actor authz.Actor) error {
	return s.stopNow(c, actor, renounceStop, uuid.Nil, func(ctx context.Context, id uuid.UUID, why string) error {
		return s.Mandates.Renounce(ctx, actor, id, why)
	})
}
