package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// newPerson asks for what is needed to know somebody.
func (s *Surface) newPerson(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f := form.New(page.Printer)
	f.Set("key", s.NewKey())
	if c.Query("then") == thenMandate {
		f.Set("then", thenMandate)
	}
	return s.showNewPerson(c, actor, f, nil)
}

// showNewPerson renders the page with what is typed so far.
func (s *Surface) showNewPerson(c *gin.Context, actor authz.Actor, f *form.Form, refused *desk.Refusal) error {
	page := web.PageOf(c)
	pack, err := s.packOf(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case refused != nil:
		status = http.StatusForbidden
	case !f.Valid():
		status = http.StatusUnprocessableEntity
	}
	return web.Render(c, status, newPersonPage(page, newPersonView{
		Form: f, Refused: refused, Fields: personFieldsOf(page, pack), Then: f.Value("then"), Key: f.Value("key")}))
}

// addPerson adds them. Somebody who looks like a person already known is asked
// about on a page of its own; nothing typed is lost either way.
func (s *Surface) addPerson(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	if f.Checked("correct") {
		return s.showNewPerson(c, actor, f, nil)
	}
	in := beneficiaries.New{Identity: readIdentity(f), Contact: readContact(f), DuplicateConfirmed: f.Checked("someone_else")}
	var added beneficiaries.Beneficiary
	if f.Valid() {
		added, err = s.Beneficiaries.Create(ctx, actor, in)
	}
	if problem.Is(err, "possible_duplicate") {
		return web.Render(c, http.StatusConflict, duplicatePage(page, duplicateViewOf(page, f, problem.As(err))))
	}
	refused, rest := s.keep(ctx, page, actor, f, err)
	if rest != nil {
		return rest
	}
	if refused != nil || !f.Valid() {
		return s.showNewPerson(c, actor, f, refused)
	}
	return s.afterAdding(c, actor, added.ID, f)
}

// afterAdding goes on to the mandate when that is what the person came for.
// Should the mandate be refused, the person was added all the same.
func (s *Surface) afterAdding(c *gin.Context, actor authz.Actor, person uuid.UUID, f *form.Form) error {
	if f.Value("then") == thenMandate {
		if m, err := s.Mandates.Begin(c.Request.Context(), actor, person, f.Value("key")); err == nil {
			return web.SeeOther(c, mandateHref(m))
		}
	}
	web.Flash(c, "flash.person_added")
	return web.SeeOther(c, "/people/"+person.String())
}
