package document

import "time"

// EndOf gives the instant at which a mandate stops being valid: the first
// instant of the local day after start's local date plus days. It is exclusive;
// the last valid moment is the one before, printed to people as 23:59:59 of the
// local day start+days. A mandate is live at t exactly when t.Before(EndOf(…)).
//
// Days are counted on the calendar of zone, so a clock change in between moves
// the instant and not the date. The result is in UTC.
func EndOf(start time.Time, days int, zone *time.Location) time.Time {
	y, m, d := start.In(zone).Date()
	return startOfDay(y, m, d+days+1, zone).UTC()
}

// startOfDay is the first instant of a local day. time.Date is not enough: in
// zones that change their clocks at midnight (the Azores), 00:00 may be missing
// or come twice, and time.Date picks either side.
func startOfDay(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	want := time.Date(y, m, d, 12, 0, 0, 0, time.UTC).Day()
	from, until := t.ZoneBounds()
	if t.Day() != want { // midnight is missing and t fell before the change
		return until
	}
	if t.Hour() != 0 || t.Minute() != 0 { // missing too, and t fell after it
		return from
	}
	if from.IsZero() {
		return t
	}
	_, now := t.Zone()
	_, before := from.Add(-time.Second).Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); first.Before(from) && first.In(zone).Day() == want {
		return first // midnight comes twice: the day starts at the first
	}
	return t
}

// LastDay is the local date a person reads as the end: the day that closes at
// ends, the exclusive instant EndOf gives.
func LastDay(ends time.Time, zone *time.Location) (year int, month time.Month, day int) {
	return ends.Add(-time.Second).In(zone).Date()
}
