package acting

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Grant gives what was chosen: the service gets a code next. It decides on rows
// that it holds, so that a stop comes wholly before (and it is refused) or
// wholly after (and the delegation ends with it); a session that is over grants
// nothing (unauthenticated). A second press gives the same
// delegation. A sensitive action, or the service's own demand, asks for a fresh
// authentication: needs_step_up (OP-10).
func (s *Service) Grant(ctx context.Context, actor authz.Actor, id uuid.UUID, version int) (Delegation, error) {
	var out Delegation
	err := s.commands.Run(ctx, actor, "delegation.grant", func(tx *command.Tx) error {
		r, err := lockRequest(tx.Tx, id)
		if err != nil {
			return err
		}
		if !r.mine(actor) || !tx.Now().Before(r.ExpiresAt) {
			return problem.NotFound()
		}
		if r.State == Open && (r.Version != version || r.procedure == "") {
			return problem.Conflict("stale")
		}
		held, err := s.holdScope(tx, r)
		if err != nil {
			return err
		}
		about := held.about(r)
		if err := tx.Decide(authz.DelegationGrant, held.object(r, tx.Now()), about); err != nil {
			return err
		}
		switch {
		case r.State == Granted:
			tx.Repeated()
			out, err = s.granted(tx, r)
			return err
		case r.State != Open:
			return problem.Conflict("request_over")
		case !held.locked:
			return tx.Refuse(problem.Conflict("stale"), about)
		case r.tooOld(actor, tx.Now()):
			return tx.Refuse(needsFresh(), about)
		}
		out, err = s.give(tx, r, held)
		return err
	})
	if err != nil {
		return Delegation{}, err
	}
	return out, nil
}

func needsFresh() *problem.Error {
	p := problem.New(problem.KindNeedsStepUp, "needs_step_up")
	p.Reasons = []string{string(authz.ReasonNeedsStepUp)}
	return p
}

// scope is the line of the mandate that a grant rests on.
type scope struct {
	mandate, grant uuid.UUID
	state          string
	endsAt         time.Time
	lineLive       bool
	actions        []string
	territory      string
	alive          bool // the organisation is not suspended
	locked         bool // everything holds, on rows that are held
}

func (h scope) about(r Request) translog.Event {
	return translog.Event{Organisation: r.organisation, Beneficiary: r.beneficiary, Mandate: h.mandate, Procedure: r.procedure}
}

func (h scope) object(r Request, now time.Time) authz.Object {
	live := (h.state == "active" || h.state == "suspended") && now.Before(h.endsAt)
	covers := h.grant != uuid.Nil && (h.lineLive || !live) && slices.Contains(r.Client.Procedures, r.procedure)
	o := authz.Object{Kind: authz.KindDelegation, Organisation: r.organisation, Territory: h.territory, Beneficiary: r.beneficiary,
		Account: r.account, Client: r.Client.ID, Sensitive: r.sensitive()}
	if h.mandate != uuid.Nil {
		o.Mandate = &authz.MandateFacts{State: h.state, EndsAt: h.endsAt, Organisation: r.organisation, OrganisationAlive: h.alive,
			ProcedureInScope: covers, ActionInScope: covers && len(r.actions) > 0 && inside(r.actions, h.actions)}
	}
	return o
}

// give writes the delegation.
func (s *Service) give(tx *command.Tx, r Request, h scope) (Delegation, error) {
	actor := tx.Actor()
	session, live, err := holdSession(tx.Tx, actor.Session, actor.Account)
	if err != nil {
		return Delegation{}, err
	}
	if !live {
		return Delegation{}, tx.Refuse(problem.New(problem.KindUnauthenticated, "unauthenticated"), h.about(r))
	}
	d := Delegation{
		ID: tx.NewID(), Request: r.ID, Client: r.Client, Account: actor.Account, Organisation: r.organisation, Beneficiary: r.beneficiary,
		Mandate: h.mandate, Grant: h.grant, Session: actor.Session, Procedure: r.procedure, Actions: r.actions, Scopes: r.Params.Scopes,
		Nonce: r.Params.Nonce, ACR: ACRSignedIn, AuthTime: session.startedAt, CreatedAt: tx.Now(),
		EndsAt: earliest(tx.Now().Add(DelegationLifetime), h.endsAt, session.expiresAt),
	}
	if !actor.StrongAt.IsZero() {
		d.AuthTime = actor.StrongAt
	}
	if tx.Now().Sub(actor.StrongAt) <= authz.StepUpAge {
		d.ACR = ACRStepUp
	}
	if err := insertDelegation(tx.Tx, d); err != nil {
		return Delegation{}, fmt.Errorf("insert: %w", err)
	}
	if err := moveRequest(tx.Tx, r.ID, Granted, &d.AuthTime, d.ACR); err != nil {
		return Delegation{}, err
	}
	e := d.about()
	detail := d.detail()
	detail.Actions, detail.Scopes, detail.Claims = d.Actions, d.Scopes, d.Client.ClaimsFor(d.Scopes)
	detail.EndsAt = d.EndsAt.UTC().Format(time.RFC3339)
	e.Kind, e.Detail = translog.DelegationGranted, detail
	return d, tx.Append(e)
}

// granted is what a request was answered with.
func (s *Service) granted(tx *command.Tx, r Request) (Delegation, error) {
	id, err := delegationOf(tx.Tx, r.ID)
	if err != nil {
		return Delegation{}, err
	}
	d, err := s.inTx(tx.Tx, id)
	d.facts = hop{} // for the caller it is as fresh from the grant
	return d, err
}

// Decline ends a request without giving anything; the service is told
// access_denied.
func (s *Service) Decline(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.commands.Run(ctx, actor, "request.decline", func(tx *command.Tx) error {
		r, err := lockRequest(tx.Tx, id)
		if err != nil {
			return err
		}
		if !r.mine(actor) {
			return problem.NotFound()
		}
		obj := authz.Object{Kind: authz.KindRequest, Organisation: r.organisation, Account: r.account, Client: r.Client.ID}
		if err := tx.Decide(authz.RequestDecline, obj, translog.Event{Organisation: r.organisation}); err != nil {
			return err
		}
		switch r.State {
		case Declined:
			tx.Repeated()
			return nil
		case Open:
		default:
			return problem.Conflict("request_over")
		}
		if err := moveRequest(tx.Tx, id, Declined, nil, ""); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.DelegationDeclined, Organisation: r.organisation,
			Detail: delegationDetail{Client: r.Client.ID, ClientName: r.Client.Name}})
	})
}
