package beneficiaries

import (
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// How many refusals of visitors become events, of one kind and about one person
// (or about nobody), in this process: anybody can be refused at a door, and must
// not fill a log that is kept for ever. Counted by person, so that guesses at
// cards that nobody has never hide those at somebody's. The requests' own log
// has all of them.
const triesPerMinute = 10 // and as many at once

// refuse refuses a visitor, with an event as far as the bound allows.
func (s *Service) refuse(tx *command.Tx, err *problem.Error, about translog.Event) error {
	if !s.tries.Allow(err.Code + " " + about.Beneficiary.String()) {
		return tx.RefuseUnrecorded(err)
	}
	return tx.Refuse(err, about)
}
