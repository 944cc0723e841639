package review_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

func (h *house) timeline(s review.Subject) func() error {
	return func() error {
		_, err := h.Timeline(h.t.Context(), h.as(h.supervisor), review.Look{Subject: s, Purpose: why})
		return err
	}
}

// Each timeline shows its subject and nothing else, and is one event, which
// carries the person where there is one.
func TestTimelines(t *testing.T) {
	t.Parallel()
	h := setup(t)
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	for name, x := range map[string]struct {
		subject review.Subject
		person  uuid.UUID
		every   func(review.Entry) bool
		sheet   func(review.Sheet) bool
	}{
		"person": {review.Subject{Beneficiary: h.here.person}, h.here.person,
			func(e review.Entry) bool { return e.Beneficiary == h.here.person },
			func(s review.Sheet) bool { return s.Person.Name == "Fatima Haddad" && s.Person.BirthDate.Equal(born()) }},
		"mandate": {review.Subject{Mandate: h.here.mandate.ID}, h.here.person,
			func(e review.Entry) bool { return e.Mandate == h.here.mandate.ID },
			func(s review.Sheet) bool {
				return s.Mandate.State == "active" && slices.Equal(s.Mandate.Themes, []string{"housing"}) && s.Person.ID == h.here.person && s.Mandate.MediatorName == "Claire Martin"
			}},
		"mediator": {review.Subject{Mediator: h.here.mediator}, uuid.Nil,
			func(e review.Entry) bool { return e.ActorID == h.here.mediator && e.Organisation == h.here.org },
			func(s review.Sheet) bool {
				return s.Mediator.Name == "Claire Martin" && len(s.Mediator.Memberships) == 1 && s.Mediator.Memberships[0].ID == h.here.membership
			}},
	} {
		var line review.Timeline
		e := h.leaves(translog.LogViewed, func() (err error) {
			line, err = h.Timeline(t.Context(), h.as(h.supervisor), review.Look{Subject: x.subject, Purpose: why})
			return err
		})
		if len(line.Entries) < 3 || !x.sheet(line.Sheet) {
			t.Errorf("%s: %d entries, sheet %+v", name, len(line.Entries), line.Sheet)
		}
		for _, entry := range line.Entries {
			if !x.every(entry) {
				t.Errorf("%s: holds %+v", name, entry)
			}
		}
		if e.Beneficiary != x.person || e.Organisation != h.here.org || e.Detail["subject"] != name {
			t.Errorf("%s: event %+v", name, e)
		}
	}
}

// SU-08: an entry of a refusal says who tried what, why not, the rule and the
// law; opening it is a look that the person can list.
func TestEntryExplains(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if err := h.step(h.here, "change_payment", "done", ""); err == nil {
		t.Fatal("a step outside the mandate was let through")
	}
	page, _ := h.found(review.Query{Person: h.here.person})
	i := slices.IndexFunc(page.Entries, func(e review.Entry) bool { return e.Kind == translog.ActRefused })
	if i < 0 {
		t.Fatal("the refusal is not in the person's log")
	}
	var x review.Explained
	e := h.leaves(translog.LogViewed, func() (err error) {
		x, err = h.Entry(t.Context(), h.as(h.supervisor), page.Entries[i].EventID, why)
		return err
	})
	if e.Beneficiary != h.here.person || e.Purpose != why || e.Detail["entry"] != page.Entries[i].EventID.String() {
		t.Errorf("event %+v", e)
	}
	if x.ActorName != "Claire Martin" || x.Command != "step.do" || x.Action != "change_payment" || !strings.HasPrefix(x.Rule, "mediator, step, do") ||
		len(x.PolicyHash) != 64 || !x.SameLaw || x.Position != -1 || len(x.Leaf) == 0 {
		t.Errorf("entry %+v", x)
	}
}

