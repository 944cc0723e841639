package v1

import (
	"net/netip"
	"sync"
	"time"
)

const (
	window = time.Minute
	// mostKeys are remembered; then all are forgotten.
	mostKeys = 20_000
)

// windows counts, for each key, what came in the current minute.
type windows struct {
	limit int
	now   func() time.Time
	mu    sync.Mutex
	seen  map[string]*count
}

type count struct {
	n     int
	until time.Time
}

func newWindows(limit int, now func() time.Time) *windows {
	return &windows{limit: limit, now: now, seen: map[string]*count{}}
}

// take counts one more, and says how many are left, and until when; below zero
// is one too many.
func (w *windows) take(key string) (left int, until time.Time) { return w.count(key, 1) }

// left is take without counting.
func (w *windows) left(key string) (left int, until time.Time) { return w.count(key, 0) }

func (w *windows) count(key string, n int) (left int, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	c, known := w.seen[key]
	if !known || !now.Before(c.until) {
		if len(w.seen) >= mostKeys {
			w.seen = map[string]*count{}
		}
		c = &count{until: now.Add(window)}
		w.seen[key] = c
	}
	c.n += n
	if c.n > w.limit && n > 0 {
		c.n = w.limit
		return -1, c.until
	}
	return w.limit - c.n, c.until
}

// address is where a request comes from, for counting: of IPv6 the /64.
func address(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil || !a.Is6() || a.Is4In6() {
		return ip
	}
	network, err := a.Prefix(64)
	if err != nil {
		return ip
	}
	return network.String()
}
