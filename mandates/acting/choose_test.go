package acting_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// OP-01: the mediator picks the person, the procedure and the actions, and the
// service is answered once.
func TestChoosing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, a := t.Context(), b.as(b.mediator)
	m := b.signed(b.person, packs.DefaultActions(), "housing")
	c := b.begun(params())
	if c.State != acting.Open || c.ClientName != b.client.Name || !slices.Equal(c.Procedures, []string{apl}) || c.Person != nil ||
		!slices.Equal(c.Receives.Claims, []string{"given_name", "family_name", "birthdate"}) {
		t.Errorf("opened %+v", c)
	}
	found, err := b.Offer(ctx, a, c.ID, "HADD fat")
	must(t, err)
	if len(found) != 1 || found[0].Beneficiary != b.person || found[0].Mandate != m.ID || !found[0].EndsAt.Equal(m.EndsAt) {
		t.Errorf("offered %+v", found)
	}
	b.addsNone(func() error { return b.ChoosePerson(ctx, a, c.ID, c.Version, b.person) })
	c, err = b.Open(ctx, a, c.ID, browser)
	must(t, err)
	if c.Person == nil || c.Person.Name != "Fatima Haddad" || len(c.Choices) != 1 || !slices.Equal(c.Choices[0].Actions, packs.DefaultActions()) {
		t.Errorf("after the person: %+v", c)
	}
	must(t, b.ChooseScope(ctx, a, c.ID, c.Version, apl, []string{"submit", "prepare"}))
	c, err = b.Open(ctx, a, c.ID, browser)
	must(t, err)
	if c.Procedure != apl || !slices.Equal(c.Actions, []string{"prepare", "submit"}) || c.Sensitive || c.NeedsStepUp {
		t.Errorf("after the scope: %+v", c)
	}
	var d acting.Delegation
	e := b.adds(translog.DelegationGranted, func() error { d, err = b.Grant(ctx, a, c.ID, c.Version); return err })
	if e.Actor != b.mediator || e.Beneficiary != b.person || e.Mandate != m.ID || e.Detail["client_name"] != b.client.Name {
		t.Errorf("event %+v", e)
	}
	if d.Mandate != m.ID || d.Procedure != apl || !slices.Equal(d.Actions, []string{"prepare", "submit"}) || d.ACR != acting.ACRStepUp ||
		!d.EndsAt.Equal(b.clock.Now().Add(acting.DelegationLifetime)) {
		t.Errorf("delegation %+v", d)
	}
	// A second press and a second tab give the same, and nothing more.
	b.addsNone(func() error {
		again, err := b.Grant(ctx, b.as(b.mediator), c.ID, c.Version)
		if again.ID != d.ID {
			t.Errorf("a second press gave %s", again.ID)
		}
		return err
	})
	must(t, b.SaveCode(ctx, c.ID, "first"))
	b.fails("request_over", func() error { return b.SaveCode(ctx, c.ID, "second") })
	b.fails("request_over", func() error { _, err := b.Grant(ctx, a, c.ID, c.Version); return err })
	if back, err := b.Open(ctx, a, c.ID, browser); err != nil || back.State != acting.Used {
		t.Errorf("back: %v %v", back.State, err)
	}
}

// Who may not choose is refused before anything is written: the request stays
// free for the mediator who may, in that very browser.
func TestARefusedOpeningTakesNoPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	r, err := b.Begin(ctx, acting.NewRequest{Client: b.client, Params: params(), Browser: browser})
	must(t, err)
	b.refuses("not_found", func() error { _, err := b.Open(ctx, b.as(b.referent), r.ID, browser); return err })
	if c, err := b.Open(ctx, b.as(b.mediator), r.ID, browser); err != nil || c.State != acting.Open {
		t.Errorf("the mediator who may finds %v %v", c.State, err)
	}
	// Now it is theirs, and nobody else's: not a colleague's, nor another browser's.
	b.fails("not_found", func() error { _, err := b.Open(ctx, b.as(b.colleague), r.ID, browser); return err })
	b.fails("not_found", func() error {
		_, err := b.Open(ctx, b.as(b.mediator), r.ID, bytes.Repeat([]byte{8}, 32))
		return err
	})
}

