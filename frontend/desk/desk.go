package desk

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// Where people without a session are sent.
const (
	SignInPath = "/sign-in"
	CardPath   = "/card"
)

// doorPerMinute bounds what one address may ask of doors that need no session,
// by this process. Codes have stricter limits of their own, shared in the
// database.
const doorPerMinute = 120

// Handler answers one request of an actor. A visitor is the zero Actor.
type Handler func(c *gin.Context, actor authz.Actor) error

// Route is one line of a surface's list.
type Route struct {
	Method, Path string
	Access       authz.Access // authz.Perm(kind, action) or authz.Public{Because: "…"}
	Handle       Handler
	// Quick is tried first, where there is one, on a session recalled instead of
	// read: see Trial.
	Quick Trial
}

// Trial does an act for an actor who is supposed, known from the session as it was
// last read. It either answers, having done the act by a statement that holds it
// to that session as it is now, or changes and answers nothing: then the session
// is read and the route's Handle begins anew. It shows nothing and refuses nothing;
// an error, a fault of the request or of the house, is answered in the place of
// Handle, once the session is read and lets the actor in.
type Trial func(c *gin.Context, actor authz.Actor, session authz.Session) (done bool, err error)

// Get is a route that reads.
func Get(path string, access authz.Access, h Handler) Route {
	return Route{Method: http.MethodGet, Path: path, Access: access, Handle: h}
}

// Post is a route that changes.
func Post(path string, access authz.Access, h Handler) Route {
	return Route{Method: http.MethodPost, Path: path, Access: access, Handle: h}
}

// Dependencies of the desk.
type Dependencies struct {
	Authz *authz.Enforcer
	// Commands keeps the refusals met at the door; nil in tests that ask none.
	Commands      *command.Runner
	Sessions      *authz.Sessions
	Cookies       *authz.Web
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	// StepUp sends staff to prove again who they are, keeping what was posted.
	StepUp func(c *gin.Context) error
}

// Desk mounts routes.
type Desk struct {
	Dependencies
	doors *rate.Limiter
}

// New makes a desk.
func New(d Dependencies) *Desk {
	return &Desk{Dependencies: d, doors: rate.NewLimiter(doorPerMinute, store.SystemEnv().Now)}
}

// Mount adds a surface's routes. signIn is where a visitor of this surface is
// sent: SignInPath for staff, CardPath for the person helped.
func (d *Desk) Mount(r gin.IRouter, signIn string, routes []Route) {
	for _, route := range routes {
		if err := route.Access.Check(); err != nil {
			panic(fmt.Sprintf("%s %s: %v", route.Method, route.Path, err))
		}
		if route.Quick != nil {
			d.Cookies.MayRecall(route.Method, route.Path)
		}
		r.Handle(route.Method, route.Path, web.Handle(d.serve(route, signIn)))
	}
}

func (d *Desk) serve(route Route, signIn string) func(*gin.Context) error {
	permission, needed := route.Access.(authz.Permission)
	// Doors without a session that write: a sign-in begun or come back, a card
	// tried, a way out.
	_, public := route.Access.(authz.Public)
	public = public && (route.Method == http.MethodPost || strings.HasSuffix(route.Path, "/callback"))
	return func(c *gin.Context) error {
		if public && !d.doors.Allow(rate.Address(c.ClientIP())) {
			return problem.New(problem.KindTooMany, "too_many_requests")
		}
		web.SetSignIn(c, signIn)
		done, fault, err := d.try(c, route)
		if done || err != nil {
			return err
		}
		actor, err := d.Actor(c)
		if err != nil {
			return err
		}
		if needed {
			if err := d.admit(actor, permission, signIn); err != nil {
				return d.turnedAway(c, actor, permission, err)
			}
		}
		d.show(c, actor)
		if fault != nil {
			return fault
		}
		err = route.Handle(c, actor)
		if err != nil && actor.Account != uuid.Nil && problem.As(err).Kind == problem.KindNeedsStepUp && d.StepUp != nil {
			return d.StepUp(c)
		}
		return err
	}
}

// try lets a route's Quick begin where the request came with a session recalled, if
// the supposed actor may ask for it at all. Not done, the request has its session
// read, as every other has; fault is then the Quick's.
func (d *Desk) try(c *gin.Context, route Route) (done bool, fault, err error) {
	session, ok := authz.Recalled(c)
	if !ok {
		return false, nil, nil
	}
	permission, ok := route.Access.(authz.Permission)
	if actor, err := d.staff(c, session); ok && err == nil && d.admit(actor, permission, SignInPath) == nil {
		if done, fault = route.Quick(c, actor, session); done {
			return true, nil, nil
		}
	}
	return false, fault, d.Cookies.Prove(c)
}

var errSignIn = problem.New(problem.KindUnauthenticated, "unauthenticated")

// admit opens the door: the right kind of session, and a role that has a line.
func (d *Desk) admit(actor authz.Actor, p authz.Permission, signIn string) error {
	wrongDoor := actor.Account == uuid.Nil && signIn == SignInPath || actor.Beneficiary == uuid.Nil && signIn == CardPath
	if wrongDoor {
		return errSignIn
	}
	if actor.SuspendedAccount {
		return problem.Forbidden(string(authz.ReasonAccountSuspended))
	}
	if !d.Authz.Permits(actor, p) {
		return problem.Forbidden(string(authz.ReasonNoRule))
	}
	return nil
}

