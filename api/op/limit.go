package op

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits by address, of this process. A service that behaves is never slowed:
// what is counted are faults of clients' proofs and requests begun by browsers.
const (
	faultsPerMinute = 60
	begunPerMinute  = 600
	addressesAtMost = 20_000 // remembered at most; then all are forgotten
)

// placeOf is where a request comes from, for counting: of IPv6 the /64, which is
// what one subscriber holds.
func placeOf(ip string) string {
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

// meter bounds how often something happens for each address.
type meter struct {
	mu        sync.Mutex
	perMinute int
	seen      map[string]*rate.Limiter
	now       func() time.Time
}

func newMeter(perMinute int, now func() time.Time) *meter {
	return &meter{perMinute: perMinute, seen: map[string]*rate.Limiter{}, now: now}
}

func (m *meter) of(address string) *rate.Limiter {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, known := m.seen[address]
	if !known {
		if len(m.seen) >= addressesAtMost {
			m.seen = map[string]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Limit(m.perMinute)/60, m.perMinute)
		m.seen[address] = one
	}
	return one
}

// allowed says whether one more may happen, without counting it.
func (m *meter) allowed(address string) bool {
	m.mu.Lock()
	one, known := m.seen[address]
	m.mu.Unlock()
	return !known || one.TokensAt(m.now()) >= 1
}

// spend counts one, and says whether it was still allowed.
func (m *meter) spend(address string) bool { return m.of(address).AllowN(m.now(), 1) }
