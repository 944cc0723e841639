package organisations

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// The refusals of a sign-in. The first says the same whether the address is
// unknown or not verified (AU-03, AU-04); the others go only to somebody whose
// provider vouches for the address, or who holds the very identity.
var (
	errNotInvited        = problem.New(problem.KindForbidden, "not_invited")
	errInvitationExpired = problem.New(problem.KindForbidden, "invitation_expired")
	errIdentityMismatch  = problem.New(problem.KindForbidden, "identity_mismatch")
	errAccountSuspended  = problem.New(problem.KindForbidden, "account_suspended")
	errAccountEnded      = problem.New(problem.KindForbidden, "account_ended")
)

// verdict is what a sign-in comes to.
type verdict struct {
	bind    bool
	refused *problem.Error
	cause   string // of a refusal, for the event
}

// judge compares an identity with the account found for it: by issuer and
// subject, or else by verified address. From the first sign-in on, only issuer
// and subject count.
func judge(a accountRow, id Identity) verdict {
	switch {
	case a.is(id) && a.State == AccountBound:
		return verdict{}
	case a.is(id) && a.State == AccountSuspended:
		return verdict{refused: errAccountSuspended, cause: errAccountSuspended.Code}
	case a.is(id):
		return verdict{refused: errAccountEnded, cause: errAccountEnded.Code}
	case a.State == AccountInvited:
		return verdict{bind: true}
	}
	return verdict{refused: errIdentityMismatch, cause: errIdentityMismatch.Code}
}

// SignIn recognises an identity that a provider has just vouched for, or binds
// the invited account that has its verified address. One event either way.
//
// Refusals: not_invited (unknown, or the address is not verified),
// invitation_expired, identity_mismatch (Args "Organisations": whom to ask),
// account_suspended, account_ended.
func (s *Service) SignIn(ctx context.Context, id Identity) (Account, error) {
	id, ok := id.clean()
	if !ok {
		return Account{}, s.refuseSignIn(ctx, id, verdict{refused: errNotInvited, cause: "identity_incomplete"})
	}
	found, err := s.recognise(ctx, id)
	switch {
	case absent(err):
		cause := errNotInvited.Code
		if !id.EmailVerified {
			cause = "email_not_verified"
		}
		return Account{}, s.refuseSignIn(ctx, id, verdict{refused: errNotInvited, cause: cause})
	case err != nil:
		return Account{}, err
	}
	actor, _, err := s.loadActor(ctx, ActorQuery{Account: found})
	if err != nil {
		return Account{}, err
	}
	var account accountRow
	var v verdict
	err = s.commands.Run(ctx, actor, "sign_in", func(tx *command.Tx) error {
		tx.Open(command.PlainRole(actor), "signing in is how somebody becomes known")
		if account, err = lockAccount(tx.Tx, found); err != nil {
			return err
		}
		if v = judge(account, id); v.bind {
			return s.bind(tx, &account, id, &v)
		}
		if v.refused != nil {
			return tx.Append(signInRefused(id, account.ID, v.cause))
		}
		return tx.Append(translog.Event{Kind: translog.SignInDone, Detail: SignInDetail{Account: account.ID, Issuer: id.Issuer, ACR: id.ACR}})
	})
	switch {
	case err != nil:
		return Account{}, err
	case v.refused == errIdentityMismatch:
		names, err := s.organisationNames(ctx, account.ID)
		if err != nil {
			return Account{}, err
		}
		return Account{}, v.refused.With("Organisations", names)
	case v.refused != nil:
		return Account{}, v.refused
	}
	return account.account(), nil
}

// bind is the first sign-in: the account belongs to this identity for ever,
// the invitations that still hold are answered, and memberships confirmed in
// advance by an operator begin.
func (s *Service) bind(tx *command.Tx, account *accountRow, id Identity, v *verdict) error {
	accepted, activated, err := acceptInvitations(tx.Tx, account.ID)
	if err != nil {
		return err
	}
	if accepted == 0 {
		*v = verdict{refused: errInvitationExpired, cause: errInvitationExpired.Code}
		return tx.Append(signInRefused(id, account.ID, v.cause))
	}
	to, refused := next(accountLife, account.State, eventBind)
	if refused != nil {
		return refused
	}
	if err := bindAccount(tx.Tx, account.ID, id); err != nil {
		return err
	}
	account.State = to
	return tx.Append(translog.Event{
		Kind: translog.AccountBound, Organisation: tx.Actor().Organisation,
		Detail: BoundDetail{Account: account.ID, Issuer: id.Issuer, ACR: id.ACR, Activated: activated},
	})
}