// What the mediator is shown and the log keeps as received is what the service
// gets, in both profiles: nothing that Relais never knows.
func TestReceivedIsWhatIsGiven(t *testing.T) {
	t.Parallel()
	for profile, also := range map[clients.Profile]string{clients.Relais: "", clients.FranceConnect: "creation_date"} {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			receivedIsWhatIsGiven(t, profile, also)
		})
	}
}

func receivedIsWhatIsGiven(t *testing.T, profile clients.Profile, also string) {
	b := setup(t)
	ctx := t.Context()
	b.client = b.newService("all", func(n *clients.New) {
		if n.Profile = profile; profile == clients.FranceConnect {
			n.AuthMethod = clients.SecretPost
		}
		n.Claims, n.Scopes = clients.ClaimNames(), []string{"openid", "profile", "birth", "address", "contact"}
	})
	full, err := b.people.Create(ctx, b.as(b.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: "Amina", FamilyName: "Haddad", UsageName: "Amina Roy", BirthPlace: "Vannes",
			Codes:     beneficiaries.Codes{Gender: "female", BirthPlace: "56260"},
			BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC), IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Phone: "06 12 34 56 78", Email: "amina@people.example", Address: "1 rue du Port, 56000 Vannes", Channel: "sms", Language: "fr"},
	})
	must(t, err)
	b.person = full.ID
	b.signed(b.person, packs.DefaultActions(), "housing")
	p := params()
	p.Scopes = []string{"openid", "profile", "birth", "address", "contact"}
	c := b.chosen(p, "view")
	var d acting.Delegation
	e := b.adds(translog.DelegationGranted, func() error { d, err = b.Grant(ctx, b.as(b.mediator), c.ID, c.Version); return err })
	told, err := b.Claims(ctx, d, b.client)
	must(t, err)
	given := slices.Sorted(maps.Keys(told.Person))
	if want := len(clients.ClaimNames()); len(given) != want && (also != "" || len(given) != want-1) || slices.Contains(given, "creation_date") != (also != "") {
		t.Errorf("given %v", given)
	}
	if shown := slices.Sorted(slices.Values(c.Receives.Claims)); !slices.Equal(shown, given) {
		t.Errorf("shown %v, given %v", shown, given)
	}
	var logged []string
	for _, name := range e.Detail["claims"].([]any) {
		logged = append(logged, name.(string))
	}
	if slices.Sort(logged); !slices.Equal(logged, given) {
		t.Errorf("logged %v, given %v", logged, given)
	}
}

// Six words of a search count; a further one changes nothing, with a date of
// birth or without.
func TestSixWordsCount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signed(b.person, packs.DefaultActions(), "housing")
	c := b.begun(params())
	for _, date := range []string{"", " 12/03/1957"} {
		for text, found := range map[string]int{"f fa fat fati fatim fatima strange": 1, "f fa fat fati fatim strange": 0} {
			if all, err := b.Offer(t.Context(), b.as(b.mediator), c.ID, text+date); err != nil || len(all) != found {
				t.Errorf("%q finds %v %v", text+date, all, err)
			}
		}
	}
}

