package acting

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// The events pushed to services, below the issuer: Issuer+"/events/"+name.
const (
	eventMandateRevoked        = "mandate-revoked"
	eventMandateSuspended      = "mandate-suspended"
	eventMandateExpired        = "mandate-expired"
	eventMediatorSuspended     = "mediator-suspended"
	eventOrganisationSuspended = "organisation-suspended"
	eventDelegationEnded       = "delegation-ended"
)

// stop says which delegations an event ends, and how services are told.
type stop struct {
	event, reason string
	// where picks them among delegations d; its own argument is $1.
	where string
	// of gives that argument; false: nothing ends.
	of func(tx *command.Tx, e translog.Event) (any, bool)
	// seen: services that saw the mandate are told, though their delegation is
	// over already, by its time or otherwise.
	seen bool
}

func ofMandate(_ *command.Tx, e translog.Event) (any, bool) { return e.Mandate, true }

func ofOrganisation(_ *command.Tx, e translog.Event) (any, bool) { return e.Organisation, true }

func ofBeneficiaryOf(_ *command.Tx, e translog.Event) (any, bool) { return e.Beneficiary, true }

func ofSession(tx *command.Tx, _ translog.Event) (any, bool) {
	id := tx.Actor().Session
	return id, id != uuid.Nil && tx.Actor().Account != uuid.Nil
}

func ofAccountNamed(_ *command.Tx, e translog.Event) (any, bool) {
	d, ok := e.Detail.(organisations.AccountDetail)
	return d.Account, ok
}

func ofClient(_ *command.Tx, e translog.Event) (any, bool) {
	d, ok := e.Detail.(clients.Detail)
	return d.Client, ok
}

func ofDelegation(_ *command.Tx, e translog.Event) (any, bool) {
	d, ok := e.Detail.(delegationDetail)
	return d.Delegation, ok
}

// stops are the events that end delegations. The reasons follow the words of
// Sweden's list (recalled, disabled, expired, deleted) where one fits.
var stops = map[translog.Kind]stop{
	translog.MandateRevoked:        {eventMandateRevoked, "recalled", whereMandate, ofMandate, true},
	translog.MandateGrantRevoked:   {eventMandateRevoked, "narrowed", whereMandate + whereLineOver, ofMandate, true},
	translog.MandateRenounced:      {eventMandateRevoked, "renounced", whereMandate, ofMandate, true},
	translog.MandateSigned:         {eventMandateRevoked, "superseded", whereSuperseded, ofMandate, true},
	translog.MandateSuspended:      {eventMandateSuspended, "disabled", whereMandate, ofMandate, true},
	translog.MandateExpired:        {eventMandateExpired, "expired", whereMandate, ofMandate, true},
	translog.BeneficiaryErased:     {eventMandateRevoked, "deleted", wherePerson, ofBeneficiaryOf, true},
	translog.MembershipSuspended:   {eventMediatorSuspended, "disabled", whereNoMember, ofOrganisation, false},
	translog.MembershipEnded:       {eventMediatorSuspended, "deleted", whereNoMember, ofOrganisation, false},
	translog.AccountSuspended:      {eventMediatorSuspended, "disabled", whereAccount, ofAccountNamed, false},
	translog.OrganisationSuspended: {eventOrganisationSuspended, "disabled", whereOrg, ofOrganisation, false},
	translog.SignOutDone:           {eventDelegationEnded, "signed_out", whereOfSession, ofSession, false},
	translog.SessionsEnded:         {eventDelegationEnded, "signed_out", whereAccount, ofAccountNamed, false},
	translog.ClientSuspended:       {eventDelegationEnded, "disabled", whereOfClient, ofClient, false},
	translog.ClientEnded:           {eventDelegationEnded, "deleted", whereOfClient, ofClient, false},
	translog.DelegationEnded:       {eventDelegationEnded, "", whereItself, ofDelegation, false},
}

