package desk_test

import (
	"testing"
	"time"

	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/internal/i18n"
)

// Days left are those of the calendar where the page is read: the end is
// exclusive, the last day counts none, and an hour of summer time none either.
func TestDaysLeft(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)
	p := i18n.For(i18n.French).In(paris)
	end := time.Date(2026, 3, 31, 0, 0, 0, 0, paris) // the 30th is the last day
	for _, x := range []struct {
		now  time.Time
		want int
	}{
		{time.Date(2026, 3, 28, 23, 59, 0, 0, paris), 2},
		{time.Date(2026, 3, 27, 23, 30, 0, 0, time.UTC), 2}, // the 28th in Paris
		{time.Date(2026, 3, 30, 23, 59, 0, 0, paris), 0},
		{time.Date(2026, 4, 3, 12, 0, 0, 0, paris), 0},
	} {
		if got := desk.DaysLeft(p, x.now, end); got != x.want {
			t.Errorf("%s: %d days, want %d", x.now, got, x.want)
		}
	}
}
