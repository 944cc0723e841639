package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

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
	if err := s.leave(c, actor, current.Token); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	s.Cookies.ClearCookie(c)
	state := rand.Text()
	address, err := s.Login.EndSessionURL(ctx, current.Session.Issuer, current.Session.IDToken, s.BaseURL+"/signed-out", state)
	if err != nil || address == "" {
		// Ours is ended; a provider that does not answer must not hold anybody.
		return web.SeeOther(c, "/signed-out")
	}
	s.Web.SetCookie(c, leavingCookie, state, atProviderSeconds)
	return web.SeeOther(c, address)
}

const (
	// leavingCookie knows a browser that comes back from its provider's sign-out.
	leavingCookie = "leaving"
	// atProviderSeconds is how long somebody may take there.
	atProviderSeconds = 10 * 60
)

// leave ends a session of the actor's together with its event, and so with
// what was granted in it.
func (s *Surface) leave(c *gin.Context, actor authz.Actor, token string) error {
	ctx := c.Request.Context()
	return s.Organisations.SignedOut(ctx, actor, func(tx *store.Tx) error { return s.Sessions.In(tx).End(ctx, token) })
}

// signedOut says what has ended. Only a browser that the provider itself sent
// back is told that its session there is over: on a shared desk a wrong promise
// lets the next person in as the one before.
func (s *Surface) signedOut(c *gin.Context, actor authz.Actor) error {
	if actor.Account != uuid.Nil {
		return web.SeeOther(c, orHome("", actor)) // nobody has left
	}
	state := s.Web.Cookie(c, leavingCookie)
	everywhere := state != "" && subtle.ConstantTimeCompare([]byte(state), []byte(c.Query("state"))) == 1
	s.allowProviders(c)
	return web.Render(c, http.StatusOK, signedOutPage(web.PageOf(c), everywhere))
}

// backChannel ends every session of whoever a provider names (AU-07). The
// token is used up, the sessions ended and the events written together or not
// at all: after a failure the provider sends the same token again.
func (s *Surface) backChannel(c *gin.Context) {
	ctx := c.Request.Context()
	c.Header("Cache-Control", "no-store")
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	_, err := s.Login.BackChannelIn(ctx, c.PostForm("logout_token"), func(tx *store.Tx, l login.Logout) error {
		return s.endNamed(ctx, tx, l)
	})
	switch p := problem.As(err); {
	case err == nil:
		c.Status(http.StatusOK)
	case p.Kind == problem.KindInvalid || p.Kind == problem.KindUnauthenticated:
		c.JSON(http.StatusBadRequest, gin.H{"error": "invalid_request"})
	default:
		s.Logger.ErrorContext(ctx, "back-channel logout failed", slog.Any("error", err))
		c.Status(http.StatusInternalServerError)
	}
}

// endNamed ends the sessions that a logout names: of an account, all of them;
// of a person, those opened with this provider.
func (s *Surface) endNamed(ctx context.Context, tx *store.Tx, l login.Logout) error {
	sessions := s.Sessions.In(tx)
	named, err := s.named(ctx, tx, l)
	if err != nil {
		return err
	}
	for _, account := range named.Accounts {
		if _, err := sessions.EndAllOf(ctx, account); err != nil {
			return err
		}
		if err := s.Organisations.SessionsEnded(tx, account); err != nil { //nolint:contextcheck // the transaction carries the context
			return err
		}
	}
	for _, person := range named.People {
		if _, err := sessions.EndPersonAt(ctx, l.IssuerID, person); err != nil {
			return err
		}
		if err := s.Beneficiaries.SessionsEnded(tx, person); err != nil { //nolint:contextcheck // the transaction carries the context
			return err
		}
	}
	if l.SID != "" { // one that belongs to nobody yet, too
		_, err = sessions.EndBySID(ctx, l.IssuerID, l.SID)
	}
	return err
}

// named are whom a logout is about, by its session and by its subject.
func (s *Surface) named(ctx context.Context, tx *store.Tx, l login.Logout) (authz.Whose, error) {
	var all authz.Whose
	var err error
	if l.SID != "" {
		if all, err = s.Sessions.In(tx).OfSID(ctx, l.IssuerID, l.SID); err != nil {
			return all, err
		}
	}
	if l.Subject == "" {
		return all, nil
	}
	account, err := s.Organisations.AccountOf(tx, l.Issuer, l.Subject)
	if err != nil {
		return all, fmt.Errorf("find the account to end sessions of: %w", err)
	}
	if account != uuid.Nil && !slices.Contains(all.Accounts, account) {
		all.Accounts = append(all.Accounts, account)
	}
	people, err := s.Beneficiaries.OwnersOf(tx, l.Issuer, l.Subject)
	if err != nil {
		return all, fmt.Errorf("find the people to end sessions of: %w", err)
	}
	for _, person := range people {
		if !slices.Contains(all.People, person) {
			all.People = append(all.People, person)
		}
	}
	return all, nil
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
