package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of what one address may ask of doors that need no session, by this
// process. Codes have stricter limits of their own, shared in the database.
const (
	doorPerMinute = 120
	doorBurst     = 120
	doorAddresses = 20_000 // remembered at most; then all are forgotten
)

// Limiter bounds how often each address comes.
type Limiter struct {
	mu   sync.Mutex
	seen map[string]*rate.Limiter
	now  func() time.Time
}

// NewLimiter makes one; now is its clock.
func NewLimiter(now func() time.Time) *Limiter {
	return &Limiter{seen: map[string]*rate.Limiter{}, now: now}
}

// Allow says whether this address may come once more.
func (l *Limiter) Allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, known := l.seen[address]
	if !known {
		if len(l.seen) >= doorAddresses {
			l.seen = map[string]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Limit(doorPerMinute)/60, doorBurst)
		l.seen[address] = one
	}
	return one.AllowN(l.now(), 1)
}

// Address is where a request comes from, for counting: of IPv6 the /64, which
// is what one subscriber holds.
func Address(ip string) string {
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
