package op

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/organisations/clients"
)

// leaving is what an ID token says of the session to end.
type leaving struct {
	Issuer   string   `json:"iss"`
	Audience audience `json:"aud"`
	Session  string   `json:"sid"`
}

// endSession ends what a mediator was given at the service whose ID token is
// shown (RP-Initiated Logout 1.0). It does not sign the mediator out of Relais:
// they have other people to help. Without an ID token nothing is ended, so that
// no other site can end anything.
func (p *Provider) endSession(c *gin.Context) error {
	if err := c.Request.ParseForm(); err != nil {
		return p.stay(c, err)
	}
	raw := c.Request.URL.Query()
	if c.Request.Method == http.MethodPost {
		raw = c.Request.PostForm
	}
	v, err := checked(raw)
	if err != nil {
		return p.stay(c, err)
	}
	client, session, err := p.hinted(c, v)
	if err != nil {
		return p.stay(c, err)
	}
	if err := p.Acting.EndDelegation(c.Request.Context(), client.SoftwareActor(p.Store.Now()), session); err != nil && ours(err) {
		return err
	}
	to := v.Get("post_logout_redirect_uri")
	if to == "" {
		p.showLeft(c, true)
		return nil
	}
	if !slices.Contains(client.PostLogoutRedirectURIs, to) {
		p.showFault(c, bad(invalidRequest, "post_logout_redirect_uri is not one registered for this client"))
		return nil
	}
	return leave(c, to, v.Get("state"))
}

func (p *Provider) stay(c *gin.Context, cause error) error {
	if ours(cause) && !isFault(cause) {
		return cause
	}
	p.showLeft(c, false)
	return nil
}

func isFault(err error) bool {
	var f *fault
	return errors.As(err, &f)
}

// leave sends the browser on to a registered address.
func leave(c *gin.Context, address, state string) error {
	to, err := url.Parse(address)
	if err != nil {
		return err
	}
	if state != "" && len(state) <= longestState && visible(state) {
		if to.RawQuery != "" {
			to.RawQuery += "&"
		}
		to.RawQuery += url.Values{"state": {state}}.Encode()
	}
	c.Header("Location", to.String())
	c.Status(http.StatusSeeOther)
	return nil
}

// hinted reads id_token_hint: an ID token of ours, whose time may be over
// (RP-Initiated Logout 1.0 §4), for the client that shows it.
func (p *Provider) hinted(c *gin.Context, v url.Values) (clients.Client, uuid.UUID, error) {
	hint := v.Get("id_token_hint")
	jws, err := jose.ParseSignedCompact(hint, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.HS256})
	if err != nil {
		return clients.Client{}, uuid.Nil, bad(invalidRequest, "id_token_hint is missing, or no ID token")
	}
	var said leaving
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &said); err != nil || len(said.Audience) != 1 {
		return clients.Client{}, uuid.Nil, bad(invalidRequest, "id_token_hint is no ID token")
	}
	client, err := p.Clients.ByClientID(c.Request.Context(), said.Audience[0])
	if err != nil {
		return clients.Client{}, uuid.Nil, asFault(err, invalidRequest)
	}
	if err := p.verifyHint(client, hint); err != nil {
		return clients.Client{}, uuid.Nil, bad(invalidRequest, "id_token_hint does not verify")
	}
	session, err := uuid.Parse(said.Session)
	if err != nil || said.Issuer != p.Issuer || v.Has("client_id") && v.Get("client_id") != client.ClientID {
		return clients.Client{}, uuid.Nil, bad(invalidRequest, "id_token_hint is of another client or issuer")
	}
	return client, session, nil
}

// verifyHint checks an ID token by the one algorithm of its client: never a
// public key as a shared secret, nor the other way round.
func (p *Provider) verifyHint(client clients.Client, hint string) error {
	algorithm := jose.SignatureAlgorithm(client.IDTokenAlg)
	if algorithm != jose.HS256 {
		_, err := p.Keys.verify(hint, typPlain, algorithm)
		return err
	}
	secret, err := p.secretFor(client)
	if err != nil {
		return err
	}
	jws, err := jose.ParseSignedCompact(hint, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return err
	}
	_, err = jws.Verify(secret)
	return err
}
