package signin

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// failed records a callback that was refused, and shows it to whoever came
// back: as much as is known of them is in id. The page never says what was
// wrong.
func (s *Surface) failed(c *gin.Context, id login.Identity, err error) error {
	if problem.As(err).Kind == problem.KindInternal {
		return err
	}
	cause := string(login.Cause(err))
	s.Logger.InfoContext(c.Request.Context(), "a sign-in was refused", slog.String("cause", cause))
	if rerr := s.Organisations.SignInRefused(c.Request.Context(), cause); rerr != nil {
		return fmt.Errorf("record a refused sign-in: %w", rerr)
	}
	page := web.PageOf(c)
	switch {
	case id.Audience == login.AudiencePerson && id.Session != uuid.Nil:
		return web.Render(c, http.StatusUnauthorized, notLinkedPage(page))
	case id.Audience == login.AudiencePerson:
		return web.Render(c, http.StatusUnauthorized, personFailedPage(page))
	case id.StepUp && s.asked(c, id):
		return s.notConfirmed(c, id)
	case id.Audience == login.AudienceStaff:
		return web.Render(c, http.StatusUnauthorized, failedPage(page, web.LocalPath(id.Next, "")))
	}
	return web.Render(c, http.StatusUnauthorized, unknownFailedPage(page))
}

// asked: the session of this request is the one that was sent to the provider.
func (s *Surface) asked(c *gin.Context, id login.Identity) bool {
	session, ok := authz.SessionOf(c)
	return ok && session.ID == id.Session && session.Account != uuid.Nil
}

// again is the page after a fresh sign-in that did not happen: what to press to
// try once more. Sealed is the form that is kept for it.
type again struct{ Next, Sealed string }

func againAfter(id login.Identity) again {
	x := again{Next: web.LocalPath(id.Next, "/")}
	if len(id.Stash) > 0 {
		x.Sealed = sealedText(id.Stash)
	}
	return x
}

// notConfirmed gives back what was typed, unsent, when the fresh sign-in was
// cancelled or refused.
func (s *Surface) notConfirmed(c *gin.Context, id login.Identity) error {
	s.allowProviders(c)
	page := web.PageOf(c)
	if len(id.Stash) > 0 {
		if x, err := unseal(id.Stash, s.browser(c), id.Session); err == nil {
			web.AllowForm(c, x.Origins...)
			return web.Render(c, http.StatusUnauthorized, resumePage(page, x, false))
		}
	}
	return web.Render(c, http.StatusUnauthorized, notConfirmedPage(page, again{Next: web.LocalPath(id.Next, "/")}))
}

// strengthen notes a fresh sign-in, by the same person only, and gives back
// what was typed.
func (s *Surface) strengthen(c *gin.Context, id login.Identity) error {
	if !s.asked(c, id) {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	session, _ := authz.SessionOf(c)
	account, err := s.Organisations.SignIn(c.Request.Context(), identity(id))
	if err != nil && problem.As(err).Kind != problem.KindForbidden {
		return err
	}
	if err != nil || account.ID != session.Account {
		s.allowProviders(c)
		return web.Render(c, http.StatusForbidden, otherPersonPage(web.PageOf(c), againAfter(id)))
	}
	token, renewed, err := s.Sessions.Renew(c.Request.Context(), session.ID, authz.Renewed{SID: id.SID, IDToken: id.IDToken})
	if err != nil {
		return fmt.Errorf("strengthen the session: %w", err)
	}
	s.Cookies.SetCookie(c, token, renewed)
	if len(id.Stash) == 0 {
		return web.SeeOther(c, web.LocalPath(id.Next, "/"))
	}
	x, err := unseal(id.Stash, s.browser(c), session.ID)
	if err != nil {
		return web.SeeOther(c, web.LocalPath(id.Next, "/"))
	}
	web.AllowForm(c, x.Origins...)
	return web.Render(c, http.StatusOK, resumePage(web.PageOf(c), x, true))
}
