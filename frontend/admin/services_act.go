package admin

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/organisations/clients"
)

// clientAct is one act on a service or on software, with a page of its own
// before it.
type clientAct struct {
	code   string // its texts are clients.act.<code>.…
	danger bool
	run    func(s *clients.Registry, ctx context.Context, actor authz.Actor, id uuid.UUID) error
}

// The acts. Each asks for a fresh sign-in.
var (
	suspendingClient = clientAct{"suspend", true, (*clients.Registry).Suspend}
	resumingClient   = clientAct{"resume", false, (*clients.Registry).Resume}
	endingClient     = clientAct{"end", true, (*clients.Registry).End}
)

func (s *Surface) clientActPage(act clientAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		client, err := s.clientOf(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		return web.Render(c, http.StatusOK, memberActPage(page, form.New(page.Printer), newClientAct(page, act.code, act.danger, client, nil)))
	}
}

func (s *Surface) clientAct(act clientAct) desk.Handler {
	return func(c *gin.Context, actor authz.Actor) error {
		client, err := s.clientOf(c, actor)
		if err != nil {
			return err
		}
		page := web.PageOf(c)
		f, err := form.Parse(c.Writer, c.Request, page.Printer)
		if err != nil {
			return err
		}
		err = act.run(s.Clients, c.Request.Context(), actor, client.ID)
		return settle(c, f, err, func(refused []string) error {
			return web.Render(c, statusOf(refused), memberActPage(page, f, newClientAct(page, act.code, act.danger, client, refused)))
		}, func() error {
			web.Flash(c, "flash.service_"+act.code)
			return web.SeeOther(c, servicePath(client.ID))
		})
	}
}

// rotatePage says what a new secret does to the old one.
func (s *Surface) rotatePage(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, memberActPage(page, form.New(page.Printer), newClientAct(page, "secret", true, client, nil)))
}

// rotate makes a new secret, shown once. Pressed twice, the last one holds.
func (s *Surface) rotate(c *gin.Context, actor authz.Actor) error {
	client, err := s.clientOf(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	secret, err := s.Clients.RotateSecret(c.Request.Context(), actor, client.ID)
	return settle(c, f, err, func(refused []string) error {
		return web.Render(c, statusOf(refused), memberActPage(page, f, newClientAct(page, "secret", true, client, refused)))
	}, func() error {
		return web.Render(c, http.StatusOK, secretPage(page, newSecret(page, client, secret, "rotated")))
	})
}
