package admin

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/organisations"
)

// turn says whose turn it is where the reader cannot act on themselves.
type turn struct {
	reader uuid.UUID // account
	// forSelf is who mends for the reader what only another referent can.
	forSelf organisations.Mending
}

// nextFor asks who confirms or trains the reader: another referent, or the
// operator.
func (s *Surface) nextFor(ctx context.Context, actor authz.Actor) (turn, error) {
	mending, err := s.Organisations.NextPerson(ctx, actor, []authz.Reason{authz.ReasonNotConfirmed})
	if err != nil || len(mending) == 0 {
		return turn{reader: actor.Account}, err
	}
	return turn{reader: actor.Account, forSelf: mending[0]}, nil
}

// lack is one thing somebody still lacks, and the next person to act.
type lack struct {
	What, Who string
	// Do and Href are the reader's way to mend it, empty when it is not theirs.
	Do, Href string
}

// lacksOf says in words what a member lacks, in the order to mend it.
func lacksOf(p t.Page, m organisations.Member, next turn, now time.Time) []lack {
	var out []lack
	for _, reason := range m.Lacks() {
		if reason == authz.ReasonNotConfirmed && m.AccountState == organisations.AccountInvited {
			out = append(out, awaited(p, m, now))
			continue
		}
		l := lack{What: p.T("admin.lack." + string(reason))}
		switch reason {
		case authz.ReasonCharter:
			l.Who = p.T("admin.who.themselves", "Name", m.Name)
		case authz.ReasonOrganisationSuspended, authz.ReasonAccountSuspended:
			l.Who = p.T("organisations.next.operator")
		default:
			l = forReferent(p, m, next, reason, l)
		}
		out = append(out, l)
	}
	return out
}

// awaited is somebody who has not signed in yet.
func awaited(p t.Page, m organisations.Member, now time.Time) lack {
	if m.InvitationOver(now) {
		return lack{What: p.T("admin.lack.invitation_over"), Who: p.T("admin.who.you"),
			Do: p.T("admin.do.invite_again"), Href: inviteAgainPath(m)}
	}
	l := lack{What: p.T("admin.lack.not_signed_in"), Who: p.T("admin.who.sign_in", "Name", m.Name)}
	if !m.InvitationEnds.IsZero() {
		l.Who = p.T("admin.who.sign_in_until", "Name", m.Name, "Date", p.LongDate(m.InvitationEnds))
	}
	return l
}

// forReferent is what a referent mends; nobody does it for themselves (AU-12).
func forReferent(p t.Page, m organisations.Member, next turn, reason authz.Reason, l lack) lack {
	if m.Account == next.reader {
		l.Who = next.forSelf.Render(p.Printer)
		return l
	}
	l.Who = p.T("admin.who.you")
	path := memberPath(m)
	if reason == authz.ReasonMembershipInactive && m.HeldAbove {
		l.Who = askSupervision(p, m.SuspendedBy)
		return l
	}
	switch reason {
	case authz.ReasonNotConfirmed:
		l.Do, l.Href = p.T("admin.do.confirm"), path+"/confirm"
	case authz.ReasonMembershipInactive:
		l.Do, l.Href = p.T("admin.do.resume"), path+"/resume"
	case authz.ReasonNotTrained, authz.ReasonTrainingExpired:
		l.Do, l.Href = p.T("admin.do.train"), path+"/training"
	default: // somebody else mends it
	}
	return l
}

// askSupervision says whom to ask when only supervision can lift what holds.
func askSupervision(p t.Page, name string) string {
	if name == "" {
		return p.T("admin.who.supervision")
	}
	return p.T("admin.who.supervisor", "Name", name)
}

func memberPath(m organisations.Member) string { return "/organisation/people/" + m.ID.String() }

func inviteAgainPath(m organisations.Member) string {
	return "/organisation/people/invite?" + url.Values{"name": {m.Name}, "email": {m.Email}, "role": {string(m.Role)}}.Encode()
}

// statusOfMember is where a member stands: word, colour, icon.
func statusOfMember(p t.Page, m organisations.Member, now time.Time) t.Tag {
	switch {
	case m.State == organisations.MembershipEnded:
		return t.Tag{Text: p.T("admin.status.ended"), Icon: t.IconCross}
	case m.State == organisations.MembershipSuspended:
		return t.Tag{Text: p.T("admin.status.suspended"), Tone: t.Danger, Icon: t.IconPause}
	case m.InvitationOver(now):
		return t.Tag{Text: p.T("admin.status.invitation_over"), Tone: t.Warning}
	case m.AccountState == organisations.AccountInvited:
		return t.Tag{Text: p.T("admin.status.invited"), Tone: t.Info, Icon: t.IconMail}
	case m.State == organisations.MembershipInvited:
		return t.Tag{Text: p.T("admin.status.to_confirm"), Tone: t.Warning}
	case len(m.Lacks()) > 0:
		return t.Tag{Text: p.T("admin.status.not_ready"), Tone: t.Warning}
	}
	return t.Tag{Text: p.T("admin.status.ready"), Tone: t.Success}
}

