package mediator

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/frontend/web"
)

// changeView is a page that changes something about a person.
type changeView struct {
	Form    *form.Form
	Refused *desk.Refusal
	Fields  personFields
	Person  beneficiaries.Beneficiary
}

// aboutPerson reads the person a page is about.
func (s *Surface) aboutPerson(c *gin.Context, actor authz.Actor) (beneficiaries.Beneficiary, error) {
	id, err := pathID(c, "id")
	if err != nil {
		return beneficiaries.Beneficiary{}, err
	}
	return s.Beneficiaries.Get(c.Request.Context(), actor, id)
}

// changeViewOf adds the country's choices.
func (s *Surface) changeViewOf(c *gin.Context, actor authz.Actor, b beneficiaries.Beneficiary, f *form.Form) (changeView, error) {
	pack, err := s.packOf(c.Request.Context(), actor)
	if err != nil {
		return changeView{}, err
	}
	return changeView{Form: f, Person: b, Fields: personFieldsOf(web.PageOf(c), pack)}, nil
}

// editPerson shows who somebody is, to be corrected.
func (s *Surface) editPerson(c *gin.Context, actor authz.Actor) error {
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f := form.New(page.Printer)
	fillIdentity(f, b)
	v, err := s.changeViewOf(c, actor, b, f)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, editPersonPage(page, v))
}

// changePerson corrects it.
func (s *Surface) changePerson(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	if in := readIdentity(f); f.Valid() {
		err = s.Beneficiaries.Change(ctx, actor, b.ID, in)
	}
	refused, rest := s.keep(ctx, page, actor, f, err)
	if rest != nil {
		return rest
	}
	if refused == nil && f.Valid() {
		web.Flash(c, "flash.person_changed")
		return web.SeeOther(c, personHref(b))
	}
	v, err := s.changeViewOf(c, actor, b, f)
	if err != nil {
		return err
	}
	v.Refused = refused
	return web.Render(c, v.status(), editPersonPage(page, v))
}

// editContact shows how somebody is reached, to be changed.
func (s *Surface) editContact(c *gin.Context, actor authz.Actor) error {
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	page := web.PageOf(c)
	f := form.New(page.Printer)
	fillContact(f, b)
	v, err := s.changeViewOf(c, actor, b, f)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, editContactPage(page, v))
}

// changeContact changes it: a sensitive act, that the previous channel is told
// of. When a fresh sign-in is asked for, what was typed comes back (AU-08).
func (s *Surface) changeContact(c *gin.Context, actor authz.Actor) error {
	ctx, page := c.Request.Context(), web.PageOf(c)
	b, err := s.aboutPerson(c, actor)
	if err != nil {
		return err
	}
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	var came beneficiaries.ContactChange
	if in := readContact(f); f.Valid() {
		came, err = s.Beneficiaries.ChangeContact(ctx, actor, b.ID, in)
	}
	refused, rest := s.keep(ctx, page, actor, f, err)
	if rest != nil {
		return rest
	}
	if refused == nil && f.Valid() {
		web.Flash(c, contactFlash(came))
		return web.SeeOther(c, personHref(b))
	}
	v, err := s.changeViewOf(c, actor, b, f)
	if err != nil {
		return err
	}
	v.Refused = refused
	return web.Render(c, v.status(), editContactPage(page, v))
}

// contactFlash says what came of a change, and whether anybody was told.
func contactFlash(came beneficiaries.ContactChange) string {
	switch {
	case len(came.Fields) == 0:
		return "flash.contact_same"
	case came.Told == "":
		return "flash.contact_changed_untold"
	}
	return "flash.contact_changed"
}

// status tells a refusal from something to mend.
func (v changeView) status() int {
	if v.Refused != nil {
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}
