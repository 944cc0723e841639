package organisations

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

const (
	// invitationLife is how long an invitation can be answered.
	invitationLife = 14 * 24 * time.Hour
	// maxSentADay bounds what one account can send, maxReceivedADay what one
	// account can be sent: mail of ours is not to be used to pester.
	maxSentADay     = 200
	maxReceivedADay = 5
)

var (
	errAlreadyMember = problem.Conflict("already_member")
	errTooManySent   = problem.New(problem.KindTooMany, "too_many_invitations")
)

// Invite asks somebody by mail to work in an organisation. An account that is
// there already is linked, never doubled; a membership that still waits is
// invited once more. A referent's invitation is then confirmed by a referent.
// An operator invites referents only, and the invitation is the confirmation:
// the membership begins when its holder first signs in, or now if they have.
func (s *Service) Invite(ctx context.Context, actor authz.Actor, in Invite) (Member, error) {
	c := checker{}
	in.Name = c.line("name", in.Name, 1, maxName)
	in.Email = c.email("email", in.Email, false)
	c.require(in.Role == authz.Mediator || in.Role == authz.Referent, "role", "unknown_role")
	if err := c.err(); err != nil {
		return Member{}, err
	}
	var id uuid.UUID
	err := s.commands.Run(ctx, actor, "invite", func(tx *command.Tx) error {
		org, err := lockOrganisation(tx.Tx, in.Organisation)
		if err != nil {
			return err
		}
		account, err := existing(tx.Tx, in.Email)
		if err != nil {
			return err
		}
		obj := membershipObject(org, account.ID)
		if obj.HeldAbove, err = leftHeldAbove(tx.Tx, account.ID, org.ID); err != nil {
			return err
		}
		if err := tx.Decide(authz.MembershipInvite, obj, about(org.ID)); err != nil {
			return err
		}
		byOperator := !membershipIn(actor, org.ID, authz.Referent)
		if byOperator && in.Role != authz.Referent {
			return tx.Refuse(refusedRole(), about(org.ID))
		}
		if err := s.stillReferent(tx, org.ID); err != nil {
			return err
		}
		if account, err = s.invitable(tx, account, in, org); err != nil {
			return err
		}
		m, again, err := offerMembership(tx, account, in.Role, org.ID, byOperator)
		if err != nil {
			return err
		}
		id = m.ID
		if err := s.sendInvitation(tx, account, m, org); err != nil {
			return err
		}
		return tx.Append(translog.Event{
			Kind: translog.MembershipInvited, Organisation: org.ID,
			Detail: MembershipDetail{Membership: m.ID, Account: account.ID, Role: string(m.Role), To: string(m.State), Again: again},
		})
	})
	if err != nil {
		return Member{}, err
	}
	return s.oneMember(ctx, in.Organisation, id)
}

// invitable gives the account to invite, made if there is none, within the
// limits of a day.
func (s *Service) invitable(tx *command.Tx, account accountRow, in Invite, org organisationRow) (accountRow, error) {
	if account.State == AccountSuspended {
		return account, tx.Refuse(problem.Conflict("account_suspended"), about(org.ID))
	}
	if account.ID == uuid.Nil {
		var err error
		if account, err = s.newAccount(tx, in.Name, in.Email, s.packLanguage(org.Pack)); err != nil {
			return account, err
		}
	}
	return account, limitInvitations(tx, account.ID, org.ID)
}

// newAccount adds an invited account, or takes the one that another command
// added at this very moment.
func (s *Service) newAccount(tx *command.Tx, name, email, language string) (accountRow, error) {
	row := accountRow{ID: tx.NewID(), Name: name, Email: email, State: AccountInvited, Language: language}
	fresh, err := insertAccount(tx.Tx, row, tx.Now())
	if err != nil || fresh {
		return row, err
	}
	return lockAccountByEmail(tx.Tx, email)
}

// limitInvitations refuses more than a day's to somebody, or by somebody.
func limitInvitations(tx *command.Tx, to, org uuid.UUID) error {
	sent, received, err := countInvitations(tx.Tx, tx.Actor().Account, to)
	if err != nil {
		return err
	}
	if sent >= maxSentADay || received >= maxReceivedADay {
		return tx.Refuse(errTooManySent, about(org))
	}
	return nil
}

// offerMembership adds the membership, or renews the one that still waits.
func offerMembership(tx *command.Tx, account accountRow, role authz.Role, org uuid.UUID, byOperator bool) (membershipRow, bool, error) {
	m, err := findMembership(tx.Tx, account.ID, org, role)
	again := err == nil
	switch {
	case again && m.State != MembershipInvited:
		return m, again, tx.Refuse(errAlreadyMember, about(org))
	case absent(err):
		m = membershipRow{ID: tx.NewID(), AccountID: account.ID, OrganisationID: org, Role: role, State: MembershipInvited}
	case err != nil:
		return m, again, err
	}
	by := tx.Actor().Account
	if byOperator {
		now := tx.Now()
		m.ConfirmedAt, m.ConfirmedBy = &now, nullID(by)
		if account.State == AccountBound {
			m.State = MembershipActive
		}
	}
	if again {
		return m, again, renewMembership(tx.Tx, m)
	}
	return m, again, insertMembership(tx.Tx, m, by)
}

// sendInvitation keeps the invitation and queues its mail. Whoever signed in
// before has nothing to answer: the mail is then only news.
func (s *Service) sendInvitation(tx *command.Tx, account accountRow, m membershipRow, org organisationRow) error {
	inv := invitationRow{
		ID: tx.NewID(), Account: account.ID, Membership: nullID(m.ID), Email: account.Email,
		InvitedBy: nullID(tx.Actor().Account), ExpiresAt: tx.Now().Add(invitationLife),
	}
	if account.State == AccountBound {
		now := tx.Now()
		inv.AcceptedAt = &now
	}
	if err := insertInvitation(tx.Tx, inv); err != nil {
		return err
	}
	return s.mail(tx, inv, account, notify.Invitation{
		Name: account.Name, Organisation: org.Name, InvitedBy: tx.Actor().Name, Role: string(m.Role),
	}, org.ID)
}

// mail queues an invitation's message.
func (s *Service) mail(tx *command.Tx, inv invitationRow, to accountRow, words notify.Invitation, organisation uuid.UUID) error {
	words.Address = s.baseURL + "/sign-in"
	subject, body := words.Render(i18n.For(i18n.Lang(to.Language)))
	return notify.Queue(tx.Tx, notify.Message{
		DedupeKey: "invitation:" + inv.ID.String(), Kind: words.Kind(), Channel: notify.Mail, Language: to.Language,
		Recipient: to.Email, Subject: subject, Body: body, Organisation: organisation, Account: to.ID,
	})
}

// packLanguage is the language of a pack's administration, if we speak it.
func (s *Service) packLanguage(pack string) string {
	if p, err := s.packs.Get(pack); err == nil {
		for _, l := range p.Languages {
			if i18n.Known(l) {
				return l
			}
		}
	}
	return string(i18n.Default)
}
