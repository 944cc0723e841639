package acting

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// The names of the commands, in refusals.
const (
	redeemCommand   = "delegation.redeem"
	refreshCommand  = "delegation.refresh"
	useCommand      = "delegation.use"
	exchangeCommand = "delegation.exchange"
	giveUpCommand   = "delegation.give_up"
	reportCommand   = "step.report"
)

// What does not hold, whatever the reason: no more is said to who asks.
var (
	errGrant = problem.New(problem.KindInvalid, "grant_invalid")         // a code or a refresh token
	errToken = problem.New(problem.KindUnauthenticated, "token_invalid") // an access token
)

// asked is what a service would do now.
type asked struct {
	procedure, action string // empty: whatever the delegation is for
	sensitive         bool   // ask for a fresh authentication of the mediator
}

// object gives a decision the facts of a delegation. whom is the client that
// asks: the one it was given at, or the audience of a token exchanged for it.
func (d Delegation) object(kind authz.Kind, client clients.Client, ask asked, now time.Time) authz.Object {
	f := &d.facts
	owner, offers := d.Client.ID, client.Procedures
	if d.exchanged() {
		owner = d.facts.holder
	}
	return authz.Object{
		Kind: kind, Organisation: d.Organisation, Territory: f.territory, Beneficiary: d.Beneficiary, Client: owner,
		Sensitive: ask.sensitive && packs.Sensitive(ask.action),
		Mediator:  &authz.MediatorFacts{SuspendedAccount: f.accountSuspended, Membership: f.membership, StrongAt: d.AuthTime},
		Delegation: &authz.DelegationFacts{
			EndsAt: d.EndsAt, Ended: !d.EndedAt.IsZero(), ClientActive: d.Client.State == clients.Active && client.State == clients.Active,
			TokenOver: d.tokenOver(now),
		},
		Mandate: d.mandateFacts(offers, ask, now),
	}
}

func (d Delegation) mandateFacts(offers []string, ask asked, now time.Time) *authz.MandateFacts {
	f := &d.facts
	live := (f.mandateState == "active" || f.mandateState == "suspended") && now.Before(f.mandateEnds)
	m := &authz.MandateFacts{
		State: f.mandateState, EndsAt: f.mandateEnds, Organisation: d.Organisation, OrganisationAlive: f.membership.OrganisationAlive,
		// Of a mandate that is over the lines ended with it: that it is over says all.
		ProcedureInScope: f.inGrant && (f.grantLive || !live) && slices.Contains(offers, d.Procedure) &&
			(ask.procedure == "" || ask.procedure == d.Procedure),
	}
	lent := d.lent()
	if ask.action == "" {
		m.ActionInScope = len(lent) > 0
	} else {
		m.ActionInScope = slices.Contains(lent, ask.action)
	}
	return m
}

// lent are the actions that the token shown lends, within the delegation and
// the line of the mandate it rests on.
func (d Delegation) lent() []string {
	var out []string
	for _, a := range d.Actions {
		if slices.Contains(d.facts.grantActions, a) && (d.Token.Kind == "" || slices.Contains(d.Token.Actions, a)) {
			out = append(out, a)
		}
	}
	return out
}

// tokenOver reports whether the token shown is over by itself. That a refresh
// token was not used yet is for the statement that uses it up.
func (d Delegation) tokenOver(now time.Time) bool {
	return d.Token.Kind != "" && (d.facts.tokenRevoked || !now.Before(d.Token.ExpiresAt))
}

// attempt is a hop that somebody tries.
type attempt struct {
	caller clients.Client // who tries, and whom a refusal names
	holder clients.Client // whom the token is for: the decision is on that one
	action authz.Action
	name   string // of the command, in a refusal
	ask    asked
}

// attemptOf is what a client tries with a token of its own.
func attemptOf(client clients.Client, action authz.Action, name string) attempt {
	return attempt{caller: client, holder: client, action: action, name: name}
}

// admit decides on facts just read, and records a refusal.
func (s *Service) admit(ctx context.Context, try attempt, d Delegation) error {
	actor := try.holder.SoftwareActor(s.commands.Store().Now())
	decision := s.commands.Decide(actor, try.action, d.object(authz.KindDelegation, try.holder, try.ask, actor.Now))
	if decision.Allowed {
		return nil
	}
	return s.refuse(ctx, try, decision.Err(), d, d.about())
}

// refused records a refusal by a code of ours; d is zero when nothing is known
// of what was shown.
func (s *Service) refused(ctx context.Context, try attempt, reason string, err *problem.Error, d Delegation) error {
	p := *err
	p.Reasons = []string{reason}
	return s.refuse(ctx, try, &p, d, d.about())
}

// refusalsPerMinute is how many refusals of one client, about one delegation (or
// about none), of one command and for one reason become events, in this process,
// and as many at once: a service that goes on asking after a stop must not fill
// the log about a person. The first always is one; all are in the structured log.
const refusalsPerMinute = 10

// refuse records a refusal as far as the bound allows, and returns it. What
// could not be recorded is a failure of ours instead.
func (s *Service) refuse(ctx context.Context, try attempt, err error, d Delegation, about translog.Event) error {
	key := strings.Join(append([]string{try.caller.ID.String(), d.ID.String(), try.name}, problem.As(err).Reasons...), " ")
	if !s.refusals.Allow(key) {
		return err
	}
	return s.commands.RefuseOutside(ctx, try.caller.SoftwareActor(s.commands.Store().Now()), try.name, err, about)
}

// foreign refuses a token to a client that it was not given to, nor is for, about
// the delegation behind it: the person can see that somebody else has it. The
// client is told no more than of a token that never was.
func (s *Service) foreign(ctx context.Context, client clients.Client, name string, d Delegation) error {
	return s.clients.Refuse(ctx, client, clients.Refusal{Command: name, Reason: clients.TokenForeign, Err: errToken, About: d.about()})
}

// Delegation facts that events keep. Nothing here is personal: the name is the
// service's.
type delegationDetail struct {
	Delegation uuid.UUID `json:"delegation"`
	Client     uuid.UUID `json:"client"`
	ClientName string    `json:"client_name"`
	Actions    []string  `json:"actions,omitempty"`
	Scopes     []string  `json:"scopes,omitempty"`
	Claims     []string  `json:"claims,omitempty"`
	EndsAt     string    `json:"ends_at,omitempty"`
	Audience   string    `json:"audience,omitempty"`
	Cause      string    `json:"cause,omitempty"` // a code; what somebody wrote is called reason
}

func (d Delegation) detail() delegationDetail {
	return delegationDetail{Delegation: d.ID, Client: d.Client.ID, ClientName: d.Client.Name}
}
