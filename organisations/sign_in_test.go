package organisations_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// AU-01
func TestFirstSignInBinds(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Paul Morel")
	if m.AccountState != organisations.AccountInvited || m.State != organisations.MembershipInvited {
		t.Fatalf("invited as %s, %s", m.AccountState, m.State)
	}
	if n := h.count(`SELECT count(*) FROM messages WHERE recipient = $1 AND body LIKE '%https://relais.example/sign-in%'`, m.Email); n != 1 {
		t.Fatalf("%d mails, want 1", n)
	}
	id := identity("PAUL.Morel@people.example") // case does not matter in an address
	e := h.adds(translog.AccountBound, func() error { _, err := h.SignIn(t.Context(), id); return err })
	if e.Actor != m.Account || e.Organisation != h.org || e.Detail["issuer"] != issuer {
		t.Errorf("event %+v", e)
	}
	if _, personal := e.Detail["email"]; personal {
		t.Error("the address is in the facts of the event")
	}
	e = h.adds(translog.SignInDone, func() error { _, err := h.SignIn(t.Context(), id); return err })
	if e.Actor != m.Account || e.Role != "mediator" {
		t.Errorf("event %+v", e)
	}
	// From now on the address is nothing: the identity alone is recognised.
	id.Email, id.EmailVerified = "other@elsewhere.example", false
	account, err := h.SignIn(t.Context(), id)
	must(t, err)
	if account.ID != m.Account {
		t.Errorf("signed in as %s, want %s", account.ID, m.Account)
	}
}

// AU-02
func TestAnotherIdentityAtTheSameAddress(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.confirmed("Paul Morel")
	for name, other := range map[string]organisations.Identity{
		"subject": {Issuer: issuer, Subject: "another", Email: m.Email, EmailVerified: true},
		"issuer":  {Issuer: "https://other.example", Subject: identity(m.Email).Subject, Email: m.Email, EmailVerified: true},
	} {
		var refused error
		e := h.refuses("identity_mismatch", func() error { _, refused = h.SignIn(t.Context(), other); return refused })
		if e.Kind != string(translog.SignInRefused) || e.Detail["account"] != m.Account.String() {
			t.Errorf("%s: event %+v", name, e)
		}
		names, _ := problem.As(refused).Args["Organisations"].([]string)
		if len(names) != 1 || names[0] != "Maison France Services" {
			t.Errorf("%s: does not say whom to ask: %v", name, names)
		}
	}
	if n := h.count(`SELECT count(*) FROM accounts WHERE id = $1 AND issuer = $2 AND subject = $3`, m.Account, issuer, identity(m.Email).Subject); n != 1 {
		t.Error("the account was bound again")
	}
}

// AU-03, AU-04
func TestNobodyIsBoundWithoutInvitationOrProof(t *testing.T) {
	t.Parallel()
	h := setup(t)
	invited := h.invited("Paul Morel")
	bound := h.confirmed("Rose Diallo")
	unproved := func(email string) organisations.Identity {
		return organisations.Identity{Issuer: issuer, Subject: "sub", Email: email}
	}
	accounts := h.count(`SELECT count(*) FROM accounts`)
	for name, id := range map[string]organisations.Identity{
		"unknown":                  identity("stranger@people.example"),
		"invited, not verified":    unproved(invited.Email),
		"bound, not verified":      unproved(bound.Email),
		"no address":               {Issuer: issuer, Subject: "sub", EmailVerified: true},
		"not an address":           {Issuer: issuer, Subject: "sub", EmailVerified: true, Email: "Paul <" + invited.Email + ">"},
		"no subject":               {Issuer: issuer, Email: invited.Email, EmailVerified: true},
		"a subject that is a page": {Issuer: issuer, Subject: string(make([]byte, 5000)), Email: invited.Email, EmailVerified: true},
	} {
		var refused error
		e := h.refuses("not_invited", func() error { _, refused = h.SignIn(t.Context(), id); return refused })
		if e.Kind != string(translog.SignInRefused) || e.Actor != uuid.Nil || e.Role != "visitor" {
			t.Errorf("%s: event %+v", name, e)
		}
		// The same answer to the letter, so that none is a hint.
		if p := problem.As(refused); len(p.Args)+len(p.Fields)+len(p.Reasons) != 0 || p.Kind != problem.KindForbidden {
			t.Errorf("%s: %+v tells more than the others", name, p)
		}
	}
	if n := h.count(`SELECT count(*) FROM accounts`); n != accounts {
		t.Errorf("%d accounts were made", n-accounts)
	}
	if n := h.count(`SELECT count(*) FROM accounts WHERE id = $1 AND state = 'invited'`, invited.Account); n != 1 {
		t.Error("the invited account was bound")
	}
}

func TestInvitationRunsOut(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.invited("Paul Morel")
	h.clock.Advance(14 * day)
	h.refuses("invitation_expired", func() error { _, err := h.SignIn(t.Context(), identity(m.Email)); return err })
	again := h.invited("Paul Morel")
	if again.ID != m.ID || again.Account != m.Account {
		t.Error("inviting again made another membership or account")
	}
	h.clock.Advance(14*day - 1000)
	h.signIn(m.Email)
	must(t, h.Confirm(t.Context(), h.asReferent(), m.ID))
}

