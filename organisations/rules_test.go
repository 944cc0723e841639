package organisations_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

func (h *house) membership(account, org uuid.UUID, role authz.Role) uuid.UUID {
	h.t.Helper()
	var id uuid.UUID
	must(h.t, h.store.Pool().QueryRow(h.t.Context(), `SELECT id FROM memberships WHERE account_id = $1 AND organisation_id = $2 AND role = $3
		ORDER BY invited_at DESC LIMIT 1`, account, org, string(role)).Scan(&id))
	return id
}

// AU-12: nobody raises their own role.
func TestNobodyRaisesThemselves(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	invite := func(actor authz.Actor, email string, role authz.Role) func() error {
		return func() error {
			_, err := h.Invite(t.Context(), actor, organisations.Invite{Organisation: h.org, Name: "X Y", Email: email, Role: role})
			return err
		}
	}
	h.refuses("forbidden", invite(h.as(m.Account, h.org), m.Email, authz.Referent))
	h.refuses("forbidden", invite(h.as(m.Account, h.org), "friend@people.example", authz.Mediator))
	e := h.refuses("forbidden", invite(h.asReferent(), address("Nadia Benali"), authz.Mediator))
	if !e.because(authz.ReasonSelf) {
		t.Errorf("refused because of %v", e.reasons())
	}
	h.refuses("forbidden", invite(h.asOperator(), "OLGA@ops.example", authz.Referent))
	h.refuses("forbidden", invite(h.asOperator(), "somebody@people.example", authz.Mediator)) // an operator invites referents only
	remit := organisations.Remit{Name: "Olga", Email: "olga@ops.example", Organisation: h.org}
	h.refuses("forbidden", func() error { _, err := h.GrantRemit(t.Context(), h.asOperator(), remit); return err })
	if n := h.count(`SELECT count(*) FROM accounts WHERE email IN ('friend@people.example', 'somebody@people.example')`); n != 0 {
		t.Error("a refused invitation made an account")
	}
}

// AU-12: nobody confirms, trains or resumes themselves.
func TestNobodyConfirmsThemselves(t *testing.T) {
	t.Parallel()
	h := setup(t)
	other := h.newReferent(h.org, "Yann Le Goff")
	// Yann makes Nadia a mediator too; Nadia, though a referent, cannot go on.
	m, err := h.Invite(t.Context(), h.as(other, h.org), organisations.Invite{Organisation: h.org, Name: "Nadia", Email: address("Nadia Benali"), Role: authz.Mediator})
	must(t, err)
	training := organisations.Training{Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate", CompletedOn: h.clock.Now()}
	for name, act := range map[string]func() error{
		"confirm": func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) },
		"train":   func() error { return h.RecordTraining(t.Context(), h.asReferent(), training) },
	} {
		if e := h.refuses("forbidden", act); !e.because(authz.ReasonSelf) {
			t.Errorf("%s: refused because of %v", name, e.reasons())
		}
	}
	must(t, h.Confirm(t.Context(), h.as(other, h.org), m.ID))
	must(t, h.Suspend(t.Context(), h.as(other, h.org), m.ID, "For now"))
	h.refuses("forbidden", func() error { return h.Resume(t.Context(), h.asReferent(), m.ID) })
	// The table itself holds it too, should the code ever fail.
	if n := h.count(`SELECT count(*) FROM memberships WHERE confirmed_by = account_id`); n != 0 {
		t.Error("somebody confirmed themselves")
	}
}