// OP-03: only people with a live mandate here, for a procedure of this service,
// are offered; the ids of all others are answered as unknown ones.
func TestOnlyPeopleOfThisServiceAndOrganisation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, a := t.Context(), b.as(b.mediator)
	b.signed(b.person, packs.DefaultActions(), "housing")
	without := b.newPerson(a, "Amina", "Haddad")
	elsewhere := b.newPerson(a, "Karim", "Haddad") // a mandate, for something else
	b.signed(elsewhere, packs.DefaultActions(), "money")
	over := b.newPerson(a, "Leila", "Haddad")
	b.revoke(b.signed(over, packs.DefaultActions(), "housing"))
	org2 := b.newOrganisation("Point Relais Vilaine")
	ref2 := b.newReferent(org2, "Iris Caron")
	other := b.newMediator(org2, ref2, "Paul Morin")
	foreign := b.newPerson(b.as(other), "Nour", "Haddad")
	b.signedBy(b.as(other), foreign, packs.DefaultActions(), "housing")

	c := b.begun(params())
	found, err := b.Offer(ctx, a, c.ID, "haddad")
	must(t, err)
	if len(found) != 1 || found[0].Beneficiary != b.person {
		t.Errorf("offered %+v", found)
	}
	for _, short := range []string{"", "h", " h ", "é"} {
		b.fails("invalid", func() error { _, err := b.Offer(ctx, a, c.ID, short); return err })
	}
	if none, err := b.Offer(ctx, a, c.ID, "%_"); err != nil || len(none) != 0 {
		t.Errorf("wildcards found %v %v", none, err)
	}
	unknown := b.ChoosePerson(ctx, a, c.ID, c.Version, uuid.New())
	for name, id := range map[string]uuid.UUID{"no mandate": without, "another procedure": elsewhere, "over": over, "another organisation's": foreign} {
		e := b.refuses("not_found", func() error { return b.ChoosePerson(ctx, a, c.ID, c.Version, id) })
		if err := b.ChoosePerson(ctx, a, c.ID, c.Version, id); err.Error() != unknown.Error() || e.Beneficiary != uuid.Nil {
			t.Errorf("%s: %v, unknown: %v; event about %s", name, err, unknown, e.Beneficiary)
		}
	}
}

// OP-03: no more than the mandate, the service and the request leave open.
func TestScopeIsWithinEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, a := t.Context(), b.as(b.mediator)
	b.signed(b.person, []string{"view", "prepare"}, "housing")
	p := params()
	p.Details = []acting.Detail{{Type: issuer + "/rar/mandate-step/1", Procedures: []string{apl}, Actions: []string{"prepare", "submit"}}}
	c := b.begun(p)
	must(t, b.ChoosePerson(ctx, a, c.ID, c.Version, b.person))
	c, err := b.Open(ctx, a, c.ID, browser)
	must(t, err)
	if len(c.Choices) != 1 || !slices.Equal(c.Choices[0].Actions, []string{"prepare"}) {
		t.Errorf("choices %+v", c.Choices)
	}
	choose := func(procedure string, actions ...string) func() error {
		return func() error { return b.ChooseScope(ctx, a, c.ID, c.Version, procedure, actions) }
	}
	b.refuses("forbidden", choose(apl, "submit"), "action_not_in_scope")
	b.refuses("forbidden", choose(apl, "view"), "action_not_in_scope") // covered, but not asked for
	b.refuses("forbidden", choose("housing.fsl", "prepare"), "procedure_not_in_scope")
	b.fails("invalid", choose(apl))
	must(t, choose(apl, "prepare", "prepare")())
	// What a service does not offer cannot even be asked for.
	p.Details[0].Procedures = []string{"housing.fsl"}
	if _, err := b.Begin(ctx, acting.NewRequest{Client: b.client, Params: p}); !problem.Is(err, "invalid") {
		t.Errorf("asked for another's procedure: %v", err)
	}
	p.Details, p.RepScope = nil, []string{"money"}
	if _, err := b.Begin(ctx, acting.NewRequest{Client: b.client, Params: p}); !problem.Is(err, "invalid") {
		t.Errorf("asked for another theme: %v", err)
	}
	p.RepScope = []string{"housing"}
	if c := b.begun(p); !slices.Equal(c.Procedures, []string{apl}) {
		t.Errorf("by theme: %v", c.Procedures)
	}
}

