package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// errNobody: the session's account is not there, not bound, or ended.
var errNobody = problem.New(problem.KindUnauthenticated, "unauthenticated")

// Actor says who a session's account is at this instant, with everything a
// decision needs (AU-10): one SQL statement, or none when the session came with
// the word of the database that nothing of it has changed since it was last read
// (actor_known.go). Authority is computed anew each time. A suspended account is still an actor, marked as such, so that it
// is told why; one that is not bound or has ended is nobody.
//
// With no organisation asked for, the first membership that can act is chosen,
// else the first of all. An organisation asked for that the account no longer
// belongs to leaves none chosen: an act begun for one organisation never goes
// on for another.
func (s *Service) Actor(ctx context.Context, q ActorQuery) (authz.Actor, error) {
	actor, state, err := s.loadActor(ctx, q)
	if err != nil {
		return authz.Actor{}, err
	}
	if state != AccountBound && state != AccountSuspended {
		return authz.Actor{}, errNobody
	}
	return actor, nil
}

// loadActor is Actor for an account in any state.
func (s *Service) loadActor(ctx context.Context, q ActorQuery) (authz.Actor, AccountState, error) {
	rows, err := s.actorRows(ctx, q)
	if err != nil {
		return authz.Actor{}, "", err
	}
	if len(rows) == 0 {
		return authz.Actor{}, "", errNobody
	}
	first := rows[0]
	state := first.standing.account
	actor := authz.Actor{
		Account: q.Account, Name: first.name, Language: q.Language, Session: q.Session,
		Remit:    authz.Remit{Organisations: first.organisations, Territories: first.territories},
		Operator: first.operator, SuspendedAccount: state != AccountBound,
		StrongAt: q.StrongAt, Now: s.store.Now(), Standing: first.version,
	}
	if actor.Language == "" {
		actor.Language = first.language
	}
	for _, r := range rows {
		if r.organisation == nil {
			continue
		}
		m := r.membership
		facts := r.standing.value(s.charters)
		m.Organisation = *r.organisation
		m.Active, m.TimeZone = facts.membership == MembershipActive, facts.timeZone
		m.OrganisationAlive = facts.organisation == OrganisationActive
		if m.Authority, err = facts.authority(actor.Now); err != nil {
			return authz.Actor{}, "", err
		}
		actor.Memberships = append(actor.Memberships, m)
		if actor.Organisation == uuid.Nil && (q.Organisation == uuid.Nil || q.Organisation == m.Organisation) {
			actor.Organisation = m.Organisation
		}
	}
	return actor, state, nil
}
