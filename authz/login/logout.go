package login

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

const (
	// longestLogoutLifetime bounds how long a logout token is remembered.
	longestLogoutLifetime = 24 * time.Hour
	// longestTokenID is what the table keeps, in characters.
	longestTokenID = 512
	// logoutEvent is the member of events that makes a token a logout token.
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// EndSessionURL gives the address that ends the session at the issuer too
// (RP-Initiated Logout 1.0), or "" when the issuer offers none. postLogout is
// an address of this site, registered at the issuer; it is come back to with
// ?state=, so that one can tell who comes from there.
func (s *Service) EndSessionURL(ctx context.Context, issuerID, idTokenHint, postLogout, state string) (string, error) {
	at, ok := s.issuer(issuerID)
	if !ok {
		return "", problem.NotFound()
	}
	if postLogout != s.baseURL && !strings.HasPrefix(postLogout, s.baseURL+"/") {
		return "", problem.Invalid(problem.At("post_logout", "off_site"))
	}
	found, err := at.discover(ctx)
	if err != nil {
		return "", problem.New(problem.KindUnavailable, "login_unavailable").Because(err)
	}
	if found.endSession == "" {
		return "", nil
	}
	to, err := url.Parse(found.endSession)
	if err != nil {
		return "", fmt.Errorf("end_session_endpoint of %s: %w", at.ID, err)
	}
	query := to.Query()
	query.Set("client_id", at.ClientID)
	query.Set("post_logout_redirect_uri", postLogout)
	if state != "" {
		query.Set("state", state)
	}
	if idTokenHint != "" {
		query.Set("id_token_hint", idTokenHint)
	}
	to.RawQuery = query.Encode()
	return to.String(), nil
}

// Logout says whose sessions an issuer wants ended: those of SID where it is
// set, else all of Subject's.
type Logout struct {
	IssuerID, Issuer string
	Subject, SID     string
}

// BackChannel validates a logout token (Back-Channel Logout 1.0 §2.6) and
// remembers it, so that it works once. Faults are one problem, logout_refused;
// [Cause] names them.
//
// The token is used up when this returns: a caller that then fails to end the
// sessions has lost it. [Service.BackChannelIn] ends them in the same
// transaction.
func (s *Service) BackChannel(ctx context.Context, logoutToken string) (Logout, error) {
	return s.BackChannelIn(ctx, logoutToken, func(*store.Tx, Logout) error { return nil })
}

// BackChannelIn is BackChannel with the ending of sessions in its transaction:
// if end fails, the token is not used up and the issuer may send it again.
func (s *Service) BackChannelIn(ctx context.Context, logoutToken string, end func(*store.Tx, Logout) error) (Logout, error) {
	asked, token, err := s.verifyLogout(ctx, logoutToken)
	if err == nil {
		err = s.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
			if err := remember(tx, token.Issuer, token.TokenID, s.now(), token.Expiry.Add(clockLeeway)); err != nil {
				return err
			}
			return end(tx, asked)
		})
	}
	switch {
	case Cause(err) != "":
		return Logout{}, problem.New(problem.KindInvalid, "logout_refused").Because(err)
	case err != nil:
		return Logout{}, fmt.Errorf("end sessions at an issuer's word: %w", err)
	}
	return asked, nil
}

func (s *Service) verifyLogout(ctx context.Context, raw string) (Logout, *oidc.LogoutToken, error) {
	if err := checkAlgorithm(raw); err != nil {
		return Logout{}, nil, err
	}
	at, err := s.addressed(raw)
	if err != nil {
		return Logout{}, nil, err
	}
	found, err := at.discover(ctx)
	if err != nil {
		return Logout{}, nil, err
	}
	if _, err := found.signed.VerifyLogout(ctx, raw); err != nil {
		// Its shape is looked at after the signature; both come as text only.
		return Logout{}, nil, fail(shapeOr(Signature, err), err)
	}
	token, err := found.strict.VerifyLogout(ctx, raw)
	if err != nil {
		return Logout{}, nil, fail(Expired, err)
	}
	if err := checkLogout(token, s.now()); err != nil {
		return Logout{}, nil, err
	}
	return Logout{IssuerID: at.ID, Issuer: token.Issuer, Subject: token.Subject, SID: token.SessionID}, token, nil
}

// shapeOr tells the library's complaints about claims from those about keys.
func shapeOr(otherwise Fault, err error) Fault {
	if strings.HasPrefix(err.Error(), "oidc: logout token") {
		return LogoutShape
	}
	return otherwise
}

// addressed finds the issuer that a token claims to come from, before its
// signature is checked with that issuer's keys. The kind of the token, where
// it says one, must be that of a logout token.
func (s *Service) addressed(raw string) (*issuer, error) {
	parts := strings.Split(raw, ".")
	var header struct {
		Type string `json:"typ"`
	}
	var body struct {
		Issuer   string `json:"iss"`
		Audience words  `json:"aud"`
	}
	if err := errors.Join(decode(parts[0], &header), decode(parts[1], &body)); err != nil {
		return nil, fail(LogoutShape, err)
	}
	kind := strings.TrimPrefix(strings.ToLower(header.Type), "application/")
	if kind != "" && kind != "jwt" && kind != "logout+jwt" {
		return nil, fail(LogoutShape, errors.New("typ"))
	}
	fault := WrongIssuer
	for _, at := range s.issuers {
		if at.URL != body.Issuer {
			continue
		}
		if slices.Contains(body.Audience, at.ClientID) {
			return at, nil
		}
		fault = WrongAudience
	}
	return nil, fail(fault, nil)
}

func decode(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// checkLogout holds what the library leaves out.
func checkLogout(token *oidc.LogoutToken, now time.Time) error {
	var body struct {
		Events map[string]json.RawMessage `json:"events"`
	}
	if err := token.Claims(&body); err != nil {
		return fail(LogoutShape, err)
	}
	switch {
	case !bytes.HasPrefix(body.Events[logoutEvent], []byte("{")):
		return fail(LogoutShape, errors.New("the event is not an object"))
	case len([]rune(token.TokenID)) > longestTokenID, token.Expiry.After(now.Add(longestLogoutLifetime)):
		return fail(LogoutShape, errors.New("jti or lifetime too long"))
	case token.IssuedAt.IsZero():
		return fail(LogoutShape, errors.New("no iat"))
	case token.IssuedAt.After(now.Add(clockLeeway)):
		return fail(Clock, nil)
	}
	return nil
}
