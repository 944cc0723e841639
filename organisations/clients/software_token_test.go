package clients_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/organisations/clients"
)

// desk is a registry with one organisation and its software.
type desk struct {
	*clients.Registry
	clock  *storetest.Clock
	kept   *store.Store
	client clients.Client
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	clock := storetest.NewClock()
	st := storetest.NewWithClock(t, clock)
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	d := &desk{clock: clock, kept: st}
	d.Registry = clients.NewRegistry(clients.Dependencies{Commands: command.New(command.Deps{Store: st, Authz: law}), Packs: set, Key: bytes.Repeat([]byte{3}, 32)})
	org := uuid.New()
	must(t, st.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO organisations (id, name, pack, time_zone, state, created_at) VALUES (?, 'CCAS', 'fr', 'Europe/Paris', 'active', now())`, org).Error
	}))
	d.client, _, err = d.Register(t.Context(), authz.Actor{System: true, Now: st.Now()}, clients.New{Kind: clients.Software, Organisation: org, Pack: "fr",
		Changes: clients.Changes{Name: "Agenda", Scopes: []string{"people:read", "cases:read"}}})
	must(t, err)
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A token is its client's, for what was asked, until it is over: by time, by
// itself, or with the client, at once.
func TestSoftwareToken(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, system := t.Context(), authz.Actor{System: true, Now: d.clock.Now()}
	token, err := d.IssueSoftwareToken(ctx, d.client, []string{"people:read"})
	must(t, err)
	c, scopes, err := d.SoftwareByToken(ctx, token.Token)
	must(t, err)
	if c.ID != d.client.ID || !slices.Equal(scopes, []string{"people:read"}) || token.ExpiresAt.Sub(d.clock.Now()) != clients.SoftwareTokenLife {
		t.Errorf("token %+v is of %s for %v", token, c.ID, scopes)
	}
	all, err := d.IssueSoftwareToken(ctx, d.client, nil)
	must(t, err)
	if len(all.Scopes) != 2 {
		t.Errorf("asking for nothing gives %v", all.Scopes)
	}
	if _, err := d.IssueSoftwareToken(ctx, d.client, []string{"people:write"}); !problem.Is(err, "scope_not_allowed") {
		t.Errorf("a scope it does not have: %v", err)
	}
	over := func(why, token string) {
		t.Helper()
		if _, _, err := d.SoftwareByToken(ctx, token); !problem.Is(err, "token_invalid") {
			t.Errorf("%s: %v", why, err)
		}
	}
	over("unknown", "rls_nothing")
	over("empty", "")
	for range 2 { // the second time there is nothing to do
		must(t, d.RevokeSoftwareToken(ctx, d.client, all.Token))
	}
	over("revoked", all.Token)
	var events int
	must(t, d.kept.Pool().QueryRow(ctx, `SELECT count(*) FROM events WHERE kind = 'sign_out.done' AND actor_role = 'software' AND actor_id = $1`, d.client.ID).Scan(&events))
	if events != 1 {
		t.Errorf("%d events of a token given up", events)
	}
	must(t, d.Suspend(ctx, system, d.client.ID))
	over("client suspended", token.Token)
	if _, err := d.IssueSoftwareToken(ctx, d.client, nil); !problem.Is(err, "client_invalid") {
		t.Errorf("a suspended client: %v", err)
	}
}

func TestSoftwareTokenEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token, err := d.IssueSoftwareToken(t.Context(), d.client, nil)
	must(t, err)
	d.clock.Advance(clients.SoftwareTokenLife - time.Second)
	_, _, err = d.SoftwareByToken(t.Context(), token.Token)
	must(t, err)
	d.clock.Advance(time.Second)
	if _, _, err := d.SoftwareByToken(t.Context(), token.Token); !problem.Is(err, "token_invalid") {
		t.Errorf("past its end: %v", err)
	}
	if n, err := d.Sweep(t.Context(), token.ExpiresAt); n != 0 || err != nil {
		t.Errorf("forgot %d tokens before their time: %v", n, err)
	}
	if n, err := d.Sweep(t.Context(), token.ExpiresAt.Add(time.Second)); n != 1 || err != nil {
		t.Errorf("forgot %d tokens: %v", n, err)
	}
}
