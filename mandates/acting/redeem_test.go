package acting_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// OP-02: a token names the person and the mediator by pairwise subjects, with
// organisation, mandate, procedure, actions and end; and of the person only what
// the service is entitled to and asked for.
func TestWhatATokenSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	code, _ := b.code("prepare", "submit")
	d, err := b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	var tokens acting.Tokens
	e := b.adds(translog.DelegationRedeemed, func() error { tokens, err = b.IssueAccess(ctx, d, "caf", true); return err })
	if e.Role != "service" || e.Actor != b.client.ID || e.Beneficiary != b.person || e.Mandate != m.ID {
		t.Errorf("event %+v", e)
	}
	if got := tokens.ExpiresAt.Sub(b.clock.Now()); got != 5*time.Minute || tokens.Refresh == "" || !slices.Equal(tokens.Actions, []string{"prepare", "submit"}) {
		t.Errorf("tokens %+v", tokens)
	}
	used, err := b.Use(ctx, tokens.AccessID)
	must(t, err)
	c, err := b.Claims(ctx, used, b.client)
	must(t, err)
	detail := c.Details[0]
	if detail.Type != issuer+"/rar/mandate-step/1" || detail.Identifier != b.MandateAt(b.client, d) || !slices.Equal(detail.Procedures, []string{apl}) ||
		!slices.Equal(detail.Actions, []string{"prepare", "submit"}) || detail.NotAfter != d.EndsAt.UTC().Format(time.RFC3339) {
		t.Errorf("details %+v", detail)
	}
	if c.Actor.Name != "Claire Martin" || c.Actor.Organisation != b.org.String() || c.SID != d.ID.String() {
		t.Errorf("actor %+v", c.Actor)
	}
	if len(c.Person) != 3 || c.Person["given_name"] != "Fatima" || c.Person["birthdate"] != "1957-03-12" {
		t.Errorf("person %v", c.Person)
	}
	elsewhere, err := b.Claims(ctx, used, b.newService("other"))
	must(t, err)
	subjects := []string{c.Subject, c.Actor.Subject, elsewhere.Subject, elsewhere.Actor.Subject, b.person.String(), b.mediator.String(),
		detail.Identifier, elsewhere.Details[0].Identifier, m.ID.String(), c.SID, elsewhere.SID}
	for i, s := range subjects {
		if len(s) < 36 || slices.Contains(subjects[:i], s) {
			t.Errorf("subjects can be linked: %v", subjects)
		}
	}
	again, err := b.Claims(ctx, used, b.client)
	if err != nil || again.Subject != c.Subject {
		t.Error("the subject changed")
	}
	for _, e := range b.events() { // no secret and no name in the log
		for _, secret := range []string{code, tokens.AccessID, tokens.Refresh, "Fatima", "Haddad"} {
			if slices.Contains([]string{"delegation.granted", "delegation.redeemed", "commit.checked"}, e.Kind) && strings.Contains(e.raw, secret) {
				t.Errorf("%s holds %q", e.Kind, secret)
			}
		}
	}
	if n := b.count(`SELECT count(*) FROM acting_tokens WHERE token_hash IN (convert_to($1,'UTF8'), convert_to($2,'UTF8'))`, tokens.AccessID[:32], tokens.Refresh[:32]); n != 0 {
		t.Error("a token is kept as it is")
	}
}

// OP-04: a code is refused with another verifier, without one, with another
// address, by another client, after 60 seconds.
func TestCodeIsForOneUseByOneClient(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]func(b *bundle, r *acting.Redemption, c *clients.Client){
		"another verifier": func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.Verifier = verifier[:42] + "X" },
		"no verifier":      func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.Verifier = "" },
		"the challenge":    func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.Verifier = challengeOf(verifier) },
		"another address":  func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.RedirectURI += "/" },
		"no address":       func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.RedirectURI = "" },
		"another client":   func(b *bundle, _ *acting.Redemption, c *clients.Client) { *c = b.newService("other") },
		"late":             func(b *bundle, _ *acting.Redemption, _ *clients.Client) { b.clock.Advance(acting.CodeLifetime) },
		"unknown":          func(_ *bundle, r *acting.Redemption, _ *clients.Client) { r.Code = "none" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.signed(b.person, packs.DefaultActions(), "housing")
			code, _ := b.code("view")
			r, c := redemption(code), b.client
			x(b, &r, &c)
			b.refuses("grant_invalid", func() error { _, err := b.Redeem(t.Context(), c, r); return err }, "code_wrong")
			_, err := b.Redeem(t.Context(), b.client, redemption(code))
			if usable := name == "another client" || name == "unknown"; (err == nil) != usable {
				t.Errorf("then, rightly: %v", err)
			}
		})
	}
}

