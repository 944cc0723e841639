package organisations_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// AU-09
func TestAuthorityNeedsEverything(t *testing.T) {
	t.Parallel()
	h := setup(t)
	lacks := func(account uuid.UUID, want ...authz.Reason) {
		t.Helper()
		if got := h.authority(account, h.org).Missing; !slices.Equal(got, want) {
			t.Errorf("lacks %v, want %v", got, want)
		}
		if got := h.mayDraft(account, h.org); !slices.Equal(got, want) {
			t.Errorf("refused because of %v, want %v", got, want)
		}
	}
	m := h.invited("Paul Morel")
	h.signIn(m.Email)
	lacks(m.Account, authz.ReasonNotConfirmed, authz.ReasonNotTrained, authz.ReasonCharter)

	// Trained, charter accepted, but not confirmed.
	h.trained(h.asReferent(), m.ID, 30)
	e := h.adds(translog.CharterAccepted, func() error {
		return h.AcceptCharter(t.Context(), h.as(m.Account, h.org), h.pack.Charter.Version)
	})
	if e.Detail["version"] != h.pack.Charter.Version || e.Actor != m.Account {
		t.Errorf("event %+v", e)
	}
	lacks(m.Account, authz.ReasonNotConfirmed)
	h.adds(translog.MembershipConfirmed, func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) })
	lacks(m.Account)
	if a := h.authority(m.Account, h.org); !a.Allowed() || a.Because.Course != "Aidants Connect" || a.Because.ConfirmedAt.IsZero() ||
		a.Because.CharterVersion != h.pack.Charter.Version || a.Because.CharterAcceptedAt.IsZero() {
		t.Errorf("because %+v", a.Because)
	}

	// Confirmed, charter accepted, not trained; trained, charter not accepted.
	other := h.confirmed("Rose Diallo")
	lacks(other.Account, authz.ReasonNotTrained, authz.ReasonCharter)
	h.trained(h.asReferent(), other.ID, 30)
	lacks(other.Account, authz.ReasonCharter)
	h.refuses("charter_changed", func() error { return h.AcceptCharter(t.Context(), h.as(other.Account, h.org), "1999-1") })
	must(t, h.AcceptCharter(t.Context(), h.as(other.Account, h.org), h.pack.Charter.Version))
	before := len(h.events())
	must(t, h.AcceptCharter(t.Context(), h.as(other.Account, h.org), h.pack.Charter.Version))
	if len(h.events()) != before {
		t.Error("accepting twice left two events")
	}
	lacks(other.Account)
}

// AU-09: the last valid day is a day in Rennes, where 31 March ends at 22:00 UTC.
func TestTrainingRunsOutAtMidnightThere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	must(t, h.RecordTraining(t.Context(), h.asReferent(), organisations.Training{Membership: m.ID, Course: "Refresher", Evidence: "List of 23 November",
		CompletedOn: h.clock.Now(), ExpiresOn: time.Date(2028, time.March, 31, 0, 0, 0, 0, time.UTC)}))
	end := time.Date(2028, time.March, 31, 22, 0, 0, 0, time.UTC)
	h.clock.Set(end.Add(-time.Microsecond))
	if a := h.authority(m.Account, h.org); !a.Allowed() || !a.Until.Equal(end) {
		t.Errorf("on the last day: %v until %s", a.Missing, a.Until)
	}
	h.clock.Set(end)
	if why := h.mayDraft(m.Account, h.org); !slices.Equal(why, []authz.Reason{authz.ReasonTrainingExpired}) {
		t.Errorf("the day after: %v", why)
	}
	// One without end outweighs the others, whatever their order.
	must(t, h.RecordTraining(t.Context(), h.asReferent(), organisations.Training{Membership: m.ID, Course: "For life", Evidence: "Diploma",
		CompletedOn: time.Date(2020, time.May, 4, 0, 0, 0, 0, time.UTC)}))
	if a := h.authority(m.Account, h.org); !a.Allowed() || !a.Until.IsZero() || a.Because.Course != "For life" {
		t.Errorf("with a training without end: %+v", a)
	}
}

// AU-09: the next person to act.
func TestNextPerson(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Paul Morel")
	h.signIn(m.Email)
	actor := h.as(m.Account, h.org)
	next, err := h.NextPerson(t.Context(), actor, actor.Memberships[0].Authority.Missing)
	must(t, err)
	want := []organisations.By{organisations.ByReferent, organisations.ByReferent, organisations.ByYourself}
	if len(next) != 3 || next[0].By != want[0] || next[1].By != want[1] || next[2].By != want[2] {
		t.Fatalf("next %+v", next)
	}
	if got := next[0].Render(i18n.For(i18n.English)); got != "Speak to Nadia Benali." {
		t.Errorf("says %q", got)
	}
	// The only referent, who is a mediator too, cannot ask herself.
	next, err = h.NextPerson(t.Context(), h.asReferent(), []authz.Reason{authz.ReasonNotConfirmed, authz.ReasonNeedsStepUp})
	must(t, err)
	if len(next) != 1 || next[0].By != organisations.ByOperator {
		t.Errorf("next %+v", next)
	}
}

