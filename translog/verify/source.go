package verify

import (
	"iter"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/translog"
)

// Key is a place in the order of events.
type Key struct {
	Incarnation int32
	XID         uint64
	Number      int64
}

// Compare orders keys.
func (k Key) Compare(o Key) int {
	switch {
	case k.Incarnation != o.Incarnation:
		return sign(k.Incarnation > o.Incarnation)
	case k.XID != o.XID:
		return sign(k.XID > o.XID)
	case k.Number != o.Number:
		return sign(k.Number > o.Number)
	}
	return 0
}

func sign(more bool) int {
	if more {
		return 1
	}
	return -1
}

// Entry is one event as it is stored.
type Entry struct {
	Key Key
	// Columns are what the database derived from the content; nil in an export,
	// which has none.
	Columns *Columns

	Leaf, Facts, FactsSalt []byte
	// Personal and PersonalSalt are nil when there is none, when it was erased,
	// or when an export leaves it out.
	Personal, PersonalSalt []byte
}

// Columns are the indexed columns beside the exact bytes.
type Columns struct {
	EventID uuid.UUID
	Kind    string
	At      time.Time
	Facts   translog.Facts // without its detail
}

// Batch says which keys a run of positions holds.
type Batch struct {
	First int64
	Size  int64
	Last  Key
}

// Head is a stored checkpoint: the signed note, and the columns beside it.
type Head struct {
	Size int64
	Root tlog.Hash
	Note string
}

// Source is a stored log: a database or an export.
type Source interface {
	// Entries in the order of their keys. An entry is valid until the next.
	Entries() iter.Seq2[*Entry, error]
	// Batches in the order of their positions.
	Batches() iter.Seq2[Batch, error]
	// Heads in the order of their sizes.
	Heads() iter.Seq2[Head, error]
	// Tile is a stored full tile, nil if there is none.
	Tile(level int, index int64) ([]byte, error)
	// TileCount is the number of stored full tiles of each level.
	TileCount() (map[int]int64, error)
	// WithPersonal says whether personal content is there unless it was erased.
	WithPersonal() bool
}
