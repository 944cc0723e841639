package supervisor

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/review"
)

// The purpose of a look is words, and may say more than it should: it stays in
// the session, and addresses carry its short id. An address followed from
// elsewhere, or by somebody else, names no purpose and so asks for one.
const (
	whyField = "why"
	// whyData begins the key under which a session keeps one purpose.
	whyData = "why."
	// mostWhys are kept at once; a session's data has room for them.
	mostWhys = 4
)

// keepWhy keeps a purpose for as long as the session, and gives its id; one
// that does not hold is refused in its field. The oldest gives way.
func (s *Surface) keepWhy(c *gin.Context, actor authz.Actor, typed string) (string, error) {
	purpose, err := review.Purpose(typed)
	if err != nil {
		return "", err
	}
	session, ok := authz.SessionOf(c)
	if !ok {
		return "", problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	id := nameOf(session, purpose)
	if session.Data[whyData+id] != "" {
		return id, nil
	}
	return id, s.keep(c, session, kept{prefix: whyData, id: id, text: purpose, most: mostWhys, at: actor.Now})
}

// said is the purpose that an id names in this session, empty for none.
func said(c *gin.Context, id string) string { return keptText(c, whyData, id) }

// sayWhy keeps the purpose of a page that asked for one, and opens it.
func (s *Surface) sayWhy(c *gin.Context, actor authz.Actor) error {
	f, err := s.frame(c, actor)
	if err != nil {
		return err
	}
	x, err := form.Parse(c.Writer, c.Request, f.Printer)
	if err != nil {
		return err
	}
	path := web.LocalPath(x.Value("path"), homePath)
	if !strings.HasPrefix(path, homePath+"/") || strings.ContainsAny(path, "?#") {
		return problem.NotFound()
	}
	why, err := s.keepWhy(c, actor, x.Value("purpose"))
	if ok, err := x.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, http.StatusUnprocessableEntity, askPage(askView{frame: f, Form: x, Path: path}))
	}
	return web.SeeOther(c, path+"?"+url.Values{whyField: {why}}.Encode())
}
