package acting_test

import (
	"context"
	"slices"
	"testing"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/organisations/clients"
)

// A scope withdrawn from a service leaves at the next refresh; without
// offline_access there is no next one, and the token is not used up.
func TestARefreshKeepsToTheServicesScopes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view")
	with := func(scopes ...string) {
		t.Helper()
		c := b.client
		_, _, err := b.registry.Change(context.Background(), b.as(b.operator), c.ID, clients.Changes{Name: c.Name, RedirectURIs: c.RedirectURIs,
			BackChannelLogoutURI: c.BackChannelLogoutURI, EventsURI: c.EventsURI, Claims: c.Claims, Procedures: c.Procedures, Scopes: scopes})
		must(t, err)
	}
	with("openid", "profile", "birth")
	b.refuses("grant_invalid", func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err }, "offline_withdrawn")
	with("openid", "birth", "offline_access")
	_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	if slices.Contains(next.Scopes, "profile") || !slices.Contains(next.Scopes, "openid") {
		t.Errorf("scopes are %v", next.Scopes)
	}
}