// recognise finds the account of an identity: its own, or the one invited at
// its verified address. Otherwise problem.NotFound.
func (s *Service) recognise(ctx context.Context, id Identity) (uuid.UUID, error) {
	found, err := s.accountOf(ctx, id.Issuer, id.Subject)
	if !absent(err) || !id.EmailVerified || id.Email == "" {
		return found, err
	}
	return s.accountAt(ctx, id.Email)
}

// clean bounds what a provider says before any of it is compared or logged.
func (id Identity) clean() (Identity, bool) {
	id.Email = strings.TrimSpace(id.Email)
	if len(id.ACR) > maxClaim || !utf8.ValidString(id.ACR) {
		id.ACR = ""
	}
	for _, claim := range []string{id.Issuer, id.Subject} {
		if claim == "" || len(claim) > maxClaim || !utf8.ValidString(claim) || strings.ContainsRune(claim, 0) {
			id.Issuer = ""
			return id, false
		}
	}
	if !isEmail(id.Email) {
		id.Email, id.EmailVerified = "", false
	}
	return id, true
}

// signInRefused is the one event of a refusal. It names the account only by
// its id, and never the address that was tried.
func signInRefused(id Identity, account uuid.UUID, cause string) translog.Event {
	return translog.Event{
		Kind: translog.SignInRefused, Outcome: "refused",
		Actor:  translog.Actor{Role: translog.RoleVisitor},
		Detail: SignInDetail{Account: account, Issuer: id.Issuer, ACR: id.ACR, Cause: cause},
	}
}

// refusalsPerMinute is how many sign-ins by nobody we know become events, of one
// cause and issuer, in this process: anybody can knock, and must not fill a log
// that is kept for ever. Such an event names nobody, so that the first tell what
// the others would; the requests' own log has all of them.
const refusalsPerMinute = 10 // and as many at once

func (s *Service) refuseSignIn(ctx context.Context, id Identity, v verdict) error {
	if err := s.recordRefusal(ctx, id, v.cause); err != nil {
		return err
	}
	return v.refused
}

// recordRefusal records a refusal of nobody we know, as far as the bound allows.
func (s *Service) recordRefusal(ctx context.Context, id Identity, cause string) error {
	if !s.refusals.Allow(cause + " " + id.Issuer) {
		return nil
	}
	return s.commands.Run(ctx, authz.Actor{}, "sign_in", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "nobody is known yet")
		return tx.Append(signInRefused(id, uuid.Nil, cause))
	})
}

// SignInRefused records a callback that failed before there was an identity
// (AU-05): a wrong state, nonce, signature; the first of a kind in a minute.
// cause is a short code.
func (s *Service) SignInRefused(ctx context.Context, cause string) error {
	return s.recordRefusal(ctx, Identity{}, code(cause))
}

// code keeps a caller's word short and plain, whatever it was made from.
func code(s string) string {
	const longest = 60
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '.' {
			return r
		}
		return '_'
	}, strings.ToLower(s))
	if s == "" {
		return "unknown"
	}
	return s[:min(len(s), longest)]
}

// SignedOut records that somebody left, in the transaction in which end ends
// their session: nothing is granted in a session that is over, and what was
// granted in it ends with it.
func (s *Service) SignedOut(ctx context.Context, actor authz.Actor, end func(*store.Tx) error) error {
	return s.commands.Run(ctx, actor, "sign_out", func(tx *command.Tx) error {
		tx.Open(command.PlainRole(actor), "anybody may leave")
		if err := end(tx.Tx); err != nil {
			return fmt.Errorf("end the session: %w", err)
		}
		return tx.Append(translog.Event{Kind: translog.SignOutDone, Beneficiary: actor.Beneficiary,
			Detail: SignInDetail{Account: actor.Account, Session: actor.Session}})
	})
}

// AccountOf finds whose an identity is, in the caller's transaction; the zero
// id when nobody's.
func (s *Service) AccountOf(tx *store.Tx, issuer, subject string) (uuid.UUID, error) {
	return accountOfIdentity(tx, issuer, subject)
}

// SessionsEnded records that the provider ended an account's sessions (OpenID
// Connect Back-Channel Logout 1.0), in the transaction that ends them. What was
// granted in them ends there too.
func (s *Service) SessionsEnded(tx *store.Tx, account uuid.UUID) error {
	err := s.commands.AppendIn(tx, "sessions.end", "the provider signed that they are over",
		translog.Event{Kind: translog.SessionsEnded, Detail: AccountDetail{Account: account}})
	if err != nil {
		return fmt.Errorf("record that sessions ended: %w", err)
	}
	return nil
}
