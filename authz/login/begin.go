package login

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	"github.com/relais-org/relais/internal/problem"
)

const (
	// BrowserBytes is the length of the browser-binding secret.
	BrowserBytes = 32
	// MaxStash is the largest sealed form kept during a step-up, in bytes.
	MaxStash = 64 << 10
	// attemptLifetime is how long somebody may stay at the issuer.
	attemptLifetime = 10 * time.Minute
)

// Start says what to begin.
type Start struct {
	IssuerID string
	// Next is the local path to open afterwards; anything off-site becomes "/".
	Next string
	// Browser is the secret in the browser-binding cookie, BrowserBytes long.
	Browser []byte
	// StepUp asks for a fresh sign-in, as strong as the issuer's ACRStepUp.
	StepUp bool
	// Another asks the issuer to let them choose an account, for who came with one
	// that opens nothing (prompt=select_account, OpenID Connect Core §3.1.2.1).
	Another bool
	// Stash is a form to resume, sealed by the caller, MaxStash at most.
	Stash []byte
	// Session is the session to strengthen, nil UUID for a first sign-in.
	Session uuid.UUID
	// Language of the page at the issuer (BCP 47), a wish only.
	Language string
}

// Begin writes an attempt and gives the address to send the browser to.
//
// Errors: not_found for an unknown issuer, invalid for a bad cookie or stash,
// unavailable (login_unavailable) when the issuer does not answer.
func (s *Service) Begin(ctx context.Context, start Start) (string, error) {
	at, ok := s.issuer(start.IssuerID)
	if !ok {
		return "", problem.NotFound()
	}
	if len(start.Browser) != BrowserBytes {
		return "", problem.Invalid(problem.At("browser", "wrong_length"))
	}
	if len(start.Stash) > MaxStash {
		return "", problem.Invalid(problem.At("stash", "too_long"))
	}
	found, err := at.discover(ctx)
	if err != nil {
		return "", problem.New(problem.KindUnavailable, "login_unavailable").Because(err)
	}
	var secrets [3]string // state, nonce, verifier
	for i := range secrets {
		if secrets[i], err = s.secret(); err != nil {
			return "", err
		}
	}
	now := s.now()
	state, nonce, verifier := secrets[0], secrets[1], secrets[2]
	err = s.keep(ctx, attempt{
		StateHash: hash(state), BrowserHash: hash(string(start.Browser)),
		Nonce: nonce, Verifier: verifier, IssuerID: at.ID,
		Next: LocalPath(start.Next), Stash: start.Stash, SessionID: start.Session, StepUp: start.StepUp,
		CreatedAt: now, ExpiresAt: now.Add(attemptLifetime),
	})
	if err != nil {
		return "", fmt.Errorf("begin a sign-in: %w", err)
	}
	options := append(at.wishes(start), oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	return found.oauth.AuthCodeURL(state, options...), nil
}

// wishes are the parameters that ask for freshness, strength and language.
// Finish checks the first two in the token.
func (i *issuer) wishes(start Start) []oauth2.AuthCodeOption {
	var options []oauth2.AuthCodeOption
	if start.StepUp {
		// max_age makes auth_time mandatory in the token (Core §2).
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	if start.Another && !start.StepUp {
		options = append(options, oauth2.SetAuthURLParam("prompt", "select_account"))
	}
	if acr := i.demanded(start.StepUp); len(acr) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(acr, " ")))
	}
	if start.Language != "" {
		options = append(options, oauth2.SetAuthURLParam("ui_locales", start.Language))
	}
	return options
}

// demanded are the acr values of which one must be met.
func (i *issuer) demanded(stepUp bool) []string {
	if stepUp && len(i.ACRStepUp) > 0 {
		return i.ACRStepUp
	}
	return i.ACRValues
}

// strong says whether an acr would satisfy a step-up.
func (i *issuer) strong(acr string) bool {
	return len(i.ACRStepUp) == 0 || slices.Contains(i.ACRStepUp, acr)
}

// secret is 256 random bits, in the alphabet that PKCE allows (RFC 7636 §4.1).
func (s *Service) secret() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.store.Env().Random, raw); err != nil {
		return "", errors.Join(errors.New("make a secret"), err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
