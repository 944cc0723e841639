package portal

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// codeView is the page that opens the rest of the space by SMS.
type codeView struct {
	Form *form.Form
	Next string
	// Sent: there is a code, and its box is shown; Coming: it has just been sent.
	Sent, Coming bool
	// NoPhone: there is no number to send it to.
	NoPhone             bool
	Organisation, Phone string
}

func (s *Surface) codeView(c *gin.Context, actor authz.Actor, f *form.Form, next string) (codeView, error) {
	org, err := s.Organisations.Facts(c.Request.Context(), actor.Organisation)
	return codeView{Form: f, Next: inSpace(next), Organisation: org.Name, Phone: org.Phone}, err
}

// codeForm says what the phone opens, and asks for the code once it is sent.
func (s *Surface) codeForm(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	v, err := s.codeView(c, actor, form.New(page.Printer), c.Query("next"))
	if err != nil {
		return err
	}
	if actor.Tier == authz.TierPhone {
		return web.SeeOther(c, v.Next)
	}
	v.Sent = c.Query("sent") != ""
	v.Coming = v.Sent
	return web.Render(c, http.StatusOK, codePage(page, v))
}

// sendCode sends six digits to the person's phone.
func (s *Surface) sendCode(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, err := s.codeView(c, actor, f, f.Value("next"))
	if err != nil {
		return err
	}
	err = s.Beneficiaries.SendPortalCode(c.Request.Context(), actor)
	if err == nil {
		return web.SeeOther(c, codePath+"?sent=1&next="+url.QueryEscape(v.Next))
	}
	p := problem.As(err)
	v.NoPhone, v.Sent = p.Code == "no_phone", p.Code == "sms_sent_too_much"
	if _, err := f.Accept(err); err != nil {
		return err
	}
	return web.Render(c, web.Status(p), codePage(page, v))
}

// confirmCode opens the rest of the space.
func (s *Surface) confirmCode(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, err := s.codeView(c, actor, f, f.Value("next"))
	if err != nil {
		return err
	}
	v.Sent, v.Coming = true, true
	if typed := f.Required("code", "sms_missing"); f.Valid() {
		_, err = s.proved(c, actor, typed)
	}
	if ok, err := f.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, http.StatusUnprocessableEntity, codePage(page, v))
	}
	return web.SeeOther(c, v.Next)
}

// proved checks a code from the phone and raises the session's tier, under a
// new token; the actor it gives is freshly authenticated.
func (s *Surface) proved(c *gin.Context, actor authz.Actor, typed string) (authz.Actor, error) {
	ctx := c.Request.Context()
	if err := s.Beneficiaries.ConfirmPortalCode(ctx, actor, typed); err != nil {
		return actor, err
	}
	token, session, err := s.Sessions.Renew(ctx, actor.Session, authz.Renewed{Tier: authz.TierPhone})
	if err != nil {
		return actor, fmt.Errorf("raise the tier: %w", err)
	}
	s.Cookies.SetCookie(c, token, session)
	actor.Tier, actor.StrongAt = session.Tier, session.StrongAt
	return actor, nil
}

// askCode sends a new code to the person's phone. sent is false when none left,
// and the error says why.
func (s *Surface) askCode(c *gin.Context, actor authz.Actor) (sent bool, err error) {
	err = s.Beneficiaries.SendPortalCode(c.Request.Context(), actor)
	return err == nil, err
}

// leave ends the session here and now.
func (s *Surface) leave(c *gin.Context, actor authz.Actor) error {
	ctx := c.Request.Context()
	if current, ok := authz.RequestSessionOf(c); ok {
		if err := s.Organisations.SignedOut(ctx, actor, func(tx *store.Tx) error { return s.Sessions.In(tx).End(ctx, current.Token) }); err != nil {
			return fmt.Errorf("leave the space: %w", err)
		}
	}
	s.Cookies.ClearCookie(c)
	left := "flash.space_left"
	if session, ok := authz.SessionOf(c); ok && session.Issuer != "" {
		left = "flash.space_left_account" // the provider still knows them, on this device
	}
	web.Flash(c, left)
	return web.SeeOther(c, "/")
}
