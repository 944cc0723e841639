package beneficiaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

var errNotLinked = problem.New(problem.KindForbidden, "identity_not_linked")

// LinkIdentity lets a person open this space with their national sign-in from
// now on. They must have proved their phone (tier "phone").
func (s *Service) LinkIdentity(ctx context.Context, actor authz.Actor, issuer, subject string) error {
	return s.commands.Run(ctx, actor, "beneficiary.link_identity", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.BeneficiaryRead, b.object(""), b.about()); err != nil {
			return err
		}
		fresh, err := linkIdentity(tx.Tx, issuer, subject, b.ID)
		if err != nil {
			return err
		}
		if !fresh {
			tx.Repeated()
			return nil
		}
		e := b.about()
		e.Kind = translog.IdentityLinked
		return tx.Append(e)
	})
}

// OpenByIdentity opens the space that a national sign-in was linked to.
func (s *Service) OpenByIdentity(ctx context.Context, issuer, subject string) (Access, error) {
	var out Access
	err := s.commands.Run(ctx, authz.Actor{}, "beneficiary.open_by_identity", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "the identity provider vouches for the person")
		b, err := identityOwner(tx.DB(), issuer, subject)
		if err != nil {
			return err
		}
		if b.ID == uuid.Nil {
			return tx.Refuse(errNotLinked, translog.Event{})
		}
		out = Access{Beneficiary: b.ID, Organisation: b.Organisation, Language: b.Language}
		return tx.Append(translog.Event{Kind: translog.SignInDone, Actor: translog.Actor{Role: translog.RolePerson, ID: b.ID},
			Organisation: b.Organisation, Beneficiary: b.ID})
	})
	return out, err
}

// OwnersOf finds who linked an identity, in the caller's transaction.
func (s *Service) OwnersOf(tx *store.Tx, issuer, subject string) ([]uuid.UUID, error) {
	return identityOwners(tx, issuer, subject)
}

// SessionsEnded records that the provider ended the sessions a person opened
// with it, in the transaction that ends them.
func (s *Service) SessionsEnded(tx *store.Tx, person uuid.UUID) error {
	b, err := load(tx.DB(), person, false)
	if err != nil {
		return err
	}
	e := b.about()
	e.Kind, e.Outcome, e.Actor = translog.SessionsEnded, "done", translog.Actor{Role: translog.RoleSystem}
	if _, err := ledger.Append(tx, e); err != nil {
		return fmt.Errorf("record that sessions ended: %w", err)
	}
	return nil
}
