package mediator

import (
	"net/http"
	"strings"
	"time"

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
	in.ID = personID(actor, f.Value("key"), in.Identity)
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

// personKeys is the name space of people's ids made from keys (RFC 9562, 5.5).
var personKeys = uuid.MustParse("5f0c3a88-0d5e-4b0b-9a55-6f6f2e1f7d43")

// personID makes a person's id from the key of the form, so that a second press
// finds the person of the first (MA-06). Another name or another day of birth
// is another id: whoever goes back to the page and types somebody else over it
// adds somebody else. No key, no id: the command makes one.
func personID(actor authz.Actor, key string, who beneficiaries.Identity) uuid.UUID {
	if key == "" {
		return uuid.Nil
	}
	name := strings.Join([]string{actor.Organisation.String(), actor.Account.String(), key,
		who.GivenNames, who.FamilyName, who.BirthDate.Format(time.DateOnly)}, "\x00")
	return uuid.NewSHA1(personKeys, []byte(name))
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
