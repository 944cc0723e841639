package mediator

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
)

// caseView is what the page of a case shows.
type caseView struct {
	Head     t.Head
	Refused  []desk.RefusalLine
	About    []t.Row
	Warnings []string
	State    []t.Row
	Closed   bool
	Step     *stepForm // nil when nothing can be logged, and nothing was typed
	Blocked  []blocked
	Begin    *beginHere // nil: a link leads to the person instead
	Moments  []t.Moment
	Doors    []t.ButtonLink
	// EarlierHref and NewestHref lead to the steps not on this page.
	EarlierHref, NewestHref string
}

// stepForm is the one big form: the next step, or a correction.
type stepForm struct {
	Form              *form.Form
	Action            string
	Key, Do           string
	Actions, Outcomes []t.Option
}

// blocked is what the mediator may not do here now, why, and what to do. Where
// one reason stands before every action, it names none of them.
type blocked struct {
	Actions []string
	Lines   []desk.RefusalLine
}

// beginHere is the button that makes a new mandate at once, where a mandate is
// what is lacking and nothing typed would be lost by leaving.
type beginHere struct {
	View beginView
	Href string // the way it stands for
}

func (s *Surface) caseViewOf(ctx context.Context, k caseFacts, f *form.Form, refused *problem.Error) (caseView, error) {
	v := caseView{
		Head: t.Head{Title: k.title(), Caption: k.caption(), Form: f, Failed: refused != nil, Person: k.banner, Wide: true,
			Back: t.Link{Text: k.page.T("case.to_person", "Name", k.BeneficiaryName), Href: k.personHref()}},
		About: k.about(), Warnings: k.warnings(), State: k.standing(), Closed: k.State.Closed(), Moments: k.moments(), Doors: k.doors(s),
	}
	v.EarlierHref, v.NewestHref = k.otherSteps()
	var err error
	if refused != nil {
		if v.Refused, err = s.whyNot(ctx, k, reasonsOf(refused)); err != nil {
			return v, err
		}
	}
	typed := f.Value("action") != "" && (refused != nil || !f.Valid())
	if !k.mediates() || v.Closed && !typed {
		return v, nil
	}
	actions := k.actions(f)
	if len(actions) > 0 || typed {
		v.Step = &stepForm{Form: f, Action: k.href() + "/steps", Key: f.Value("key"), Do: k.page.T("case.step.do"), Actions: actions, Outcomes: k.outcomes()}
	}
	v.Blocked, err = s.blockedIn(ctx, k, refused)
	if v.Step == nil && s.may(k.actor, authz.KindMandate, authz.MandateDraft, k.Beneficiary) {
		v.Begin = &beginHere{beginView{Action: k.personHref() + "/mandates", Key: s.NewKey(), Kind: t.Primary}, k.personHref()}
	}
	return v, err
}

// caption says at once how the case stands, and whether it presses: on a small
// screen all else about it comes after what was done.
func (k caseFacts) caption() string {
	parts := []string{k.page.T("case.caption"), caseTag(k.page, k.State).Text}
	for _, tag := range dueCell(k.page, k.actor.Now, k.Case).Tags {
		parts = append(parts, tag.Text)
	}
	return strings.Join(parts, " · ")
}

// mediates: the actor acts here as a mediator; others only read.
func (k caseFacts) mediates() bool {
	return slices.ContainsFunc(k.actor.Memberships, func(m authz.Membership) bool {
		return m.Organisation == k.Organisation && m.Organisation == k.actor.Organisation && m.Role == authz.Mediator
	})
}

// possible: nothing stands in the way but a fresh sign-in, which the desk asks
// for without losing the form.
func possible(a mandates.ActionAnswer) bool {
	return a.Allowed || len(a.Reasons) == 1 && a.Reasons[0] == authz.ReasonNeedsStepUp
}

