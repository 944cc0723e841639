package organisations_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// supervisor is one of the organisation.
func (h *house) supervisor(name string) authz.Actor {
	h.t.Helper()
	_, err := h.GrantRemit(h.t.Context(), h.asOperator(), organisations.Remit{Name: name, Email: address(name), Organisation: h.org})
	must(h.t, err)
	return h.as(h.signIn(address(name)).ID, uuid.Nil)
}

// SU-07, AU-12: what supervision suspended, the referent does not lift; any
// supervisor in whose remit it is does, after which all is as before.
func TestAReferentDoesNotLiftASupervisorsSuspension(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	first, second := h.supervisor("Sofia Costa"), h.supervisor("Inés Vega")
	must(t, h.Suspend(t.Context(), first, m.ID, "A complaint"))
	got, err := h.Member(t.Context(), h.asReferent(), m.ID)
	if err != nil || !got.HeldAbove || got.SuspendedBy == "" {
		t.Errorf("the referent is told %+v, %v", got, err)
	}
	e := h.refuses("forbidden", func() error { return h.Resume(t.Context(), h.asReferent(), m.ID) })
	if !e.because(authz.ReasonHeldAbove) {
		t.Errorf("refused because of %v", e.reasons())
	}
	if h.authority(m.Account, h.org).Allowed() {
		t.Error("the mediator may act")
	}
	h.adds(translog.MembershipResumed, func() error { return h.Resume(t.Context(), second, m.ID) })
	if !h.authority(m.Account, h.org).Allowed() {
		t.Error("the supervisor lifted it, and the mediator may not act")
	}
	// The referent's own suspensions stay the referent's; supervision may lift them too.
	for _, lifting := range []authz.Actor{h.asReferent(), first} {
		must(t, h.Suspend(t.Context(), h.asReferent(), m.ID, "On leave"))
		if got, err = h.Member(t.Context(), h.asReferent(), m.ID); err != nil || got.HeldAbove {
			t.Errorf("a referent's suspension reads %+v, %v", got, err)
		}
		must(t, h.Resume(t.Context(), lifting, m.ID))
	}
}

// AU-12: ending the membership and inviting anew is no way around either; the
// operator's word is.
func TestASupervisorsSuspensionOutlivesTheMembership(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	must(t, h.Suspend(t.Context(), h.supervisor("Sofia Costa"), m.ID, "A complaint"))
	must(t, h.End(t.Context(), h.asReferent(), m.ID))
	again := organisations.Invite{Organisation: h.org, Name: m.Name, Email: m.Email, Role: authz.Mediator}
	e := h.refuses("forbidden", func() error { _, err := h.Invite(t.Context(), h.asReferent(), again); return err })
	if !e.because(authz.ReasonHeldAbove) {
		t.Errorf("refused because of %v", e.reasons())
	}
	again.Role = authz.Referent
	if _, err := h.Invite(t.Context(), h.asOperator(), again); err != nil {
		t.Errorf("the operator: %v", err)
	}
	// Whoever left without such a suspension may come back.
	other := h.authorised("Rose Blanc")
	must(t, h.End(t.Context(), h.asReferent(), other.ID))
	_, err := h.Invite(t.Context(), h.asReferent(), organisations.Invite{Organisation: h.org, Name: other.Name, Email: other.Email, Role: authz.Mediator})
	must(t, err)
}
