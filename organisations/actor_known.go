package organisations

import (
	"sync"

	"github.com/google/uuid"
)

// mostKnown bounds what is remembered: about 1 kB for each account.
const mostKnown = 20_000

// knownActors remembers what was last read about accounts. It is not a cache of
// decisions, and nothing in it is believed for being young: each use is held to
// the version that the database gave with the request's own session. The version
// of an account's standing is changed, by trigger, by every transaction that
// changes what its authority is made of (migration 0016), and was read in the
// same statement as the rows. Equal versions are therefore equal rows.
//
// The zero value is ready. Safe for concurrent use. Rows given are shared: never
// change them.
type knownActors struct {
	mu sync.RWMutex
	of map[uuid.UUID][]actorRow
}

// at gives the rows of an account if they are those of a version, else nil.
func (k *knownActors) at(account uuid.UUID, version int64) []actorRow {
	if version == 0 {
		return nil
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	if rows := k.of[account]; len(rows) > 0 && rows[0].version == version {
		return rows
	}
	return nil
}

// keep remembers rows as they were read. A slower reader may put older rows in
// the place of newer ones: their version says so, and they are read again.
func (k *knownActors) keep(account uuid.UUID, rows []actorRow) {
	if len(rows) == 0 || rows[0].version == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of) >= mostKnown {
		k.of = make(map[uuid.UUID][]actorRow)
	}
	k.of[account] = rows
}
