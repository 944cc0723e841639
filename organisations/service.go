package organisations

import (
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/rate"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// Dependencies are what the service needs.
type Dependencies struct {
	Commands *command.Runner
	Packs    *packs.Set
	// BaseURL is the address of the sign-in page's site, for invitations:
	// "https://relais.example", without a slash at the end.
	BaseURL string
}

// Service answers who may act, and runs the commands that change it.
type Service struct {
	commands *command.Runner
	store    *store.Store
	packs    *packs.Set
	baseURL  string
	charters charters
	// actors reads who asks, for requests that arrive together.
	actors *store.Group[uuid.UUID, []actorRow]
	// known is what was last read of them (actor_known.go).
	known *store.Known[uuid.UUID, []actorRow]
	// refusals bounds the events of sign-ins by nobody we know, by cause and issuer.
	refusals *rate.Limiter
}

// New makes the service.
func New(d Dependencies) *Service {
	s := &Service{
		commands: d.Commands, store: d.Commands.Store(), packs: d.Packs,
		baseURL: d.BaseURL, charters: chartersOf(d.Packs), refusals: rate.NewLimiter(refusalsPerMinute, d.Commands.Store().Now),
	}
	s.known = store.NewKnown[uuid.UUID, []actorRow](mostKnown)
	s.actors = store.NewGroup(actorsTogether, actorReadsAtOnce, s.readActors)
	return s
}

// charters are the versions that are current, by pack and as a list for a query.
type charters struct {
	of       map[string]string
	versions []string
}

func chartersOf(set *packs.Set) charters {
	c := charters{of: map[string]string{}}
	for _, p := range set.All() {
		c.of[p.ID] = p.Charter.Version
		c.versions = append(c.versions, p.Charter.Version)
	}
	return c
}

// membershipIn is the actor's active membership with a role in an organisation.
func membershipIn(actor authz.Actor, organisation uuid.UUID, role authz.Role) bool {
	for _, m := range actor.Memberships {
		if m.Organisation == organisation && m.Role == role && m.Active {
			return true
		}
	}
	return false
}

// worksIn reports whether the actor has any membership in the organisation.
func worksIn(actor authz.Actor, organisation uuid.UUID) bool {
	for _, m := range actor.Memberships {
		if m.Organisation == organisation {
			return true
		}
	}
	return false
}

// about is an event that so far only says whose organisation it is about, as
// a refusal needs it.
func about(organisation uuid.UUID) translog.Event {
	return translog.Event{Organisation: organisation}
}

// refusedRole is the answer where no role of the actor's does this.
func refusedRole() *problem.Error { return problem.Forbidden(string(authz.ReasonNoRule)) }
