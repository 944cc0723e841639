package idp

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// pages is the sign-in and sign-out interface, all of it working without
// JavaScript.
type pages struct {
	storage *storage
	courier *courier
}

// choose shows whom one can sign in as, unless the browser's session answers
// the request already.
func (p *pages) choose(w http.ResponseWriter, r *http.Request) error {
	asked, err := p.storage.request(r.URL.Query().Get("request"))
	if err != nil {
		return err
	}
	held, signedIn := p.storage.sessionOf(browserSecret(r, asked.audience), asked.audience)
	if signedIn && asked.satisfiedBy(held, p.storage.now()) {
		return p.finish(w, r, asked, held)
	}
	if slices.Contains(asked.Prompt, oidc.PromptNone) {
		return p.refuse(w, r, asked, "login_required")
	}
	return p.render(w, r, asked, screenChoose)
}

// chosen receives the name that was pressed.
func (p *pages) chosen(w http.ResponseWriter, r *http.Request) error {
	asked, err := p.storage.request(r.PostFormValue("request"))
	if err != nil {
		return err
	}
	if r.PostFormValue("cancel") != "" {
		return p.refuse(w, r, asked, "access_denied")
	}
	person, known := p.storage.person(r.PostFormValue("subject"))
	if !known || person.Audience != asked.audience {
		return errUnknown
	}
	if !asked.wantsTwoFactors() {
		return p.signIn(w, r, asked, session{subject: person.Subject, acr: ACROneFactor})
	}
	asked, err = p.storage.change(asked.id, func(r *request) { r.chosen = person.Subject })
	if err != nil {
		return err
	}
	return p.render(w, r, asked, screenConfirm)
}

// confirmed receives the second button, which stands for a phone.
func (p *pages) confirmed(w http.ResponseWriter, r *http.Request) error {
	asked, err := p.storage.request(r.PostFormValue("request"))
	if err != nil {
		return err
	}
	if r.PostFormValue("cancel") != "" {
		return p.refuse(w, r, asked, "access_denied")
	}
	if asked.chosen == "" {
		return errUnknown
	}
	return p.signIn(w, r, asked, session{subject: asked.chosen, acr: ACRTwoFactors})
}

// signIn begins or renews the browser's session. Its secret changes each time.
func (p *pages) signIn(w http.ResponseWriter, r *http.Request, asked request, fresh session) error {
	previous, _ := p.storage.sessionOf(browserSecret(r, asked.audience), asked.audience)
	fresh.sid, fresh.cookie, fresh.audience = uuid.NewString(), rand.Text(), asked.audience
	fresh = p.storage.authenticate(previous, fresh)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(asked.audience), Value: fresh.cookie, Path: "/",
		MaxAge: int(sessionLifetime.Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return p.finish(w, r, asked, fresh)
}

// finish hands the request back to the library, which makes the code.
func (p *pages) finish(w http.ResponseWriter, r *http.Request, asked request, s session) error {
	if _, err := p.storage.change(asked.id, func(r *request) { r.login = &s }); err != nil {
		return err
	}
	http.Redirect(w, r, authorizePath+"/callback?id="+url.QueryEscape(asked.id), http.StatusSeeOther)
	return nil
}

// refuse sends the person back to the relying party with an error of OAuth.
func (p *pages) refuse(w http.ResponseWriter, r *http.Request, asked request, reason string) error {
	if err := p.storage.DeleteAuthRequest(r.Context(), asked.id); err != nil {
		return err
	}
	to, err := url.Parse(asked.RedirectURI)
	if err != nil {
		return err
	}
	query := to.Query()
	query.Set("error", reason)
	query.Set("state", asked.State)
	query.Set("iss", p.storage.issuer)
	to.RawQuery = query.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

// signedOut is reached after end_session without a page to go back to. If the
// browser is still signed in (no ID token hint was sent) it asks first.
func (p *pages) signedOut(w http.ResponseWriter, r *http.Request) error {
	for _, audience := range []string{AudienceStaff, AudiencePerson} {
		if _, live := p.storage.sessionOf(browserSecret(r, audience), audience); live {
			return p.render(w, r, request{}, screenSignOut)
		}
	}
	return p.render(w, r, request{}, screenSignedOut)
}

func (p *pages) signOut(w http.ResponseWriter, r *http.Request) error {
	staff, person := browserSecret(r, AudienceStaff), browserSecret(r, AudiencePerson)
	ended := p.storage.end(func(s session) bool { return s.cookie == staff || s.cookie == person })
	p.courier.deliver(r.Context(), ended)
	http.Redirect(w, r, signedOutPath, http.StatusSeeOther)
	return nil
}

func (p *pages) welcome(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, request{}, screenWelcome)
}

func cookieName(audience string) string { return "demo_idp_" + audience }

// browserSecret is what the browser holds for an audience, or a value that no
// session has.
func browserSecret(r *http.Request, audience string) string {
	c, err := r.Cookie(cookieName(audience))
	if err != nil || c.Value == "" {
		return "none"
	}
	return c.Value
}
