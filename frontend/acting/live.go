package acting

import (
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// end closes one's own access at a service. Pressed twice, it is closed.
func (s *Surface) end(c *gin.Context, actor authz.Actor) error {
	id, err := uuid.Parse(c.Param("delegation"))
	if err != nil {
		return problem.NotFound()
	}
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return err
	}
	if err := s.Acting.EndDelegation(c.Request.Context(), actor, id); err != nil {
		return err
	}
	web.Flash(c, "flash.access_ended")
	return web.SeeOther(c, web.LocalPath(f.Value("back"), "/home"))
}
