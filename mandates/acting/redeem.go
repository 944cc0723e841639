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
	usedAt              *time.Time
}

// Redeem reads what a code stands for, for IssueAccess to use it up. Whatever is
// wrong with the code is grant_invalid, and it is over; one that is handed in by
// its own client after it was used ends what it gave. Where the code is good but
// the mandate, the mediator or the organisation no longer is, the refusal gives
// the reasons.
func (s *Service) Redeem(ctx context.Context, client clients.Client, r Redemption) (Delegation, error) {
	now := s.commands.Store().Now()
	return s.redeemable(ctx, client, hashOf(r.Code), func(c codeRow) bool { return c.fits(r, client, now) })
}

// redeemable is what a code stands for, when it may be used now. Another client's
// code is like no code: knowing it must not let that client end anything.
func (s *Service) redeemable(ctx context.Context, client clients.Client, hash []byte, fits func(codeRow) bool) (Delegation, error) {
	d, c, err := s.ofCode(ctx, client, hash)
	try := attemptOf(client, authz.DelegationRedeem, redeemCommand)
	switch {
	case errors.Is(err, errNoDelegation):
		return Delegation{}, s.refused(ctx, try, "code_wrong", errGrant, Delegation{})
	case err != nil:
		return Delegation{}, err
	case c.usedAt != nil:
		return Delegation{}, s.reused(ctx, try, "code_reused", d)
	case !fits(c):
		ctx, done := detached(ctx)
		defer done()
		if err := burnCode(ctx, s.commands.Store(), hash); err != nil {
			return Delegation{}, err
		}
		return Delegation{}, s.refused(ctx, try, "code_wrong", errGrant, d)
	}
	return d, s.admit(ctx, try, d)
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

// reused ends a delegation whose code or refresh token came a second time:
// one of the two who have it is not the client (RFC 9700 §4.14). Who leaves
// before the answer ends it all the same.
func (s *Service) reused(ctx context.Context, try attempt, reason string, d Delegation) error {
	ctx, done := detached(ctx)
	defer done()
	if err := s.end(ctx, try.caller.SoftwareActor(s.commands.Store().Now()), d, reason); err != nil {
		return err
	}
	return s.refused(ctx, try, reason, errGrant, d)
}

// longestDetached bounds what goes on after the client left.
const longestDetached = 10 * time.Second

// detached is for what must be done whether the client waits for it or not.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), longestDetached)
}
