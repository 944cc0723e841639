package signin

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// choose shows the providers; whoever is signed in goes where they wanted.
func (s *Surface) choose(c *gin.Context, actor authz.Actor) error {
	next := web.LocalPath(c.Query("next"), "")
	if actor.Account != uuid.Nil {
		return web.SeeOther(c, orHome(next, actor))
	}
	s.allowProviders(c)
	return web.Render(c, http.StatusOK, choosePage(web.PageOf(c), s.Login.Issuers(login.AudienceStaff), next, c.Query(anotherField) != ""))
}

// choosePerson shows the national providers to somebody helped who comes
// without their card.
func (s *Surface) choosePerson(c *gin.Context, actor authz.Actor) error {
	if actor.Beneficiary != uuid.Nil {
		return web.SeeOther(c, "/mine")
	}
	s.allowProviders(c)
	return web.Render(c, http.StatusOK, personPage(web.PageOf(c), s.Login.Issuers(login.AudiencePerson)))
}

// allowProviders makes the page's policy name where every provider may take the
// form, also right after the start, when none has been asked yet.
func (s *Surface) allowProviders(c *gin.Context) {
	s.Login.Prepare(c.Request.Context())
	web.AllowForm(c, s.Login.FormOrigins()...)
}

func orHome(next string, actor authz.Actor) string {
	if next == "" || next == "/" {
		return desk.HomePath(actor)
	}
	return next
}

// begin sends the browser to a provider.
func (s *Surface) begin(c *gin.Context, _ authz.Actor) error {
	next := web.LocalPath(c.PostForm("next"), "/")
	address, err := s.Login.Begin(c.Request.Context(), login.Start{IssuerID: c.Param("issuer"), Next: next,
		Browser: s.browser(c), Another: c.PostForm(anotherField) != "", Language: string(web.PageOf(c).Lang())})
	if err != nil {
		return err
	}
	return web.SeeOther(c, address)
}

// StepUp answers a command that asks for a fresh sign-in: a posted form is
// kept, sealed, and comes back afterwards (AU-08). It is the desk's hook.
func (s *Surface) StepUp(c *gin.Context) error {
	if c.Request.Method != http.MethodPost {
		return s.toProvider(c, c.Request.URL.RequestURI(), nil)
	}
	if c.Request.PostForm == nil { // the act was refused before anything was read
		if err := c.Request.ParseForm(); err != nil {
			return problem.New(problem.KindInvalid, "malformed").Because(err)
		}
	}
	session, ok := authz.SessionOf(c)
	if !ok {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	x := stash{Path: c.Request.URL.RequestURI(), Fields: c.Request.PostForm, Origins: web.FormOrigins(c)}
	kept, err := x.seal(s.browser(c), session.ID)
	if err != nil {
		return err
	}
	back := web.LocalPath(refererPath(c), "/")
	return s.toProvider(c, back, kept)
}

// refererPath is the page the form stood on, for a form too large to keep.
func refererPath(c *gin.Context) string {
	u, err := c.Request.URL.Parse(c.GetHeader("Referer"))
	if err != nil {
		return ""
	}
	return u.RequestURI()
}

func (s *Surface) stepUpPage(c *gin.Context, actor authz.Actor) error {
	if actor.Account == uuid.Nil {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	s.allowProviders(c)
	return web.Render(c, http.StatusOK, stepUpPage(web.PageOf(c), web.LocalPath(c.Query("next"), "/")))
}

func (s *Surface) stepUpBegin(c *gin.Context, actor authz.Actor) error {
	if actor.Account == uuid.Nil {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	var kept []byte
	if session, ok := authz.SessionOf(c); ok {
		kept = sealedFrom(c.PostForm("kept"), s.browser(c), session.ID)
	}
	return s.toProvider(c, web.LocalPath(c.PostForm("next"), "/"), kept)
}

// toProvider asks the session's own provider for a fresh authentication.
func (s *Surface) toProvider(c *gin.Context, next string, kept []byte) error {
	session, ok := authz.SessionOf(c)
	if !ok || session.Issuer == "" {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	address, err := s.Login.Begin(c.Request.Context(), login.Start{IssuerID: session.Issuer, Next: next, Browser: s.browser(c),
		StepUp: true, Stash: kept, Session: session.ID, Language: string(web.PageOf(c).Lang())})
	if err != nil {
		return err
	}
	return web.SeeOther(c, address)
}