// PO-02: the person lists what was done, what was refused, and who looked and
// why; never anything about somebody else, and only with the phone's code.
func TestPersonHistory(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	_ = h.step(h.here, "change_payment", "done", "")
	must(t, h.step(h.there, "prepare", "prepared", "Somebody else's"))
	_, _ = h.found(review.Query{PersonName: "Fatima Haddad", PersonBirthDate: born(), Purpose: "She asked who had changed her file"})
	must(t, h.timeline(review.Subject{Mandate: h.here.mandate.ID})())
	_, _ = h.found(review.Query{Purpose: "A round of the whole organisation"})

	if _, err := h.PersonHistory(ctx, h.asPerson(h.here.person, authz.TierCard), ""); !problem.Is(err, "forbidden") {
		t.Errorf("with the card alone: %v", err)
	}
	before := h.count()
	page, err := h.PersonHistory(ctx, h.asPerson(h.here.person, authz.TierPhone), "")
	must(t, err)
	if h.count() != before {
		t.Error("reading one's own history left an event")
	}
	var step, refused, searched, viewed *review.HistoryLine
	for i, l := range page.Lines {
		if strings.Contains(l.Note, "Somebody else") || strings.Contains(l.Purpose, "whole organisation") {
			t.Errorf("the history holds %+v", l)
		}
		switch l.Kind {
		case translog.StepDone:
			step = &page.Lines[i]
		case translog.ActRefused:
			refused = &page.Lines[i]
		case translog.LogSearched:
			searched = &page.Lines[i]
		case translog.LogViewed:
			viewed = &page.Lines[i]
		}
	}
	if step == nil || refused == nil || searched == nil || viewed == nil {
		t.Fatalf("step %v, refused %v, searched %v, viewed %v", step, refused, searched, viewed)
	}
	if step.Who != "Claire Martin" || step.Note != "Bring the lease" || step.Mandate != h.here.mandate.ID || step.Pack != "fr" || step.Outcome != "prepared" {
		t.Errorf("step %+v", step)
	}
	if !refused.Refused() || !slices.Equal(refused.Reasons, []string{"action_not_in_scope"}) || refused.Action != "change_payment" || refused.Who != "Claire Martin" {
		t.Errorf("refused %+v", refused)
	}
	if !searched.Look() || searched.Purpose != "She asked who had changed her file" || searched.Who != "Sofia Costa" || searched.Role != translog.RoleSupervisor {
		t.Errorf("searched %+v", searched)
	}
	if viewed.Purpose != why {
		t.Errorf("viewed %+v", viewed)
	}
	theirs, err := h.PersonHistory(ctx, h.asPerson(h.there.person, authz.TierPhone), "")
	must(t, err)
	for _, l := range theirs.Lines {
		if l.Who == "Claire Martin" || l.Look() {
			t.Errorf("another person's history holds %+v", l)
		}
	}
	if _, err := h.PersonHistory(ctx, h.as(h.supervisor), ""); err == nil {
		t.Error("a supervisor read a history as if it were theirs")
	}
}

