package op

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/mandates/acting"
)

// pushedPrefix begins every request_uri this provider hands out (RFC 9126 §2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// authorize begins a request that a browser brings, and sends the browser to
// the pages where a mediator chooses. The same for GET and POST (OpenID Connect
// Core §3.1.2.1): nothing is granted here, so that no other site can do harm.
//
// A form posted by another site comes without our cookies, whether the browser
// has them or not: it is sent round by the address, which brings them. A new
// cookie in their place would break what else is under way in that browser.
func (p *Provider) authorize(c *gin.Context) error {
	if c.Request.Method == http.MethodPost && p.browserOf(c) == nil {
		if err := c.Request.ParseForm(); err != nil {
			return p.refuse(c, asker{}, bad(invalidRequest, "the request cannot be read"))
		}
		c.Redirect(http.StatusSeeOther, authorizePath+"?"+c.Request.PostForm.Encode())
		return nil
	}
	a, params, err := p.incoming(c)
	if err != nil {
		return p.refuse(c, a, err)
	}
	begun, err := p.Acting.Begin(c.Request.Context(), acting.NewRequest{Client: a.client, Params: params, Browser: p.browser(c)})
	if err != nil {
		return p.refuse(c, a, notOffered(err))
	}
	c.Redirect(http.StatusSeeOther, choosingPath+begun.ID.String())
	return nil
}

// notOffered says which parameter asked for what the service does not offer.
func notOffered(err error) error {
	p := problem.As(err)
	if p.Kind != problem.KindInvalid || len(p.Fields) == 0 {
		return err
	}
	if p.Fields[0].Name == "authorization_details" {
		return bad(invalidDetails, "a procedure is not offered by this client")
	}
	return bad(invalidScope, p.Fields[0].Name+" asks for what this client does not offer")
}

// incoming reads a request, pushed before or brought along. An asker without a
// client is one to whom nothing may be sent.
func (p *Provider) incoming(c *gin.Context) (asker, acting.Params, error) {
	if err := c.Request.ParseForm(); err != nil {
		return asker{}, acting.Params{}, bad(invalidRequest, "the request cannot be read")
	}
	raw := c.Request.URL.Query()
	if c.Request.Method == http.MethodPost {
		raw = c.Request.PostForm
	}
	if !p.begun.Allow(rate.Address(c.ClientIP())) {
		return asker{}, acting.Params{}, &fault{status: http.StatusTooManyRequests, code: temporarilyDown, retryAfter: "60"}
	}
	if strings.HasPrefix(raw.Get("request_uri"), pushedPrefix) {
		return p.pushed(c, raw)
	}
	// Whom to answer is read before the rest, for a fault of the rest to be
	// answered at all; a parameter that decides it and comes twice decides nothing.
	whom := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "state"} {
		if len(raw[name]) == 1 {
			whom[name] = raw[name]
		}
	}
	if len(raw["client_id"]) > 1 || len(raw["redirect_uri"]) > 1 {
		return asker{}, acting.Params{}, bad(invalidRequest, "client_id or redirect_uri comes twice")
	}
	a, err := p.whoAsks(c.Request.Context(), whom)
	if err != nil {
		return asker{}, acting.Params{}, err
	}
	values, err := checked(raw)
	if err != nil {
		return a, acting.Params{}, err
	}
	params, err := p.params(a, values)
	return a, params, err
}

// pushed takes a pushed request, once. What else the browser brought is
// ignored, but for the client it says it comes from (RFC 9126 §4).
func (p *Provider) pushed(c *gin.Context, raw url.Values) (asker, acting.Params, error) {
	ctx := c.Request.Context()
	if len(raw["client_id"]) != 1 || len(raw["request_uri"]) != 1 {
		return asker{}, acting.Params{}, bad(invalidRequest, "client_id and request_uri must each come once")
	}
	client, err := p.Clients.ByClientID(ctx, raw.Get("client_id"))
	if err != nil {
		return asker{}, acting.Params{}, asFault(err, requestURIInvalid)
	}
	params, err := p.Acting.TakePushed(ctx, client, raw.Get("request_uri"))
	if err != nil {
		f := asFault(err, requestURIInvalid)
		f.over = true
		return asker{}, acting.Params{}, f
	}
	if !slices.Contains(client.RedirectURIs, params.RedirectURI) {
		return asker{}, acting.Params{}, requestOver()
	}
	return asker{client: client, redirect: params.RedirectURI, state: params.State}, params, nil
}

// refuse answers a fault: to the client, once it is known where that is, else
// to the person in front of the browser.
func (p *Provider) refuse(c *gin.Context, a asker, err error) error {
	f := asFault(err, invalidRequest)
	if a.client.ClientID == "" || f.status == http.StatusTooManyRequests {
		p.log(c, f)
		p.showFault(c, f)
		return nil
	}
	p.log(c, f)
	answer := url.Values{"error": {f.code}}
	if f.description != "" {
		answer.Set("error_description", f.description)
	}
	return p.goBack(c, a, answer)
}

// goBack sends the browser to the client with an answer, the state it gave, and
// our name (RFC 9207). Queries of the registered address stay as they are.
func (p *Provider) goBack(c *gin.Context, a asker, answer url.Values) error {
	to, err := url.Parse(a.redirect)
	if err != nil {
		return err
	}
	if a.state != "" {
		answer.Set("state", a.state)
	}
	answer.Set("iss", p.Issuer)
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += answer.Encode()
	c.Header("Location", to.String())
	c.Status(http.StatusSeeOther)
	return nil
}

// callback takes the browser back from choosing. It gives a code only to the
// browser that the request began in.
func (p *Provider) callback(c *gin.Context) error {
	ctx := c.Request.Context()
	id, unreadable := uuid.Parse(c.Query("id"))
	request, err := p.Acting.Request(ctx, id)
	switch {
	case err != nil && ours(err):
		return err
	case err != nil || unreadable != nil || !request.OfBrowser(p.browserOf(c)),
		// An address withdrawn since the request began gets no answer any more.
		!slices.Contains(request.Client.RedirectURIs, request.Params.RedirectURI):
		p.showFault(c, requestOver())
		return nil //nolint:nilerr // a request that is not there was answered: the page says so
	}
	a := asker{client: request.Client, redirect: request.Params.RedirectURI, state: request.Params.State}
	switch request.State {
	case acting.Open:
		c.Redirect(http.StatusSeeOther, choosingPath+id.String())
		return nil
	case acting.Declined:
		return p.refuse(c, a, bad(accessDenied, "the mediator left without choosing"))
	case acting.Granted:
		code := p.secret()
		if err := p.Acting.SaveCode(ctx, id, code); err != nil {
			return p.late(c, a, err)
		}
		return p.goBack(c, a, url.Values{"code": {code}})
	case acting.Used, acting.Expired:
	}
	p.showFault(c, requestOver())
	return nil
}

// late: another window was first, or something of ours failed.
func (p *Provider) late(c *gin.Context, a asker, err error) error {
	if problem.As(err).Kind == problem.KindConflict {
		p.showFault(c, requestOver())
		return nil
	}
	return p.refuse(c, a, asFault(err, accessDenied))
}

// requestOver: used, too old, of another browser, or never there. They look
// alike.
func requestOver() *fault {
	f := bad(invalidRequest, "this request is over")
	f.over = true
	return f
}

// secretBytes is the entropy of codes and request addresses.
const secretBytes = 32

func (p *Provider) secret() string {
	raw := make([]byte, secretBytes)
	if _, err := p.Store.Env().Random.Read(raw); err != nil {
		panic("op: the source of randomness is broken")
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