// actions are those that can be done now, and the one chosen before if it no
// longer can: what was chosen stays.
func (k caseFacts) actions(f *form.Form) []t.Option {
	var out []t.Option
	chosen := f.Value("action")
	for _, a := range k.Answers {
		o := t.Option{Value: a.Action, Label: k.page.T("action." + a.Action)}
		switch {
		case !possible(a) && a.Action != chosen:
			continue
		case !possible(a):
			o.Hint = k.page.T("case.step.no_longer")
		case a.Sensitive:
			o.Hint = k.page.T("case.step.sensitive")
		default:
			o.Hint = k.page.T("case.act." + a.Action)
		}
		out = append(out, o)
	}
	return out
}

func (k caseFacts) outcomes() []t.Option {
	var out []t.Option
	for _, o := range mandates.Outcomes() {
		out = append(out, t.Option{Value: o, Label: k.page.T("outcome." + o), Hint: k.page.T("case.came." + o)})
	}
	return out
}

// usual is the step that most often comes next, by the state of the case.
var usual = map[mandates.CaseState][2]string{
	mandates.CaseOpened:     {"prepare", mandates.OutcomePrepared},
	mandates.CaseInProgress: {"submit", mandates.OutcomeSubmitted},
	mandates.CaseSubmitted:  {"view", mandates.OutcomeAnswer},
	mandates.CaseAwaiting:   {"view", mandates.OutcomeAnswer},
}

// suggest ticks the usual next step when it can be done, so that logging it is
// one press (ST-01); anything else is one tick away.
func (k caseFacts) suggest(f *form.Form) {
	next, ok := usual[k.State]
	if !ok || !slices.ContainsFunc(k.Answers, func(a mandates.ActionAnswer) bool { return a.Action == next[0] && a.Allowed }) {
		return
	}
	f.Set("action", next[0]).Set("outcome", next[1])
}

// inEvery are the reasons that stand before every action there is, none where
// one action can be done.
func (k caseFacts) inEvery() []authz.Reason {
	var out []authz.Reason
	for i, a := range k.Answers {
		switch {
		case possible(a):
			return nil
		case i == 0:
			out = without(a.Reasons, authz.ReasonNeedsStepUp)
		default:
			out = slices.DeleteFunc(out, func(r authz.Reason) bool { return !slices.Contains(a.Reasons, r) })
		}
	}
	return out
}

// blockedIn says why nothing can be done, once, or else groups what cannot be
// done by its reasons. What the refusal on top says is not said again.
func (s *Surface) blockedIn(ctx context.Context, k caseFacts, refused *problem.Error) ([]blocked, error) {
	if every := k.inEvery(); len(every) > 0 {
		if refused != nil && slices.Equal(every, reasonsOf(refused)) {
			return nil, nil
		}
		lines, err := s.whyNot(ctx, k, every)
		return []blocked{{Lines: lines}}, err
	}
	var out []blocked
	var last []authz.Reason
	for _, a := range k.Answers {
		if possible(a) {
			continue
		}
		name := k.page.T("action." + a.Action)
		reasons := without(a.Reasons, authz.ReasonNeedsStepUp)
		if len(out) > 0 && slices.Equal(reasons, last) {
			out[len(out)-1].Actions = append(out[len(out)-1].Actions, name)
			continue
		}
		lines, err := s.whyNot(ctx, k, reasons)
		if err != nil {
			return nil, err
		}
		out, last = append(out, blocked{Actions: []string{name}, Lines: lines}), reasons
	}
	return out, nil
}

func without(all []authz.Reason, r authz.Reason) []authz.Reason {
	return slices.DeleteFunc(slices.Clone(all), func(x authz.Reason) bool { return x == r })
}

// reasonsOf are a refusal's reasons; a fresh sign-in is not one of them where
// there are others.
func reasonsOf(p *problem.Error) []authz.Reason {
	var out []authz.Reason
	for _, r := range p.Reasons {
		out = append(out, authz.Reason(r))
	}
	if len(out) > 1 {
		out = without(out, authz.ReasonNeedsStepUp)
	}
	return out
}

