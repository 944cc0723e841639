package document

import (
	"testing"
	"time"
	_ "time/tzdata" // the tests must not depend on the machine's zones
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// MA-02
func TestEndOf(t *testing.T) {
	t.Parallel()
	paris, azores := zone(t, "Europe/Paris"), zone(t, "Atlantic/Azores")
	at := func(z *time.Location, y int, m time.Month, d, h, min int) time.Time {
		return time.Date(y, m, d, h, min, 0, 0, z)
	}
	for _, c := range []struct {
		name  string
		start time.Time
		days  int
		zone  *time.Location
		want  string // UTC
	}{
		{"31 January for 31 days", at(paris, 2027, 1, 31, 10, 0), 31, paris, "2027-03-03T23:00:00Z"},
		{"one day is until tomorrow night", at(paris, 2027, 6, 1, 0, 0), 1, paris, "2027-06-02T22:00:00Z"},
		{"one minute to midnight", at(paris, 2027, 6, 1, 23, 59), 1, paris, "2027-06-02T22:00:00Z"},
		{"into summer time", at(paris, 2027, 3, 20, 10, 0), 31, paris, "2027-04-20T22:00:00Z"},
		{"on the day clocks go forward", at(paris, 2027, 3, 27, 10, 0), 1, paris, "2027-03-28T22:00:00Z"},
		{"on the day clocks go back", at(paris, 2027, 10, 30, 10, 0), 1, paris, "2027-10-31T23:00:00Z"},
		{"a year, leap day inside", at(paris, 2027, 9, 1, 10, 0), 365, paris, "2028-08-31T22:00:00Z"},
		{"half a year", at(paris, 2027, 1, 1, 10, 0), 182, paris, "2027-07-02T22:00:00Z"},
		{"local date, not the UTC one", time.Date(2027, 5, 31, 22, 30, 0, 0, time.UTC), 1, paris, "2027-06-02T22:00:00Z"},
		{"midnight is missing", at(azores, 2027, 3, 26, 10, 0), 1, azores, "2027-03-28T01:00:00Z"},
		{"midnight comes twice", at(azores, 2027, 10, 29, 10, 0), 1, azores, "2027-10-31T00:00:00Z"},
	} {
		if got := EndOf(c.start, c.days, c.zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// MA-02
func TestEndOfIsLiveUntilTheLastSecondOfTheDay(t *testing.T) {
	t.Parallel()
	paris := zone(t, "Europe/Paris")
	ends := EndOf(time.Date(2027, 1, 31, 10, 0, 0, 0, paris), 31, paris)
	if last := time.Date(2027, 3, 3, 23, 59, 59, 999999999, paris); !last.Before(ends) {
		t.Error("not valid on 3 March 23:59 local")
	}
	if next := time.Date(2027, 3, 4, 0, 0, 0, 0, paris); next.Before(ends) {
		t.Error("still valid on 4 March 00:00 local")
	}
	if y, m, d := LastDay(ends, paris); y != 2027 || m != time.March || d != 3 {
		t.Errorf("last day is %d-%d-%d", y, m, d)
	}
}

// Every day of ten years, in zones that change clocks at odd hours: the end is
// the first instant of its local day.
func TestEndOfIsAlwaysTheFirstInstantOfADay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Paris", "Atlantic/Azores", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "UTC"} {
		z := zone(t, name)
		for d := range 3650 {
			start := time.Date(2014, 1, 1+d, 15, 0, 0, 0, z)
			ends := EndOf(start, 1, z)
			want := start.AddDate(0, 0, 2).Day()
			if ends.In(z).Day() != want || ends.Add(-time.Nanosecond).In(z).Day() == want {
				t.Fatalf("%s from %s: %s is not the start of day %d", name, start, ends.In(z), want)
			}
		}
	}
}