// OP-10: a sensitive action asks for a fresh authentication, and succeeds after
// it; so does a service that asks for one, or for a young sign-in.
func TestSensitiveNeedsStepUp(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		change func(*acting.Params)
		action string
	}{
		"sensitive action": {func(*acting.Params) {}, "change_payment"},
		"acr asked for":    {func(p *acting.Params) { p.ACRValues = []string{acting.ACRStepUp} }, "view"},
		"a young sign-in":  {func(p *acting.Params) { n := 60; p.MaxAge = &n }, "view"},
		"a sign-in of now": {func(p *acting.Params) { n := 0; p.MaxAge = &n }, "view"},
		"both":             {func(p *acting.Params) { n := 0; p.MaxAge = &n }, "change_payment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx := t.Context()
			b.signed(b.person, packs.Actions(), "housing")
			stale := b.as(b.mediator)
			stale.StrongAt = stale.Now.Add(-authz.StepUpAge - time.Second)
			p := params()
			x.change(&p)
			c := b.chosen(p, x.action)
			if seen, err := b.Open(ctx, stale, c.ID, browser); err != nil || !seen.NeedsStepUp {
				t.Errorf("the page does not say so: %v %v", seen.NeedsStepUp, err)
			}
			b.refuses("needs_step_up", func() error { _, err := b.Grant(ctx, stale, c.ID, c.Version); return err }, "needs_step_up")
			d, err := b.Grant(ctx, b.as(b.mediator), c.ID, c.Version)
			must(t, err)
			if d.ACR != acting.ACRStepUp || !d.AuthTime.Equal(b.clock.Now()) {
				t.Errorf("acr %s, auth_time %s", d.ACR, d.AuthTime)
			}
		})
	}
}

// A request belongs to one browser and one mediator; whoever else comes finds
// nothing, and takes nothing over.
func TestRequestIsBoundToBrowserAndMediator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	b.signed(b.person, packs.DefaultActions(), "housing")
	c := b.chosen(params(), "view")
	stranger := bytes.Repeat([]byte{1}, 32)
	b.fails("not_found", func() error { _, err := b.Open(ctx, b.as(b.mediator), c.ID, stranger); return err })
	b.fails("not_found", func() error { _, err := b.Open(ctx, b.as(b.mediator), c.ID, nil); return err })
	b.fails("not_found", func() error { _, err := b.Open(ctx, b.as(b.colleague), c.ID, browser); return err })
	b.fails("not_found", func() error { _, err := b.Open(ctx, b.as(b.mediator), uuid.New(), browser); return err })
	elsewhere := b.as(b.mediator)
	elsewhere.Session = uuid.New() // the same mediator in another browser
	for who, actor := range map[string]authz.Actor{"a colleague": b.as(b.colleague), "another session": elsewhere, "a person": b.asPerson(b.person), "nobody": {}} {
		for what, act := range map[string]func() error{
			"offer":   func() error { _, err := b.Offer(ctx, actor, c.ID, "haddad"); return err },
			"person":  func() error { return b.ChoosePerson(ctx, actor, c.ID, c.Version, b.person) },
			"scope":   func() error { return b.ChooseScope(ctx, actor, c.ID, c.Version, apl, []string{"view"}) },
			"grant":   func() error { _, err := b.Grant(ctx, actor, c.ID, c.Version); return err },
			"decline": func() error { return b.Decline(ctx, actor, c.ID) },
		} {
			if err := act(); !problem.Is(err, "not_found") {
				t.Errorf("%s by %s: %v", what, who, err)
			}
		}
	}
	r, err := b.Request(ctx, c.ID)
	if err != nil || !r.OfBrowser(browser) || r.OfBrowser(stranger) || r.OfBrowser(nil) || r.State != acting.Open {
		t.Errorf("request %+v %v", r, err)
	}
	must(t, b.Decline(ctx, b.as(b.mediator), c.ID))
	b.addsNone(func() error { return b.Decline(ctx, b.as(b.mediator), c.ID) })
	b.fails("request_over", func() error { _, err := b.Grant(ctx, b.as(b.mediator), c.ID, c.Version); return err })
}

