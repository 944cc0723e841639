package review

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Look is one request to look at a subject.
type Look struct {
	Subject
	Purpose string
	Cursor  string // Timeline.Next of the page before
}

// Timeline shows what happened to a person, under a mandate, or by a mediator.
// Each page is one log.viewed event; that of a person or a mandate carries the
// person, who can list it. Outside the remit: problem.NotFound.
func (s *Service) Timeline(ctx context.Context, actor authz.Actor, l Look) (Timeline, error) {
	before, err := readCursor(l.Cursor)
	if err != nil {
		return Timeline{}, err
	}
	var t Timeline
	err = s.view(ctx, actor, l, func(tx *command.Tx, o opened) (lookDetail, error) {
		f := filter{remit: actor.Remit, before: before, person: l.Beneficiary, mandate: l.Mandate}
		if l.Mediator != uuid.Nil {
			f.accounts = []uuid.UUID{l.Mediator}
		}
		entries, err := entryPage(tx.DB(), f, defaultLimit+1)
		if err != nil {
			return o.detail, problem.Wrap(err, "read the timeline")
		}
		t = Timeline{Sheet: o.sheet}
		t.Entries, t.Next = cut(entries, defaultLimit)
		if l.Mediator != uuid.Nil {
			unnamed(t.Entries)
		}
		o.detail.Older, o.detail.Shown = before > 0, len(t.Entries)
		return o.detail, nil
	})
	return t, err
}

// Open shows a subject alone: what a supervisor must see before suspending or
// revoking. It is a look like any other.
func (s *Service) Open(ctx context.Context, actor authz.Actor, l Look) (Sheet, error) {
	var sheet Sheet
	err := s.view(ctx, actor, l, func(_ *command.Tx, o opened) (lookDetail, error) {
		sheet = o.sheet
		return o.detail, nil
	})
	return sheet, err
}

// opened is a subject that the law lets the actor see.
type opened struct {
	sheet  Sheet
	about  translog.Event
	detail lookDetail
	at     place
	erased bool // the person is: nothing personal is written about them again
}

// view decides on a subject, lets read show it, and leaves the event.
func (s *Service) view(ctx context.Context, actor authz.Actor, l Look, read func(*command.Tx, opened) (lookDetail, error)) error {
	purpose, err := Purpose(l.Purpose)
	if err != nil {
		return err
	}
	return s.commands.Run(ctx, actor, "log.view", func(tx *command.Tx) error {
		o, err := s.open(tx, l.Subject)
		if err != nil {
			return err
		}
		if o.at.ID == uuid.Nil {
			// Nobody and nothing: as if in an organisation that is not there.
			o.at = place{ID: l.any()}
		}
		if err := tx.Decide(authz.LogRead, o.at.object(), o.about); err != nil {
			return err
		}
		d, err := read(tx, o)
		if err != nil {
			return err
		}
		return tx.Append(look(translog.LogViewed, o.about, d, o.erased, purpose))
	})
}

// any is the id of the subject.
func (s Subject) any() uuid.UUID {
	for _, id := range []uuid.UUID{s.Beneficiary, s.Mediator, s.Mandate, s.Membership} {
		if id != uuid.Nil {
			return id
		}
	}
	return uuid.Max
}

func (s *Service) open(tx *command.Tx, l Subject) (opened, error) {
	switch {
	case l.Beneficiary != uuid.Nil:
		return openPerson(tx, l.Beneficiary)
	case l.Mandate != uuid.Nil:
		return openMandate(tx, l.Mandate)
	case l.Mediator != uuid.Nil:
		return openMediator(tx, l.Mediator)
	}
	return openMembership(tx, l.Membership)
}

func openPerson(tx *command.Tx, id uuid.UUID) (opened, error) {
	o := opened{detail: lookDetail{Subject: "person"}}
	p, err := personByID(tx.DB(), id)
	if missing(&err) || err != nil {
		return o, err
	}
	person := p.person()
	o.sheet.Person, o.erased, o.at = &person, p.Erased, place{ID: p.OrganisationID, Territory: p.Territory}
	o.about = translog.Event{Organisation: p.OrganisationID, Beneficiary: id}
	return o, nil
}

func openMandate(tx *command.Tx, id uuid.UUID) (opened, error) {
	o := opened{detail: lookDetail{Subject: "mandate"}}
	m, err := mandateByID(tx.DB(), id, tx.Now())
	if missing(&err) || err != nil {
		return o, err
	}
	if o, err = openPerson(tx, m.Beneficiary); err != nil {
		return o, err
	}
	o.sheet.Mandate, o.about.Mandate, o.detail.Subject = &m, id, "mandate"
	return o, nil
}

// openMediator decides on one organisation of the remit where the account
// works or worked; where there is none, on one outside.
func openMediator(tx *command.Tx, account uuid.UUID) (opened, error) {
	o := opened{detail: lookDetail{Subject: "mediator", Accounts: []string{account.String()}}}
	all, err := membershipRows(tx.DB(), "m.account_id = ?", account)
	if err != nil || len(all) == 0 {
		return o, err
	}
	o.at = place{ID: all[0].OrganisationID, Territory: all[0].Territory}
	m := Mediator{Account: account, Name: all[0].AccountName}
	for _, r := range all {
		if inside(tx.Actor().Remit, r) {
			o.at = place{ID: r.OrganisationID, Territory: r.Territory}
			m.Memberships = append(m.Memberships, r.membership())
		}
	}
	o.sheet.Mediator = &m
	if len(m.Memberships) == 1 {
		o.about.Organisation = o.at.ID
	}
	return o, nil
}

func openMembership(tx *command.Tx, id uuid.UUID) (opened, error) {
	o := opened{detail: lookDetail{Subject: "membership", Membership: id.String()}}
	all, err := membershipRows(tx.DB(), "m.id = ?", id)
	if err != nil || len(all) == 0 {
		return o, err
	}
	r := all[0]
	o.at = place{ID: r.OrganisationID, Territory: r.Territory}
	o.about.Organisation = r.OrganisationID
	o.detail.Accounts = []string{r.AccountID.String()}
	o.sheet.Mediator = &Mediator{Account: r.AccountID, Name: r.AccountName, Memberships: []Membership{r.membership()}}
	return o, nil
}

// inside reports whether a membership is of the remit, as the law says.
func inside(remit authz.Remit, r membershipRow) bool {
	return slices.Contains(remit.Organisations, r.OrganisationID) ||
		r.Territory != "" && slices.Contains(remit.Territories, r.Territory)
}

// missing turns "not there" into a subject without a place, which the law then
// refuses like one outside the remit.
func missing(err *error) bool {
	if problem.Is(*err, "not_found") {
		*err = nil
		return true
	}
	return false
}
