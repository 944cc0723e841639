package acting

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
)

// visit is one look at a request, with what its pages need around it.
type visit struct {
	page  t.Page
	actor authz.Actor
	r     acting.Choosing
	pack  *packs.Pack
	org   organisations.OrganisationFacts
}

// href is an address under the request's.
func (v visit) href(step string) string { return "/act/" + v.r.ID.String() + step }

// callback is where the provider takes the browser back to the service.
func callback(id uuid.UUID) string {
	return "/oauth/authorize/callback?" + url.Values{"id": {id.String()}}.Encode()
}

// next is the page where the request is.
func (v visit) next() string {
	switch {
	case v.r.Person == nil:
		return personPath
	case v.r.Procedure == "":
		return whatPath
	}
	return confirmPath
}

// on runs a page over an open request; whatever is not one has a page of its
// own. Every page looks the request up anew, and binds it to this browser,
// mediator and session.
func (s *Surface) on(c *gin.Context, actor authz.Actor, handle func(v visit) error) error {
	id, err := uuid.Parse(c.Param("request"))
	if err != nil {
		return s.gone(c)
	}
	v, err := s.open(c, actor, id)
	switch {
	case problem.Is(err, "not_found"):
		return s.gone(c)
	case err != nil && problem.As(err).Kind == problem.KindForbidden:
		return s.turnedAway(c, actor, id, err)
	case err != nil:
		return err
	case v.r.State != acting.Open:
		return s.over(c, v)
	}
	return handle(v)
}

func (s *Surface) open(c *gin.Context, actor authz.Actor, id uuid.UUID) (visit, error) {
	ctx, v := c.Request.Context(), visit{page: web.PageOf(c), actor: actor}
	var err error
	if v.r, err = s.Acting.Open(ctx, actor, id, s.browser(c)); err != nil {
		return v, err
	}
	web.AllowForm(c, v.r.Params.RedirectURI)
	if v.pack, err = s.Packs.Get(v.r.Client.Pack); err != nil {
		return v, err
	}
	v.org, err = s.Organisations.Facts(ctx, actor.Organisation)
	return v, err
}

// again reads the request as it is after something was refused.
func (s *Surface) again(c *gin.Context, v visit) (visit, error) { return s.open(c, v.actor, v.r.ID) }

// here sends to where one is: the address that a service leads to, and that a
// sign-in on the way comes back to (AU-06).
func (s *Surface) here(c *gin.Context, actor authz.Actor) error {
	return s.on(c, actor, func(v visit) error { return web.SeeOther(c, v.href(v.next())) })
}

// gone is for a request that is not there, not this browser's, or not this
// mediator's: all the same to whoever asks.
func (s *Surface) gone(c *gin.Context) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusNotFound, gonePage(page, page.N("acting.gone.text", int(acting.RequestLifetime.Minutes()))))
}

// over says how a request ended, and goes on where there is something to go on to.
func (s *Surface) over(c *gin.Context, v visit) error {
	to := callback(v.r.ID)
	if c.Request.Method == http.MethodPost && (v.r.State == acting.Granted || v.r.State == acting.Declined) {
		return web.SeeOther(c, to) // the button was pressed twice
	}
	return web.Render(c, http.StatusOK, overPage(v.page, newOver(v, to)))
}

// turnedAway says what a mediator lacks, and who can mend it; the way back to
// the service stays open.
func (s *Surface) turnedAway(c *gin.Context, actor authz.Actor, id uuid.UUID, err error) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	r, rerr := s.Acting.Request(ctx, id)
	if rerr != nil || !r.OfBrowser(s.browser(c)) {
		return err
	}
	web.AllowForm(c, r.Params.RedirectURI)
	refused, err := s.refusalOf(ctx, page, actor, err)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusForbidden, turnedAwayPage(page, turnedAwayView{ClientName: r.Client.Name, Refused: refused, Leave: "/act/" + id.String() + declinePath}))
}

// decline gives nothing and goes back to the service. It is open to whoever the
// request is bound to, whatever else they lack.
func (s *Surface) decline(c *gin.Context, actor authz.Actor) error {
	id, err := uuid.Parse(c.Param("request"))
	if err != nil {
		return s.gone(c)
	}
	r, err := s.Acting.Request(c.Request.Context(), id)
	if err != nil || !r.OfBrowser(s.browser(c)) {
		return s.gone(c)
	}
	switch err := s.Acting.Decline(c.Request.Context(), actor, id); {
	case err == nil, problem.Is(err, "request_over"):
		return web.SeeOther(c, callback(id))
	case problem.Is(err, "not_found"):
		// Signed in again since: the request is bound anew by looking at it.
		return s.on(c, actor, func(v visit) error {
			if err := s.Acting.Decline(c.Request.Context(), actor, id); err != nil {
				return err
			}
			return web.SeeOther(c, callback(id))
		})
	default:
		return err
	}
}

// answer is what a command answered to a page.
type answer struct {
	ok      bool
	stale   bool // the page was older than the request
	refused *desk.Refusal
}

// status is that of a page shown again.
func (a answer) status(f *form.Form) int {
	switch {
	case a.stale:
		return http.StatusConflict
	case a.refused != nil:
		return http.StatusForbidden
	case !f.Valid():
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// answerOf sorts a command's answer and reads the request as it is now. Only a
// fresh sign-in, and what is over, go elsewhere.
func (s *Surface) answerOf(c *gin.Context, v *visit, f *form.Form, err error) (answer, error) {
	if err == nil && f.Valid() {
		return answer{ok: true}, nil
	}
	var a answer
	var rerr error
	switch {
	case problem.Is(err, "stale"), problem.Is(err, "request_over"):
		a.stale = true
	case err != nil && problem.As(err).Kind == problem.KindNotFound:
		// Somebody who cannot be chosen any more, or never could (OP-03).
		a.refused = &desk.Refusal{Title: v.page.T("acting.not_offered.title"), Lines: []desk.RefusalLine{{Reason: v.page.T("acting.not_offered.text", "Organisation", v.org.Name)}}}
	case err != nil && problem.As(err).Kind == problem.KindForbidden:
		if a.refused, rerr = s.refusalOf(c.Request.Context(), v.page, v.actor, err); rerr != nil {
			return a, rerr
		}
	default:
		if _, rerr = f.Accept(err); rerr != nil {
			return a, rerr
		}
	}
	*v, rerr = s.again(c, *v)
	return a, rerr
}

// versionOf is the request's version the page was made from; 0 fits none.
func versionOf(f *form.Form) int {
	n, err := strconv.Atoi(f.Value("version"))
	if err != nil {
		return 0
	}
	return n
}

// refusalOf turns a command's refusal into words.
func (s *Surface) refusalOf(ctx context.Context, p t.Page, actor authz.Actor, err error) (*desk.Refusal, error) {
	return desk.RefusalOf(ctx, s.Organisations, p, actor, p.T("acting.refused.title"), err)
}
