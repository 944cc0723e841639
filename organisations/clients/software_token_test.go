package clients_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/i18n"
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

// A token that is over is known from one that never was: whoever shows it guesses
// nothing. Neither holds, and both have the same code.
func TestATokenThatIsOverIsKnown(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, system := t.Context(), authz.Actor{System: true, Now: d.clock.Now()}
	issue := func() string {
		token, err := d.IssueSoftwareToken(ctx, d.client, nil)
		must(t, err)
		return token.Token
	}
	is := func(what, token string, known bool) {
		t.Helper()
		_, _, err := d.SoftwareByToken(ctx, token)
		if !problem.Is(err, "token_invalid") || errors.Is(err, clients.ErrTokenOver) != known {
			t.Errorf("%s: %v", what, err)
		}
	}
	is("never given", "rls_nothing", false)
	given := issue()
	must(t, d.RevokeSoftwareToken(ctx, d.client, given))
	is("given up", given, true)
	held := issue()
	must(t, d.Suspend(ctx, system, d.client.ID))
	is("its client suspended", held, true)
	must(t, d.Resume(ctx, d.operator(), d.client.ID))
	d.clock.Advance(clients.SoftwareTokenLife)
	is("expired", held, true)
}

// A scope withdrawn from software is withdrawn from the tokens it holds, at once
// and not when they end; given back, it is theirs again, and no token ever has
// more than it was issued for.
func TestAWithdrawnScopeLeavesTokens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	token, err := d.IssueSoftwareToken(ctx, d.client, []string{"people:read", "cases:read"})
	must(t, err)
	for _, c := range []struct{ may, opens []string }{
		{[]string{"cases:read"}, []string{"cases:read"}},
		{[]string{"reminders:read"}, nil},
		{[]string{"people:read", "cases:read", "cases:write"}, []string{"people:read", "cases:read"}},
	} {
		_, _, err := d.Change(ctx, d.operator(), d.client.ID, clients.Changes{Name: d.client.Name, AuthMethod: d.client.AuthMethod, Scopes: c.may})
		must(t, err)
		_, opens, err := d.SoftwareByToken(ctx, token.Token)
		must(t, err)
		told, err := d.SoftwareTokenOf(ctx, d.client, token.Token)
		must(t, err)
		if !slices.Equal(opens, c.opens) || !slices.Equal(told, c.opens) {
			t.Errorf("software may %v, its token opens %v and introspection says %v", c.may, opens, told)
		}
	}
}

// Giving up a token that expired by itself is nothing to do: the log tells of no
// sign-out that did not happen.
func TestGivingUpWhatExpired(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token, err := d.IssueSoftwareToken(t.Context(), d.client, nil)
	must(t, err)
	d.clock.Advance(clients.SoftwareTokenLife)
	must(t, d.RevokeSoftwareToken(t.Context(), d.client, token.Token))
	var events int
	must(t, d.kept.Pool().QueryRow(t.Context(), `SELECT count(*) FROM events WHERE kind = 'sign_out.done'`).Scan(&events))
	if events != 0 {
		t.Errorf("%d events of an expired token given up", events)
	}
}

// Software is registered with software's scopes alone, and each word for what is
// refused is there in every language.
func TestScopesAreOfTheKind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	register := func(scopes ...string) error {
		_, _, err := d.Register(t.Context(), d.operator(), clients.New{Kind: clients.Software, Organisation: d.client.Organisation, Pack: "fr",
			Changes: clients.Changes{Name: "Agenda", Scopes: scopes}})
		return err
	}
	must(t, register(clients.SoftwareScopeNames()...))
	for _, scope := range []string{"openid", "offline_access", "people:delete", "people.read", "everything", ""} {
		var p *problem.Error
		if err := register("people:read", scope); !errors.As(err, &p) || len(p.Fields) != 1 || p.Fields[0].Name != "scopes" || p.Fields[0].Code != "unknown_scope" {
			t.Errorf("%q: %v", scope, err)
		}
	}
	for _, lang := range i18n.Langs() {
		if !i18n.For(lang).Has("error.unknown_scope") {
			t.Errorf("%s: no words", lang)
		}
	}
}
