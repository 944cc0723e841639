package rate

import (
	"sync"
	"time"
)

// Window is how long what came is counted together.
const Window = time.Minute

// Windows counts, for each key, what came in its current minute.
type Windows struct {
	limit int
	now   func() time.Time

	mu   sync.Mutex
	seen map[string]*count
}

type count struct {
	n     int
	until time.Time
}

// NewWindows makes one; now is its clock.
func NewWindows(limit int, now func() time.Time) *Windows {
	return &Windows{limit: limit, now: now, seen: map[string]*count{}}
}

// Limit is how many may come in one window.
func (w *Windows) Limit() int { return w.limit }

// Take counts one more, and says how many are left, and until when; below zero
// is one too many.
func (w *Windows) Take(key string) (left int, until time.Time) { return w.count(key, 1) }

// Left is Take without counting.
func (w *Windows) Left(key string) (left int, until time.Time) { return w.count(key, 0) }

func (w *Windows) count(key string, n int) (left int, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	c, known := w.seen[key]
	if !known || !now.Before(c.until) {
		if len(w.seen) >= mostKeys {
			w.seen = map[string]*count{}
		}
		c = &count{until: now.Add(Window)}
		w.seen[key] = c
	}
	c.n += n
	if c.n > w.limit && n > 0 {
		c.n = w.limit
		return -1, c.until
	}
	return w.limit - c.n, c.until
}
