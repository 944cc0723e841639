package signin

import (
	"fmt"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// callback takes the browser back from the provider. Whatever is wrong looks
// the same, is an event, and leaves every session as it was (AU-05).
func (s *Surface) callback(c *gin.Context, before authz.Actor) error {
	id, err := s.Login.Finish(c.Request.Context(), c.Request.URL.Query(), s.browser(c))
	if err != nil {
		return s.failed(c, id, err)
	}
	switch {
	case id.Audience == login.AudiencePerson && id.Session != uuid.Nil:
		return s.link(c, id)
	case id.StepUp:
		return s.strengthen(c, id)
	case id.Audience == login.AudiencePerson:
		return s.openPerson(c, before, id)
	}
	account, err := s.Organisations.SignIn(c.Request.Context(), identity(id))
	if p := problem.As(err); err != nil && p.Kind == problem.KindForbidden {
		return s.notIn(c, id, p)
	}
	if err != nil {
		return err
	}
	session, err := s.start(c, before, authz.NewSession{Account: account.ID, Issuer: id.IssuerID, SID: id.SID, IDToken: id.IDToken, StrongAt: proved(id)})
	if err != nil {
		return err
	}
	actor, err := s.Organisations.Actor(c.Request.Context(), organisations.ActorQuery{Account: account.ID, Session: session.ID, StrongAt: session.StrongAt})
	if err != nil {
		return err
	}
	return web.SeeOther(c, orHome(web.LocalPath(id.Next, ""), actor))
}

// notIn says why a recognised identity opens nothing here, and what to do: most
// often another account of the same person is the one that was invited. The
// session that the browser came with, if any, stays.
func (s *Surface) notIn(c *gin.Context, id login.Identity, p *problem.Error) error {
	return web.Render(c, web.Status(p), notInPage(web.PageOf(c), notInView{
		Why: web.PageOf(c).TMap("problem."+p.Code, p.Args), Email: id.Email, Next: web.LocalPath(id.Next, ""),
		Another: slices.Contains([]string{"not_invited", "invitation_expired", "identity_mismatch"}, p.Code), Unverified: !id.EmailVerified}))
}

// proved is when the provider says that somebody proved who they are as
// strongly as a sensitive act wants it; long ago when it does not say when, or
// when it was done more weakly, so that the first sensitive act asks (AU-08).
func proved(id login.Identity) time.Time {
	if id.AuthTime.IsZero() || !id.Strong {
		return time.Unix(1, 0).UTC()
	}
	return id.AuthTime
}

func identity(id login.Identity) organisations.Identity {
	return organisations.Identity{Issuer: id.Issuer, Subject: id.Subject, Email: id.Email, EmailVerified: id.EmailVerified,
		Name: id.Name, ACR: id.ACR, AuthTime: id.AuthTime}
}

// start begins a session and ends the one the browser came with: whoever it was
// of has left, with all that was granted in it.
func (s *Surface) start(c *gin.Context, before authz.Actor, n authz.NewSession) (authz.Session, error) {
	ctx := c.Request.Context()
	token, session, err := s.Sessions.Start(ctx, n)
	if err != nil {
		return session, fmt.Errorf("begin the session: %w", err)
	}
	if old, ok := authz.RequestSessionOf(c); ok {
		if err := s.leave(c, before, old.Token); err != nil {
			return session, fmt.Errorf("end the earlier session: %w", err)
		}
	}
	s.Cookies.SetCookie(c, token, session)
	return session, nil
}

// openPerson opens the space of somebody helped who linked this identity.
func (s *Surface) openPerson(c *gin.Context, before authz.Actor, id login.Identity) error {
	access, err := s.Beneficiaries.OpenByIdentity(c.Request.Context(), id.Issuer, id.Subject)
	if err != nil {
		return err
	}
	session, err := s.start(c, before, authz.NewSession{Beneficiary: access.Beneficiary, Organisation: access.Organisation, Tier: authz.TierPhone,
		Issuer: id.IssuerID, SID: id.SID, IDToken: id.IDToken, StrongAt: proved(id)})
	if err != nil {
		return err
	}
	// Which identity it was: the same one opens the other organisations' spaces.
	if err := s.Sessions.SetData(c.Request.Context(), session.ID, IdentityData, beneficiaries.IdentityKey(id.Issuer, id.Subject)); err != nil {
		return err
	}
	return web.SeeOther(c, "/mine")
}

// IdentityData is the key under which a session keeps which identity opened it.
const IdentityData = "identity"

// LinkPerson sends a person to a national provider, to come back with the
// identity that opens their space from now on. It always asks them to prove
// who they are there: on a shared machine the provider may still know the
// person before.
func (s *Surface) LinkPerson(c *gin.Context, issuer string) error {
	session, ok := authz.SessionOf(c)
	if !ok || session.Beneficiary == uuid.Nil {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	if !slices.ContainsFunc(s.Login.Issuers(login.AudiencePerson), func(i login.IssuerInfo) bool { return i.ID == issuer }) {
		return problem.NotFound()
	}
	address, err := s.Login.Begin(c.Request.Context(), login.Start{IssuerID: issuer, Next: linkPath, Browser: s.browser(c), StepUp: true,
		Session: session.ID, Language: string(web.PageOf(c).Lang())})
	if err != nil {
		return err
	}
	return web.SeeOther(c, address)
}

const linkPath = "/mine/sign-in"

// link ties the identity that came back to the space that asked for it.
func (s *Surface) link(c *gin.Context, id login.Identity) error {
	session, ok := authz.SessionOf(c)
	if !ok || session.ID != id.Session || session.Beneficiary == uuid.Nil {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	ctx := c.Request.Context()
	actor, err := s.Beneficiaries.PersonActor(ctx, beneficiaries.PersonQuery{Beneficiary: session.Beneficiary, Session: session.ID,
		Tier: session.Tier, StrongAt: session.StrongAt})
	if err != nil {
		return err
	}
	err = s.Beneficiaries.LinkIdentity(ctx, actor, id.Issuer, id.Subject)
	if p := problem.As(err); p != nil && p.Kind == problem.KindNeedsStepUp {
		return web.SeeOther(c, linkPath) // too long away: the page asks for the phone again
	}
	if err != nil {
		return err
	}
	web.Flash(c, "flash.identity_linked")
	return web.SeeOther(c, linkPath)
}
