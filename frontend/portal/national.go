package portal

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

const (
	// identityData is where a session keeps which national sign-in opened it.
	identityData = "identity"
	// atProvider is how long somebody may stay with the provider: the proof of
	// the phone must still be fresh when they come back.
	atProvider = 10 * time.Minute
)

// linkView is the page that ties a national sign-in to the space.
type linkView struct {
	Form      *form.Form
	Providers []login.IssuerInfo
	Since     string // linked since; empty: not linked
	// Prove asks for a code from the phone first; To is the provider chosen.
	Prove bool
	To    string
	// Coming: that code has just been sent.
	Coming bool
}

func (v linkView) kind() t.ButtonKind {
	if v.Since != "" {
		return t.Secondary
	}
	return t.Primary
}

func (s *Surface) linkView(c *gin.Context, actor authz.Actor, f *form.Form) (linkView, error) {
	v := linkView{Form: f, Providers: s.Providers}
	since, err := s.Beneficiaries.Linked(c.Request.Context(), actor)
	if err == nil && !since.IsZero() {
		v.Since = web.PageOf(c).Date(since)
	}
	return v, err
}

// linkForm says whether a national sign-in opens the space, and offers it.
func (s *Surface) linkForm(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	v, err := s.linkView(c, actor, form.New(page.Printer))
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, linkPage(page, v))
}

// linkNow goes to the provider once the phone is freshly proved.
func (s *Surface) linkNow(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, err := s.linkView(c, actor, f)
	if err != nil {
		return err
	}
	v.To = c.Param("issuer")
	typed := f.Value("code")
	switch {
	case typed != "":
		_, err = s.proved(c, actor, typed)
	case actor.StrongAt.IsZero() || actor.Now.Sub(actor.StrongAt) > authz.StepUpAge-atProvider:
		v.Prove = true
		v.Coming, err = s.askCode(c, actor)
	}
	ok, err := f.Accept(err)
	switch {
	case err != nil:
		return err
	case !ok:
		v.Prove, v.Coming = true, v.Coming || typed != ""
		return web.Render(c, http.StatusUnprocessableEntity, linkPage(page, v))
	case v.Prove:
		return web.Render(c, http.StatusOK, linkPage(page, v))
	case s.Link == nil:
		return problem.NotFound()
	}
	return s.Link(c, v.To)
}

// unlink leaves the card as the only way in. Pressing twice is once.
func (s *Surface) unlink(c *gin.Context, actor authz.Actor) error {
	if err := s.Beneficiaries.UnlinkIdentity(c.Request.Context(), actor); err != nil {
		return err
	}
	web.Flash(c, "flash.identity_unlinked")
	return web.SeeOther(c, linkPath)
}

// otherView is another organisation's space about the same person.
type otherView struct {
	Space, Organisation string
	Mandates            []mandateView // that hold
}

func (v otherView) lines(p t.Page) []string {
	var out []string
	for _, m := range v.Mandates {
		out = append(out, p.T("portal.others.until", "Mediator", m.Mediator, "Date", m.Until))
	}
	return out
}

// spaces are those the session's national sign-in opens, the one shown too.
func (s *Surface) spaces(c *gin.Context, actor authz.Actor) ([]beneficiaries.Access, error) {
	session, ok := authz.SessionOf(c)
	if !ok || session.Data[identityData] == "" || actor.Tier != authz.TierPhone {
		return nil, nil
	}
	return s.Beneficiaries.Spaces(c.Request.Context(), actor, session.Data[identityData])
}

// inOther is the same person in another of their spaces, by the same proof.
func (s *Surface) inOther(c *gin.Context, actor authz.Actor, space beneficiaries.Access) (authz.Actor, error) {
	return s.Beneficiaries.PersonActor(c.Request.Context(), beneficiaries.PersonQuery{Beneficiary: space.Beneficiary, Session: actor.Session,
		Tier: actor.Tier, StrongAt: actor.StrongAt})
}

// otherSpaces are what the other organisations may do (PO-03).
func (s *Surface) otherSpaces(c *gin.Context, actor authz.Actor, m *maker) ([]otherView, error) {
	all, err := s.spaces(c, actor)
	if err != nil {
		return nil, err
	}
	var out []otherView
	for _, space := range all {
		if space.Beneficiary == actor.Beneficiary {
			continue
		}
		v, err := s.otherSpace(c, actor, m, space)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Surface) otherSpace(c *gin.Context, actor authz.Actor, m *maker, space beneficiaries.Access) (otherView, error) {
	ctx := c.Request.Context()
	there, err := s.inOther(c, actor, space)
	if err != nil {
		return otherView{}, err
	}
	signed, err := s.Mandates.OfBeneficiary(ctx, there, there.Beneficiary)
	if err != nil {
		return otherView{}, err
	}
	org, err := m.organisation(ctx, space.Organisation)
	if err != nil {
		return otherView{}, err
	}
	v := otherView{Space: space.Beneficiary.String(), Organisation: org.Name}
	for _, x := range signed {
		one, err := m.mandate(ctx, x)
		if err != nil {
			return v, err
		}
		if one.Live {
			v.Mandates = append(v.Mandates, one)
		}
	}
	return v, nil
}

// changeSpace opens another of the person's own spaces, in a session of its own.
func (s *Surface) changeSpace(c *gin.Context, actor authz.Actor) error {
	wanted, err := uuid.Parse(c.PostForm("space"))
	if err != nil {
		return problem.NotFound()
	}
	session, ok := authz.SessionOf(c)
	if !ok || session.Data[identityData] == "" || actor.Tier != authz.TierPhone {
		return problem.NotFound()
	}
	space, err := s.Beneficiaries.OpenSpace(c.Request.Context(), actor, session.Data[identityData], wanted)
	if err != nil {
		return err
	}
	return s.moveTo(c, actor, space)
}

// moveTo begins a session in another space and ends this one, together or not
// at all. The new one lasts no longer than this one would have.
func (s *Surface) moveTo(c *gin.Context, actor authz.Actor, space beneficiaries.Access) error {
	ctx := c.Request.Context()
	current, _ := authz.RequestSessionOf(c)
	old := current.Session
	strong := old.StrongAt
	if strong.IsZero() { // never is long ago, not now
		strong = time.Unix(1, 0).UTC()
	}
	var token string
	var session authz.Session
	err := s.Organisations.SignedOut(ctx, actor, func(tx *store.Tx) (err error) {
		sessions := s.Sessions.In(tx)
		token, session, err = sessions.Start(ctx, authz.NewSession{Beneficiary: space.Beneficiary, Organisation: space.Organisation, Tier: authz.TierPhone,
			Issuer: old.Issuer, SID: old.SID, IDToken: old.IDToken, StrongAt: strong, EndsAt: old.ExpiresAt})
		if err != nil {
			return err
		}
		if err := sessions.SetData(ctx, session.ID, identityData, old.Data[identityData]); err != nil {
			return err
		}
		return sessions.End(ctx, current.Token)
	})
	if err != nil {
		return fmt.Errorf("move to another space: %w", err)
	}
	s.Cookies.SetCookie(c, token, session)
	return web.SeeOther(c, homePath)
}