// AU-12: the last referent stays.
func TestLastReferentStays(t *testing.T) {
	t.Parallel()
	h := setup(t)
	mine := h.membership(h.referent, h.org, authz.Referent)
	if e := h.refuses("forbidden", func() error { return h.End(t.Context(), h.asReferent(), mine) }); !e.because(authz.ReasonLastReferent) {
		t.Errorf("refused because of %v", e.reasons())
	}
	// One who was only invited, or is suspended, is nobody to leave it to.
	_, err := h.Invite(t.Context(), h.asOperator(), organisations.Invite{Organisation: h.org, Name: "Yann Le Goff", Email: address("Yann Le Goff"), Role: authz.Referent})
	must(t, err)
	h.refuses("forbidden", func() error { return h.End(t.Context(), h.asReferent(), mine) })
	other := h.signIn(address("Yann Le Goff")).ID
	theirs := h.membership(other, h.org, authz.Referent)
	must(t, h.Suspend(t.Context(), h.asReferent(), theirs, "On long leave"))
	h.refuses("forbidden", func() error { return h.End(t.Context(), h.asReferent(), mine) })
	must(t, h.Resume(t.Context(), h.asReferent(), theirs))
	h.adds(translog.MembershipEnded, func() error { return h.End(t.Context(), h.asReferent(), mine) })
	h.refuses("forbidden", func() error { return h.End(t.Context(), h.as(other, h.org), theirs) })
}

// AU-12 under races: two referents who end or suspend one another, or both
// leave, at once: one of them remains.
func TestLastReferentUnderRaces(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for name, act := range map[string]func(actor authz.Actor, membership uuid.UUID) error{
		"end":     func(a authz.Actor, m uuid.UUID) error { return h.End(t.Context(), a, m) },
		"suspend": func(a authz.Actor, m uuid.UUID) error { return h.Suspend(t.Context(), a, m, "A quarrel") },
	} {
		for _, crossed := range []bool{true, false} {
			org := h.newOrganisation("Mairie "+name, "Vitré")
			one, two := h.newReferent(org, "One "+name+uuid.NewString()[:6]), h.newReferent(org, "Two "+name+uuid.NewString()[:6])
			actors := []authz.Actor{h.as(one, org), h.as(two, org)}
			targets := []uuid.UUID{h.membership(one, org, authz.Referent), h.membership(two, org, authz.Referent)}
			if crossed {
				targets[0], targets[1] = targets[1], targets[0]
			}
			errs := make([]error, 2)
			var wg sync.WaitGroup
			for i := range actors {
				wg.Go(func() { errs[i] = act(actors[i], targets[i]) })
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("%s, crossed %v: %v and %v, want one success", name, crossed, errs[0], errs[1])
			}
			if n := h.count(`SELECT count(*) FROM memberships WHERE organisation_id = $1 AND role = 'referent' AND state = 'active'`, org); n != 1 {
				t.Errorf("%s, crossed %v: %d referents remain", name, crossed, n)
			}
		}
	}
}

