package review_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

func born() time.Time { return time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC) }

// search runs one as the supervisor of here.
func (h *house) search(q review.Query) (review.Page, error) {
	if q.Purpose == "" {
		q.Purpose = why
	}
	return h.Search(h.t.Context(), h.as(h.supervisor), q)
}

// found demands one event and gives the page.
func (h *house) found(q review.Query) (review.Page, event) {
	h.t.Helper()
	var page review.Page
	e := h.leaves(translog.LogSearched, func() (err error) {
		page, err = h.search(q)
		return err
	})
	return page, e
}

// SU-01: a look says why, in ten letters or more, and without secrets.
func TestPurposeIsRequired(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for purpose, code := range map[string]string{
		" ":             "purpose_short",
		"12345 67890 !": "purpose_short",
		"checking":      "purpose_short",
		"account FR76 3000 6000 0112 3456 7890 189 of the person": "secret_in_text",
	} {
		h.faulty("purpose", code, func() error { _, err := h.search(review.Query{Purpose: purpose}); return err })
		h.faulty("purpose", code, func() error {
			_, err := h.Timeline(t.Context(), h.as(h.supervisor), review.Look{Subject: review.Subject{Beneficiary: h.here.person}, Purpose: purpose})
			return err
		})
		h.faulty("purpose", code, func() error { _, err := h.Entry(t.Context(), h.as(h.supervisor), uuid.New(), purpose); return err })
		h.faulty("purpose", code, func() error {
			_, err := h.Export(t.Context(), h.as(h.supervisor), review.Query{Purpose: purpose})
			return err
		})
	}
}

// SU-01: every dimension narrows, alone and together; the search is an event
// which says what was asked, and names the person only if the query did.
func TestSearchByEachDimension(t *testing.T) {
	t.Parallel()
	h := setup(t)
	start := h.clock.Now()
	h.clock.Advance(24 * time.Hour)
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	if err := h.step(h.here, "change_payment", "done", ""); err == nil {
		t.Fatal("a step outside the mandate was let through")
	}
	from, to := h.clock.Now().Add(-time.Hour), h.clock.Now().Add(time.Hour)
	for name, x := range map[string]struct {
		query  review.Query
		every  func(review.Entry) bool
		person uuid.UUID
	}{
		"everything":   {review.Query{}, func(e review.Entry) bool { return e.Organisation == h.here.org }, uuid.Nil},
		"organisation": {review.Query{Organisation: h.here.org}, func(e review.Entry) bool { return e.OrganisationName == "Maison France Services" }, uuid.Nil},
		"mediator":     {review.Query{Mediator: h.here.mediator}, func(e review.Entry) bool { return e.ActorName == "Claire Martin" }, uuid.Nil},
		"by name":      {review.Query{MediatorName: "claire  MARTIN"}, func(e review.Entry) bool { return e.ActorID == h.here.mediator }, uuid.Nil},
		"person": {review.Query{PersonName: "haddad fátima", PersonBirthDate: born()},
			func(e review.Entry) bool {
				return e.Beneficiary == h.here.person && e.BeneficiaryName == "Fatima Haddad"
			}, h.here.person},
		"phone":     {review.Query{PersonName: "Haddad", PersonPhone: "+33 6 12 34 56 78"}, func(e review.Entry) bool { return e.Beneficiary == h.here.person }, h.here.person},
		"known":     {review.Query{Person: h.here.person}, func(e review.Entry) bool { return e.Beneficiary == h.here.person }, h.here.person},
		"procedure": {review.Query{Procedure: apl}, func(e review.Entry) bool { return e.Procedure == apl }, uuid.Nil},
		"action": {review.Query{Action: "prepare", From: from, To: to}, func(e review.Entry) bool {
			return e.Action == "prepare" && e.BeneficiaryName == "" && e.Text("note") == ""
		}, uuid.Nil},
		"outcome": {review.Query{Outcome: "refused", From: from, To: to},
			func(e review.Entry) bool {
				return len(e.Reasons) == 1 && e.Reasons[0] == "action_not_in_scope" && e.Command == "step.do"
			}, uuid.Nil},
		"kind":   {review.Query{Kind: translog.StepDone, From: from, To: to}, func(e review.Entry) bool { return e.Kind == translog.StepDone }, uuid.Nil},
		"period": {review.Query{From: start, To: start.Add(time.Hour)}, func(e review.Entry) bool { return e.At.Before(start.Add(time.Hour)) }, uuid.Nil},
		"several": {review.Query{MediatorName: "Martin", PersonName: "Haddad", PersonBirthDate: born(), Procedure: apl, Action: "prepare", Kind: translog.StepDone},
			func(e review.Entry) bool { return e.Step != uuid.Nil }, h.here.person},
	} {
		page, e := h.found(x.query)
		if len(page.Entries) == 0 {
			t.Errorf("%s: nothing found", name)
		}
		for _, entry := range page.Entries {
			if !x.every(entry) || entry.Organisation == h.there.org {
				t.Errorf("%s: found %+v", name, entry)
			}
		}
		if e.Role != "supervisor" || e.Beneficiary != x.person || e.Detail["shown"] != float64(len(page.Entries)) {
			t.Errorf("%s: event %+v", name, e)
		}
		if inDetail, personal := e.Detail["purpose"], e.Purpose; x.person == uuid.Nil && inDetail != why || x.person != uuid.Nil && (personal != why || inDetail != nil) {
			t.Errorf("%s: the purpose is in the wrong place: %+v", name, e)
		}
	}
}

