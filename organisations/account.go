package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// What runs the platform itself is decided outside it: whoever may use the
// command line on the server may name operators, end them, and stop an account
// everywhere. No actor of the platform can (AU-12).

// cmdline is why these commands ask no decision.
const cmdline = "only the command line on the server gets here"

// language is what to write to somebody new in, for lack of a better guess.
func language(actor authz.Actor) string {
	if i18n.Known(actor.Language) {
		return actor.Language
	}
	return string(i18n.Default)
}

// BootstrapOperator makes somebody an operator of the platform, invited at
// this address for fourteen days; no mail is sent. Repeating it invites again
// while nobody signed in, and then changes nothing.
func (s *Service) BootstrapOperator(ctx context.Context, name, email string) (Account, error) {
	c := checker{}
	name, email = c.line("name", name, 1, maxName), c.email("email", email, false)
	if err := c.err(); err != nil {
		return Account{}, err
	}
	if id, err := s.liveOperator(ctx, email); err == nil {
		return s.account(ctx, id)
	} else if !absent(err) {
		return Account{}, err
	}
	var account accountRow
	err := s.commands.Run(ctx, authz.Actor{System: true}, "bootstrap_operator", func(tx *command.Tx) error {
		tx.Open(authz.System, cmdline)
		var err error
		if account, err = existing(tx.Tx, email); err != nil {
			return err
		}
		if account.ID == uuid.Nil {
			if account, err = s.newAccount(tx, name, email, string(i18n.Default)); err != nil {
				return err
			}
		}
		if account.State == AccountInvited {
			inv := invitationRow{ID: tx.NewID(), Account: account.ID, Email: email, ExpiresAt: tx.Now().Add(invitationLife)}
			if err := insertInvitation(tx.Tx, inv); err != nil {
				return err
			}
		}
		if _, err := insertOperator(tx.Tx, account.ID); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.OperatorGranted, Detail: AccountDetail{Account: account.ID}})
	})
	return account.account(), err
}

// EndOperator takes the operator's right back, from the very next request on;
// the last operator stays. by is whoever typed the command, as a short code.
func (s *Service) EndOperator(ctx context.Context, account uuid.UUID, by string) error {
	return s.commands.Run(ctx, authz.Actor{System: true}, "end_operator", func(tx *command.Tx) error {
		tx.Open(authz.System, cmdline)
		if err := endOperator(tx.Tx, account); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.OperatorEnded, Detail: AccountDetail{Account: account, By: code(by)}})
	})
}

// SuspendAccount stops an account everywhere, from its very next request on.
func (s *Service) SuspendAccount(ctx context.Context, account uuid.UUID, by, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.moveAccount(ctx, account, accountMove{eventSuspend, translog.AccountSuspended, by, why})
}

// ResumeAccount lifts the suspension.
func (s *Service) ResumeAccount(ctx context.Context, account uuid.UUID, by string) error {
	return s.moveAccount(ctx, account, accountMove{eventResume, translog.AccountResumed, by, ""})
}

type accountMove struct {
	event   string
	kind    translog.Kind
	by, why string
}

func (s *Service) moveAccount(ctx context.Context, id uuid.UUID, mv accountMove) error {
	return s.commands.Run(ctx, authz.Actor{System: true}, mv.event+"_account", func(tx *command.Tx) error {
		tx.Open(authz.System, cmdline)
		account, err := lockAccount(tx.Tx, id)
		if err != nil {
			return err
		}
		to, refused := next(accountLife, account.State, mv.event)
		if refused != nil {
			return tx.Refuse(refused, translog.Event{})
		}
		if err := moveAccount(tx.Tx, id, account.State, to, mv.why); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: mv.kind, Detail: AccountDetail{Account: id, By: code(mv.by)}})
	})
}

// errNoOrganisation: a page of an organisation, and none is chosen.
var errNoOrganisation = problem.New(problem.KindForbidden, "no_organisation")
