package review

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// mostPeople is how many people a search offers to choose from.
const mostPeople = 10

// mostMediators is how many mediators one name may stand for.
const mostMediators = 20

// Search looks through the log of the actor's remit (SU-01). Each page is one
// log.searched event. When the query names a person and exactly one is found,
// the event carries that person. When several are found nothing is shown but
// the choice; whoever is then opened can see it.
//
// Fields at fault: purpose, organisation, mediator, person_name,
// person_birth_date, person_phone, procedure, action, outcome, kind, from, to.
// An organisation or person outside the remit is problem.NotFound (SU-02).
func (s *Service) Search(ctx context.Context, actor authz.Actor, q Query) (Page, error) {
	q, err := s.check(q)
	if err != nil {
		return Page{}, err
	}
	before, err := readCursor(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.commands.Run(ctx, actor, "log.search", func(tx *command.Tx) error {
		f, err := s.find(tx, q, authz.LogSearch)
		if err != nil {
			return err
		}
		f.before = before
		if page, err = f.page(tx, q.Limit); err != nil {
			return problem.Wrap(err, "search the log")
		}
		d := q.detail("search", f)
		d.Older, d.Shown = before > 0, len(page.Entries)
		return tx.Append(look(translog.LogSearched, f.about, d, f.erased(), q.Purpose))
	})
	return page, err
}

// found is a query decided and resolved, ready to be read.
type found struct {
	filter
	about   translog.Event
	people  []Person // of a query that names somebody
	named   bool
	actors  []uuid.UUID
	nothing bool // nobody answers to the name: nothing to read
}

// erased: the one person whom the query is about is.
func (f found) erased() bool { return len(f.people) == 1 && f.people[0].Erased }

// find decides on a query, resolves the names in it, and bounds its ids.
func (s *Service) find(tx *command.Tx, q Query, action authz.Action) (found, error) {
	f := found{named: q.named(), filter: filter{remit: tx.Actor().Remit, query: q}}
	f.about.Organisation = q.Organisation
	if err := f.decide(tx, q, action); err != nil {
		return f, err
	}
	if err := f.mediators(tx, q); err != nil {
		return f, err
	}
	if err := f.persons(tx, q); err != nil {
		return f, err
	}
	return f, s.bound(tx, &f.filter)
}

// decide asks the law about the organisation named, the person's, or the whole
// remit.
func (f *found) decide(tx *command.Tx, q Query, action authz.Action) error {
	var at place
	if q.Organisation != uuid.Nil {
		where, err := placeOf(tx.DB(), q.Organisation)
		if err != nil {
			return err
		}
		at = where
	}
	if q.Person != uuid.Nil {
		p, err := personByID(tx.DB(), q.Person)
		switch {
		case problem.Is(err, "not_found"):
			// Nobody: asked about as if in an organisation that is not there.
			at = place{ID: q.Person}
		case err != nil:
			return err
		default:
			at = place{ID: p.Organisation, Territory: p.Territory}
			f.people = []Person{p.person()}
			f.about.Organisation, f.about.Beneficiary = p.Organisation, p.ID
		}
	}
	obj := at.object()
	obj.Sensitive = true
	return tx.Decide(action, obj, f.about)
}

// mediators finds who answers to a name, among those of the remit.
func (f *found) mediators(tx *command.Tx, q Query) error {
	if q.Mediator != uuid.Nil {
		f.actors = []uuid.UUID{q.Mediator}
	}
	if q.MediatorName == "" {
		return nil
	}
	named, err := mediatorsNamed(tx.DB(), f.filter, q.MediatorName, mostMediators+1)
	if err != nil {
		return problem.Wrap(err, "find the mediator")
	}
	if len(named) > mostMediators {
		return problem.Invalid(problem.At("mediator", "name_too_common"))
	}
	f.actors = append(f.actors, named...)
	f.nothing = len(f.actors) == 0
	return nil
}

// persons finds whom a query names by two identifiers.
func (f *found) persons(tx *command.Tx, q Query) error {
	if q.Person == uuid.Nil && q.PersonName != "" {
		all, err := personsNamed(tx.DB(), f.filter, mostPeople+1)
		if err != nil {
			return problem.Wrap(err, "find the person")
		}
		f.people = all
	}
	if !f.named {
		return nil
	}
	if len(f.people) != 1 {
		f.nothing = true
		return nil
	}
	f.person = f.people[0].ID
	f.about.Organisation, f.about.Beneficiary = f.people[0].Organisation, f.person
	return nil
}

// page reads one page of what was found.
func (f *found) page(tx *command.Tx, limit int) (Page, error) {
	page := Page{}
	switch {
	case f.named && len(f.people) > 1:
		page.Several = f.people[:min(len(f.people), mostPeople)]
		for i := range page.Several {
			page.Several[i].Name = "" // the names as written are for whoever opens one
		}
		return page, nil
	case f.nothing:
		return page, nil
	case f.named:
		page.Person = &f.people[0]
	}
	f.accounts = f.actors
	entries, err := entryPage(tx.DB(), f.filter, limit+1)
	if err != nil {
		return page, err
	}
	page.Entries, page.Next = cut(entries, limit)
	if f.about.Beneficiary == uuid.Nil {
		unnamed(page.Entries)
	}
	return page, nil
}

// detail is what the log says of a query.
func (q Query) detail(subject string, f found) lookDetail {
	d := lookDetail{Subject: subject, Filters: q.filters(), Accounts: ids(f.actors), Procedure: q.Procedure,
		Action: q.Action, Outcome: q.Outcome, Kind: string(q.Kind), From: instant(q.From), To: instant(q.To)}
	if f.named {
		n := len(f.people)
		d.People = &n
	}
	return d
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// unnamed takes the people helped out of entries read without naming anybody:
// none of them could list that look (invariant 4 of the design). Opening one
// names the person, and tells them.
func unnamed(entries []Entry) {
	for i := range entries {
		e := &entries[i]
		e.BeneficiaryName, e.Personal = "", nil
		if e.ActorRole == translog.RolePerson {
			e.ActorName = ""
		}
	}
}

// cut keeps limit entries of one more that was read, and says where to go on.
func cut(entries []Entry, limit int) ([]Entry, string) {
	if len(entries) <= limit {
		return entries, ""
	}
	entries = entries[:limit]
	return entries, strconv.FormatInt(entries[limit-1].ID, 36)
}

// readCursor gives the id to go on below; zero begins.
func readCursor(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(s, 36, 64)
	if err != nil || id <= 0 {
		return 0, problem.NotFound()
	}
	return id, nil
}
