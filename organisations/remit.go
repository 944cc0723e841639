package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

var (
	errRemitExists = problem.Conflict("remit_exists")
	errRemitOver   = problem.Conflict("remit_over")
)

// GrantRemit gives a supervisor one organisation, or one territory, to look
// after, and invites them if they are new. Nobody gives themselves a remit.
func (s *Service) GrantRemit(ctx context.Context, actor authz.Actor, in Remit) (uuid.UUID, error) {
	in, err := in.check()
	if err != nil {
		return uuid.Nil, err
	}
	var id uuid.UUID
	err = s.commands.Run(ctx, actor, "grant_remit", func(tx *command.Tx) error {
		account, err := existing(tx.Tx, in.Email)
		if err != nil {
			return err
		}
		// The law wants a named account that is not the actor's: a new one gets
		// its id now, its row only once that is decided.
		subject := account.ID
		if subject == uuid.Nil {
			subject = tx.NewID()
		}
		obj := authz.Object{Kind: authz.KindRemit, Organisation: in.Organisation, Territory: in.Territory, Account: subject, Sensitive: true}
		if err := tx.Decide(authz.RemitGrant, obj, about(in.Organisation)); err != nil {
			return err
		}
		place, err := remitPlace(tx, in)
		if err != nil {
			return err
		}
		if account, err = s.supervisorAccount(tx, account, in, place); err != nil {
			return err
		}
		row := remitRow{ID: tx.NewID(), AccountID: account.ID, OrganisationID: nullID(in.Organisation), Territory: in.Territory}
		if held, err := hasRemit(tx.Tx, row); err != nil {
			return err
		} else if held {
			return tx.Refuse(errRemitExists, about(in.Organisation))
		}
		id = row.ID
		if err := insertRemit(tx.Tx, row, actor.Account); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.RemitGranted, Organisation: in.Organisation,
			Detail: RemitDetail{Remit: id, Account: account.ID, Territory: in.Territory}})
	})
	return id, err
}

// EndRemit takes a remit back, from the supervisor's very next request on.
func (s *Service) EndRemit(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.commands.Run(ctx, actor, "end_remit", func(tx *command.Tx) error {
		r, err := lockRemit(tx.Tx, id)
		if err != nil {
			return err
		}
		of := r.OrganisationID.UUID
		obj := authz.Object{Kind: authz.KindRemit, Organisation: of, Territory: r.Territory, Account: r.AccountID, Sensitive: true}
		if err := tx.Decide(authz.RemitEnd, obj, about(of)); err != nil {
			return err
		}
		if r.Ended {
			return tx.Refuse(errRemitOver, about(of))
		}
		if err := endRemit(tx.Tx, id); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.RemitEnded, Organisation: of,
			Detail: RemitDetail{Remit: id, Account: r.AccountID, Territory: r.Territory}})
	})
}

func (in Remit) check() (Remit, error) {
	c := checker{}
	in.Name = c.line("name", in.Name, 1, maxName)
	in.Email = c.email("email", in.Email, false)
	in.Territory = c.line("territory", in.Territory, 0, maxShort)
	c.require((in.Organisation == uuid.Nil) != (in.Territory == ""), "territory", "organisation_or_territory")
	return in, c.err()
}

// remitPlace is the name of what is looked after; an organisation must exist.
func remitPlace(tx *command.Tx, in Remit) (string, error) {
	if in.Organisation == uuid.Nil {
		return in.Territory, nil
	}
	org, err := loadOrganisation(tx.Tx, in.Organisation)
	return org.Name, err
}

// supervisorAccount gives the account to look after a place, invited if new or
// if an earlier invitation may have run out.
func (s *Service) supervisorAccount(tx *command.Tx, account accountRow, in Remit, place string) (accountRow, error) {
	var err error
	if account.ID == uuid.Nil {
		if account, err = s.newAccount(tx, in.Name, in.Email, language(tx.Actor())); err != nil {
			return account, err
		}
	}
	if account.State != AccountInvited {
		return account, nil
	}
	if err := limitInvitations(tx, account.ID, in.Organisation); err != nil {
		return account, err
	}
	inv := invitationRow{ID: tx.NewID(), Account: account.ID, Email: account.Email,
		InvitedBy: nullID(tx.Actor().Account), ExpiresAt: tx.Now().Add(invitationLife)}
	if err := insertInvitation(tx.Tx, inv); err != nil {
		return account, err
	}
	return account, s.mail(tx, inv, account, notify.Invitation{
		Name: account.Name, Organisation: place, InvitedBy: tx.Actor().Name, Role: string(authz.Supervisor)}, in.Organisation)
}