// SU-01: one identifier is not enough to look for a person, and filters without
// an index ask for a bounded period.
func TestSearchAsksForEnough(t *testing.T) {
	t.Parallel()
	h := setup(t)
	now := h.clock.Now()
	for _, x := range []struct {
		field, code string
		query       review.Query
	}{
		{"person_birth_date", "second_identifier", review.Query{PersonName: "Haddad"}},
		{"person_name", "second_identifier_name", review.Query{PersonBirthDate: born()}},
		{"person_name", "second_identifier_name", review.Query{PersonPhone: "06 12 34 56 78"}},
		{"person_phone", "phone_digits", review.Query{PersonName: "Haddad", PersonPhone: "06 12"}},
		{"from", "period_needed", review.Query{Action: "submit"}},
		{"from", "period_needed", review.Query{Kind: translog.ActRefused, From: now}},
		{"from", "period_too_long", review.Query{Outcome: "done", From: now.AddDate(-1, 0, 0), To: now}},
		{"to", "period_backwards", review.Query{From: now, To: now.AddDate(0, 0, -1)}},
		{"procedure", "choose", review.Query{Procedure: "nothing_like_it"}},
		{"action", "choose", review.Query{Action: "steal", From: now.AddDate(0, 0, -1), To: now}},
	} {
		h.faulty(x.field, x.code, func() error { _, err := h.search(x.query); return err })
	}
}

// SU-02: outside the remit the answer is that of what does not exist, for every
// way in; a territory is a remit too, and the SQL keeps to it.
func TestOutsideTheRemit(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx, actor := t.Context(), h.as(h.supervisor)
	var event uuid.UUID
	must(t, h.store.Pool().QueryRow(ctx, `SELECT event_id FROM events WHERE organisation_id = $1 AND kind = 'mandate.signed'`, h.there.org).Scan(&event))
	for name, pair := range map[string][2]func() error{
		"organisation": {
			func() error { _, err := h.search(review.Query{Organisation: h.there.org}); return err },
			func() error { _, err := h.search(review.Query{Organisation: uuid.New()}); return err }},
		"person": {
			func() error { _, err := h.search(review.Query{Person: h.there.person}); return err },
			func() error { _, err := h.search(review.Query{Person: uuid.New()}); return err }},
		"timeline": {h.timeline(review.Subject{Beneficiary: h.there.person}), h.timeline(review.Subject{Beneficiary: uuid.New()})},
		"mediator": {h.timeline(review.Subject{Mediator: h.there.mediator}), h.timeline(review.Subject{Mediator: uuid.New()})},
		"mandate":  {h.timeline(review.Subject{Mandate: h.there.mandate.ID}), h.timeline(review.Subject{Mandate: uuid.New()})},
		"membership": {
			func() error {
				_, err := h.Open(ctx, actor, review.Look{Subject: review.Subject{Membership: h.there.membership}, Purpose: why})
				return err
			},
			func() error {
				_, err := h.Open(ctx, actor, review.Look{Subject: review.Subject{Membership: uuid.New()}, Purpose: why})
				return err
			}},
		"entry": {
			func() error { _, err := h.Entry(ctx, actor, event, why); return err },
			func() error { _, err := h.Entry(ctx, actor, uuid.New(), why); return err }},
		"export": {
			func() error {
				_, err := h.Export(ctx, actor, review.Query{Purpose: why, Organisation: h.there.org})
				return err
			},
			func() error {
				_, err := h.Export(ctx, actor, review.Query{Purpose: why, Organisation: uuid.New()})
				return err
			}},
		"nothing": {h.timeline(review.Subject{}), h.timeline(review.Subject{})},
	} {
		if outside, absent := h.hidden(pair[0]), h.hidden(pair[1]); outside != absent {
			t.Errorf("%s: %q outside, %q absent", name, outside, absent)
		}
	}
	for name, q := range map[string]review.Query{
		"named":    {PersonName: "Ahmed Saïd", PersonBirthDate: born()},
		"mediator": {Mediator: h.there.mediator}, "mediator's name": {MediatorName: "Hugo Leroy"},
	} {
		if page, e := h.found(q); len(page.Entries) != 0 || page.Person != nil || e.Beneficiary != uuid.Nil {
			t.Errorf("%s: found %+v", name, page)
		}
	}
	wide := h.as(h.newSupervisor("Marc Durand", organisations.Remit{Territory: "44"}))
	page, err := h.Search(ctx, wide, review.Query{Purpose: why})
	must(t, err)
	if len(page.Entries) == 0 {
		t.Error("a territory gives nothing")
	}
	for _, e := range page.Entries {
		if e.Organisation != h.there.org {
			t.Errorf("a territory gives %+v", e)
		}
	}
}