// AU-10: removed from O1, refused there at the very next request, untouched in O2.
func TestLeavingOneOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	second := h.newOrganisation("Mairie de Fougères", "Fougères")
	boss := h.newReferent(second, "Yann Le Goff")
	e := h.adds(translog.MembershipInvited, func() error {
		_, err := h.Invite(t.Context(), h.as(boss, second), organisations.Invite{Organisation: second, Name: "P. Morel", Email: m.Email, Role: authz.Mediator})
		return err
	})
	if e.Detail["account"] != m.Account.String() {
		t.Errorf("the account was doubled: %v", e.Detail)
	}
	there := uuid.MustParse(e.Detail["membership"].(string))
	must(t, h.Confirm(t.Context(), h.as(boss, second), there))
	// Training and charter belong to mediator × organisation.
	if why := h.mayDraft(m.Account, second); !slices.Equal(why, []authz.Reason{authz.ReasonNotTrained, authz.ReasonCharter}) {
		t.Errorf("in the second organisation: %v", why)
	}
	h.trained(h.as(boss, second), there, 100)
	must(t, h.AcceptCharter(t.Context(), h.as(m.Account, second), h.pack.Charter.Version))
	if h.mayDraft(m.Account, h.org) != nil || h.mayDraft(m.Account, second) != nil {
		t.Fatal("should be able to act in both")
	}

	h.adds(translog.MembershipEnded, func() error { return h.End(t.Context(), h.asReferent(), m.ID) })
	if why := h.mayDraft(m.Account, h.org); why == nil {
		t.Error("still acts for the organisation left")
	}
	if why := h.mayDraft(m.Account, second); why != nil {
		t.Errorf("in the second organisation: %v", why)
	}
	if got := h.as(m.Account, h.org).Organisation; got != uuid.Nil {
		t.Errorf("an act begun for the organisation left goes on for %s", got)
	}
	if got := h.as(m.Account, uuid.Nil).Organisation; got != second {
		t.Errorf("acts for %s by default, want the second", got)
	}
	if h.refuses("", func() error { return h.End(t.Context(), h.asReferent(), m.ID) }).Outcome != "refused" {
		t.Error("ended twice")
	}
}

// AU-11
func TestSuspendedOrganisation(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	idle := h.asOperator()
	idle.StrongAt = h.clock.Now().Add(-time.Hour)
	h.refuses("needs_step_up", func() error { return h.SuspendOrganisation(t.Context(), idle, h.org, "Inspection under way") })
	h.adds(translog.OrganisationSuspended, func() error {
		return h.SuspendOrganisation(t.Context(), h.asOperator(), h.org, "Inspection under way")
	})
	if why := h.mayDraft(m.Account, h.org); !slices.Equal(why, []authz.Reason{authz.ReasonOrganisationSuspended}) {
		t.Errorf("acts for a suspended organisation: %v", why)
	}
	e := h.refuses("forbidden", func() error { return h.Suspend(t.Context(), h.asReferent(), m.ID, "left the building") })
	if !e.because(authz.ReasonOrganisationSuspended) {
		t.Errorf("refused because of %v", e.reasons())
	}
	h.refuses("cannot_suspend", func() error { return h.SuspendOrganisation(t.Context(), h.asOperator(), h.org, "Once more") })
	h.refuses("forbidden", func() error { return h.ResumeOrganisation(t.Context(), h.asReferent(), h.org) })
	h.adds(translog.OrganisationResumed, func() error { return h.ResumeOrganisation(t.Context(), h.asOperator(), h.org) })
	if why := h.mayDraft(m.Account, h.org); why != nil {
		t.Errorf("after resuming: %v", why)
	}
	h.refuses("cannot_resume", func() error { return h.ResumeOrganisation(t.Context(), h.asOperator(), h.org) })
}

func TestSuspendedMembership(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	h.adds(translog.MembershipSuspended, func() error { return h.Suspend(t.Context(), h.asReferent(), m.ID, "On long leave") })
	if why := h.mayDraft(m.Account, h.org); !slices.Equal(why, []authz.Reason{authz.ReasonMembershipInactive}) {
		t.Errorf("a suspended mediator: %v", why)
	}
	got, err := h.Member(t.Context(), h.asReferent(), m.ID)
	must(t, err)
	if got.State != organisations.MembershipSuspended || got.SuspendedReason != "On long leave" || got.SuspendedAt.IsZero() {
		t.Errorf("shown as %+v", got)
	}
	h.refuses("cannot_suspend", func() error { return h.Suspend(t.Context(), h.asReferent(), m.ID, "Once more") })
	h.refuses("cannot_confirm", func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) })
	h.adds(translog.MembershipResumed, func() error { return h.Resume(t.Context(), h.asReferent(), m.ID) })
	if why := h.mayDraft(m.Account, h.org); why != nil {
		t.Errorf("after resuming: %v", why)
	}
	h.refuses("cannot_resume", func() error { return h.Resume(t.Context(), h.asReferent(), m.ID) })
}

// One statement on every request: its cost, and as a multiple of the cheapest
// round trip to the database, taken in turn with it.
func BenchmarkActor(b *testing.B) {
	h := setup(b)
	m := h.authorised("Paul Morel")
	q := organisations.ActorQuery{Account: m.Account, Organisation: h.org, StrongAt: h.clock.Now()}
	var actor, control time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		_, err := h.Actor(b.Context(), q)
		must(b, err)
		between := time.Now()
		must(b, h.store.Ping(b.Context()))
		actor, control = actor+between.Sub(start), control+time.Since(between)
	}
	b.ReportMetric(float64(actor.Microseconds())/float64(b.N), "actor-µs")
	b.ReportMetric(actor.Seconds()/control.Seconds(), "x-ping")
}
