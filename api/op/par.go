package op

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/mandates/acting"
)

// pushAnswer is RFC 9126 §2.2.
type pushAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// push keeps a request that a client sends by itself, so that nothing of it
// passes through the browser and nobody there can change it. It is held to what
// an authorization request is held to (RFC 9126 §2.1).
func (p *Provider) push(c *gin.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	client, err := p.authenticate(c, form)
	if err != nil {
		return err
	}
	if form.Has("client_id") && form.Get("client_id") != client.ClientID {
		return bad(invalidRequest, "client_id is another client's")
	}
	if form.Has("request_uri") {
		return bad(invalidRequest, "request_uri has no place in a request that is pushed") // RFC 9126 §2.1
	}
	form.Set("client_id", client.ClientID)
	a, err := p.whoAsks(c.Request.Context(), form)
	if err != nil {
		return err
	}
	params, err := p.params(a, form)
	if err != nil {
		return err
	}
	uri := pushedPrefix + p.secret()
	if _, err := p.Acting.Push(c.Request.Context(), client, params, uri); err != nil {
		return notOffered(err)
	}
	p.json(c, http.StatusCreated, pushAnswer{RequestURI: uri, ExpiresIn: int64(acting.PushedLifetime.Seconds())})
	return nil
}