// The FranceConnect profile has no PKCE: a code asked for without a challenge
// works there without a verifier, and for nobody else.
func TestNoChallengeOnlyForFranceConnect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(b.person, packs.DefaultActions(), "housing")
	p := params()
	p.CodeChallenge = ""
	redeem := func(verifier string) error {
		d := b.granted(p, "view")
		must(t, b.SaveCode(t.Context(), d.Request, d.ID.String()))
		_, err := b.Redeem(t.Context(), b.client, acting.Redemption{Code: d.ID.String(), RedirectURI: backURL, Verifier: verifier})
		return err
	}
	b.fails("grant_invalid", func() error { return redeem("") })
	b.client = b.newService("fc", func(n *clients.New) { n.Profile, n.AuthMethod = clients.FranceConnect, clients.SecretPost })
	must(t, redeem(""))
	b.fails("grant_invalid", func() error { return redeem(verifier) })
}

// OP-04: a code that comes a second time ends what the first gave.
func TestCodeReuseEndsWhatItGave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	code, _ := b.code("view")
	d, err := b.Redeem(ctx, b.client, redemption(code))
	must(t, err)
	tokens, err := b.IssueAccess(ctx, d, "caf", true)
	must(t, err)
	other := b.newService("other")
	b.fails("grant_invalid", func() error { _, err := b.Redeem(ctx, other, redemption(code)); return err })
	_, err = b.Use(ctx, tokens.AccessID) // another client's try ends nothing
	must(t, err)
	b.refuses("grant_invalid", func() error { _, err := b.Redeem(ctx, b.client, redemption(code)); return err }, "code_reused")
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, tokens.AccessID); return err }, "delegation_ended")
	b.refuses("forbidden", func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err }, "delegation_ended")
	if n := b.count(`SELECT count(*) FROM delegations WHERE id = $1 AND end_reason = 'code_reused'`, d.ID); n != 1 {
		t.Error("the delegation does not say why it ended")
	}
}

// OP-04: many at once, one winner.
func TestParallelRedemption(t *testing.T) {
	t.Parallel()
	b := setupRacing(t)
	b.signed(b.person, packs.DefaultActions(), "housing")
	for range 5 {
		code, _ := b.code("view")
		var won atomic.Int32
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				d, err := b.Redeem(context.Background(), b.client, redemption(code))
				if err == nil {
					_, err = b.IssueAccess(context.Background(), d, "caf", true)
				}
				if err == nil {
					won.Add(1)
				} else if !problem.Is(err, "grant_invalid") {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d winners", won.Load())
		}
	}
}

// Refresh tokens rotate; the second coming of one ends everything.
func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	d, first := b.tokens("view", "prepare")
	other := b.newService("other")
	b.fails("grant_invalid", func() error { _, _, err := b.Refresh(ctx, other, first.Refresh); return err })
	b.fails("grant_invalid", func() error { _, _, err := b.Refresh(ctx, b.client, first.AccessID); return err })
	b.fails("token_invalid", func() error { _, err := b.Use(ctx, first.Refresh); return err })
	b.clock.Advance(acting.AccessLifetime)
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, first.AccessID); return err }, "token_expired")
	var second acting.Tokens
	b.adds(translog.DelegationRefreshed, func() error {
		again, t2, err := b.Refresh(ctx, b.client, first.Refresh)
		second = t2
		if again.ID != d.ID {
			t.Errorf("another delegation: %s", again.ID)
		}
		return err
	})
	if _, err := b.Use(ctx, second.AccessID); err != nil || second.Refresh == first.Refresh {
		t.Errorf("the new pair: %v", err)
	}
	b.refuses("grant_invalid", func() error { _, _, err := b.Refresh(ctx, b.client, first.Refresh); return err }, "refresh_reused")
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, second.AccessID); return err }, "delegation_ended")
	b.refuses("forbidden", func() error { _, _, err := b.Refresh(ctx, b.client, second.Refresh); return err }, "delegation_ended")
}

