package acting_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
)

// OP-05, OP-06: a yes that leans on what the token was last decided on is held to
// what is now, also where no stop is heard of: the token, the client as it is
// registered, the line. What any stop does, TestEveryHopDecidesOnCurrentFacts tries.
func TestAYesIsHeldToWhatIsNow(t *testing.T) {
	t.Parallel()
	change := func(b *bundle, with func(*clients.Changes)) error {
		c := clients.Changes{Name: b.client.Name, RedirectURIs: b.client.RedirectURIs, BackChannelLogoutURI: b.client.BackChannelLogoutURI,
			EventsURI: b.client.EventsURI, Claims: b.client.Claims, Procedures: b.client.Procedures, Scopes: b.client.Scopes}
		with(&c)
		_, _, err := b.registry.Change(context.Background(), b.as(b.operator), b.client.ID, c)
		return err
	}
	for name, x := range map[string]struct {
		move   func(b *bundle, tokens acting.Tokens) error
		reason string // empty: it is still a yes
	}{
		"nothing moved": {func(*bundle, acting.Tokens) error { return nil }, ""},
		"the token was given up": {func(b *bundle, tokens acting.Tokens) error {
			return b.Revoke(t.Context(), b.client, tokens.AccessID)
		}, "token_expired"},
		"the token is over": {func(b *bundle, _ acting.Tokens) error {
			b.clock.Advance(acting.AccessLifetime)
			return nil
		}, "token_expired"},
		"the service lost the procedure": {func(b *bundle, _ acting.Tokens) error {
			return change(b, func(c *clients.Changes) { c.Procedures = []string{b.pack.ProceduresOf("money")[0].Code} })
		}, "procedure_not_in_scope"},
		"the service has another name": {func(b *bundle, _ acting.Tokens) error {
			return change(b, func(c *clients.Changes) { c.Name += " bis" })
		}, ""},
		"the line lost the action": {func(b *bundle, _ acting.Tokens) error {
			return underneath(b, `UPDATE grants SET actions = '{prepare}'`)
		}, "action_not_in_scope"},
		"the mediator has another name": {func(b *bundle, _ acting.Tokens) error {
			return underneath(b, `UPDATE accounts SET name = 'Autre Nom'`)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.signed(b.person, packs.DefaultActions(), "housing")
			_, tokens := b.tokens("view")
			ask := func(key string) acting.Answer {
				t.Helper()
				a, err := b.Check(t.Context(), b.client, tokens.AccessID, acting.CheckRequest{Key: key, Action: "view"})
				must(t, err)
				return a
			}
			if b.Recalls(t.Context(), tokens.AccessID) {
				t.Fatal("remembered before it was shown")
			}
			if first := ask("first"); !first.Allowed || !b.Recalls(t.Context(), tokens.AccessID) {
				t.Fatalf("first: %+v", first)
			}
			must(t, x.move(b, tokens))
			b.clock.Advance(time.Second)
			events := len(b.events())
			a := ask("second")
			if a.Allowed != (x.reason == "") || x.reason != "" && !slices.Contains(a.Reasons, x.reason) {
				t.Errorf("%+v, want %q", a, x.reason)
			}
			if n := len(b.events()) - events; n != 1 {
				t.Errorf("%d events", n)
			}
			if again := ask("second"); again.JWS != a.JWS || len(b.events()) != events+1 {
				t.Errorf("asked again: %+v", again)
			}
		})
	}
}

// underneath changes rows as no command does.
func underneath(b *bundle, statement string) error {
	return b.store.InTx(context.Background(), store.System(), func(tx *store.Tx) error { return tx.DB().Exec(statement).Error })
}
