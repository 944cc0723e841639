package supervisor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

var noOne uuid.UUID

// what names an event; of a refusal, what was tried.
func (f frame) what(e review.Entry) string {
	if e.Kind == translog.ActRefused {
		return f.wordOr(review.TriedKey(e.Command), review.TriedKey("other"))
	}
	return f.T(review.EventKey(e.Kind))
}

func (f frame) wordOr(key, otherwise string) string {
	if f.Has(key) {
		return f.T(key)
	}
	return f.T(otherwise)
}

// detail says on what: procedure, act, what came of it.
func (f frame) detail(e review.Entry) string {
	var parts []string
	if e.Procedure != "" {
		parts = append(parts, f.procedure(e.Pack, e.Procedure))
	}
	if key := "action." + e.Action; e.Action != "" && f.Has(key) {
		parts = append(parts, f.T(key))
	}
	if key := "outcome." + e.Outcome; e.Kind != translog.ActRefused && e.Outcome != "done" && f.Has(key) {
		parts = append(parts, f.T(key))
	}
	return strings.Join(parts, " · ")
}

// onWhat is the detail, and why it was refused.
func (f frame) onWhat(e review.Entry) string {
	detail, why := f.detail(e), strings.Join(f.because(e), " ")
	if detail != "" && why != "" {
		return detail + ". " + why
	}
	return detail + why
}

// procedure is its name in the pack, or its code when the pack lost it.
func (f frame) procedure(pack, code string) string {
	if p, err := f.packs.Get(pack); err == nil {
		if x, ok := p.Procedure(code); ok {
			return x.Name.In(string(f.Lang()))
		}
	}
	return code
}

func (f frame) themes(pack string, codes []string) []string {
	names := make([]string, len(codes))
	p, err := f.packs.Get(pack)
	for i, code := range codes {
		names[i] = code
		if err != nil {
			continue
		}
		if x, ok := p.Theme(code); ok {
			names[i] = x.Name.In(string(f.Lang()))
		}
	}
	return names
}

// because tells the reasons of a refusal, one sentence each.
func (f frame) because(e review.Entry) []string {
	var out []string
	for _, r := range e.Reasons {
		out = append(out, f.wordOr(review.WhyKey(r), review.WhyKey("other")))
	}
	return slices.Compact(out)
}

// who names whoever acted; nobody by role alone.
func (f frame) who(e review.Entry) string { return cmp.Or(e.ActorName, f.role(e)) }

func (f frame) role(e review.Entry) string { return f.T("role." + string(e.ActorRole)) }

// whoHref leads to what a member of staff did.
func whoHref(e review.Entry, w way) string {
	if e.ActorID == noOne || e.ActorRole != translog.RoleMediator && e.ActorRole != translog.RoleReferent {
		return ""
	}
	return w.to("mediators", e.ActorID)
}

// person names whom an entry is about.
func (f frame) person(e review.Entry) string {
	switch {
	case e.Beneficiary == noOne:
		return ""
	case e.Erased:
		return f.T("supervisor.erased")
	}
	return cmp.Or(e.BeneficiaryName, f.T("supervisor.somebody"))
}

func blocked(f frame, e review.Entry) []t.Tag {
	if e.Kind != translog.ActRefused {
		return nil
	}
	return []t.Tag{{Text: f.T("supervisor.blocked"), Tone: t.Warning}}
}

// roleBeside is the role, where the name does not say it already.
func (f frame) roleBeside(e review.Entry) string {
	if e.ActorName == "" {
		return ""
	}
	return f.role(e)
}

// day is what happened on one day.
type day struct {
	Title   string
	Moments []t.Moment
}

// days are entries as a timeline, day by day; named says for each whom it is
// about, rather than who did it.
func (f frame) days(entries []review.Entry, w way, named bool) []day {
	var out []day
	for _, e := range entries {
		if title := f.Date(e.At); len(out) == 0 || out[len(out)-1].Title != title {
			out = append(out, day{Title: title})
		}
		last := &out[len(out)-1]
		last.Moments = append(last.Moments, f.moment(e, w, named))
	}
	return out
}

func (f frame) moment(e review.Entry, w way, named bool) t.Moment {
	m := t.Moment{When: f.Time(e.At), DateTime: e.At.Format(time.RFC3339), Title: f.what(e), Href: w.to("entries", e.EventID),
		Who: f.whoAndRole(e), Text: f.onWhat(e)}
	switch {
	case e.Kind == translog.ActRefused:
		m.Tone, m.Icon, m.Tag = t.Warning, t.IconShield, blocked(f, e)[0]
	case review.IsLook(e.Kind):
		m.Tone, m.Icon, m.Text = t.Info, t.IconEye, f.quoted(e.Text("purpose"))
	case e.Kind == translog.MandateSigned:
		m.Tone, m.Icon = t.Success, t.IconPen
	case e.Kind == translog.MandateRevoked:
		m.Tone, m.Icon = t.Danger, t.IconStop
	case e.Kind == translog.StepDone || e.Kind == translog.StepCorrected || e.Kind == translog.StepReported:
		m.Tone, m.Icon = t.Neutral, t.IconCheck
	}
	if named {
		m.Who = "" // the page is theirs
		if e.Beneficiary != noOne {
			m.Body = aboutLine(f, e, w.to("people", e.Beneficiary))
		}
	}
	return m
}

func (f frame) whoAndRole(e review.Entry) string {
	if e.ActorName == "" {
		return f.role(e)
	}
	return fmt.Sprintf("%s (%s)", e.ActorName, f.role(e))
}

func (f frame) quoted(s string) string {
	if s == "" {
		return ""
	}
	return f.T("shell.quoted", "Text", s)
}
