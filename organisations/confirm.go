package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Confirm says that whoever signed in is the person meant. A referent confirms
// anybody but themselves; an operator confirms a referent where there is none
// to do it. The account MUST have signed in, in answer to an invitation to
// this membership: not_bound_yet, invitation_expired.
func (s *Service) Confirm(ctx context.Context, actor authz.Actor, membership uuid.UUID) error {
	return s.moveMembership(ctx, actor, membership, move{
		event: eventConfirm, action: authz.MembershipConfirm, kind: translog.MembershipConfirmed,
		guard: mayBegin,
		write: func(tx *command.Tx, m membershipRow) error { return confirmMembership(tx.Tx, m.ID, actor.Account) },
	})
}

// mayBegin guards a confirmation.
func mayBegin(tx *command.Tx, m membershipRow, org organisationRow) error {
	if !membershipIn(tx.Actor(), org.ID, authz.Referent) {
		others, err := otherReferents(tx.Tx, org.ID, m.ID)
		if err != nil {
			return err
		}
		if m.Role != authz.Referent || others > 0 {
			return tx.Refuse(refusedRole(), about(org.ID))
		}
	}
	account, err := loadAccount(tx.Tx, m.AccountID)
	if err != nil {
		return err
	}
	if account.State != AccountBound {
		return tx.Refuse(problem.Conflict("not_bound_yet"), about(org.ID))
	}
	answered, err := invitationAnswered(tx.Tx, m.ID)
	if err != nil || answered {
		return err
	}
	return tx.Refuse(problem.Conflict("invitation_expired"), about(org.ID))
}
