package op

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/organisations/clients"
)

// revoke ends a token of the client that asks (RFC 7009). Another client's, an
// unknown one and one that is over answer alike: there is nothing left to end.
func (p *Provider) revoke(c *gin.Context) error {
	form, err := posted(c)
	if err != nil {
		return err
	}
	client, err := p.authenticate(c, form)
	if err != nil {
		return err
	}
	if !form.Has("token") {
		return bad(invalidRequest, "token is missing")
	}
	ctx, token := c.Request.Context(), form.Get("token")
	switch read, unreadable := p.readAccess(token); {
	case client.Kind == clients.Software:
		err = p.Clients.RevokeSoftwareToken(ctx, client, token)
	case unreadable == nil:
		err = p.Acting.Revoke(ctx, client, read.ID)
	default:
		err = p.Acting.Revoke(ctx, client, token) // a refresh token, or nothing of ours
	}
	if err != nil && ours(err) {
		return err
	}
	if err != nil {
		p.logSilent(c, client, err)
	}
	c.Status(http.StatusOK)
	return nil
}