// Two first sign-ins at once bind once; the same identity at two invited
// addresses binds one of them.
func TestBindingRaces(t *testing.T) {
	t.Parallel()
	h := setup(t)
	one, two := h.invited("Paul Morel"), h.invited("Rose Diallo")
	id := identity(one.Email)
	other := id
	other.Email = two.Email
	var wg sync.WaitGroup
	for _, who := range []organisations.Identity{id, other, id, other} {
		wg.Go(func() { _, _ = h.SignIn(t.Context(), who) }) // losers may be told to try again
	}
	wg.Wait()
	if n := h.count(`SELECT count(*) FROM accounts WHERE issuer = $1 AND subject = $2`, id.Issuer, id.Subject); n != 1 {
		t.Errorf("the identity has %d accounts", n)
	}
	if n := h.count(`SELECT count(*) FROM events WHERE kind = 'account.bound' AND actor_id IN ($1, $2)`, one.Account, two.Account); n != 1 {
		t.Errorf("bound %d times", n)
	}
}

func TestSuspendedAndForgottenAccounts(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.authorised("Paul Morel")
	h.adds(translog.AccountSuspended, func() error { return h.SuspendAccount(t.Context(), m.Account, "olga", "lost telephone") })
	h.refuses("account_suspended", func() error { _, err := h.SignIn(t.Context(), identity(m.Email)); return err })
	// An open session learns it at once, with the reason.
	if why := h.mayDraft(m.Account, h.org); len(why) != 1 || why[0] != authz.ReasonAccountSuspended {
		t.Errorf("a suspended account gets %v", why)
	}
	h.refuses("cannot_suspend", func() error { return h.SuspendAccount(t.Context(), m.Account, "olga", "once more") })
	h.adds(translog.AccountResumed, func() error { return h.ResumeAccount(t.Context(), m.Account, "olga") })
	if why := h.mayDraft(m.Account, h.org); why != nil {
		t.Errorf("after resuming: %v", why)
	}
	_, err := h.Actor(t.Context(), organisations.ActorQuery{Account: uuid.New()})
	if problem.As(err).Kind != problem.KindUnauthenticated {
		t.Errorf("nobody's session: %v", err)
	}
	_, err = h.Actor(t.Context(), organisations.ActorQuery{Account: h.invited("Rose Diallo").Account})
	if problem.As(err).Kind != problem.KindUnauthenticated {
		t.Errorf("a session of an account never bound: %v", err)
	}
}

// AU-05: somebody nobody knows cannot fill the log by knocking: the first of a
// cause in a minute are in it, and hide no other cause.
func TestRefusedSignInsAreBounded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	refused := func() int {
		return h.count(`SELECT count(*) FROM events WHERE kind = 'sign_in.refused'`)
	}
	knock := func(cause string) {
		for i := range 30 {
			must(t, h.SignInRefused(t.Context(), cause))
			stranger := identity("stranger" + strconv.Itoa(i) + "@elsewhere.example")
			if _, err := h.SignIn(t.Context(), stranger); !problem.Is(err, "not_invited") {
				t.Fatal(err)
			}
		}
	}
	knock("state_mismatch")
	if n := refused(); n != 20 {
		t.Errorf("%d of 30 knocks of two causes are in the log, want 10 of each", n)
	}
	knock("nonce_mismatch")
	if n := refused(); n != 30 {
		t.Errorf("%d with another cause, want 30", n)
	}
	h.clock.Advance(time.Minute)
	knock("state_mismatch")
	if n := refused(); n != 50 {
		t.Errorf("%d after a minute, want 50", n)
	}
}

// AU-05, AU-07: what happens at the edges leaves its event.
func TestSignInEdges(t *testing.T) {
	t.Parallel()
	h := setup(t)
	m := h.confirmed("Paul Morel")
	e := h.adds(translog.SignInRefused, func() error { return h.SignInRefused(t.Context(), "State Mismatch <script>") })
	if e.Detail["cause"] != "state_mismatch__script_" {
		t.Errorf("cause %v", e.Detail["cause"])
	}
	e = h.adds(translog.SignOutDone, func() error {
		return h.SignedOut(t.Context(), h.as(m.Account, h.org), func(*store.Tx) error { return nil })
	})
	if e.Actor != m.Account {
		t.Errorf("event %+v", e)
	}
	whose := func(issuer, subject string) (id uuid.UUID) {
		must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) (err error) {
			id, err = h.AccountOf(tx, issuer, subject)
			return err
		}))
		return id
	}
	if got := whose(issuer, identity(m.Email).Subject); got != m.Account {
		t.Errorf("the identity of %s, want %s", got, m.Account)
	}
	if got := whose("https://other.example", identity(m.Email).Subject); got != uuid.Nil {
		t.Errorf("another issuer's subject is %s's", got)
	}
	e = h.adds(translog.SessionsEnded, func() error {
		return h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error { return h.SessionsEnded(tx, m.Account) })
	})
	if e.Role != "system" || e.Detail["account"] != m.Account.String() {
		t.Errorf("event %+v", e)
	}
}