// soon is how long before its end a training is pointed out.
const soon = 60 * 24 * time.Hour

// endingTraining is the last day of a training that ends soon, zero otherwise.
func endingTraining(m organisations.Member, now time.Time) time.Time {
	until := m.Authority.Until
	if m.Role != authz.Mediator || until.IsZero() || now.After(until) || until.Sub(now) > soon {
		return time.Time{}
	}
	return m.Authority.Because.TrainingExpiresOn
}

// peopleView is what the list shows.
type peopleView struct {
	Organisation string
	Suspended    bool // the organisation
	Tabs         []t.Tab
	Count        string // how many work here, in a sentence
	Waiting      string // how many wait for the reader, in a sentence
	Search       *form.Form
	Searches     bool // there are enough to search among
	NotFound     string
	Searched     string // how far the search looked, where that is not everybody
	Table        t.Table
	Pager        t.Pager
	Alone        bool // nobody but the reader
}

const peoplePath = "/organisation/people"

// team are those who work here, for one reader; q of where is a part of a name.
type team struct {
	members []organisations.Member
	next    turn
	now     time.Time
	where   where
}

// capped: there may be more of them than were read.
func (x team) capped() bool { return len(x.members) >= mostRead }

// lacking is a member and what they lack.
type lacking struct {
	organisations.Member
	lacks []lack
}

// rank orders the list: who waits for the reader, who lacks something else, the
// others.
func (m lacking) rank() int {
	switch {
	case slices.ContainsFunc(m.lacks, func(l lack) bool { return l.Href != "" }):
		return 0
	case len(m.lacks) > 0:
		return 1
	}
	return 2
}

func newPeople(p t.Page, here authz.Membership, x team) peopleView {
	v := peopleView{Organisation: here.OrganisationName, Suspended: !here.OrganisationAlive, Tabs: sections(p, peoplePath), Alone: true,
		Count: countOf(p, len(x.members), x.capped(), "admin.people.count", "admin.people.count_many"), NotFound: p.T("admin.people.not_found"), Search: form.FromValues(p.Printer, x.where.keep), Searches: len(x.members) > onPage,
		Table: t.Table{Caption: p.T("admin.people.caption"), Columns: []t.Column{{Title: p.T("admin.people.name")},
			{Title: p.T("admin.people.role")}, {Title: p.T("admin.people.lacks")}}}}
	var found []lacking
	waiting, part := 0, desk.Folded(x.where.keep.Get("q"))
	if x.capped() && part != "" {
		v.NotFound = p.T("admin.people.not_found_many", "Count", p.Number(mostRead))
		v.Searched = p.T("admin.people.searched_many", "Count", p.Number(mostRead))
	}
	for _, member := range x.members {
		m := lacking{member, lacksOf(p, member, x.next, x.now)}
		if m.rank() == 0 {
			waiting++
		}
		v.Alone = v.Alone && m.Account == x.next.reader
		if strings.Contains(desk.Folded(m.Name), part) || strings.Contains(desk.Folded(m.Email), part) {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b lacking) int { return a.rank() - b.rank() })
	found, v.Pager = pageOf(p, found, x.where, x.capped() && part == "")
	for _, m := range found {
		v.Table.Rows = append(v.Table.Rows, []t.Cell{
			{Text: m.Name, Href: memberPath(m.Member), Small: m.Email, Tags: []t.Tag{statusOfMember(p, m.Member, x.now)}},
			{Text: p.T("role." + string(m.Role))},
			lacksCell(p, m.Member, m.lacks, x.now),
		})
	}
	if waiting > 0 {
		v.Waiting = p.N("admin.people.waiting", waiting)
	}
	return v
}

func lacksCell(p t.Page, m organisations.Member, lacks []lack, now time.Time) t.Cell {
	if len(lacks) > 0 {
		return t.Cell{Body: lackList(lacks)}
	}
	if last := endingTraining(m, now); !last.IsZero() {
		return t.Cell{Text: p.T("admin.people.training_ends", "Date", day(p, last))}
	}
	return t.Cell{Text: p.T("admin.people.nothing")}
}

// inviteView is the page that invites.
type inviteView struct {
	Organisation string
	Refused      []string
	Roles        []t.Option
}

func newInvite(p t.Page, here authz.Membership, refused []string) inviteView {
	return inviteView{Organisation: here.OrganisationName, Refused: refused, Roles: []t.Option{
		{Value: string(authz.Mediator), Label: p.T("admin.invite.mediator"), Hint: p.T("admin.invite.mediator_hint")},
		{Value: string(authz.Referent), Label: p.T("admin.invite.referent"), Hint: p.T("admin.invite.referent_hint")},
	}}
}