// PO-02: the history goes on by cursor, without a gap.
func TestPersonHistoryPages(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for range 60 {
		must(t, h.step(h.here, "prepare", "prepared", ""))
	}
	actor, seen, cursor := h.asPerson(h.here.person, authz.TierPhone), 0, ""
	for range 10 {
		page, err := h.PersonHistory(t.Context(), actor, cursor)
		must(t, err)
		seen += len(page.Lines)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	var want int
	must(t, h.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM events WHERE beneficiary_id = $1`, h.here.person).Scan(&want))
	if seen != want || want <= 60 {
		t.Errorf("the pages hold %d lines, the log %d", seen, want)
	}
}

// SU-07: a mediator or a mandate suspended by the supervisor stops at the next
// request; resuming gives back.
func TestSuspensionHoldsAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	must(t, h.step(h.here, "prepare", "prepared", ""))
	must(t, h.orgs.Suspend(ctx, h.as(h.supervisor), h.here.membership, "A complaint is being looked into"))
	if err := h.step(h.here, "prepare", "prepared", ""); err == nil {
		t.Error("a suspended mediator acted")
	}
	sheet, err := h.Open(ctx, h.as(h.supervisor), review.Look{Subject: review.Subject{Membership: h.here.membership}, Purpose: why})
	must(t, err)
	if m := sheet.Mediator.Memberships[0]; m.State != "suspended" || m.SuspendedReason == "" {
		t.Errorf("membership %+v", m)
	}
	must(t, h.orgs.Resume(ctx, h.as(h.supervisor), h.here.membership))
	must(t, h.step(h.here, "prepare", "prepared", ""))

	must(t, h.mandates.Suspend(ctx, h.as(h.supervisor), h.here.mandate.ID, "A complaint is being looked into"))
	if err := h.step(h.here, "prepare", "prepared", ""); err == nil {
		t.Error("a suspended mandate was used")
	}
	must(t, h.mandates.Resume(ctx, h.as(h.supervisor), h.here.mandate.ID))
	must(t, h.step(h.here, "prepare", "prepared", ""))
	must(t, h.mandates.Revoke(ctx, h.as(h.supervisor), mandates.Revocation{Mandate: h.here.mandate.ID, Reason: "The person is in danger"}))
	if err := h.step(h.here, "prepare", "prepared", ""); err == nil {
		t.Error("a revoked mandate was used")
	}
	if err := h.orgs.Suspend(ctx, h.as(h.supervisor), h.there.membership, "Outside of what I watch"); !problem.Is(err, "not_found") {
		t.Errorf("suspended outside the remit: %v", err)
	}
}

// SU-04: the file says what it holds, keeps formulas harmless and people
// unnamed; it needs a fresh authentication, and is an event.
func TestExport(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	must(t, h.step(h.here, "prepare", "prepared", "Bring the lease"))
	_ = h.step(h.here, "change_payment", "done", "")
	must(t, h.orgs.Change(ctx, h.as(h.operator), h.here.org, organisationNamed("=HYPERLINK(1)")))

	stale := h.as(h.supervisor)
	stale.StrongAt = stale.Now.Add(-time.Hour)
	if _, err := h.Export(ctx, stale, review.Query{Purpose: why}); problem.As(err).Kind != problem.KindNeedsStepUp {
		t.Fatalf("without a fresh authentication: %v", err)
	}
	var x *review.Exported
	e := h.leaves(translog.LogExported, func() (err error) {
		x, err = h.Export(ctx, h.as(h.supervisor), review.Query{Purpose: why})
		return err
	})
	must(t, h.step(h.here, "prepare", "prepared", "arrives meanwhile"))
	var file bytes.Buffer
	must(t, x.Write(ctx, &file))
	reader := csv.NewReader(bytes.NewReader(file.Bytes()))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	must(t, err)
	words := i18n.For(i18n.Default)
	if rows[0][1] != words.T("supervisor.file.whole") || rows[1][0] != "entry" || rows[len(rows)-1][0] != words.T("supervisor.file.end") {
		t.Errorf("first %v, then %v, last %v", rows[0], rows[1], rows[len(rows)-1])
	}
	if len(rows) != x.Rows+3 || e.Detail["shown"] != float64(x.Rows) || e.Detail["purpose"] != why {
		t.Errorf("%d lines for %d entries, event %+v", len(rows), x.Rows, e)
	}
	for _, cell := range slices.Concat(rows...) {
		if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
			t.Errorf("a spreadsheet would compute %q", cell)
		}
	}
	for _, word := range []string{"Fatima", "Haddad", "lease", "home.example", h.there.org.String()} {
		if strings.Contains(file.String(), word) {
			t.Errorf("the file holds %q", word)
		}
	}
	if !strings.Contains(file.String(), "action_not_in_scope") || !strings.Contains(file.String(), "Claire Martin") {
		t.Error("the file lacks the refusal or who tried")
	}
	e = h.leaves(translog.LogExported, func() (err error) {
		_, err = h.Export(ctx, h.as(h.supervisor), review.Query{Purpose: why, PersonName: "Fatima Haddad", PersonBirthDate: born()})
		return err
	})
	if e.Beneficiary != h.here.person || e.Purpose != why {
		t.Errorf("an export about one person: %+v", e)
	}
}

// What people read in the file is in the language of whoever takes it; columns
// and codes are the same for programs everywhere.
func TestExportSpeaksTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, lang := range i18n.Langs() {
		actor := h.as(h.supervisor)
		actor.Language = string(lang)
		from := h.clock.Now().AddDate(0, 0, -30)
		x, err := h.Export(t.Context(), actor, review.Query{Purpose: why, Organisation: h.here.org, From: from, To: h.clock.Now()})
		must(t, err)
		var file bytes.Buffer
		must(t, x.Write(t.Context(), &file))
		reader := csv.NewReader(&file)
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		must(t, err)
		p := i18n.For(lang)
		first, last := rows[0], rows[len(rows)-1]
		if first[0] != p.T("supervisor.file.title") || first[1] != p.T("supervisor.file.whole") || first[2] != p.N("supervisor.file.entries", x.Rows) ||
			!strings.Contains(first[6], p.T("supervisor.organisation")) || rows[1][0] != "entry" ||
			last[0] != p.T("supervisor.file.end") || last[1] != first[2] {
			t.Errorf("%s: first %q, last %q", lang, first, last)
		}
	}
}

// Those who watch are watched: colleagues see each other's looks, without the
// people looked at.
func TestLooksOfColleagues(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	peer := h.newSupervisor("Marc Durand", organisationRemit(h.here.org))
	stranger := h.newSupervisor("Yann Le Goff", organisationRemit(h.there.org))
	_, _ = h.found(review.Query{Organisation: h.here.org, Purpose: "The yearly check of the place"})
	_, _ = h.found(review.Query{Purpose: "A round of everything I watch"})
	must(t, h.timeline(review.Subject{Beneficiary: h.here.person})())

	looks, err := h.Looks(ctx, h.as(peer))
	must(t, err)
	if len(looks) != 3 || !looks[0].OnePerson || looks[0].Purpose != "" || looks[0].Subject != "person" || looks[1].Purpose != "" ||
		looks[2].Purpose != "The yearly check of the place" || looks[2].Who != "Sofia Costa" || looks[2].Mine {
		t.Errorf("a colleague sees %+v", looks)
	}
	if looks, err = h.Looks(ctx, h.as(h.supervisor)); err != nil || len(looks) != 3 || !looks[0].Mine || looks[0].Purpose != why {
		t.Errorf("I see %+v, %v", looks, err)
	}
	if looks, err = h.Looks(ctx, h.as(stranger)); err != nil || len(looks) != 0 {
		t.Errorf("a stranger sees %+v, %v", looks, err)
	}
	mine, err := h.Organisations(ctx, h.as(h.supervisor))
	must(t, err)
	if len(mine) != 1 || mine[0].ID != h.here.org {
		t.Errorf("my remit holds %+v", mine)
	}
	if _, err := h.Looks(ctx, h.as(h.here.mediator)); err == nil {
		t.Error("a mediator sees the looks of supervisors")
	}
}

// LG-06: once a person is erased, why they were looked at is gone too, and
// their entries name nobody.
func TestErasedPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	must(t, h.timeline(review.Subject{Beneficiary: h.here.person})())
	must(t, h.mandates.Revoke(ctx, h.as(h.supervisor), mandates.Revocation{Mandate: h.here.mandate.ID, Reason: "The person asks for erasure"}))
	must(t, h.people.Erase(ctx, h.as(h.here.referent), h.here.person))
	line, err := h.Timeline(ctx, h.as(h.supervisor), review.Look{Subject: review.Subject{Beneficiary: h.here.person}, Purpose: "Checking that it was erased"})
	must(t, err)
	if !line.Person.Erased || line.Person.Name != "" || !line.Person.BirthDate.IsZero() || len(line.Entries) == 0 {
		t.Errorf("sheet %+v with %d entries", line.Person, len(line.Entries))
	}
	for _, e := range line.Entries {
		if e.BeneficiaryName != "" || e.Personal != nil || !e.Erased {
			t.Errorf("entry %+v", e)
		}
	}
	// Each way to look at them says no more than that somebody looked.
	const told = "Madame Haddad asks who looked at her"
	for name, look := range map[string]func() error{
		"person": func() error {
			_, err := h.Timeline(ctx, h.as(h.supervisor), review.Look{Subject: review.Subject{Beneficiary: h.here.person}, Purpose: told})
			return err
		},
		"mandate": func() error {
			_, err := h.Open(ctx, h.as(h.supervisor), review.Look{Subject: review.Subject{Mandate: h.here.mandate.ID}, Purpose: told})
			return err
		},
		"search": func() error {
			_, err := h.Search(ctx, h.as(h.supervisor), review.Query{Person: h.here.person, Purpose: told})
			return err
		},
		"entry": func() error { _, err := h.Entry(ctx, h.as(h.supervisor), line.Entries[0].EventID, told); return err },
	} {
		must(t, look())
		if e := h.last(); e.Purpose != "" || e.Detail["purpose"] != nil || e.Beneficiary != h.here.person {
			t.Errorf("%s: kept %+v", name, e)
		}
	}
}

// A mandate past its end is expired before the job says so.
func TestAMandateIsShownAsItCounts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	look := func() string {
		sheet, err := h.Open(t.Context(), h.as(h.supervisor), review.Look{Subject: review.Subject{Mandate: h.here.mandate.ID}, Purpose: why})
		must(t, err)
		return sheet.Mandate.State
	}
	if state := look(); state != "active" {
		t.Errorf("live, and shown as %s", state)
	}
	h.clock.Set(h.here.mandate.EndsAt)
	if state := look(); state != "expired" {
		t.Errorf("past its end, and shown as %s", state)
	}
}

// SU-01: a search asks for any outcome a step may have, and for refusals.
func TestOutcomesOfASearch(t *testing.T) {
	t.Parallel()
	if got, want := review.Outcomes(), append(mandates.Outcomes(), "refused"); !slices.Equal(got, want) {
		t.Errorf("asks for %v, want %v", got, want)
	}
}

// PO-03: each organisation is asked, and records, before what it holds is taken
// home; another's person is none of one's own.
func TestTakingHomeIsRecordedAtEachOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, s := range []site{h.here, h.there} {
		e := h.leaves(translog.LogExported, func() error { return h.ExportOwn(t.Context(), h.asPerson(s.person, authz.TierPhone)) })
		if e.Role != "person" || e.Organisation != s.org || e.Beneficiary != s.person {
			t.Errorf("recorded %+v", e)
		}
	}
	before := h.count()
	if err := h.ExportOwn(t.Context(), h.asPerson(h.here.person, authz.TierCard)); err == nil || h.count() != before+1 || h.last().Kind != translog.ActRefused {
		t.Errorf("with a card alone: %v", err)
	}
}
