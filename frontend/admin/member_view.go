package admin

import (
	"strconv"
	"time"

	"github.com/relais-org/relais/authz"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/organisations"
)

// memberView is what one person's page shows.
type memberView struct {
	Banner    t.PersonBanner
	Ready     string // "may act until …", empty when something lacks
	Lacks     []lack
	Actions   []t.ButtonLink
	Facts     []t.Row
	Trainings t.Table
	Trains    bool // trainings concern this role
}

func newMember(p t.Page, m organisations.Member, next turn, now time.Time) memberView {
	v := memberView{Banner: memberBanner(p, m, now), Lacks: lacksOf(p, m, next, now), Facts: memberFacts(p, m),
		Actions: memberActions(p, m, next), Trains: m.Role == authz.Mediator || len(m.Trainings) > 0}
	if m.State == organisations.MembershipEnded {
		v.Lacks = nil
	} else if len(v.Lacks) == 0 {
		v.Ready = readyWords(p, m)
	}
	v.Trainings = t.Table{Caption: p.T("admin.member.trainings"), Columns: []t.Column{{Title: p.T("admin.training.course")},
		{Title: p.T("admin.training.completed")}, {Title: p.T("admin.training.until")}, {Title: p.T("admin.training.evidence")}}}
	for _, x := range m.Trainings {
		until := day(p, x.ExpiresOn)
		if until == "" {
			until = p.T("admin.training.no_end")
		}
		v.Trainings.Rows = append(v.Trainings.Rows, []t.Cell{{Text: x.Course}, {Text: day(p, x.CompletedOn)}, {Text: until}, {Text: x.Evidence}})
	}
	return v
}

func memberBanner(p t.Page, m organisations.Member, now time.Time) t.PersonBanner {
	return t.PersonBanner{Name: m.Name, Label: p.T("admin.member.label"), Facts: []string{p.T("role." + string(m.Role)), m.Email},
		Tags: []t.Tag{statusOfMember(p, m, now)}}
}

// readyWords say until when somebody may act, and why.
func readyWords(p t.Page, m organisations.Member) string {
	switch {
	case m.Role == authz.Referent:
		return p.T("admin.member.ready_referent")
	case m.Authority.Until.IsZero():
		return p.T("admin.member.ready")
	}
	return p.T("admin.member.ready_until", "Date", day(p, m.Authority.Because.TrainingExpiresOn))
}

func memberFacts(p t.Page, m organisations.Member) []t.Row {
	because := m.Authority.Because
	charter := ""
	if !because.CharterAcceptedAt.IsZero() {
		charter = p.T("admin.member.charter_version", "Date", p.LongDate(because.CharterAcceptedAt), "Version", because.CharterVersion)
	}
	suspended := ""
	if !m.SuspendedAt.IsZero() {
		suspended = p.T("admin.member.suspended_because", "Date", p.LongDate(m.SuspendedAt), "Reason", m.SuspendedReason)
	}
	return rows(
		t.Row{Key: p.T("admin.member.suspended"), Value: suspended},
		t.Row{Key: p.T("admin.member.invited"), Value: moment(p, m.InvitedAt)},
		t.Row{Key: p.T("admin.member.invitation_ends"), Value: moment(p, m.InvitationEnds)},
		t.Row{Key: p.T("admin.member.confirmed"), Value: moment(p, m.ConfirmedAt)},
		t.Row{Key: p.T("admin.member.charter"), Value: charter},
		t.Row{Key: p.T("admin.member.seen"), Value: moment(p, m.LastSeen)},
	)
}

// memberActions are the ways on from here. What the reader may not do to
// themselves is not offered (AU-12).
func memberActions(p t.Page, m organisations.Member, next turn) []t.ButtonLink {
	path, self := memberPath(m), m.Account == next.reader
	var out []t.ButtonLink
	add := func(when bool, code string, kind t.ButtonKind, icon t.Icon) {
		if when {
			out = append(out, t.ButtonLink{Text: p.T("admin.act." + code + ".open"), Href: path + "/" + code, Kind: kind, Icon: icon})
		}
	}
	signedIn := m.AccountState == organisations.AccountBound
	add(m.State == organisations.MembershipInvited && signedIn && !self, "confirm", t.Primary, t.IconCheck)
	add(m.Role == authz.Mediator && m.State != organisations.MembershipEnded && !self, "training", t.Secondary, t.IconBook)
	add(m.State == organisations.MembershipSuspended && !self && !m.HeldAbove, "resume", t.Primary, t.IconArrow)
	add(m.State == organisations.MembershipActive, "suspend", t.Secondary, t.IconPause)
	add(m.State != organisations.MembershipEnded, "end", t.Secondary, t.IconStop)
	return out
}

// trainingView is the page that records a training.
type trainingView struct {
	Banner       t.PersonBanner
	Refused      []string
	Action, Back string
}

func newTraining(p t.Page, m organisations.Member, refused []string, now time.Time) trainingView {
	return trainingView{Banner: memberBanner(p, m, now), Refused: refused, Action: memberPath(m) + "/training", Back: memberPath(m)}
}

// actView is a page before an act.
type actView struct {
	Title, Caption, Lead string
	Refused              []string
	AskReason            bool
	ReasonHint           string
	Danger               bool // takes something from somebody
	Confirm              t.Confirmation
	Back                 t.Link
}

func newMemberAct(p t.Page, act memberAct, m organisations.Member, actor authz.Actor, refused []string) actView {
	key := "admin.act." + act.code
	if act.code == ending.code && m.Account == actor.Account {
		key = "admin.act.leave"
	}
	v := newAct(p, key, m.Name, memberPath(m), refused)
	v.AskReason, v.Danger = act.reason, act.code == suspending.code || act.code == ending.code
	v.Confirm.Action = memberPath(m) + "/" + act.code
	return v
}

// newAct reads the texts of an act: title, lead, consequences, do, safe.
func newAct(p t.Page, key, name, back string, refused []string) actView {
	v := actView{Title: p.T(key+".title", "Name", name), Lead: p.T(key+".lead", "Name", name), Refused: refused,
		ReasonHint: p.T("admin.act.reason_hint"), Back: t.Link{Href: back, Text: name}}
	v.Confirm = t.Confirmation{Do: p.T(key+".do", "Name", name), Safe: t.Link{Text: p.T(key+".safe", "Name", name), Href: back}}
	for i := 1; p.Has(key + ".consequence_" + strconv.Itoa(i)); i++ {
		v.Confirm.Consequences = append(v.Confirm.Consequences, p.T(key+".consequence_"+strconv.Itoa(i), "Name", name))
	}
	return v
}