// turnedAway records that somebody known tried a door that is not theirs.
func (d *Desk) turnedAway(c *gin.Context, actor authz.Actor, p authz.Permission, err error) error {
	if problem.As(err).Kind != problem.KindForbidden || d.Commands == nil {
		return err
	}
	return d.Commands.RefuseOutside(c.Request.Context(), actor, p.String(), err,
		translog.Event{Organisation: actor.Organisation, Beneficiary: actor.Beneficiary})
}

// Actor loads who asks, with the facts of now. Nobody is the zero Actor.
func (d *Desk) Actor(c *gin.Context) (authz.Actor, error) {
	session, ok := authz.SessionOf(c)
	if !ok {
		return authz.Actor{}, nil
	}
	ctx := c.Request.Context()
	switch {
	case session.Account != uuid.Nil:
		return d.staff(c, session)
	case session.Beneficiary != uuid.Nil:
		actor, err := d.Beneficiaries.PersonActor(ctx, beneficiaries.PersonQuery{Beneficiary: session.Beneficiary, Session: session.ID,
			Tier: session.Tier, StrongAt: session.StrongAt})
		if problem.Is(err, "not_found") {
			return authz.Actor{}, nil // erased since: nobody any more
		}
		return actor, err
	}
	return authz.Actor{}, nil
}

// staff is the actor of a session of staff.
func (d *Desk) staff(c *gin.Context, session authz.Session) (authz.Actor, error) {
	return d.Organisations.Actor(c.Request.Context(), organisations.ActorQuery{Account: session.Account, Organisation: session.Organisation,
		Session: session.ID, StrongAt: session.StrongAt, Language: string(web.PageOf(c).Lang()), Standing: session.Standing})
}

// show tells the page who is signed in, where they may go, and in which zone
// times are printed.
func (d *Desk) show(c *gin.Context, actor authz.Actor) {
	page := web.PageOf(c)
	switch {
	case actor.Beneficiary != uuid.Nil:
		web.SetViewer(c, templates.Viewer{Name: actor.Name, SignOutAction: "/mine/leave"}, personNav(page, actor))
		if org, err := d.Organisations.Facts(c.Request.Context(), actor.Organisation); err == nil {
			setZone(c, org.TimeZone)
		}
	case actor.Account != uuid.Nil:
		viewer := templates.Viewer{Name: actor.Name, Role: roleWords(page, actor), SignOutAction: "/sign-out"}
		for _, m := range actor.Memberships {
			if m.Organisation == actor.Organisation {
				viewer.Organisation = m.OrganisationName
				setZone(c, m.TimeZone)
			}
		}
		if several(actor) {
			viewer.SwitchHref = "/organisation/switch"
		}
		web.SetViewer(c, viewer, d.staffNav(page, actor))
	}
}

func setZone(c *gin.Context, name string) {
	if zone, err := organisations.Zone(name); err == nil {
		web.SetLocation(c, zone)
	}
}

// several: the actor could act for more than one organisation.
func several(a authz.Actor) bool {
	for _, m := range a.Memberships {
		if m.Organisation != a.Organisation {
			return true
		}
	}
	return false
}

func roleWords(p web.Page, a authz.Actor) string {
	var words []string
	for _, r := range a.Roles() {
		words = append(words, p.T("role."+string(r)))
	}
	return p.List(words)
}

func (d *Desk) staffNav(p web.Page, a authz.Actor) []templates.NavLink {
	var nav []templates.NavLink
	add := func(perm authz.Permission, key, href string) {
		if d.Authz.Permits(a, perm) {
			nav = append(nav, templates.NavLink{Text: p.T(key), Href: href})
		}
	}
	add(authz.Perm(authz.KindBeneficiary, authz.BeneficiarySearch), "nav.home", "/home")
	add(authz.Perm(authz.KindBeneficiary, authz.BeneficiarySearch), "nav.people", "/people")
	add(authz.Perm(authz.KindOrganisation, authz.OrganisationRestrict), "nav.organisation", "/organisation/people")
	add(authz.Perm(authz.KindLog, authz.LogSearch), "nav.supervision", "/supervision")
	add(authz.Perm(authz.KindOrganisation, authz.OrganisationCreate), "nav.operator", "/operator/organisations")
	add(authz.Perm(authz.KindCharter, authz.CharterAccept), "nav.authority", "/my-authority")
	return nav
}

func personNav(p web.Page, a authz.Actor) []templates.NavLink {
	nav := []templates.NavLink{{Text: p.T("nav.mine"), Href: "/mine"}}
	if a.Tier == authz.TierPhone {
		nav = append(nav, templates.NavLink{Text: p.T("nav.history"), Href: "/mine/history"},
			templates.NavLink{Text: p.T("nav.contact"), Href: "/mine/contact"})
	} else {
		nav = append(nav, templates.NavLink{Text: p.T("nav.history"), Href: "/mine/code"})
	}
	return nav
}

// HomePath is where an actor lands after signing in.
func HomePath(a authz.Actor) string {
	for _, r := range a.Roles() {
		switch r {
		case authz.Mediator:
			return "/home"
		case authz.Referent:
			return "/organisation/people"
		case authz.Supervisor:
			return "/supervision"
		case authz.Operator:
			return "/operator/organisations"
		case authz.Person:
			return "/mine"
		case authz.Visitor, authz.System, authz.Service, authz.Software: // none has pages
		}
	}
	return "/"
}
