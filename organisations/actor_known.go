package organisations

import "github.com/google/uuid"

// mostKnown bounds how many accounts are remembered: about 1 kB for each.
//
// What was last read about accounts is not a cache of decisions, and nothing in it
// is believed for being young: each use is held to the version that the database
// gave with the request's own session. The version of an account's standing is
// changed, by trigger, by every transaction that changes what its authority is made
// of (migration 0016), and was read in the same statement as the rows. Equal
// versions are therefore equal rows.
const mostKnown = 20_000

// knownRows gives the rows of an account if they are those of a version, else nil.
func (s *Service) knownRows(account uuid.UUID, version int64) []actorRow {
	if rows, _ := s.known.Of(account); version != 0 && len(rows) > 0 && rows[0].version == version {
		return rows
	}
	return nil
}

// keepRows remembers rows as they were read. A slower reader may put older rows in
// the place of newer ones: their version says so, and they are read again.
func (s *Service) keepRows(account uuid.UUID, rows []actorRow) {
	if len(rows) > 0 && rows[0].version != 0 {
		s.known.Keep(account, rows)
	}
}
