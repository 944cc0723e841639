package benefits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

// grant is what a token says: who acts for whom, under which mandate, for what.
type grant struct {
	Delegation     string // sid
	Person         string // pairwise subject
	Mediator       string // pairwise subject of the one who acts
	MediatorName   string
	Organisation   string // its id
	OrganisationIs string // its name
	Mandate        string
	Until          time.Time
	Procedures     []string
	Actions        []string
	ACR            string
	who            // identity claims of the person
}

// who is the person, as far as this service is entitled to know.
type who struct {
	Name, BirthDate string
	Address         address
}

type address struct{ Street, Postcode, Town string }

func (g grant) allows(action string) bool { return slices.Contains(g.Actions, action) }

// tokens are never logged and never leave the memory.
type tokens struct {
	access, refresh string
	expires         time.Time
}

// claims of an access token (RFC 9068 §2.2) and of an ID token, as far as they
// are the same.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ClientID string   `json:"client_id"`
	ID       string   `json:"jti"`
	Expires  float64  `json:"exp"`
	IssuedAt float64  `json:"iat"`
	Session  string   `json:"sid"`
	ACR      string   `json:"acr"`
	Actor    struct {
		Subject          string `json:"sub"`
		Name             string `json:"name"`
		Organisation     string `json:"org"`
		OrganisationName string `json:"org_name"`
	} `json:"act"`
	Details []detail `json:"authorization_details"`
}

// detail is what was granted (RFC 9396).
type detail struct {
	Type       string   `json:"type"`
	Mandate    string   `json:"identifier"`
	Actions    []string `json:"actions"`
	Procedures []string `json:"procedures"`
	Locations  []string `json:"locations"`
	NotAfter   string   `json:"not_after"`
}

// audience is one string or a list (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(a))
}

// signed verifies a JWT of Relais of one kind: signature, typ and issuer. The
// algorithm is named here and not taken from the token.
func (r *relais) signed(ctx context.Context, d *discovered, raw, typ string, into any) error {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return err
	}
	got, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if strings.TrimPrefix(strings.ToLower(got), "application/") != typ {
		return fmt.Errorf("typ is %q, not %s", got, typ)
	}
	payload, err := d.keys.VerifySignature(r.context(ctx), raw)
	if err != nil {
		return err
	}
	var from struct {
		Issuer string `json:"iss"`
	}
	if err := json.Unmarshal(payload, &from); err != nil {
		return err
	}
	if from.Issuer != r.Issuer {
		return errors.New("another issuer's")
	}
	return json.Unmarshal(payload, into)
}

// access verifies an access token and reads who acts for whom (RFC 9068 §4).
func (r *relais) access(ctx context.Context, d *discovered, raw string) (grant, time.Time, error) {
	var c claims
	if err := r.signed(ctx, d, raw, "at+jwt", &c); err != nil {
		return grant{}, time.Time{}, fmt.Errorf("access token: %w", err)
	}
	expires := time.Unix(int64(c.Expires), 0)
	i := slices.IndexFunc(c.Details, func(x detail) bool { return x.Type == r.Issuer+detailPath })
	switch {
	case c.ClientID != r.ClientID:
		return grant{}, expires, errors.New("access token: given to another client")
	case !slices.Contains(c.Audience, r.Issuer) && !slices.Contains(c.Audience, r.ClientID):
		return grant{}, expires, errors.New("access token: for somebody else")
	case !r.Now().Before(expires):
		return grant{}, expires, errors.New("access token: expired")
	case c.Subject == "" || c.Actor.Subject == "":
		return grant{}, expires, errors.New("access token: does not say who acts for whom")
	case i < 0 || !slices.Contains(c.Details[i].Procedures, r.Procedure):
		return grant{}, expires, errors.New("access token: not for what is applied for here")
	}
	g := c.grant(c.Details[i])
	return g, expires, nil
}

func (c claims) grant(d detail) grant {
	until, err := time.Parse(time.RFC3339, d.NotAfter)
	if err == nil {
		until = until.Add(-time.Second) // it names the first moment after
	}
	return grant{Delegation: c.Session, Person: c.Subject, Mediator: c.Actor.Subject, MediatorName: c.Actor.Name,
		Organisation: c.Actor.Organisation, OrganisationIs: c.Actor.OrganisationName, Mandate: d.Mandate, Until: until,
		Procedures: d.Procedures, Actions: d.Actions, ACR: c.ACR}
}

