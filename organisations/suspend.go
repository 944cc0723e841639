package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/translog"
)

// Suspend stops a member from acting in this organisation, from their very
// next request on; elsewhere nothing changes. why is kept with the membership and in its
// history.
func (s *Service) Suspend(ctx context.Context, actor authz.Actor, membership uuid.UUID, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return s.moveMembership(ctx, actor, membership, move{
		event: eventSuspend, action: authz.MembershipSuspend, kind: translog.MembershipSuspended,
		write: func(tx *command.Tx, m membershipRow) error {
			return suspendMembership(tx.Tx, m.ID, actor.Account, tx.Role(), why)
		},
	})
}

// Resume lifts a suspension; nobody lifts their own, and a referent none that
// supervision placed.
func (s *Service) Resume(ctx context.Context, actor authz.Actor, membership uuid.UUID) error {
	return s.moveMembership(ctx, actor, membership, move{
		event: eventResume, action: authz.MembershipResume, kind: translog.MembershipResumed, sensitive: true,
		write: func(tx *command.Tx, m membershipRow) error { return resumeMembership(tx.Tx, m.ID) },
	})
}

// End ends a membership for ever, from the holder's very next request on
// (AU-10); in other organisations nothing changes. Somebody who comes back is
// invited again.
func (s *Service) End(ctx context.Context, actor authz.Actor, membership uuid.UUID) error {
	return s.moveMembership(ctx, actor, membership, move{
		event: eventEnd, action: authz.MembershipEnd, kind: translog.MembershipEnded,
		write: func(tx *command.Tx, m membershipRow) error {
			return endMembership(tx.Tx, m.ID, actor.Account, m.State)
		},
	})
}
