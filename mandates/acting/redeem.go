package acting

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// SaveCode keeps the code that answers a granted request, once: a request whose
// code was given is over (request_over).
func (s *Service) SaveCode(ctx context.Context, request uuid.UUID, code string) error {
	st := s.commands.Store()
	err := insertCode(ctx, st, request, code, st.Now().Add(CodeLifetime))
	if errors.Is(err, store.ErrNoRow) {
		return problem.Conflict("request_over")
	}
	return err
}

// codeRow is what of a code is compared with what is handed in.
type codeRow struct {
	redirect, challenge string
	expiresAt           time.Time
}

// Redeem takes a code in exchange for what was given, once. Whatever is wrong
// with the code is grant_invalid; a code handed in a second time by its own
// client ends what it gave. Where the code is good but the mandate, the mediator
// or the organisation no longer is, the refusal gives the reasons.
func (s *Service) Redeem(ctx context.Context, client clients.Client, r Redemption) (Delegation, error) {
	now := s.commands.Store().Now()
	d, c, err := s.takeCode(ctx, client, r.Code, now)
	if errors.Is(err, errNoDelegation) {
		return Delegation{}, s.noCode(ctx, client, r)
	}
	if err != nil {
		return Delegation{}, err
	}
	if !c.fits(r, client, now) {
		return Delegation{}, s.refused(ctx, client, redeemCommand, "code_wrong", errGrant, d.about())
	}
	if err := s.admit(ctx, client, authz.DelegationRedeem, redeemCommand, d, asked{}); err != nil {
		return Delegation{}, err
	}
	return d, nil
}

// fits compares in constant time. Only the FranceConnect profile, which has no
// PKCE, may have asked without a challenge; nobody may then bring a verifier
// that nothing is compared with (RFC 9700 §2.1.1).
func (c codeRow) fits(r Redemption, client clients.Client, now time.Time) bool {
	ok := now.Before(c.expiresAt) && subtle.ConstantTimeCompare([]byte(c.redirect), []byte(r.RedirectURI)) == 1
	if c.challenge == "" {
		return ok && r.Verifier == "" && client.Profile == clients.FranceConnect
	}
	sum := sha256.Sum256([]byte(r.Verifier))
	return ok && len(r.Verifier) >= 43 && len(r.Verifier) <= 128 && // RFC 7636 §4.1
		subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(c.challenge)) == 1
}

// noCode tells a code that was used from one that never was. Another client's
// code is like no code: knowing it must not let that client end anything.
func (s *Service) noCode(ctx context.Context, client clients.Client, r Redemption) error {
	id, err := ofUsedCode(ctx, s.commands.Store(), client, r.Code)
	if errors.Is(err, store.ErrNoRow) {
		return s.refused(ctx, client, redeemCommand, "code_wrong", errGrant, translog.Event{})
	}
	if err != nil {
		return err
	}
	return s.reused(ctx, client, redeemCommand, "code_reused", id)
}

// reused ends a delegation whose code or refresh token came a second time:
// one of the two who have it is not the client (RFC 9700 §4.14).
func (s *Service) reused(ctx context.Context, client clients.Client, name, reason string, id uuid.UUID) error {
	d, err := s.read(ctx, byID, []any{id}, nothing)
	if err != nil {
		return err
	}
	if err := s.end(ctx, client.SoftwareActor(s.commands.Store().Now()), d, reason); err != nil {
		return err
	}
	return s.refused(ctx, client, name, reason, errGrant, d.about())
}
