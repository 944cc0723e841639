package review

import (
	"cmp"
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// Organisations lists what the actor's remit holds, by name; at most 1,000.
func (s *Service) Organisations(ctx context.Context, actor authz.Actor) ([]Organisation, error) {
	if err := s.commands.Decide(actor, authz.LogSearch, place{}.object()).Err(); err != nil {
		return nil, err
	}
	return organisationRows(s.commands.Store().Read(ctx), actor.Remit)
}

// mostLooks is how many looks of colleagues are listed.
const mostLooks = 20

// Looks lists the latest looks by the actor and by colleagues whose remits meet
// the actor's, so that those who watch are watched (SU-01). It names no person
// helped; why somebody was looked at is for that person, and for whoever looked.
func (s *Service) Looks(ctx context.Context, actor authz.Actor) ([]LookLine, error) {
	if err := s.commands.Decide(actor, authz.LogSearch, place{}.object()).Err(); err != nil {
		return nil, err
	}
	rows, err := lookRows(s.commands.Store().Read(ctx), actor, mostLooks)
	if err != nil {
		return nil, err
	}
	entries, err := entriesOf(rows)
	if err != nil {
		return nil, problem.Wrap(err, "read the looks of colleagues")
	}
	looks := make([]LookLine, len(entries))
	for i, e := range entries {
		looks[i] = e.look(actor.Account)
	}
	return looks, nil
}

func (e Entry) look(reader uuid.UUID) LookLine {
	l := LookLine{At: e.At, EventID: e.EventID, Kind: e.Kind, Who: e.ActorName, Mine: e.ActorID == reader,
		OrganisationName: e.OrganisationName, OnePerson: e.Beneficiary != uuid.Nil, Subject: cmp.Or(e.Text("subject"), e.Text("list"))}
	// A colleague's purpose about nobody in particular may be read where the
	// organisation is shared; one's own always.
	if l.Mine || !l.OnePerson && e.Organisation != uuid.Nil {
		l.Purpose = e.Text("purpose")
	}
	return l
}
