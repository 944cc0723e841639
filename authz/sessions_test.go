package authz

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

type sessionBundle struct {
	*Sessions
	st     *store.Store
	clock  *storetest.Clock
	person uuid.UUID
}

// setupSessions has two accounts, alice and bruno, and one person.
func setupSessions(t *testing.T) sessionBundle {
	t.Helper()
	clock := storetest.NewClock()
	b := sessionBundle{st: storetest.NewWithClock(t, clock), clock: clock, person: mrsDu}
	b.Sessions = NewSessions(SessionsDeps{Store: b.st})
	err := b.st.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		for _, s := range []struct {
			query string
			args  []any
		}{
			{`INSERT INTO accounts (id, name, email, state, created_at) VALUES (?, 'Alice', 'alice@example.org', 'invited', now())`, []any{alice}},
			{`INSERT INTO accounts (id, name, email, state, created_at) VALUES (?, 'Bruno', 'bruno@example.org', 'invited', now())`, []any{bruno}},
			{`INSERT INTO organisations (id, name, pack, time_zone, state, created_at) VALUES (?, 'Org', 'fr', 'Europe/Paris', 'active', now())`, []any{org1}},
			{`INSERT INTO beneficiaries (id, organisation_id, given_names, family_name, channel, identity_check,
				identity_checked_by, identity_checked_at, created_at, created_by) VALUES (?, ?, 'A', 'Du', 'none', 'card', ?, now(), now(), ?)`,
				[]any{mrsDu, org1, alice, alice}},
		} {
			if err := tx.DB().Exec(s.query, s.args...).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b sessionBundle) start(t *testing.T, n NewSession) (string, Session) {
	t.Helper()
	token, s, err := b.Start(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return token, s
}

func (b sessionBundle) mustLoad(t *testing.T, token string) Session {
	t.Helper()
	s, err := b.Load(t.Context(), token)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return s
}

func (b sessionBundle) mustBeGone(t *testing.T, token string) {
	t.Helper()
	if s, err := b.Load(t.Context(), token); !errors.Is(err, ErrNoSession) {
		t.Fatalf("loaded %v, %v; want ErrNoSession", s.ID, err)
	}
}

func TestSessionComesBackAsItWasStarted(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	token, s := b.start(t, NewSession{Account: alice, Issuer: "idp", SID: "sid", IDToken: "hint", Organisation: org1})
	got := b.mustLoad(t, token)
	if got.ID != s.ID || got.Account != alice || got.Beneficiary != uuid.Nil || got.Organisation != org1 ||
		got.Issuer != "idp" || got.SID != "sid" || got.IDToken != "hint" || !got.StrongAt.Equal(b.clock.Now()) {
		t.Errorf("started %+v, loaded %+v", s, got)
	}
	_, card := b.start(t, NewSession{Beneficiary: b.person, Tier: TierCard})
	if !card.StrongAt.IsZero() {
		t.Error("a card alone counted as a fresh authentication")
	}
	_, phone := b.start(t, NewSession{Beneficiary: b.person, Tier: TierPhone})
	if phone.StrongAt.IsZero() {
		t.Error("a phone code did not count as a fresh authentication")
	}
	if _, _, err := b.Start(t.Context(), NewSession{Account: alice, Beneficiary: b.person}); err == nil {
		t.Error("a session of staff and person at once was started")
	}
}

// AU-07: every sign-in has its own token; the database cannot give it back.
func TestTokensAreNewRandomAndKeptAsHashes(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	first, s := b.start(t, NewSession{Account: alice})
	second, _ := b.start(t, NewSession{Account: alice})
	if first == second || len(first) != 43 {
		t.Fatalf("tokens %q and %q", first, second)
	}
	var hash []byte
	if err := b.st.OneStatement(t.Context(), `SELECT token_hash FROM web_sessions WHERE id = $1`, []any{s.ID}, &hash); err != nil {
		t.Fatal(err)
	}
	if want, _ := hashToken(first); !bytes.Equal(hash, want) {
		t.Error("the table does not hold the token's SHA-256")
	}
	for _, bad := range []string{"", "x", strings.Repeat("A", 43), first + "A", first[:42], "!" + first[1:], strings.Repeat("A", 1<<16)} {
		b.mustBeGone(t, bad)
	}
}

// AU-07, AU-08: step-up moves the session to a new token and makes it strong.
func TestRenewalRotatesTheToken(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	old, s := b.start(t, NewSession{Beneficiary: b.person, Tier: TierCard, SID: "one"})
	b.clock.Advance(20 * time.Minute)
	fresh, renewed, err := b.Renew(t.Context(), s.ID, Renewed{Tier: TierPhone, SID: "two"})
	if err != nil {
		t.Fatal(err)
	}
	b.mustBeGone(t, old)
	got := b.mustLoad(t, fresh)
	if got.ID != s.ID || !got.StrongAt.Equal(b.clock.Now()) || got.Tier != TierPhone || got.SID != "two" ||
		!renewed.StrongAt.Equal(got.StrongAt) || !got.ExpiresAt.Equal(s.ExpiresAt) {
		t.Errorf("renewed %+v", got)
	}
	again, got, err := b.Renew(t.Context(), s.ID, Renewed{}) // what is left empty stays
	if err != nil || again == fresh || got.Tier != TierPhone || got.SID != "two" {
		t.Errorf("renewed %+v, %v", got, err)
	}
	if _, _, err := b.Renew(t.Context(), uuid.New(), Renewed{}); !errors.Is(err, ErrNoSession) {
		t.Errorf("renewed nobody: %v", err)
	}
}

func TestLifetimesEndSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		who  NewSession
		idle time.Duration
	}{
		{"staff", NewSession{Account: alice}, DefaultIdleLifetime},
		{"person", NewSession{Beneficiary: mrsDu, Tier: TierCard}, DefaultPersonIdleLifetime},
		{"nobody yet", NewSession{}, DefaultPersonIdleLifetime},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setupSessions(t)
			idle, _ := b.start(t, c.who)
			b.clock.Advance(c.idle - 1*time.Microsecond)
			b.mustLoad(t, idle) // and is seen
			b.clock.Advance(c.idle)
			b.mustBeGone(t, idle)

			busy, s := b.start(t, c.who)
			for b.clock.Now().Add(c.idle / 2).Before(s.ExpiresAt) {
				b.clock.Advance(c.idle / 2)
				b.mustLoad(t, busy)
			}
			b.clock.Set(s.ExpiresAt)
			b.mustBeGone(t, busy)
			if _, _, err := b.Renew(t.Context(), s.ID, Renewed{}); !errors.Is(err, ErrNoSession) {
				t.Errorf("step-up revived an expired session: %v", err)
			}
		})
	}
}

func TestSeenIsWrittenAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	token, s := b.start(t, NewSession{Account: alice})
	seen := func() time.Time {
		var at time.Time
		if err := b.st.OneStatement(t.Context(), `SELECT seen_at FROM web_sessions WHERE id = $1`, []any{s.ID}, &at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	b.clock.Advance(touchEvery - time.Microsecond)
	b.mustLoad(t, token)
	if !seen().Equal(s.SeenAt) {
		t.Error("a second request within the minute was written")
	}
	b.clock.Advance(time.Microsecond)
	if got := b.mustLoad(t, token); !got.SeenAt.Equal(b.clock.Now()) || !seen().Equal(b.clock.Now()) {
		t.Error("the session was not seen after a minute")
	}
}

// AU-07: the provider's logout ends every session of that account, and of no
// other; an empty sid ends nobody's.
func TestBackChannelLogoutEndsTheAccountsSessions(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	named, _ := b.start(t, NewSession{Account: alice, Issuer: "idp", SID: "s1"})
	other, _ := b.start(t, NewSession{Account: alice, Issuer: "idp", SID: "s2"})
	elsewhere, _ := b.start(t, NewSession{Account: bruno, Issuer: "another", SID: "s1"})
	noSID, _ := b.start(t, NewSession{Account: bruno, Issuer: "idp"})
	person, _ := b.start(t, NewSession{Beneficiary: b.person, Tier: TierCard})

	if n, err := b.EndBySID(t.Context(), "idp", ""); err == nil {
		t.Fatalf("an empty sid ended %d sessions", n)
	}
	national, _ := b.start(t, NewSession{Beneficiary: b.person, Tier: TierPhone, Issuer: "national", SID: "s1"})
	whose, err := b.OfSID(t.Context(), "idp", "s1")
	if err != nil || len(whose.Accounts) != 1 || whose.Accounts[0] != alice || len(whose.People) != 0 {
		t.Errorf("%+v, %v", whose, err)
	}
	if whose, err = b.OfSID(t.Context(), "national", "s1"); err != nil || len(whose.Accounts) != 0 || len(whose.People) != 1 || whose.People[0] != b.person {
		t.Errorf("%+v, %v", whose, err)
	}
	if whose, err = b.OfSID(t.Context(), "idp", "unknown"); err != nil || len(whose.Accounts)+len(whose.People) != 0 {
		t.Errorf("%+v, %v", whose, err)
	}
	if n, err := b.EndBySID(t.Context(), "idp", "s1"); err != nil || n != 2 {
		t.Fatalf("ended %d, %v", n, err)
	}
	b.mustBeGone(t, named)
	b.mustBeGone(t, other)
	b.mustLoad(t, elsewhere)
	b.mustLoad(t, noSID)
	b.mustLoad(t, person)
	b.mustLoad(t, national)
	if n, err := b.EndPersonAt(t.Context(), "national", b.person); err != nil || n != 1 {
		t.Fatalf("ended %d, %v", n, err)
	}
	b.mustBeGone(t, national)
	b.mustLoad(t, person) // the card's
	if n, err := b.EndPersonAt(t.Context(), "", b.person); err == nil {
		t.Fatalf("no provider ended %d sessions", n)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	one, _ := b.start(t, NewSession{Account: alice})
	two, _ := b.start(t, NewSession{Account: alice})
	person, _ := b.start(t, NewSession{Beneficiary: b.person, Tier: TierCard})
	nobody, _ := b.start(t, NewSession{})
	for range 2 { // ending twice is not a fault
		if err := b.End(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	b.mustBeGone(t, one)
	b.mustLoad(t, two)
	if n, err := b.EndAllOf(t.Context(), uuid.Nil); err != nil || n != 0 {
		t.Errorf("ending nobody's ended %d, %v", n, err)
	}
	if n, err := b.EndAllOf(t.Context(), alice); err != nil || n != 1 {
		t.Errorf("ended %d, %v", n, err)
	}
	b.mustLoad(t, person)
	b.mustLoad(t, nobody)
}

func TestSweepTakesOnlyWhatIsOver(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	b.start(t, NewSession{Beneficiary: b.person, Tier: TierCard})
	staff, _ := b.start(t, NewSession{Account: alice})
	b.clock.Advance(DefaultPersonIdleLifetime)
	if n, err := b.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
	b.mustLoad(t, staff)
}

// A sign-in that rolls back leaves no session, and so does its event.
func TestSessionsInATransactionRollBackWithIt(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	kept, _ := b.start(t, NewSession{Account: alice})
	var token string
	failed := errors.New("the event could not be written")
	err := b.st.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		in := b.In(tx)
		var err error
		if token, _, err = in.Start(tx.Context(), NewSession{Account: bruno, Organisation: org1}); err != nil {
			return err
		}
		if got, err := in.Load(tx.Context(), token); err != nil || got.Organisation != org1 {
			t.Errorf("inside: %+v, %v", got, err)
		}
		if n, err := in.EndAllOf(tx.Context(), alice); err != nil || n != 1 {
			t.Errorf("inside: ended %d, %v", n, err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	b.mustBeGone(t, token)
	b.mustLoad(t, kept)
}

func TestDataIsSmall(t *testing.T) {
	t.Parallel()
	b := setupSessions(t)
	ctx := context.Background()
	token, s := b.start(t, NewSession{Account: alice})
	for _, err := range []error{
		b.SetData(ctx, s.ID, "kept", "choice"), b.SetData(ctx, s.ID, "next", "/é?&\"'"), b.SetData(ctx, s.ID, "gone", "x"),
		b.SetData(ctx, s.ID, "gone", ""), b.SetOrganisation(ctx, s.ID, org2),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := b.mustLoad(t, token)
	if got.Data["next"] != "/é?&\"'" || got.Organisation != org2 || len(got.Data) != 2 || got.Data["kept"] != "choice" {
		t.Errorf("loaded %+v", got)
	}
	if b.SetData(ctx, s.ID, "big", strings.Repeat("x", longestDataValue+1)) == nil || b.SetData(ctx, s.ID, "", "x") == nil {
		t.Error("data without bounds was kept")
	}
	var full error
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		full = b.SetData(ctx, s.ID, key, strings.Repeat("x", longestDataValue))
	}
	if full == nil || errors.Is(full, ErrNoSession) {
		t.Errorf("a full session: %v", full)
	}
	if err := b.SetData(ctx, uuid.New(), "a", "b"); !errors.Is(err, ErrNoSession) {
		t.Errorf("data of nobody's session: %v", err)
	}
}
