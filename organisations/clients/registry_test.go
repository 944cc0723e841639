package clients_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

func (d *desk) operator() authz.Actor {
	now := d.clock.Now()
	return authz.Actor{Account: uuid.New(), Operator: true, Now: now, StrongAt: now}
}

// service is what a benefits office registers.
func service() clients.New {
	return clients.New{ClientID: "caf-demo", Kind: clients.Service, Pack: "fr", Changes: clients.Changes{
		Name: "CAF", RedirectURIs: []string{"https://caf.example/callback"}, Claims: []string{"given_name"}, Procedures: []string{"housing.apl"},
		Scopes: []string{"openid", "profile"}}}
}

// A service proves itself with a secret shown once; whatever is wrong has one
// answer.
func TestRegisterAndAuthenticate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	c, secret, err := d.Register(ctx, d.operator(), service())
	must(t, err)
	if c.State != clients.Active || c.AuthMethod != clients.SecretBasic || c.Profile != clients.Relais || c.IDTokenAlg != "ES256" || len(secret.Reveal()) != 43 {
		t.Errorf("registered %+v", c)
	}
	for _, printed := range []string{fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q %x", secret, secret, secret, secret, secret, secret), secret.LogValue().String()} {
		if strings.Contains(printed, secret.Reveal()) {
			t.Errorf("the secret prints itself: %s", printed)
		}
	}
	if raw, _ := json.Marshal(map[string]any{"s": secret}); strings.Contains(string(raw), secret.Reveal()) {
		t.Error("the secret goes into JSON")
	}
	found, err := d.Authenticate(ctx, "caf-demo", secret.Reveal())
	if err != nil || found.ID != c.ID || !slices.Equal(found.Procedures, []string{"housing.apl"}) {
		t.Errorf("authenticated %+v %v", found, err)
	}
	for name, x := range map[string][2]string{"wrong": {"caf-demo", secret.Reveal()[:42] + "x"}, "empty": {"caf-demo", ""}, "unknown": {"nobody", secret.Reveal()},
		"other case": {"CAF-demo", secret.Reveal()}} {
		if _, err := d.Authenticate(ctx, x[0], x[1]); !problem.Is(err, "client_invalid") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.SecretOf(found); err == nil {
		t.Error("a secret was kept that nothing needs")
	}
	if _, _, err := d.Register(ctx, d.operator(), service()); !problem.Is(err, "client_id_taken") {
		t.Errorf("twice: %v", err)
	}
	next, err := d.RotateSecret(ctx, d.operator(), c.ID)
	must(t, err)
	if _, err := d.Authenticate(ctx, "caf-demo", secret.Reveal()); !problem.Is(err, "client_invalid") {
		t.Errorf("the old secret: %v", err)
	}
	_, err = d.Authenticate(ctx, "caf-demo", next.Reveal())
	must(t, err)
}

// HS256 needs the secret itself: it is kept sealed, for that client alone.
func TestSealedSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	n := service()
	n.Profile, n.IDTokenAlg, n.AuthMethod = clients.FranceConnect, "HS256", clients.SecretPost
	c, secret, err := d.Register(ctx, d.operator(), n)
	must(t, err)
	kept, err := d.SecretOf(c)
	if err != nil || string(kept) != secret.Reveal() {
		t.Errorf("opened %v", err)
	}
	loaded, err := d.ByClientID(ctx, c.ClientID)
	must(t, err)
	if kept, err := d.SecretOf(loaded); err != nil || string(kept) != secret.Reveal() {
		t.Errorf("opened from the row: %v", err)
	}
	moved := loaded
	moved.ID = uuid.New()
	if _, err := d.SecretOf(moved); err == nil {
		t.Error("a sealed secret opens for another client")
	}
	// From HS256 to ES256 the kept secret goes; a new one is given.
	ch := n.Changes
	ch.IDTokenAlg = "ES256"
	changed, fresh, err := d.Change(ctx, d.operator(), c.ID, ch)
	must(t, err)
	if _, err := d.SecretOf(changed); err == nil || fresh.Reveal() == "" || changed.Version != 2 {
		t.Errorf("after the change: %v, version %d", err, changed.Version)
	}
}

