package acting_test

import (
	"context"
	"slices"
	"testing"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/organisations/clients"
)

// A scope withdrawn from a service is gone at its next hop, whichever that is;
// without offline_access there is no refresh, and the token is not used up.
func TestHopsKeepToTheServicesScopes(t *testing.T) {
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
	code, _ := b.code("view")
	with("openid", "profile", "birth")
	b.refuses("grant_invalid", func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err }, "offline_withdrawn")
	with("openid", "birth", "offline_access")
	used, err := b.Use(ctx, tokens.AccessID)
	must(t, err)
	told, err := b.Claims(ctx, used, used.Client)
	must(t, err)
	if told.Person["given_name"] != nil || told.Person["birthdate"] == nil {
		t.Errorf("userinfo tells %v", told.Person)
	}
	redeemed, err := b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	if issued, err := b.IssueAccess(ctx, redeemed, "caf", true); err != nil || slices.Contains(issued.Scopes, "profile") || slices.Contains(redeemed.Scopes, "profile") {
		t.Errorf("a code gave %v, %v", issued.Scopes, err)
	}
	_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	if slices.Contains(next.Scopes, "profile") || !slices.Contains(next.Scopes, "openid") {
		t.Errorf("scopes are %v", next.Scopes)
	}
}
