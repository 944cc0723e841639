package public

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/store"
)

// cardForm asks for the code; whoever is in goes on to their space.
func (s *Surface) cardForm(c *gin.Context, actor authz.Actor) error {
	if actor.Beneficiary != uuid.Nil {
		return web.SeeOther(c, minePath)
	}
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, cardPage(page, form.New(page.Printer)))
}

// openCard tries the code and the year.
func (s *Surface) openCard(c *gin.Context, before authz.Actor) error {
	page := web.PageOf(c)
	f, a, err := attempt(c)
	if err != nil {
		return err
	}
	if !f.Valid() {
		return web.Render(c, http.StatusUnprocessableEntity, cardPage(page, f))
	}
	access, err := s.Beneficiaries.OpenByCard(c.Request.Context(), a)
	status := statusOf(err)
	if problem.Is(err, "card_locked") {
		return web.Render(c, status, lockedPage(page, f))
	}
	if ok, err := f.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, status, cardPage(page, f))
	}
	return s.open(c, before, access, authz.TierCard)
}

// unlockForm asks for the code and the year of a locked card.
func (s *Surface) unlockForm(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	return web.Render(c, http.StatusOK, unlockPage(page, form.New(page.Printer)))
}

// sendUnlock sends a code to the phone of whoever holds the card. The answer
// is the same whether there was somebody to send it to.
func (s *Surface) sendUnlock(c *gin.Context, _ authz.Actor) error {
	page := web.PageOf(c)
	f, a, err := attempt(c)
	if err != nil {
		return err
	}
	if !f.Valid() {
		return web.Render(c, http.StatusUnprocessableEntity, unlockPage(page, f))
	}
	err = s.Beneficiaries.SendUnlockCode(c.Request.Context(), a)
	if problem.Is(err, "sms_sent_too_much") {
		err = nil // said aloud, it would tell that code and year are right
	}
	status := statusOf(err)
	if ok, err := f.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, status, unlockPage(page, f))
	}
	return web.Render(c, http.StatusOK, unlockCodePage(page, f))
}

// unlock opens the space with the code that came by SMS.
func (s *Surface) unlock(c *gin.Context, before authz.Actor) error {
	page := web.PageOf(c)
	f, a, err := attempt(c)
	if err != nil {
		return err
	}
	typed := f.Required("sms", "required")
	if !f.Valid() {
		return web.Render(c, http.StatusUnprocessableEntity, unlockCodePage(page, f))
	}
	access, err := s.Beneficiaries.OpenByPhone(c.Request.Context(), a, typed)
	status := statusOf(err)
	if p := problem.As(err); p != nil && p.Kind == problem.KindInvalid {
		// Wrong, too old and nobody's: one answer.
		err = problem.Invalid(problem.At("sms", "unlock_code_wrong"))
	}
	if ok, err := f.Accept(err); err != nil {
		return err
	} else if !ok {
		return web.Render(c, status, unlockCodePage(page, f))
	}
	return s.open(c, before, access, authz.TierPhone)
}

// attempt reads what opens a card.
func attempt(c *gin.Context) (*form.Form, beneficiaries.CardAttempt, error) {
	f, err := form.Parse(c.Writer, c.Request, web.PageOf(c).Printer)
	if err != nil {
		return nil, beneficiaries.CardAttempt{}, err
	}
	return f, beneficiaries.CardAttempt{
		Code:      f.Required("code", "card_code_missing"),
		BirthYear: f.Required("birth_year", "birth_year_missing"),
		Address:   rate.Address(c.ClientIP()),
	}, nil
}

func statusOf(err error) int {
	switch p := problem.As(err); {
	case p == nil:
		return http.StatusOK
	case p.Kind == problem.KindInvalid:
		return http.StatusUnprocessableEntity
	default:
		return web.Status(p)
	}
}

// open begins a session of the person and ends the one the browser came with,
// and so what was granted in it: a mediator may lend the person their screen.
// Pages then speak the person's language, unless another was chosen here.
func (s *Surface) open(c *gin.Context, before authz.Actor, access beneficiaries.Access, tier authz.Tier) error {
	ctx := c.Request.Context()
	token, session, err := s.Sessions.Start(ctx, authz.NewSession{Beneficiary: access.Beneficiary, Organisation: access.Organisation, Tier: tier})
	if err != nil {
		return fmt.Errorf("begin the session: %w", err)
	}
	if old, ok := authz.RequestSessionOf(c); ok {
		if err := s.Organisations.SignedOut(ctx, before, func(tx *store.Tx) error { return s.Sessions.In(tx).End(ctx, old.Token) }); err != nil {
			return fmt.Errorf("end the earlier session: %w", err)
		}
	}
	s.Cookies.SetCookie(c, token, session)
	s.speak(c, access.Language)
	return web.SeeOther(c, minePath)
}
