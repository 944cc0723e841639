package portal

import (
	"github.com/google/uuid"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

// days cuts the lines by the organisation's days. On the screen, the same look
// again is told once with its times, and what only led to something stands
// apart; on paper every line is there by itself.
func (x *teller) days(lines []review.HistoryLine) []dayView {
	var days []dayView
	for i := 0; i < len(lines); {
		l := lines[i]
		day := x.page.Date(l.At)
		if len(days) == 0 || days[len(days)-1].Day != day {
			days = append(days, dayView{Day: day})
		}
		last := &days[len(days)-1]
		n := x.again(lines[i:])
		m := x.moment(l)
		if n > 1 {
			m.When = x.page.Time(lines[i+n-1].At) + " – " + m.When
			m.Text = x.page.N("portal.history.times", n)
		}
		if i += n; !x.paper && small(l) {
			last.Small = append(last.Small, m)
		} else {
			last.Moments = append(last.Moments, m)
		}
	}
	for i := range days {
		days[i].settle()
	}
	return days
}

// again counts how many lines, from the first, tell the same look on the same
// day: one person, in one role and place, one purpose.
func (x *teller) again(lines []review.HistoryLine) int {
	first, n := lines[0], 1
	if x.paper || !first.Look() || first.Role == translog.RolePerson || first.Actor == uuid.Nil {
		return n // who has no name may be anybody, and not twice the same
	}
	told := looked(first)
	for _, l := range lines[1:] {
		if looked(l) != told || x.page.Date(l.At) != x.page.Date(first.At) {
			break
		}
		n++
	}
	return n
}

// look is what a look tells beside its time.
type look struct {
	kind                        translog.Kind
	role                        translog.Role
	actor                       uuid.UUID
	who, place, purpose, reason string
}

func looked(l review.HistoryLine) look {
	return look{l.Kind, l.Role, l.Actor, l.Who, l.OrganisationName, l.Purpose, l.Reason}
}

// settle puts back in its place what is too little to stand apart.
func (d *dayView) settle() {
	const enough = 2
	if len(d.Small) >= enough && len(d.Moments) > 0 {
		return
	}
	var all []t.Moment
	for len(d.Moments) > 0 && len(d.Small) > 0 {
		next := &d.Moments
		if d.Small[0].DateTime > d.Moments[0].DateTime { // newest first
			next = &d.Small
		}
		all, *next = append(all, (*next)[0]), (*next)[1:]
	}
	all = append(append(all, d.Moments...), d.Small...)
	d.Moments, d.Small = all, nil
}

// small is what led to something and let nobody do anything.
func small(l review.HistoryLine) bool {
	switch l.Kind {
	case translog.MandateDrafted, translog.MandateDraftChanged, translog.MandatePresented, translog.MandatePresentationVoided, translog.MandateAwaiting,
		translog.PhoneCodeSent, translog.PhoneCodeConfirmed, translog.SignOutDone:
		return true
	default:
		return false
	}
}

// calm says what somebody afraid needs to hear.
func (x *teller) calm(l review.HistoryLine) []string {
	p := x.page
	switch {
	case l.Refused() && l.Role == translog.RoleVisitor:
		return []string{p.T("portal.history.nothing_done"), p.T("portal.history.not_you")}
	case l.Refused() && l.Role != translog.RolePerson:
		return []string{p.T("portal.history.nothing_done")}
	case l.Look() && l.Role == translog.RoleSupervisor && !x.calmed:
		x.calmed = true // once a page is enough
		return []string{p.T("portal.history.look_note")}
	}
	return nil
}
