package rate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/rate"
)

// clock is moved on by hand.
type clock struct{ at time.Time }

func newClock() *clock              { return &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time     { return c.at }
func (c *clock) on(d time.Duration) { c.at = c.at.Add(d) }

// RB-03: an address that hammers a door is slowed, others are not, and it is
// let in again after a while.
func TestLimiterSlowsOneKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	l := rate.NewLimiter(120, c.now)
	through := func(key string, tries int) (n int) {
		for range tries {
			if l.Allow(key) {
				n++
			}
		}
		return n
	}
	if !l.WouldAllow("one") {
		t.Error("nobody came yet, and one is refused")
	}
	if n := through("one", 500); n != 120 {
		t.Errorf("one key came through %d times at once, want 120", n)
	}
	if l.WouldAllow("one") || !l.WouldAllow("two") || !l.Allow("two") {
		t.Error("the slow one is let in, or another is slowed")
	}
	c.on(time.Second)
	for range 5 {
		if !l.WouldAllow("one") {
			t.Fatal("asking counts")
		}
	}
	if n := through("one", 10); n != 2 {
		t.Errorf("after a second it came through %d times, want 2", n)
	}
}

func TestWindowsCountByTheMinute(t *testing.T) {
	t.Parallel()
	c := newClock()
	w := rate.NewWindows(3, c.now)
	for i, want := range []int{2, 1, 0, -1, -1} {
		if left, until := w.Take("one"); left != want || !until.Equal(newClock().at.Add(rate.Window)) {
			t.Errorf("%d: %d left until %s, want %d", i, left, until, want)
		}
		c.on(time.Second)
	}
	if left, _ := w.Left("one"); left != 0 {
		t.Errorf("%d left", left)
	}
	if left, _ := w.Left("two"); left != w.Limit() {
		t.Errorf("another key has %d left", left)
	}
	c.on(rate.Window - 5*time.Second)
	if left, _ := w.Take("one"); left != 2 {
		t.Errorf("%d left in the next minute", left)
	}
}

// Ever new keys make what is counted forgotten: memory is bounded.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	l, w := rate.NewLimiter(1, c.now), rate.NewWindows(1, c.now)
	l.Allow("first")
	w.Take("first")
	for i := range 20_000 {
		l.Allow(fmt.Sprint(i))
		w.Take(fmt.Sprint(i))
	}
	if left, _ := w.Left("first"); left != 1 || !l.WouldAllow("first") {
		t.Error("the first of many keys is remembered for ever")
	}
}

func TestAddressIsOneSubscriber(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "": "", "unix": "unix",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
	} {
		if got := rate.Address(ip); got != want {
			t.Errorf("%q counts as %q, want %q", ip, got, want)
		}
	}
}