// Suspended and ended clients are as unknown ones; ended is for good.
func TestClientLife(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, op := t.Context(), d.operator()
	c, secret, err := d.Register(ctx, op, service())
	must(t, err)
	gone := func(when string) {
		t.Helper()
		_, err := d.ByClientID(ctx, c.ClientID)
		_, unknown := d.ByClientID(ctx, "nobody")
		if err == nil || err.Error() != unknown.Error() {
			t.Errorf("%s: %v, unknown: %v", when, err, unknown)
		}
		if _, err := d.Authenticate(ctx, c.ClientID, secret.Reveal()); !problem.Is(err, "client_invalid") {
			t.Errorf("%s: %v", when, err)
		}
	}
	if err := d.Resume(ctx, op, c.ID); !problem.Is(err, "cannot_resume") {
		t.Errorf("resume what runs: %v", err)
	}
	must(t, d.Suspend(ctx, op, c.ID))
	gone("suspended")
	if err := d.Suspend(ctx, op, c.ID); !problem.Is(err, "cannot_suspend") {
		t.Errorf("suspend twice: %v", err)
	}
	must(t, d.Resume(ctx, op, c.ID))
	_, err = d.Authenticate(ctx, c.ClientID, secret.Reveal())
	must(t, err)
	must(t, d.End(ctx, op, c.ID))
	gone("ended")
	for name, err := range map[string]error{"end": d.End(ctx, op, c.ID), "resume": d.Resume(ctx, op, c.ID), "suspend": d.Suspend(ctx, op, c.ID)} {
		if !problem.Is(err, "client_already_ended") {
			t.Errorf("%s an ended client: %v", name, err)
		}
	}
	if kept, err := d.Get(ctx, op, c.ID); err != nil || kept.State != clients.Ended || kept.EndedAt.IsZero() {
		t.Errorf("kept %+v %v", kept, err)
	}
	all, err := d.List(ctx, op, clients.Query{Kind: clients.Service})
	if err != nil || len(all) != 0 {
		t.Errorf("listed %v %v", all, err)
	}
	all, err = d.List(ctx, op, clients.Query{Ended: true})
	if err != nil || len(all) != 2 {
		t.Errorf("listed with ended ones: %d %v", len(all), err)
	}
}

// Only operators register; a referent reads their own organisation's software
// and no service; a stale sign-in asks for a fresh one.
func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx := t.Context()
	referent := authz.Actor{Account: uuid.New(), Organisation: d.client.Organisation, Now: d.clock.Now(), StrongAt: d.clock.Now(), Memberships: []authz.Membership{
		{Organisation: d.client.Organisation, Role: authz.Referent, Active: true, OrganisationAlive: true}}}
	c, _, err := d.Register(ctx, d.operator(), service())
	must(t, err)
	if _, _, err := d.Register(ctx, referent, service()); err == nil {
		t.Error("a referent registered a service")
	}
	if err := d.Suspend(ctx, referent, c.ID); !problem.Is(err, "not_found") {
		t.Errorf("a referent suspends a service: %v", err)
	}
	if _, err := d.Get(ctx, referent, c.ID); !problem.Is(err, "not_found") {
		t.Errorf("a referent reads a service: %v", err)
	}
	all, err := d.List(ctx, referent, clients.Query{Kind: clients.Service})
	if err != nil || len(all) != 1 || all[0].ID != d.client.ID {
		t.Errorf("a referent lists %v %v", all, err)
	}
	stale := d.operator()
	stale.StrongAt = stale.Now.Add(-authz.StepUpAge - 1)
	if _, err := d.RotateSecret(ctx, stale, c.ID); !problem.Is(err, "needs_step_up") {
		t.Errorf("a stale operator: %v", err)
	}
	if _, err := d.List(ctx, authz.Actor{}, clients.Query{}); err == nil {
		t.Error("nobody lists clients")
	}
}

