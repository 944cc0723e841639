package seed

import (
	"sync"
	"time"
)

// Clock is the seed's time: it only moves when told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the seed's instant; each reading is a little later than the last.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// To moves to an instant, never back.
func (c *Clock) To(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t.UTC().Truncate(time.Microsecond)
	}
}