func stopKinds() []translog.Kind {
	var kinds []translog.Kind
	for k := range stops {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return kinds
}

// stopped runs inside every command that stops something: what mediators were
// given ends with it, and whom to tell is queued with it.
func (s *Service) stopped(tx *command.Tx, id uuid.UUID, e translog.Event) error {
	st := stops[e.Kind]
	arg, ok := st.of(tx, e)
	if !ok {
		return nil
	}
	if d, named := e.Detail.(delegationDetail); named && st.reason == "" {
		st.reason = d.Cause
	}
	ended, err := endWhere(tx.Tx, st, arg)
	if err != nil {
		return err
	}
	out := s.logouts(tx.Tx, id, ended)
	if st.seen {
		saw, err := sawMandate(tx.Tx, st, arg)
		if err != nil {
			return err
		}
		ended = append(ended, saw...)
	}
	return s.queue(tx.Tx, append(out, s.sets(tx.Tx, id, st, ended)...))
}

// end ends one delegation by a command of its own; one that is over already is
// nothing to do.
func (s *Service) end(ctx context.Context, actor authz.Actor, d Delegation, reason string) error {
	return s.commands.Run(ctx, actor, "delegation.end", func(tx *command.Tx) error {
		over, err := lockDelegation(tx.Tx, d.ID)
		if err != nil {
			return err
		}
		obj := authz.Object{Kind: authz.KindDelegation, Organisation: d.Organisation, Territory: d.facts.territory,
			Beneficiary: d.Beneficiary, Account: d.Account, Client: d.Client.ID}
		if err := tx.Decide(authz.DelegationEnd, obj, d.about()); err != nil {
			return err
		}
		if over {
			tx.Repeated()
			return nil
		}
		e := d.about()
		detail := d.detail()
		detail.Cause = reason
		e.Kind, e.Detail = translog.DelegationEnded, detail
		return tx.Append(e)
	})
}

// EndDelegation ends what a mediator was given, at their own word, the person's
// or that of the service, and with it every token.
func (s *Service) EndDelegation(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	d, err := s.read(ctx, byID, []any{id}, nothing)
	if errors.Is(err, errNoDelegation) {
		return problem.NotFound()
	}
	if err != nil {
		return err
	}
	reason := "signed_out"
	if actor.Beneficiary != uuid.Nil {
		reason = "recalled"
	}
	return s.end(ctx, actor, d, reason)
}

// Revoke is RFC 7009: a client gives a token up, one that was given to it or is
// for it (after an exchange, two clients may). An access token ends alone: those
// it was exchanged for last no longer than it would have, and end with the
// delegation. A refresh token ends with everything its delegation gave, exchanged
// tokens too. An unknown token is nothing to do; another client's is refused
// (token_invalid), to be answered as an unknown one.
func (s *Service) Revoke(ctx context.Context, client clients.Client, token string) error {
	d, err := s.ofToken(ctx, token)
	switch {
	case errors.Is(err, errNoDelegation):
		return nil
	case err != nil:
		return err
	case !d.concerns(client):
		return s.foreign(ctx, client, giveUpCommand, d)
	case d.Token.Kind == "refresh":
		return s.end(ctx, client.SoftwareActor(s.commands.Store().Now()), d, "given_up")
	}
	return s.giveUp(ctx, client, d, token)
}

// giveUp ends one access token by a command of its own; one that is over already
// is nothing to do.
func (s *Service) giveUp(ctx context.Context, client clients.Client, d Delegation, token string) error {
	return s.commands.Run(ctx, client.SoftwareActor(s.commands.Store().Now()), giveUpCommand, func(tx *command.Tx) error {
		tx.Open(authz.Service, "whoever holds a token may give it up")
		done, err := revokeToken(tx.Tx, hashOf(token))
		if err != nil {
			return fmt.Errorf("give up a token: %w", err)
		}
		if !done {
			tx.Repeated()
			return nil
		}
		e := d.about()
		detail := d.detail()
		detail.Audience = d.Token.Audience
		e.Kind, e.Detail = translog.DelegationTokenGivenUp, detail
		return tx.Append(e)
	})
}

func (d Delegation) tokenHolder() uuid.UUID {
	if d.exchanged() {
		return d.facts.holder
	}
	return d.Client.ID
}