// OP-04, OP-05: whatever ends, every hop says no from then on, with the reason.
func TestEveryHopDecidesOnCurrentFacts(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		stop   func(b *bundle, m mandates.Mandate) error
		reason string
	}{
		"mandate revoked": {func(b *bundle, m mandates.Mandate) error { b.revoke(m); return nil }, "mandate_revoked"},
		"line revoked": {func(b *bundle, m mandates.Mandate) error {
			i := slices.IndexFunc(m.Grants, func(g mandates.Grant) bool { return g.Theme == "housing" })
			return b.mandates.Revoke(t.Context(), b.asPerson(b.person), mandates.Revocation{Mandate: m.ID, Grant: m.Grants[i].ID})
		}, "procedure_not_in_scope"},
		"mandate renounced": {func(b *bundle, m mandates.Mandate) error {
			return b.mandates.Renounce(t.Context(), b.as(b.mediator), m.ID, "plus de moyens")
		}, "mandate_not_active"},
		"mandate suspended": {func(b *bundle, m mandates.Mandate) error {
			return b.mandates.Suspend(t.Context(), b.as(b.referent), m.ID, "enquête")
		}, "mandate_suspended"},
		"mandate over, before the job": {func(b *bundle, m mandates.Mandate) error {
			return b.endMandateNow(m)
		}, "mandate_expired"},
		"membership suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.Suspend(t.Context(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
		}, "membership_inactive"},
		"membership ended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.End(t.Context(), b.as(b.referent), b.memberships[b.mediator])
		}, "membership_inactive"},
		"organisation suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours")
		}, "organisation_suspended"},
		"account suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.SuspendAccount(t.Context(), b.mediator, "Olga Petit", "compte volé")
		}, "account_suspended"},
		"signed out": {func(b *bundle, _ mandates.Mandate) error {
			return b.signOut()
		}, "delegation_ended"},
		"provider's logout": {func(b *bundle, _ mandates.Mandate) error {
			return b.providerLogout()
		}, "delegation_ended"},
		"person erased": {func(b *bundle, m mandates.Mandate) error {
			b.revoke(m)
			return b.people.Erase(t.Context(), b.as(b.referent), b.person)
		}, "mandate_revoked"},
		"client suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.registry.Suspend(t.Context(), b.as(b.operator), b.client.ID)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			m := b.signed(b.person, packs.DefaultActions(), "housing", "money")
			code, _ := b.code("view")
			d, tokens := b.tokens("view")
			pending, err := b.Redeem(ctx, b.client, redemption(code))
			must(t, err)
			code, _ = b.code("view")
			_, err = b.Use(ctx, tokens.AccessID)
			must(t, err)
			if a, err := b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: "before", Action: "view"}); err != nil || !a.Allowed {
				t.Fatalf("before: %+v, %v", a, err)
			}
			if !b.Recalls(ctx, tokens.AccessID) {
				t.Fatal("nothing is remembered that the stop could outdo")
			}
			must(t, x.stop(b, m))
			for hop, act := range map[string]func() error{
				"redeem":   func() error { _, err := b.Redeem(ctx, b.client, redemption(code)); return err },
				"issue":    func() error { _, err := b.IssueAccess(ctx, pending, "caf", true); return err },
				"use":      func() error { _, err := b.Use(ctx, tokens.AccessID); return err },
				"refresh":  func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err },
				"exchange": func() error { _, err := b.exchange(d, tokens); return err },
			} {
				if x.reason == "" {
					b.fails("forbidden", act)
					continue
				}
				if e := b.refuses("forbidden", act); !slices.Contains(e.reasons(), x.reason) {
					t.Errorf("%s: reasons %v, want %s", hop, e.reasons(), x.reason)
				}
			}
			a, err := b.Check(ctx, b.client, tokens.AccessID, acting.CheckRequest{Key: "after", Action: "view"})
			if err != nil || a.Allowed || x.reason != "" && !slices.Contains(a.Reasons, x.reason) {
				t.Errorf("check: %+v %v", a, err)
			}
		})
	}
}

// endMandateNow lets a mandate's end come without any job.
func (b *bundle) endMandateNow(m mandates.Mandate) error {
	return b.store.InTx(context.Background(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`UPDATE mandates SET ends_at = ? WHERE id = ?`, tx.Now(), m.ID).Error
	})
}

