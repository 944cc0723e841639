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
	"github.com/relais-org/relais/internal/store"
)

// signOut ends our session, and then the provider's.
func (s *Surface) signOut(c *gin.Context, actor authz.Actor) error {
	current, ok := authz.RequestSessionOf(c)
	if !ok {
		return web.SeeOther(c, "/signed-out")
	}
	ctx := c.Request.Context()
	if err := s.Organisations.SignedOut(ctx, actor); err != nil {
		return fmt.Errorf("record the sign-out: %w", err)
	}
	if err := s.Sessions.End(ctx, current.Token); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	s.Cookies.ClearCookie(c)
	address, err := s.Login.EndSessionURL(ctx, current.Session.Issuer, current.Session.IDToken, s.BaseURL+"/signed-out")
	if err != nil || address == "" {
		// Ours is ended; a provider that does not answer must not hold anybody.
		return web.SeeOther(c, "/signed-out")
	}
	return web.SeeOther(c, address)
}

func (s *Surface) signedOut(c *gin.Context, _ authz.Actor) error {
	return web.Render(c, http.StatusOK, signedOutPage(web.PageOf(c)))
}

// backChannel ends every session of the account a provider names (AU-07).
func (s *Surface) backChannel(c *gin.Context) {
	ctx := c.Request.Context()
	c.Header("Cache-Control", "no-store")
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	var accounts []uuid.UUID
	asked, err := s.Login.BackChannelIn(ctx, c.PostForm("logout_token"), func(tx *store.Tx, l login.Logout) error {
		sessions := s.Sessions.In(tx)
		if l.SID != "" {
			found, err := sessions.AccountsOfSID(ctx, l.IssuerID, l.SID)
			if err != nil {
				return err
			}
			accounts = found
			_, err = sessions.EndBySID(ctx, l.IssuerID, l.SID)
			return err
		}
		return nil
	})
	if err == nil && asked.Subject != "" {
		var account uuid.UUID
		account, err = s.Organisations.SessionsEnded(ctx, asked.Issuer, asked.Subject)
		accounts = append(accounts, account)
	}
	for _, account := range accounts {
		if account == uuid.Nil || err != nil {
			continue
		}
		_, err = s.Sessions.EndAllOf(ctx, account)
	}
	switch p := problem.As(err); {
	case err == nil || p.Kind == problem.KindNotFound:
		c.Status(http.StatusOK)
	case p.Kind == problem.KindInvalid || p.Kind == problem.KindUnauthenticated:
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid_request"})
	default:
		s.Logger.ErrorContext(ctx, "back-channel logout failed", slog.Any("error", err))
		c.Status(http.StatusInternalServerError)
	}
}

func (s *Surface) switchPage(c *gin.Context, actor authz.Actor) error {
	if actor.Account == uuid.Nil {
		return problem.New(problem.KindUnauthenticated, "unauthenticated")
	}
	return web.Render(c, http.StatusOK, switchPage(web.PageOf(c), actor))
}

// switchTo acts for another organisation of the actor's own.
func (s *Surface) switchTo(c *gin.Context, actor authz.Actor) error {
	id, err := uuid.Parse(c.PostForm("organisation"))
	if err != nil {
		return problem.NotFound()
	}
	for _, m := range actor.Memberships {
		if m.Organisation == id {
			if err := s.Sessions.SetOrganisation(c.Request.Context(), actor.Session, id); err != nil {
				return err
			}
			actor.Organisation = id
			return web.SeeOther(c, orHome("", actor))
		}
	}
	return problem.NotFound()
}
