package op

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// The token types of RFC 8693 §3 that are ours.
const (
	typeAccess = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT    = "urn:ietf:params:oauth:token-type:jwt"
)

// byExchange turns the token of a mediator acting under a mandate into one for
// a single other service, never broader and never longer (RFC 8693, OP-08). The
// person stays sub, the mediator act: delegation, never impersonation.
func (p *Provider) byExchange(ctx context.Context, client clients.Client, form url.Values) (tokenAnswer, error) {
	if err := exchangeable(form); err != nil {
		return tokenAnswer{}, err
	}
	read, err := p.readAccess(form.Get("subject_token"))
	if err != nil {
		return tokenAnswer{}, notTheirs(client, err)
	}
	d, err := p.Acting.Subject(ctx, client, read.ID)
	if problem.Is(err, "token_invalid") {
		return tokenAnswer{}, notTheirs(client, err)
	}
	if err != nil {
		return tokenAnswer{}, asFault(err, invalidRequest) // RFC 8693 §2.2.2
	}
	x := acting.Exchange{Audience: form.Get("audience"), Scopes: words(form.Get("scope"))} // whoever it names: acting refuses, and records it
	if x.Actions, err = p.narrower(form.Get("authorization_details"), d); err != nil {
		return tokenAnswer{}, err
	}
	target, t, err := p.Acting.Exchange(ctx, client, d, x)
	if err != nil {
		return tokenAnswer{}, exchangeFault(err)
	}
	claims, err := p.Acting.Claims(ctx, d, target)
	if err != nil {
		return tokenAnswer{}, err
	}
	narrow(claims.Details, t.Actions)
	raw, err := p.accessToken(d, t, claims)
	if err != nil {
		return tokenAnswer{}, err
	}
	issued := typeAccess
	if form.Get("requested_token_type") == typeJWT {
		issued = typeJWT
	}
	return tokenAnswer{AccessToken: raw, Issued: issued, Type: "Bearer", ExpiresIn: p.left(t.ExpiresAt),
		Scope: strings.Join(t.Scopes, " "), Details: claims.Details}, nil
}

// notTheirs is the one answer for a token that never was, or is another's.
func notTheirs(client clients.Client, cause error) *fault {
	f := bad(invalidRequest, "subject_token does not verify, or was given to another client")
	f.client, f.cause = client.ID, cause
	return f
}

// exchangeable holds the form to what is offered of RFC 8693 §2.1.
func exchangeable(form url.Values) error {
	switch {
	case !form.Has("subject_token") || !form.Has("subject_token_type"):
		return bad(invalidRequest, "subject_token and subject_token_type are needed")
	case form.Get("subject_token_type") != typeAccess && form.Get("subject_token_type") != typeJWT:
		return bad(invalidRequest, "subject_token_type must be an access token")
	case form.Has("actor_token") || form.Has("actor_token_type"):
		return bad(invalidRequest, "actor_token is not supported: the subject token names who acts")
	case form.Has("requested_token_type") && form.Get("requested_token_type") != typeAccess && form.Get("requested_token_type") != typeJWT:
		return bad(invalidRequest, "requested_token_type is not supported")
	case form.Has("resource") || len(form["audience"]) != 1:
		return bad(invalidTarget, "exactly one audience, the client_id of a service, is expected")
	}
	return nil
}

// narrower reads which of its actions a token is to keep. The mandate and the
// procedure may be named, and must then be the token's own.
func (p *Provider) narrower(raw string, d acting.Delegation) ([]string, error) {
	if raw == "" {
		return nil, nil
	}
	var list []acting.Detail
	dec := json.NewDecoder(strings.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil || len(list) != 1 || list[0].Type != p.detailType() {
		return nil, bad(invalidDetails, "exactly one object of a known type is expected")
	}
	a := list[0]
	switch {
	case a.NotAfter != "" || len(a.Locations) > 0:
		return nil, bad(invalidDetails, "only identifier, procedures and actions may be asked for")
	case a.Identifier != "" && a.Identifier != p.Acting.MandateAt(d.Client, d),
		len(a.Procedures) > 0 && !slices.Equal(a.Procedures, []string{d.Procedure}):
		return nil, bad(invalidDetails, "the subject token is for another mandate or procedure")
	case !each(a.Actions, func(s string) bool { return slices.Contains(d.Token.Actions, s) }):
		return nil, bad(invalidDetails, "an action is not in the subject token")
	}
	return a.Actions, nil
}

// exchangeFault says which parameter a refusal is about.
func exchangeFault(err error) *fault {
	p := problem.As(err)
	switch {
	case slices.Contains(p.Reasons, string(authz.ReasonNeedsStepUp)):
		return asFault(problem.New(problem.KindNeedsStepUp, p.Code).Because(err), insufficientAuth)
	case p.Code == "target_invalid":
		f := bad(invalidTarget, "no such audience, or not one for this token")
		f.cause = err
		return f
	case p.Code == "scope_broader":
		return asFault(err, invalidScope)
	case slices.Contains(p.Reasons, string(authz.ReasonActionNotInScope)):
		return asFault(err, invalidDetails)
	}
	return asFault(err, invalidRequest)
}
