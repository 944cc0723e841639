package software

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/problem"
)

// Page asks for one page of a list.
type Page struct {
	Cursor string // the next of the page before
	Limit  int    // 25 when zero, 100 at most
}

const (
	defaultLimit = 25
	maxLimit     = 100
)

func (p Page) limit() int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// position is where a page ended: an instant and, among equals, an id.
type position struct {
	at time.Time
	id uuid.UUID
}

const positionBytes = 8 + 16

// String is opaque to callers.
func (p position) String() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.at.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, p.id[:]...))
}

// read gives where to go on; the zero position begins.
func (p Page) read() (position, error) {
	if p.Cursor == "" {
		return position{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil || len(raw) != positionBytes {
		return position{}, problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC()
	if at.Year() < 1900 || at.Year() > 9000 || uuid.UUID(raw[8:]) == uuid.Nil {
		return position{}, problem.Invalid(problem.At("cursor", "cursor_not_recognised"))
	}
	return position{at: at, id: uuid.UUID(raw[8:])}, nil
}

// cut keeps limit rows of one more that was read, and says where to go on.
func cut[T any](rows []T, limit int, of func(T) position) ([]T, string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], of(rows[limit-1]).String()
}

func sorted(words []string) []string {
	slices.Sort(words)
	return words
}