// Two clicks on "confirm" confirm once; two referents inviting the same person
// make one account and one membership.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Paul Morel")
	h.signIn(m.Email)
	referent := h.asReferent()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _ = h.Confirm(t.Context(), referent, m.ID) }) // all but one are refused
		wg.Go(func() {
			_, err := h.Invite(t.Context(), referent, organisations.Invite{Organisation: h.org, Name: "Rose", Email: "rose@people.example", Role: authz.Mediator})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for what, query := range map[string]string{
		"confirmations": `SELECT count(*) FROM events WHERE kind = 'membership.confirmed'`,
		"accounts":      `SELECT count(*) FROM accounts WHERE email = 'rose@people.example'`,
		"memberships":   `SELECT count(*) FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE a.email = 'rose@people.example'`,
	} {
		if n := h.count(query); n != 1 {
			t.Errorf("%d %s, want 1", n, what)
		}
	}
}

func TestConfirming(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Paul Morel")
	h.refuses("not_bound_yet", func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) })
	h.signIn(m.Email)
	h.refuses("forbidden", func() error { return h.Confirm(t.Context(), h.asOperator(), m.ID) }) // there is a referent to ask
	h.adds(translog.MembershipConfirmed, func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) })
	h.refuses("cannot_confirm", func() error { return h.Confirm(t.Context(), h.asReferent(), m.ID) })

	// A referent's invitation to a second referent waits for a confirmation too.
	second, err := h.Invite(t.Context(), h.asReferent(), organisations.Invite{Organisation: h.org, Name: "Yann", Email: "yann@people.example", Role: authz.Referent})
	must(t, err)
	h.signIn("yann@people.example")
	if got, err := h.Member(t.Context(), h.asReferent(), second.ID); err != nil || got.State != organisations.MembershipInvited {
		t.Errorf("is %s (%v)", got.State, err)
	}
	must(t, h.Suspend(t.Context(), h.asReferent(), h.confirmed("Rose Diallo").ID, "On long leave"))

	// Somebody bound elsewhere, whose invitation here ran out before: not confirmed.
	late := h.invited("Late Comer")
	h.clock.Advance(10 * day)
	third := h.newOrganisation("Mairie de Vitré", "Vitré")
	boss := h.newReferent(third, "Anne Roux")
	_, err = h.Invite(t.Context(), h.as(boss, third), organisations.Invite{Organisation: third, Name: "Late", Email: late.Email, Role: authz.Mediator})
	must(t, err)
	h.clock.Advance(5 * day)
	h.signIn(late.Email)
	h.refuses("invitation_expired", func() error { return h.Confirm(t.Context(), h.asReferent(), late.ID) })
	h.invited("Late Comer")
	must(t, h.Confirm(t.Context(), h.asReferent(), late.ID))
}

// Not yours looks the same as not there.
func TestNotYoursIsNotThere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.confirmed("Paul Morel")
	second := h.newOrganisation("Mairie de Fougères", "Fougères")
	stranger := h.as(h.newReferent(second, "Yann Le Goff"), second)
	training := organisations.Training{Course: "Aidants Connect", Evidence: "Certificate", CompletedOn: h.clock.Now()}
	for name, act := range map[string]func(id uuid.UUID) error{
		"read":    func(id uuid.UUID) error { _, err := h.Member(t.Context(), stranger, id); return err },
		"confirm": func(id uuid.UUID) error { return h.Confirm(t.Context(), stranger, id) },
		"suspend": func(id uuid.UUID) error { return h.Suspend(t.Context(), stranger, id, "Because I can") },
		"resume":  func(id uuid.UUID) error { return h.Resume(t.Context(), stranger, id) },
		"end":     func(id uuid.UUID) error { return h.End(t.Context(), stranger, id) },
		"train": func(id uuid.UUID) error {
			training := training
			training.Membership = id
			return h.RecordTraining(t.Context(), stranger, training)
		},
	} {
		theirs, nobodys := act(m.ID), act(uuid.New())
		if theirs == nil || nobodys == nil || theirs.Error() != nobodys.Error() {
			t.Errorf("%s: %v for another's, %v for nobody's", name, theirs, nobodys)
		}
	}
	for name, act := range map[string]func(id uuid.UUID) error{
		"members":      func(id uuid.UUID) error { _, err := h.Members(t.Context(), stranger, id); return err },
		"organisation": func(id uuid.UUID) error { _, err := h.Organisation(t.Context(), stranger, id); return err },
		"restrict":     func(id uuid.UUID) error { return h.Restrict(t.Context(), stranger, id, nil) },
		"change": func(id uuid.UUID) error {
			return h.Change(t.Context(), stranger, id, organisations.Changes{Name: "Mine", TimeZone: "Europe/Paris"})
		},
		"invite": func(id uuid.UUID) error {
			_, err := h.Invite(t.Context(), stranger, organisations.Invite{Organisation: id, Name: "A B", Email: "a@b.example", Role: authz.Mediator})
			return err
		},
	} {
		theirs, nobodys := act(h.org), act(uuid.New())
		if theirs == nil || nobodys == nil || theirs.Error() != nobodys.Error() {
			t.Errorf("%s: %v for another's, %v for nobody's", name, theirs, nobodys)
		}
	}
}
