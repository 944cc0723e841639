package rate

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostKeys are remembered; then all are forgotten.
const mostKeys = 20_000

// Limiter lets each key do something so many times at once, and as many again
// in every minute after that, evenly.
type Limiter struct {
	perMinute int
	now       func() time.Time

	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

// NewLimiter makes one; now is its clock.
func NewLimiter(perMinute int, now func() time.Time) *Limiter {
	return &Limiter{perMinute: perMinute, now: now, seen: map[string]*rate.Limiter{}}
}

// Allow counts one more of a key, and says whether it was still allowed.
func (l *Limiter) Allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, known := l.seen[key]
	if !known {
		if len(l.seen) >= mostKeys {
			l.seen = map[string]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Limit(l.perMinute)/60, l.perMinute)
		l.seen[key] = one
	}
	return one.AllowN(l.now(), 1)
}

// WouldAllow is Allow without counting.
func (l *Limiter) WouldAllow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, known := l.seen[key]
	return !known || one.TokensAt(l.now()) >= 1
}