// redeem turns the code into tokens, and verifies all of them.
func (r *relais) redeem(ctx context.Context, f flow, code string) (grant, tokens, error) {
	d, err := r.discover(ctx)
	if err != nil {
		return grant{}, tokens{}, err
	}
	ctx = r.context(ctx)
	token, err := d.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return grant{}, tokens{}, oauthError(err)
	}
	g, t, err := r.read(ctx, d, token)
	if err != nil {
		return grant{}, tokens{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := d.ids.Verify(ctx, raw)
	switch {
	case err != nil:
		return grant{}, tokens{}, fmt.Errorf("ID token: %w", err)
	case id.Nonce != f.Nonce:
		return grant{}, tokens{}, errors.New("ID token: not the answer to our request")
	case id.Subject != g.Person:
		return grant{}, tokens{}, errors.New("ID token: another person than the access token's")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return grant{}, tokens{}, fmt.Errorf("ID token: %w", err)
		}
	}
	if g.who, err = r.person(ctx, d, token); err != nil {
		return grant{}, tokens{}, err
	}
	return g, t, nil
}

// read verifies what the token endpoint gave.
func (r *relais) read(ctx context.Context, d *discovered, token *oauth2.Token) (grant, tokens, error) {
	g, expires, err := r.access(ctx, d, token.AccessToken)
	return g, tokens{access: token.AccessToken, refresh: token.RefreshToken, expires: expires}, err
}

// person asks userinfo who the person is.
func (r *relais) person(ctx context.Context, d *discovered, token *oauth2.Token) (who, error) {
	told, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return who{}, fmt.Errorf("%w: userinfo: %w", errAway, err)
	}
	var c struct {
		Given     string `json:"given_name"`
		Family    string `json:"family_name"`
		Usage     string `json:"preferred_username"`
		BirthDate string `json:"birthdate"`
		Address   struct {
			Formatted string `json:"formatted"`
		} `json:"address"`
	}
	if err := told.Claims(&c); err != nil {
		return who{}, err
	}
	if c.Usage != "" {
		c.Family = c.Usage // as people call them
	}
	return who{Name: strings.TrimSpace(c.Given + " " + c.Family), BirthDate: c.BirthDate, Address: splitAddress(c.Address.Formatted)}, nil
}

// splitAddress reads a French postal address: the street, and on the last line
// the postcode and the town. What is not one fills nothing in.
func splitAddress(formatted string) address {
	lines := strings.Split(strings.TrimSpace(formatted), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	postcode, town, found := strings.Cut(last, " ")
	if len(lines) < 2 || !found || len(postcode) != 5 || strings.Trim(postcode, "0123456789") != "" {
		return address{}
	}
	return address{Street: strings.TrimSpace(lines[0]), Postcode: postcode, Town: strings.TrimSpace(town)}
}

// renew gets a new access token. errEnded: Relais will give no more.
func (r *relais) renew(ctx context.Context, refresh string) (grant, tokens, error) {
	d, err := r.discover(ctx)
	if err != nil {
		return grant{}, tokens{}, err
	}
	if refresh == "" {
		return grant{}, tokens{}, errEnded
	}
	ctx = r.context(ctx)
	token, err := d.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		return grant{}, tokens{}, oauthError(err)
	}
	return r.read(ctx, d, token)
}

// endedError is Relais's no to tokens that were good once.
type endedError struct{ reasons []string }

func (e *endedError) Error() string {
	return "relais gives no more tokens: " + strings.Join(e.reasons, ", ")
}

var errEnded = &endedError{}

// oauthError tells a no from an absence.
func oauthError(err error) error {
	var said *oauth2.RetrieveError
	if !errors.As(err, &said) || said.Response == nil || said.Response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", errAway, err)
	}
	if said.ErrorCode != "invalid_grant" && said.ErrorCode != "access_denied" {
		return fmt.Errorf("the token endpoint: %w", err)
	}
	var more struct {
		Reasons []string `json:"reasons"`
	}
	_ = json.Unmarshal(said.Body, &more) // without reasons it is a no all the same
	return &endedError{reasons: more.Reasons}
}
