package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// membershipObject is a membership as the law sees it.
func membershipObject(org organisationRow, account uuid.UUID) authz.Object {
	return authz.Object{Kind: authz.KindMembership, Organisation: org.ID, Territory: org.Territory, Account: account}
}

// existing is the account not ended at an address, zero when there is none.
func existing(tx *store.Tx, email string) (accountRow, error) {
	a, err := lockAccountByEmail(tx, email)
	if absent(err) {
		return accountRow{}, nil
	}
	return a, err
}

// move is one change of one membership.
type move struct {
	event  string
	action authz.Action
	kind   translog.Kind
	// sensitive asks for a fresh authentication where the law says step_up.
	sensitive bool
	// guard holds what the life cycle cannot say; nil: nothing.
	guard func(tx *command.Tx, m membershipRow, org organisationRow) error
	// write is the guarded update.
	write func(tx *command.Tx, m membershipRow) error
}

// moveMembership runs one change: organisation locked, then account, then
// membership, so that no two commands wait for each other; decided on those
// rows; written with a guard.
func (s *Service) moveMembership(ctx context.Context, actor authz.Actor, id uuid.UUID, mv move) error {
	orgID, err := s.organisationOfMembership(ctx, id)
	if err != nil {
		return err
	}
	return s.commands.Run(ctx, actor, mv.event+"_membership", func(tx *command.Tx) error {
		org, err := lockOrganisation(tx.Tx, orgID)
		if err != nil {
			return err
		}
		m, err := lockMembership(tx.Tx, id)
		if err != nil {
			return err
		}
		obj := membershipObject(org, m.AccountID)
		obj.Sensitive, obj.HeldAbove = mv.sensitive, m.heldAbove()
		if obj.LastReferent, err = lastReferent(tx, m); err != nil {
			return err
		}
		if err := tx.Decide(mv.action, obj, about(org.ID)); err != nil {
			return err
		}
		if err := s.stillReferent(tx, org.ID); err != nil {
			return err
		}
		to, refused := next(membershipLife, m.State, mv.event)
		if refused != nil {
			return tx.Refuse(refused, about(org.ID))
		}
		if mv.guard != nil {
			if err := mv.guard(tx, m, org); err != nil {
				return err
			}
		}
		if err := mv.write(tx, m); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: mv.kind, Organisation: org.ID, Detail: MembershipDetail{
			Membership: m.ID, Account: m.AccountID, Role: string(m.Role), From: string(m.State), To: string(to)}})
	})
}

// lastReferent reports whether the organisation would be left without a
// referent who can act (AU-12). A referent who is suspended still counts as
// the last: somebody else must be there before they go.
func lastReferent(tx *command.Tx, m membershipRow) (bool, error) {
	if m.Role != authz.Referent || (m.State != MembershipActive && m.State != MembershipSuspended) {
		return false, nil
	}
	others, err := otherReferents(tx.Tx, m.OrganisationID, m.ID)
	return others == 0, err
}

// stillReferent asks again, under the lock, whether an actor whose facts said
// "referent here" still is: two referents who suspend each other at once
// cannot both succeed.
func (s *Service) stillReferent(tx *command.Tx, org uuid.UUID) error {
	actor := tx.Actor()
	if !membershipIn(actor, org, authz.Referent) {
		return nil
	}
	holds, err := isActiveReferent(tx.Tx, actor.Account, org)
	if err != nil || holds {
		return err
	}
	return tx.Refuse(problem.Forbidden(string(authz.ReasonMembershipInactive)), about(org))
}