// A mediator is no supervisor.
func TestOnlySupervisorsSearch(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, actor := range []authz.Actor{h.as(h.here.mediator), h.as(h.here.referent), h.as(h.operator), h.asPerson(h.here.person, authz.TierPhone)} {
		if _, err := h.Search(t.Context(), actor, review.Query{Purpose: why}); err == nil {
			t.Errorf("%v may search the log", actor.Roles())
		}
		if h.last().Kind != translog.ActRefused {
			t.Errorf("%v: the refusal left no event", actor.Roles())
		}
	}
}

// Several people answer: nothing is shown but the choice, and nobody is told
// until one is opened (PO-07).
func TestSeveralPeopleMatch(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.newPerson(h.here.mediator, "Fatima", "Haddad", "06 98 76 54 32")
	page, e := h.found(review.Query{PersonName: "Fatima Haddad", PersonBirthDate: born()})
	if len(page.Several) != 2 || len(page.Entries) != 0 || e.Beneficiary != uuid.Nil || e.Detail["people"] != 2.0 {
		t.Fatalf("page %+v, event %+v", page, e)
	}
	page, e = h.found(review.Query{PersonName: "Fatima Haddad", PersonBirthDate: born(), PersonPhone: "06 98 76 54 32"})
	if page.Person == nil || page.Person.ID != other || e.Beneficiary != other {
		t.Fatalf("a third identifier: page %+v, event %+v", page, e)
	}
}

// Pages go on below the last entry: what arrives meanwhile neither moves nor
// repeats a line, at any size and with the period as a range of ids.
func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 25 {
		h.clock.Advance(time.Minute)
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	whole, _ := h.found(review.Query{Limit: 100})
	newest := whole.Entries[0].ID
	seen, cursor := []int64{}, ""
	for range 100 {
		page, _ := h.found(review.Query{Limit: 7, Cursor: cursor})
		for _, e := range page.Entries {
			seen = append(seen, e.ID)
		}
		must(t, h.step(h.here, "prepare", "prepared", "arrives meanwhile"))
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for i := 1; i < len(seen); i++ {
		if seen[i] >= seen[i-1] {
			t.Fatalf("line %d: %d after %d", i, seen[i], seen[i-1])
		}
	}
	if last := whole.Entries[len(whole.Entries)-1].ID; seen[len(seen)-1] != last || seen[0] < newest {
		t.Errorf("pages went from %d to %d, want from %d to %d", seen[0], seen[len(seen)-1], newest, last)
	}
	if _, err := h.search(review.Query{Cursor: "not a cursor"}); err == nil {
		t.Error("a cursor that is none was taken")
	}
}

// In a large log a period is a range of ids first, and finds the same.
func TestPeriodAsARangeOfIDs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	start := h.clock.Now()
	for range 30 {
		h.clock.Advance(10 * time.Minute)
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	for _, p := range [][2]int{{0, 400}, {-60, 1}, {95, 145}, {150, 151}, {299, 301}, {400, 500}, {-100, -50}} {
		q := review.Query{Purpose: why, Mediator: h.here.mediator, Limit: 100,
			From: start.Add(time.Duration(p[0]) * time.Minute), To: start.Add(time.Duration(p[1]) * time.Minute)}
		small, _ := h.found(q)
		large := review.New(h.dependencies)
		large.Large()
		page, err := large.Search(t.Context(), h.as(h.supervisor), q)
		must(t, err)
		if len(page.Entries) != len(small.Entries) {
			t.Errorf("%v: %d entries by ids, %d by instants", p, len(page.Entries), len(small.Entries))
		}
		for _, e := range page.Entries {
			if e.At.Before(q.From) || !e.At.Before(q.To) {
				t.Errorf("%v: holds %s", p, e.At)
			}
		}
	}
}
