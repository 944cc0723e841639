package op

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// introspection is RFC 7662 §2.2, with act and authorization_details. The zero
// value is the one answer for a token that opens nothing, or is not the
// caller's: nothing tells them apart.
type introspection struct {
	Active   bool            `json:"active"`
	Issuer   string          `json:"iss,omitempty"`
	Subject  string          `json:"sub,omitempty"`
	Audience audience        `json:"aud,omitempty"`
	ClientID string          `json:"client_id,omitempty"`
	ID       string          `json:"jti,omitempty"`
	Type     string          `json:"token_type,omitempty"`
	Scope    string          `json:"scope,omitempty"`
	Expiry   int64           `json:"exp,omitempty"`
	IssuedAt int64           `json:"iat,omitempty"`
	Actor    *acting.Party   `json:"act,omitempty"`
	Details  []acting.Detail `json:"authorization_details,omitempty"`
	Session  string          `json:"sid,omitempty"`
	ACR      string          `json:"acr,omitempty"`
	AuthTime int64           `json:"auth_time,omitempty"`
}

// introspect says what a token opens now, to the client it was given to or is
// for.
func (p *Provider) introspect(c *gin.Context) error {
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
	answer, err := p.look(c.Request.Context(), client, form.Get("token"))
	if err != nil && ours(err) {
		return err
	}
	if err != nil {
		p.logSilent(c, client, err)
	}
	p.json(c, http.StatusOK, answer)
	return nil
}

// ours: a failure that must not pass for "not active".
func ours(err error) bool {
	kind := problem.As(err).Kind
	return kind == problem.KindInternal || kind == problem.KindUnavailable
}

// look reads a token, whoever's it is.
func (p *Provider) look(ctx context.Context, client clients.Client, raw string) (introspection, error) {
	if client.Kind == clients.Software {
		return p.lookSoftware(ctx, client, raw)
	}
	read, err := p.readAccess(raw)
	if err != nil {
		return introspection{}, nil //nolint:nilerr // not a live token of ours is an answer, not a fault
	}
	d, err := p.Acting.UseBy(ctx, client, read.ID)
	if err != nil {
		return introspection{}, err
	}
	told, err := p.Acting.Claims(ctx, d, client)
	if err != nil {
		return introspection{}, err
	}
	return introspection{Active: true, Issuer: p.Issuer, Subject: told.Subject, Audience: read.Audience, ClientID: read.ClientID, ID: read.ID,
		Type: "Bearer", Scope: strings.Join(d.Token.Scopes, " "), Expiry: d.Token.ExpiresAt.Unix(), IssuedAt: read.IssuedAt,
		Actor: &told.Actor, Details: told.Details, Session: told.SID, ACR: p.acr(d), AuthTime: d.AuthTime.Unix()}, nil
}

// lookSoftware says what a token of an organisation's software opens, to that
// software.
func (p *Provider) lookSoftware(ctx context.Context, client clients.Client, raw string) (introspection, error) {
	scopes, err := p.Clients.SoftwareTokenOf(ctx, client, raw)
	if err != nil {
		return introspection{}, err
	}
	return introspection{Active: true, Issuer: p.Issuer, Subject: client.ClientID, Audience: audience{p.Issuer}, ClientID: client.ClientID,
		Type: "Bearer", Scope: strings.Join(scopes, " ")}, nil
}
