package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/problem"
)

// contactView is the page of how to reach the person.
type contactView struct {
	Form      *form.Form
	Channels  []t.Option
	Languages []t.Option
	// Prove asks for a new code from the phone, in the same form: what was
	// typed stays.
	Prove bool
	// Coming: that code has just been sent.
	Coming bool
}

// contactForm shows how the person is reached now.
func (s *Surface) contactForm(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	b, err := s.Beneficiaries.Get(c.Request.Context(), actor, actor.Beneficiary)
	if err != nil {
		return err
	}
	f := form.New(page.Printer)
	f.Set("phone", desk.PhoneWords(b.Phone)).Set("email", b.Email).Set("address", b.Address).Set("channel", b.Channel).Set("language", b.Language)
	v, err := s.contactView(c, actor, f)
	if err != nil {
		return err
	}
	return web.Render(c, http.StatusOK, contactPage(page, v))
}

// changeContact keeps the change, after a new code when the last one is old.
func (s *Surface) changeContact(c *gin.Context, actor authz.Actor) error {
	page := web.PageOf(c)
	f, err := form.Parse(c.Writer, c.Request, page.Printer)
	if err != nil {
		return err
	}
	v, err := s.contactView(c, actor, f)
	if err != nil {
		return err
	}
	if typed := f.Value("code"); typed != "" {
		if actor, err = s.proved(c, actor, typed); err == nil {
			f.Set("code", "") // it opened the lock, and opens nothing twice
		}
		v.Prove, v.Coming = err != nil, err != nil
	}
	var came beneficiaries.ContactChange
	if err == nil {
		came, err = s.Beneficiaries.ChangeContact(c.Request.Context(), actor, actor.Beneficiary, beneficiaries.Contact{
			Phone: f.Value("phone"), Email: f.Value("email"), Address: f.Value("address"), Channel: f.Value("channel"), Language: f.Value("language")})
	}
	if p := problem.As(err); p != nil && p.Kind == problem.KindNeedsStepUp {
		v.Prove = true
		v.Coming, err = s.askCode(c, actor)
	}
	ok, err := f.Accept(err)
	switch {
	case err != nil:
		return err
	case !ok:
		return web.Render(c, http.StatusUnprocessableEntity, contactPage(page, v))
	case v.Prove:
		return web.Render(c, http.StatusOK, contactPage(page, v))
	}
	web.Flash(c, keptFlash(came))
	return web.SeeOther(c, contactPath)
}

// keptFlash says what came of the change, and whether a message left too.
func keptFlash(came beneficiaries.ContactChange) string {
	switch {
	case len(came.Fields) == 0:
		return "flash.contact_same"
	case came.Told == "":
		return "flash.contact_kept_untold"
	}
	return "flash.contact_kept"
}

func (s *Surface) contactView(c *gin.Context, actor authz.Actor, f *form.Form) (contactView, error) {
	page := web.PageOf(c)
	org, err := s.Organisations.Facts(c.Request.Context(), actor.Organisation)
	if err != nil {
		return contactView{}, err
	}
	pack, err := s.Packs.Get(org.Pack)
	if err != nil {
		return contactView{}, err
	}
	v := contactView{Form: f}
	for _, channel := range []string{"sms", "mail", "letter", "none"} {
		v.Channels = append(v.Channels, t.Option{Value: channel, Label: page.T("portal.contact.channel." + channel)})
	}
	seen := map[string]bool{}
	for _, lang := range append(append([]string{}, pack.Languages...), pack.ConsentLanguages()...) {
		if !seen[lang] {
			seen[lang] = true
			v.Languages = append(v.Languages, t.Option{Value: lang, Label: endonym(lang)})
		}
	}
	return v, nil
}

// endonym is a language's name in itself.
func endonym(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	return display.Self.Name(tag)
}