// exchange asks for a token for another service, as its first holder.
func (b *bundle) exchange(_ acting.Delegation, t acting.Tokens) (acting.Tokens, error) {
	ctx := context.Background()
	d, err := b.Use(ctx, t.AccessID)
	if err != nil {
		return acting.Tokens{}, err
	}
	_, out, err := b.Exchange(ctx, b.client, d, acting.Exchange{Audience: b.target().ClientID})
	return out, err
}

// target is another service that offers the same.
func (b *bundle) target() clients.Client {
	b.t.Helper()
	if c, err := b.registry.ByClientID(context.Background(), "target-client"); err == nil {
		return c
	}
	return b.newService("target")
}

// OP-08: a token for one other service: never broader, never longer, never on.
func TestExchangeNarrows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view", "prepare")
	target, stranger := b.target(), b.newService("tax", theirProcedure(b))
	d, err := b.Use(ctx, tokens.AccessID)
	must(t, err)
	try := func(x acting.Exchange) func() error {
		return func() error { _, _, err := b.Exchange(ctx, b.client, d, x); return err }
	}
	b.refuses("scope_broader", try(acting.Exchange{Audience: target.ClientID, Actions: []string{"submit"}}))
	b.refuses("scope_broader", try(acting.Exchange{Audience: target.ClientID, Scopes: []string{"contact"}}))
	b.refuses("target_invalid", try(acting.Exchange{Audience: "nobody"}))
	b.refuses("target_invalid", try(acting.Exchange{Audience: b.client.ClientID}))
	b.refuses("target_invalid", try(acting.Exchange{Audience: stranger.ClientID}))
	b.clock.Advance(3 * time.Minute)
	var x acting.Tokens
	var at clients.Client
	b.adds(translog.DelegationExchanged, func() error {
		at, x, err = b.Exchange(ctx, b.client, d, acting.Exchange{Audience: target.ClientID, Actions: []string{"view"}, Scopes: []string{"profile"}})
		return err
	})
	if at.ID != target.ID || !x.ExpiresAt.Equal(tokens.ExpiresAt) || x.Refresh != "" || x.Audience != target.ClientID || !slices.Equal(x.Actions, []string{"view"}) {
		t.Errorf("exchanged %+v, from one that ends %s", x, tokens.ExpiresAt)
	}
	e, err := b.Use(ctx, x.AccessID)
	must(t, err)
	c, err := b.Claims(ctx, e, target)
	must(t, err)
	if !slices.Equal(c.Details[0].Actions, []string{"view"}) || len(c.Person) != 2 {
		t.Errorf("claims %+v", c)
	}
	// It is the target's, and only for what it lends; nobody passes it on.
	if a, err := b.Check(ctx, target, x.AccessID, acting.CheckRequest{Key: "1", Action: "view"}); err != nil || !a.Allowed {
		t.Errorf("check by the target: %+v %v", a, err)
	}
	if a, err := b.Check(ctx, target, x.AccessID, acting.CheckRequest{Key: "2", Action: "prepare"}); err != nil || a.Allowed {
		t.Errorf("an action it does not lend: %+v %v", a, err)
	}
	b.fails("token_invalid", func() error {
		_, err := b.Check(ctx, b.client, x.AccessID, acting.CheckRequest{Key: "3", Action: "view"})
		return err
	})
	b.refuses("target_invalid", func() error {
		_, _, err := b.Exchange(ctx, target, e, acting.Exchange{Audience: b.client.ClientID})
		return err
	})
}

// theirProcedure is any procedure of another theme.
func theirProcedure(b *bundle) func(*clients.New) {
	return func(n *clients.New) { n.Procedures = []string{b.pack.ProceduresOf("money")[0].Code} }
}