// Back, reload, two tabs, half an hour away and a new sign-in do no harm; an
// old page is told so; an hour is too long.
func TestPausesAndTabsAreHarmless(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	second := b.newPerson(b.as(b.mediator), "Yves", "Morel")
	b.signed(b.person, packs.DefaultActions(), "housing")
	b.signed(second, packs.DefaultActions(), "housing")
	c := b.begun(params())
	must(t, b.ChoosePerson(ctx, b.as(b.mediator), c.ID, c.Version, b.person))
	b.clock.Advance(30 * time.Minute)
	b.session = uuid.New() // signed in again, in the same browser
	again, err := b.Open(ctx, b.as(b.mediator), c.ID, browser)
	must(t, err)
	if again.Person == nil || again.Person.Beneficiary != b.person {
		t.Errorf("after a pause: %+v", again.Person)
	}
	must(t, b.ChoosePerson(ctx, b.as(b.mediator), c.ID, c.Version, b.person)) // reloaded
	b.fails("stale", func() error { return b.ChoosePerson(ctx, b.as(b.mediator), c.ID, c.Version, second) })
	must(t, b.ChoosePerson(ctx, b.as(b.mediator), c.ID, again.Version, second)) // the other tab
	b.fails("stale", func() error { return b.ChooseScope(ctx, b.as(b.mediator), c.ID, again.Version, apl, []string{"view"}) })
	b.fails("stale", func() error { _, err := b.Grant(ctx, b.as(b.mediator), c.ID, again.Version+1); return err })
	must(t, b.ChooseScope(ctx, b.as(b.mediator), c.ID, again.Version+1, apl, []string{"view"}))
	b.fails("stale", func() error { _, err := b.Grant(ctx, b.as(b.mediator), c.ID, again.Version+1); return err })
	b.clock.Advance(31 * time.Minute)
	for what, act := range map[string]func() error{
		"open by a stranger": func() error { _, err := b.Open(ctx, b.as(b.colleague), c.ID, browser); return err },
		"grant":              func() error { _, err := b.Grant(ctx, b.as(b.mediator), c.ID, again.Version+2); return err },
		"read":               func() error { _, err := b.Request(ctx, c.ID); return err },
	} {
		if err := act(); !problem.Is(err, "not_found") {
			t.Errorf("%s after an hour: %v", what, err)
		}
	}
	if old, err := b.Open(ctx, b.as(b.mediator), c.ID, browser); err != nil || old.State != acting.Expired || old.Person != nil {
		t.Errorf("opened after an hour: %+v %v", old.State, err)
	}
}

// What ends between choosing and granting is refused with its reason.
func TestGrantOnCurrentFacts(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		stop   func(b *bundle, m mandates.Mandate) error
		code   string
		reason string
	}{
		"mandate revoked": {func(b *bundle, m mandates.Mandate) error { b.revoke(m); return nil }, "forbidden", "mandate_revoked"},
		"mandate over":    {func(b *bundle, m mandates.Mandate) error { b.clock.Advance(32 * 24 * time.Hour); return nil }, "not_found", ""},
		"membership suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.Suspend(t.Context(), b.as(b.referent), b.memberships[b.mediator], "enquête en cours")
		}, "forbidden", "membership_inactive"},
		"organisation suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.orgs.SuspendOrganisation(t.Context(), b.as(b.operator), b.org, "enquête en cours")
		}, "forbidden", "organisation_suspended"},
		"client suspended": {func(b *bundle, _ mandates.Mandate) error {
			return b.registry.Suspend(t.Context(), b.as(b.operator), b.client.ID)
		}, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			m := b.signed(b.person, packs.DefaultActions(), "housing")
			c := b.chosen(params(), "view")
			must(t, x.stop(b, m))
			grant := func() error { _, err := b.Grant(t.Context(), b.as(b.mediator), c.ID, c.Version); return err }
			if x.reason == "" {
				b.fails(x.code, grant)
			} else {
				b.refuses(x.code, grant, x.reason)
			}
			if n := b.count(`SELECT count(*) FROM delegations`); n != 0 {
				t.Errorf("%d delegations", n)
			}
		})
	}
}

// Pushed requests work once, for their client, for a minute and a half.
func TestPushedRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	other := b.newService("other")
	_, err := b.Push(ctx, b.client, params(), "urn:one")
	must(t, err)
	b.fails("not_found", func() error { _, err := b.TakePushed(ctx, other, "urn:one"); return err })
	p, err := b.TakePushed(ctx, b.client, "urn:one")
	if err != nil || p.RedirectURI != backURL || p.CodeChallenge != challengeOf(verifier) {
		t.Errorf("taken %+v %v", p, err)
	}
	b.fails("not_found", func() error { _, err := b.TakePushed(ctx, b.client, "urn:one"); return err })
	_, err = b.Push(ctx, b.client, params(), "urn:two")
	must(t, err)
	b.clock.Advance(acting.PushedLifetime)
	b.fails("not_found", func() error { _, err := b.TakePushed(ctx, b.client, "urn:two"); return err })
}