// Redirect tricks and half-formed registrations are refused, field by field.
func TestWhatIsNotRegistered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "1"}}})
	must(t, err)
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1"}}})
	must(t, err)
	redirect := func(s string) func(*clients.New) { return func(n *clients.New) { n.RedirectURIs = []string{s} } }
	for name, x := range map[string]struct {
		change func(*clients.New)
		field  string
	}{
		"http":              {redirect("http://caf.example/callback"), "redirect_uris"},
		"fragment":          {redirect("https://caf.example/callback#x"), "redirect_uris"},
		"empty fragment":    {redirect("https://caf.example/callback#"), "redirect_uris"},
		"user":              {redirect("https://caf.example@evil.example/"), "redirect_uris"},
		"wildcard":          {redirect("https://*.caf.example/"), "redirect_uris"},
		"script":            {redirect("javascript:alert(1)"), "redirect_uris"},
		"no host":           {redirect("https:///callback"), "redirect_uris"},
		"relative":          {redirect("/callback"), "redirect_uris"},
		"climbing":          {redirect("https://caf.example/a/../callback"), "redirect_uris"},
		"backslash":         {redirect(`https://caf.example\@evil.example/`), "redirect_uris"},
		"local name":        {redirect("http://localhost.evil.example/"), "redirect_uris"},
		"line break":        {redirect("https://caf.example/\r\nX: y"), "redirect_uris"},
		"none":              {func(n *clients.New) { n.RedirectURIs = nil }, "redirect_uris"},
		"events by http":    {func(n *clients.New) { n.EventsURI = "http://10.0.0.1/" }, "events_uri"},
		"logout by ftp":     {func(n *clients.New) { n.BackChannelLogoutURI = "ftp://x/" }, "backchannel_logout_uri"},
		"unknown procedure": {func(n *clients.New) { n.Procedures = []string{"housing.none"} }, "procedures"},
		"unknown claim":     {func(n *clients.New) { n.Claims = []string{"iban"} }, "claims"},
		"unknown scope":     {func(n *clients.New) { n.Scopes = []string{"everything"} }, "scopes"},
		"software's scope":  {func(n *clients.New) { n.Scopes = []string{"openid", "people:read"} }, "scopes"},
		"none algorithm":    {func(n *clients.New) { n.IDTokenAlg = "none" }, "id_token_alg"},
		"no client proof":   {func(n *clients.New) { n.AuthMethod = "none" }, "auth_method"},
		"private keys":      {func(n *clients.New) { n.AuthMethod, n.Keys = clients.PrivateKeyJWT, private }, "keys"},
		"no keys":           {func(n *clients.New) { n.AuthMethod = clients.PrivateKeyJWT }, "keys"},
		"keys and secret":   {func(n *clients.New) { n.Keys = public }, "keys"},
		"an organisation's": {func(n *clients.New) { n.Organisation = d.client.Organisation }, "organisation"},
		"nobody's software": {func(n *clients.New) { n.Kind = clients.Software }, "organisation"},
		"no name":           {func(n *clients.New) { n.Name = " " }, "name"},
		"unknown pack":      {func(n *clients.New) { n.Pack = "xx" }, "pack"},
		"odd identifier":    {func(n *clients.New) { n.ClientID = "a b" }, "client_id"},
	} {
		n := service()
		x.change(&n)
		_, _, err := d.Register(t.Context(), d.operator(), n)
		var p *problem.Error
		if !errors.As(err, &p) || !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Name == x.field }) {
			t.Errorf("%s: %v, want %s", name, err, x.field)
		}
	}
	n := service()
	n.AuthMethod, n.Keys, n.RedirectURIs = clients.PrivateKeyJWT, public, []string{"http://localhost:8082/callback", "http://[::1]:8082/callback", "http://127.0.0.1/x"}
	c, secret, err := d.Register(t.Context(), d.operator(), n)
	if err != nil || secret.Reveal() != "" || c.HasSecret() || !bytes.Contains(c.Keys, []byte(`"kid":"1"`)) {
		t.Errorf("by key: %+v %v", c, err)
	}
}