// whyNot says each reason, and what to do about it: who mends a lack of
// authority, or how to get the mandate that is missing (ST-02, ST-03).
func (s *Surface) whyNot(ctx context.Context, k caseFacts, reasons []authz.Reason) ([]desk.RefusalLine, error) {
	lines, err := s.refusalLines(ctx, k.page, k.actor, reasons)
	for i := range lines {
		if lines[i].Next != "" || lines[i].Link.Href != "" {
			continue
		}
		lines[i].Next, lines[i].Link = mending(k.page, reasons[i], k.BeneficiaryName, k.personHref())
		if reasons[i] == authz.ReasonMandateSuspended && err == nil {
			lines[i].Next, err = s.whoLifts(ctx, k)
		}
	}
	if err == nil && len(lines) == 0 {
		lines = []desk.RefusalLine{{Reason: k.page.T("problem.forbidden")}}
	}
	return lines, err
}

// mending is what to do about a mandate that does not allow an act.
func mending(p t.Page, r authz.Reason, name, personHref string) (string, t.Link) {
	ask := t.Link{Text: p.T("case.mend.link", "Name", name), Href: personHref}
	switch r {
	case authz.ReasonMandateExpired:
		return p.T("case.mend.expired"), ask
	case authz.ReasonMandateRevoked:
		return p.T("case.mend.revoked"), ask
	case authz.ReasonMandateNotActive:
		return p.T("case.mend.none"), ask
	case authz.ReasonProcedureNotInScope, authz.ReasonActionNotInScope:
		return p.T("case.mend.scope"), ask
	default:
		return "", t.Link{}
	}
}

// whoLifts says who can lift the suspension of the mandate that a case leans on:
// the referent, unless supervision placed it.
func (s *Surface) whoLifts(ctx context.Context, k caseFacts) (string, error) {
	all, err := s.Mandates.OfBeneficiary(ctx, k.actor, k.Beneficiary)
	if err != nil {
		return "", err
	}
	var above *mandates.Mandate
	for i, m := range all {
		if m.Organisation != k.actor.Organisation || m.StateAt(k.actor.Now) != mandates.Suspended || !names(m, k.Procedure) {
			continue
		}
		if !m.HeldAbove() {
			return k.page.T("case.mend.suspended"), nil
		}
		above = &all[i]
	}
	switch {
	case above == nil:
		return k.page.T("case.mend.suspended"), nil
	case above.SuspendedByName == "":
		return k.page.T("case.mend.held_above_unnamed"), nil
	}
	return k.page.T("case.mend.held_above", "Name", above.SuspendedByName), nil
}

// names: a line of the mandate holds the procedure; no procedure is any.
func names(m mandates.Mandate, procedure string) bool {
	return procedure == "" || slices.ContainsFunc(m.Grants, func(g mandates.Grant) bool { return slices.Contains(g.Procedures, procedure) })
}

// doors are the other things that can be done to a case.
func (k caseFacts) doors(s *Surface) []t.ButtonLink {
	if k.State.Closed() {
		return nil
	}
	var out []t.ButtonLink
	add := func(action authz.Action, key, href string, icon t.Icon) {
		if s.may(k.actor, authz.KindCase, action, k.Beneficiary) && k.actor.Organisation == k.Organisation {
			out = append(out, t.ButtonLink{Text: k.page.T(key), Href: k.href() + href, Kind: t.Secondary, Icon: icon})
		}
	}
	add(authz.CaseHandOver, "case.hand_over.door", "/hand-over", t.IconHandshake)
	add(authz.CaseClose, "case.close.door", "/close", t.IconCheck)
	return out
}

// jumpWords name the way down to what was done, and how much it is where all of
// it is there.
func jumpWords(p t.Page, v caseView) string {
	if v.EarlierHref != "" || v.NewestHref != "" {
		return p.T("case.done.title")
	}
	return p.N("case.done.jump", len(v.Moments))
}

// shows: a step is on this page.
func (k caseFacts) shows(id uuid.UUID) bool {
	return slices.ContainsFunc(k.Steps, func(st mandates.Step) bool { return st.ID == id })
}

// otherSteps lead to the steps that are not on this page.
func (k caseFacts) otherSteps() (earlier, newest string) {
	if k.Earlier != "" {
		earlier = k.href() + "?before=" + k.Earlier + "#done"
	}
	if k.before != "" {
		newest = k.href() + "#done"
	}
	return earlier, newest
}
