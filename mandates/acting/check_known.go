package acting

import (
	"context"

	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// mostKnown bounds how many tokens are remembered: about 3 kB for each.
const mostKnown = 10_000

// A service that shows a token has it looked up, and soon after asks whether the
// mediator may send. What the token was last decided on is remembered in between,
// so that a yes need not read it again before it is written. No yes is given for
// its sake: the statement that writes one checks, on the rows as they are then and
// under their locks, all that the decision leant on (yesStatement), and writes
// nothing otherwise; then everything is read anew. No refusal ever comes from here.
//
//	delegation, mandate          their rows, locked
//	line, action, procedure      the line's row
//	client and its entitlement   its version
//	token                        its row
//	authority, organisation      the version of the account's standing (migration 0016)
//
// What ends by itself is compared with the clock each time. A token that was
// exchanged is another client's, and not remembered; nor is anything of who the
// person is, which no check tells.
func (s *Service) remember(hash tokenHash, d Delegation) {
	if d.Token.Kind != "access" || d.exchanged() || d.facts.standing == 0 {
		return
	}
	d.facts.helped = helped{}
	s.known.Keep(hash, d)
}

// recall gives what a token was last decided on, with the mediator's authority now.
func (s *Service) recall(ctx context.Context, accessID string) (Delegation, bool) {
	d, ok := s.known.Of(tokenHash(hashOf(accessID)))
	if !ok {
		return Delegation{}, false
	}
	alive := d.facts.membership.OrganisationAlive
	mediator, err := s.orgs.Mediator(ctx, organisations.ActorQuery{Account: d.Account, Organisation: d.Organisation, Standing: d.facts.standing})
	if err != nil {
		return Delegation{}, false // whatever it is, reading tells
	}
	d.take(mediator)
	d.facts.membership.OrganisationAlive = alive
	return d, true
}

// take puts a mediator's authority with what is decided on.
func (d *Delegation) take(m organisations.MediatorFacts) {
	d.facts.mediator, d.facts.accountSuspended, d.facts.membership = m.Name, m.Suspended, m.Membership
}

// Asking is the client that showed a token last, if it is remembered and was
// active: for Check alone, which holds it to its version.
func (s *Service) Asking(accessID string) (clients.Client, bool) {
	d, ok := s.known.Of(tokenHash(hashOf(accessID)))
	return d.Client, ok && d.Client.State == clients.Active
}
