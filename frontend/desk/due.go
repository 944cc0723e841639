package desk

import (
	"time"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
)

// nearDue is when a date begins to press, in days.
const nearDue = 7

// DueTag says how many days are left before a calendar day where an organisation
// is, that day included, or that it has passed.
func DueTag(p t.Page, due time.Time, zone string, now time.Time) t.Tag {
	today := now
	if loc, err := time.LoadLocation(zone); err == nil {
		today = now.In(loc)
	}
	y, m, dd := today.Date()
	left := int(due.Sub(time.Date(y, m, dd, 0, 0, 0, 0, time.UTC)).Hours() / 24)
	switch {
	case left < 0:
		return t.Tag{Text: p.T("admin.disputes.late"), Tone: t.Danger, Icon: t.IconAlert}
	case left == 0:
		return t.Tag{Text: p.T("admin.disputes.today"), Tone: t.Warning}
	case left <= nearDue:
		return t.Tag{Text: p.N("admin.disputes.days", left), Tone: t.Warning, Icon: t.IconClock}
	}
	return t.Tag{Text: p.N("admin.disputes.days", left), Tone: t.Info, Icon: t.IconClock}
}

// DaysLeft counts the days after today, where the page is read, on which
// something holds that ends at an exclusive instant: a year signed today is 365
// days, and the last day, like any later one, is none.
func DaysLeft(p *i18n.Printer, now, end time.Time) int {
	day := func(at time.Time) time.Time {
		y, m, d := at.In(p.Location()).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return max(0, int(day(end.Add(-time.Second)).Sub(day(now)).Hours()/24))
}