// RFC 7009: a client gives its tokens up, each leaving one event, and no other
// client's, which leaves a refusal about the person.
func TestRevokeToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	d, tokens := b.tokens("view")
	other := b.newService("other")
	for _, token := range []string{tokens.AccessID, tokens.Refresh} {
		e := b.refuses("token_invalid", func() error { return b.Revoke(ctx, other, token) }, "token_foreign")
		if e.Actor != other.ID || e.Role != "service" || e.Beneficiary != b.person || e.Mandate != d.Mandate || e.Detail["command"] != "delegation.give_up" {
			t.Errorf("the refusal is %+v", e)
		}
	}
	b.addsNone(func() error { return b.Revoke(ctx, b.client, "never was") })
	_, err := b.Use(ctx, tokens.AccessID)
	must(t, err)
	e := b.adds(translog.DelegationTokenGivenUp, func() error { return b.Revoke(ctx, b.client, tokens.AccessID) })
	if e.Actor != b.client.ID || e.Role != "service" || e.Beneficiary != b.person || e.Mandate != d.Mandate || e.Detail["delegation"] != d.ID.String() {
		t.Errorf("the event is %+v", e)
	}
	b.addsNone(func() error { return b.Revoke(ctx, b.client, tokens.AccessID) })
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, tokens.AccessID); return err }, "token_expired")
	_, next, err := b.Refresh(ctx, b.client, tokens.Refresh)
	must(t, err)
	b.adds(translog.DelegationEnded, func() error { return b.Revoke(ctx, b.client, next.Refresh) })
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, next.AccessID); return err }, "delegation_ended")
}

// RFC 7009 §2.1: a token made by exchange is given up by the client that got it
// and by the one it is for, and that is no refusal; the token it was made from
// goes on, and the other way round. A refresh token takes all with it.
func TestRevokeExchangedToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	_, tokens := b.tokens("view")
	for _, by := range []clients.Client{b.client, b.target()} {
		x, err := b.exchange(acting.Delegation{}, tokens)
		must(t, err)
		if e := b.adds(translog.DelegationTokenGivenUp, func() error { return b.Revoke(ctx, by, x.AccessID) }); e.Actor != by.ID {
			t.Errorf("given up by %s, recorded of %s", by.ID, e.Actor)
		}
		b.refuses("forbidden", func() error { _, err := b.Use(ctx, x.AccessID); return err }, "token_expired")
		_, err = b.Use(ctx, tokens.AccessID)
		must(t, err)
	}
	x, err := b.exchange(acting.Delegation{}, tokens)
	must(t, err)
	b.refuses("token_invalid", func() error { return b.Revoke(ctx, b.newService("other"), x.AccessID) }, "token_foreign")
	b.adds(translog.DelegationTokenGivenUp, func() error { return b.Revoke(ctx, b.client, tokens.AccessID) })
	_, err = b.Use(ctx, x.AccessID)
	must(t, err)
	b.adds(translog.DelegationEnded, func() error { return b.Revoke(ctx, b.client, tokens.Refresh) })
	b.refuses("forbidden", func() error { _, err := b.Use(ctx, x.AccessID); return err }, "delegation_ended")
}

// A delegation ends with its eight hours, with its mandate, with its session.
func TestDelegationEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	d, tokens := b.tokens("view")
	b.clock.Advance(acting.DelegationLifetime)
	b.refuses("forbidden", func() error { _, _, err := b.Refresh(ctx, b.client, tokens.Refresh); return err }, "delegation_ended")
	d2, _ := b.tokens("view")
	if d.ID == d2.ID {
		t.Fatal("the same delegation")
	}
	must(t, b.signOut())
	if n := b.count(`SELECT count(*) FROM delegations WHERE id = $1 AND end_reason = 'signed_out'`, d2.ID); n != 1 {
		t.Error("the session's end did not end it")
	}
	b.begin()
	b.fails("not_found", func() error { return b.EndDelegation(ctx, b.as(b.mediator), uuid.New()) })
	d3, _ := b.tokens("view")
	b.fails("not_found", func() error {
		return b.EndDelegation(ctx, b.asPerson(b.newPerson(b.as(b.mediator), "Zoé", "Petit")), d3.ID)
	})
	b.adds(translog.DelegationEnded, func() error { return b.EndDelegation(ctx, b.as(b.mediator), d3.ID) })
	b.addsNone(func() error { return b.EndDelegation(ctx, b.as(b.mediator), d3.ID) })
	if n, err := b.Sweep(ctx); err != nil || n != 0 {
		t.Errorf("swept %d %v", n, err)
	}
	b.clock.Advance(48 * time.Hour)
	if n, err := b.Sweep(ctx); err != nil || n < 6 {
		t.Errorf("swept %d %v", n, err)
	}
}
