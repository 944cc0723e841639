package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/relais-org/relais/frontend/web"
)

// RB-03: an address that hammers a door is slowed, others are not, and it is
// let in again after a while.
func TestLimiterSlowsOneAddress(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := web.NewLimiter(func() time.Time { return now })
	allowed := 0
	for range 500 {
		if l.Allow("192.0.2.1") {
			allowed++
		}
	}
	if allowed != 120 {
		t.Errorf("one address came through %d times at once, want 120", allowed)
	}
	if !l.Allow("192.0.2.2") {
		t.Error("another address is slowed too")
	}
	now = now.Add(time.Second)
	again := 0
	for range 10 {
		if l.Allow("192.0.2.1") {
			again++
		}
	}
	if again != 2 {
		t.Errorf("after a second an address came through %d times, want 2", again)
	}
	for i := range 30_000 {
		l.Allow(fmt.Sprint("203.0.113.", i)) // bounded memory: must not grow without end
	}
}
