package acting_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
)

// OP-05: a session that is over, never was, or is somebody else's grants
// nothing, whatever the page still showed.
func TestOnlyALiveSessionGrants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	for name, end := range map[string]func(){
		"signed out":        func() { must(t, b.signOut()) },
		"provider's logout": func() { must(t, b.providerLogout()) },
		"expired":           func() { b.change(`UPDATE web_sessions SET expires_at = ? WHERE id = ?`, b.store.Now(), b.session) },
		"somebody else's":   func() { b.change(`UPDATE web_sessions SET account_id = ? WHERE id = ?`, b.colleague, b.session) },
	} {
		b.begin()
		c, actor := b.chosen(params(), "view"), b.as(b.mediator)
		end()
		b.refuses("unauthenticated", func() error { _, err := b.Grant(ctx, actor, c.ID, c.Version); return err })
		if r, err := b.Request(ctx, c.ID); err != nil || r.State != acting.Open {
			t.Errorf("%s: the request is %s %v", name, r.State, err)
		}
	}
	b.session = uuid.New()
	c := b.chosen(params(), "view")
	b.refuses("unauthenticated", func() error { _, err := b.Grant(ctx, b.as(b.mediator), c.ID, c.Version); return err })
	if n := b.count(`SELECT count(*) FROM delegations`); n != 0 {
		t.Errorf("%d delegations", n)
	}
	b.begin()
	b.granted(params(), "view")
}

// OP-05: a grant and the end of its session at once leave nothing live.
func TestGrantAgainstTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	for range 8 {
		b.begin()
		c, actor := b.chosen(params(), "view"), b.as(b.mediator)
		done := make(chan error)
		go func() { _, err := b.Grant(ctx, actor, c.ID, c.Version); done <- err }()
		must(t, b.providerLogout())
		if err := <-done; err != nil {
			if !problem.Is(err, "unauthenticated") {
				t.Errorf("the end came first: %v", err)
			}
		}
		if n := b.count(`SELECT count(*) FROM delegations WHERE ended_at IS NULL`); n != 0 {
			t.Fatalf("%d delegations outlive their session", n)
		}
	}
}

// change bends a row, as no command does.
func (b *bundle) change(query string, args ...any) {
	b.t.Helper()
	must(b.t, b.store.InTx(b.t.Context(), store.System(), func(tx *store.Tx) error { return tx.DB().Exec(query, args...).Error }))
}
