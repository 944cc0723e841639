package acting_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

const (
	issuer  = "https://relais.example"
	apl     = "housing.apl"
	backURL = "https://caf.example/callback"
	hookURL = "https://caf.example/events"
)

// bundle is a house with one organisation, a mediator who may act, a person,
// and a service that offers housing benefit.
type bundle struct {
	*acting.Service
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock
	orgs     *organisations.Service
	people   *beneficiaries.Service
	mandates *mandates.Service
	registry *clients.Registry
	commands *command.Runner
	pack     *packs.Pack
	keys     *document.Keyring

	operator, referent, mediator, colleague uuid.UUID
	org, person                             uuid.UUID
	memberships                             map[uuid.UUID]uuid.UUID
	session                                 uuid.UUID
	sessions                                *authz.Sessions
	client                                  clients.Client
}

func setup(t testing.TB, change ...func(*acting.Dependencies)) *bundle {
	t.Helper()
	clock := storetest.NewClock()
	b := furnish(t, storetest.NewWithClock(t, clock), change...)
	b.clock = clock
	return b
}

// setupRacing runs on the real clock.
func setupRacing(t testing.TB) *bundle {
	t.Helper()
	return furnish(t, storetest.NewWithEnv(t, store.SystemEnv()))
}

func furnish(t testing.TB, st *store.Store, change ...func(*acting.Dependencies)) *bundle {
	t.Helper()
	ctx := context.Background()
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, st.Now())
	must(t, err)
	key := bytes.Repeat([]byte{7}, 32)
	b := &bundle{t: t, store: st, keys: keys, memberships: map[uuid.UUID]uuid.UUID{}, commands: command.New(command.Deps{Store: st, Authz: law}),
		sessions: authz.NewSessions(authz.SessionsDeps{Store: st})}
	b.pack, err = set.Get("fr")
	must(t, err)
	b.orgs = organisations.New(organisations.Dependencies{Commands: b.commands, Packs: set, BaseURL: issuer})
	b.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: b.commands, Packs: set, CodeKey: key})
	b.mandates = mandates.New(mandates.Dependencies{Commands: b.commands, Packs: set, Organisations: b.orgs, Beneficiaries: b.people, Keyring: keys, BaseURL: issuer})
	b.registry = clients.NewRegistry(clients.Dependencies{Commands: b.commands, Packs: set, Key: key})
	deps := acting.Dependencies{Commands: b.commands, Packs: set, Mandates: b.mandates, Organisations: b.orgs,
		Clients: b.registry, Key: key, Keyring: keys, Issuer: issuer}
	for _, c := range change {
		c(&deps)
	}
	b.Service = acting.New(deps)

	_, err = b.orgs.BootstrapOperator(ctx, "Olga Petit", "olga.petit@people.example")
	must(t, err)
	b.operator = b.signIn("Olga Petit")
	b.org = b.newOrganisation("Maison France Services")
	b.referent = b.newReferent(b.org, "Nadia Benali")
	b.mediator = b.newMediator(b.org, b.referent, "Claire Martin")
	b.colleague = b.newMediator(b.org, b.referent, "Hugo Leroy")
	b.begin()
	b.person = b.newPerson(b.as(b.mediator), "Fatima", "Haddad")
	b.client = b.newService("caf")
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

func (b *bundle) signIn(name string) uuid.UUID {
	b.t.Helper()
	a, err := b.orgs.SignIn(context.Background(), organisations.Identity{
		Issuer: "https://idp.example", Subject: "sub-of-" + address(name), Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(b.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated, in the test's session.
func (b *bundle) as(account uuid.UUID, organisation ...uuid.UUID) authz.Actor {
	b.t.Helper()
	q := organisations.ActorQuery{Account: account, StrongAt: b.store.Now(), Session: b.session}
	if len(organisation) > 0 {
		q.Organisation = organisation[0]
	}
	a, err := b.orgs.Actor(context.Background(), q)
	must(b.t, err)
	return a
}

func (b *bundle) asPerson(person uuid.UUID) authz.Actor {
	b.t.Helper()
	a, err := b.people.PersonActor(context.Background(), beneficiaries.PersonQuery{Beneficiary: person, Session: uuid.New(), Tier: authz.TierCard, StrongAt: b.store.Now()})
	must(b.t, err)
	return a
}

// begin signs the mediator in anew: what follows is in that session.
func (b *bundle) begin() {
	b.t.Helper()
	_, s, err := b.sessions.Start(context.Background(), authz.NewSession{Account: b.mediator, Organisation: b.org})
	must(b.t, err)
	b.session = s.ID
}

// signOut ends every session of the mediator as the door does, whose event is
// about the one they act in.
func (b *bundle) signOut() error {
	ctx := context.Background()
	return b.orgs.SignedOut(ctx, b.as(b.mediator), b.endAll(ctx))
}

// providerLogout is what a logout token of the mediator's provider does.
func (b *bundle) providerLogout() error {
	ctx := context.Background()
	return b.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return errors.Join(b.endAll(ctx)(tx), b.orgs.SessionsEnded(tx, b.mediator))
	})
}

func (b *bundle) endAll(ctx context.Context) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		_, err := b.sessions.In(tx).EndAllOf(ctx, b.mediator)
		return err
	}
}

func (b *bundle) newOrganisation(name string) uuid.UUID {
	b.t.Helper()
	o, err := b.orgs.Create(context.Background(), b.as(b.operator), organisations.NewOrganisation{
		Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example",
	})
	must(b.t, err)
	return o.ID
}

func (b *bundle) newReferent(org uuid.UUID, name string) uuid.UUID {
	b.t.Helper()
	_, err := b.orgs.Invite(context.Background(), b.as(b.operator), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Referent})
	must(b.t, err)
	return b.signIn(name)
}

func (b *bundle) newMediator(org, referent uuid.UUID, name string) uuid.UUID {
	b.t.Helper()
	ctx := context.Background()
	m, err := b.orgs.Invite(ctx, b.as(referent, org), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Mediator})
	must(b.t, err)
	id := b.signIn(name)
	must(b.t, b.orgs.Confirm(ctx, b.as(referent, org), m.ID))
	today := b.store.Now()
	must(b.t, b.orgs.RecordTraining(ctx, b.as(referent, org), organisations.Training{
		Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12", CompletedOn: today, ExpiresOn: today.AddDate(2, 0, 0)}))
	must(b.t, b.orgs.AcceptCharter(ctx, b.as(id, org), b.pack.Charter.Version))
	b.memberships[id] = m.ID
	return id
}

func (b *bundle) newPerson(mediator authz.Actor, given, family string) uuid.UUID {
	b.t.Helper()
	p, err := b.people.Create(context.Background(), mediator, beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: "06 12 34 56 78", Email: strings.ToLower(given) + "@home.example", Channel: "mail", Language: "fr"},
		DuplicateConfirmed: true,
	})
	must(b.t, err)
	return p.ID
}

// newService registers a service that offers housing benefit.
func (b *bundle) newService(id string, change ...func(*clients.New)) clients.Client {
	b.t.Helper()
	n := clients.New{ClientID: id + "-client", Kind: clients.Service, Pack: "fr", Changes: clients.Changes{
		Name: "Service " + id, RedirectURIs: []string{backURL}, BackChannelLogoutURI: "https://" + id + ".example/logout", EventsURI: "https://" + id + ".example/events",
		Claims: []string{"given_name", "family_name", "birthdate"}, Procedures: []string{apl}, Scopes: []string{"openid", "profile", "birth", "contact", "offline_access"}}}
	for _, c := range change {
		c(&n)
	}
	c, _, err := b.registry.Register(context.Background(), authz.Actor{System: true, Now: b.store.Now()}, n)
	must(b.t, err)
	return c
}

// signed is an active mandate of a person over whole themes.
func (b *bundle) signed(person uuid.UUID, actions []string, themes ...string) mandates.Mandate {
	b.t.Helper()
	return b.signedBy(b.as(b.mediator), person, actions, themes...)
}

func (b *bundle) signedBy(mediator authz.Actor, person uuid.UUID, actions []string, themes ...string) mandates.Mandate {
	b.t.Helper()
	ctx := context.Background()
	var scope []mandates.GrantChoice
	for _, theme := range themes {
		scope = append(scope, mandates.GrantChoice{Theme: theme, Actions: slices.Clone(actions)})
	}
	m, err := b.mandates.Begin(ctx, mediator, person, uuid.NewString())
	must(b.t, err)
	m, err = b.mandates.ChangeDraft(ctx, mediator, m.ID, m.Version, mandates.Draft{
		Grants: scope, DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(b.t, err)
	m, err = b.mandates.Present(ctx, mediator, m.ID, m.Version)
	must(b.t, err)
	out, err := b.mandates.Sign(ctx, mediator, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(b.t)})
	must(b.t, err)
	m, err = b.mandates.Get(ctx, mediator, out.Mandate.ID)
	must(b.t, err)
	return m
}

func signature(t testing.TB) *mandates.Drawn {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	var strokes [1][]map[string]float64
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		strokes[0] = append(strokes[0], map[string]float64{"x": float64(10 + 4*i), "y": float64(20 + i), "t": float64(i)})
	}
	var drawn bytes.Buffer
	must(t, png.Encode(&drawn, img))
	raw, err := json.Marshal(strokes)
	must(t, err)
	return &mandates.Drawn{Strokes: raw, PNG: drawn.Bytes()}
}

// --- the flow ---------------------------------------------------------------

var browser = bytes.Repeat([]byte{9}, 32)

// verifier and its challenge, as a service makes them.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func challengeOf(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func params() acting.Params {
	return acting.Params{RedirectURI: backURL, State: "s", Nonce: "n", Scopes: []string{"openid", "profile", "birth"}, CodeChallenge: challengeOf(verifier)}
}

// begun is an open request, bound to the mediator.
func (b *bundle) begun(p acting.Params) acting.Choosing {
	b.t.Helper()
	ctx := context.Background()
	r, err := b.Begin(ctx, acting.NewRequest{Client: b.client, Params: p, Browser: browser})
	must(b.t, err)
	c, err := b.Open(ctx, b.as(b.mediator), r.ID, browser)
	must(b.t, err)
	return c
}

// chosen is a request with person, procedure and actions chosen.
func (b *bundle) chosen(p acting.Params, actions ...string) acting.Choosing {
	b.t.Helper()
	ctx, a := context.Background(), b.as(b.mediator)
	c := b.begun(p)
	must(b.t, b.ChoosePerson(ctx, a, c.ID, c.Version, b.person))
	must(b.t, b.ChooseScope(ctx, a, c.ID, c.Version+1, apl, actions))
	c, err := b.Open(ctx, a, c.ID, browser)
	must(b.t, err)
	return c
}

// granted is a delegation for those actions.
func (b *bundle) granted(p acting.Params, actions ...string) acting.Delegation {
	b.t.Helper()
	c := b.chosen(p, actions...)
	d, err := b.Grant(context.Background(), b.as(b.mediator), c.ID, c.Version)
	must(b.t, err)
	return d
}

// code is a fresh code for a fresh delegation.
func (b *bundle) code(actions ...string) (string, acting.Delegation) {
	b.t.Helper()
	d := b.granted(params(), actions...)
	code := uuid.NewString() + uuid.NewString()
	must(b.t, b.SaveCode(context.Background(), d.Request, code))
	return code, d
}

func redemption(code string) acting.Redemption {
	return acting.Redemption{Code: code, RedirectURI: backURL, Verifier: verifier}
}

// tokens are what a whole flow gives.
func (b *bundle) tokens(actions ...string) (acting.Delegation, acting.Tokens) {
	b.t.Helper()
	ctx := context.Background()
	code, _ := b.code(actions...)
	d, err := b.Redeem(ctx, b.client, redemption(code))
	must(b.t, err)
	t, err := b.IssueAccess(ctx, d, b.client.ClientID, true)
	must(b.t, err)
	return d, t
}

// --- what the log says --------------------------------------------------------

type event struct {
	Kind, Role, Outcome                             string
	Actor, Organisation, Beneficiary, Mandate, Step uuid.UUID
	Detail                                          map[string]any
	raw                                             string
}

func (b *bundle) events() []event {
	b.t.Helper()
	or := func(column string) string {
		return "coalesce(" + column + ", '00000000-0000-0000-0000-000000000000'::uuid)"
	}
	rows, err := b.store.Pool().Query(context.Background(), `SELECT kind, actor_role, coalesce(outcome, ''), `+or("actor_id")+`, `+or("organisation_id")+`, `+
		or("beneficiary_id")+`, `+or("mandate_id")+`, `+or("step_id")+`, facts, events::text FROM events ORDER BY events.xid, events.id`)
	must(b.t, err)
	defer rows.Close()
	var all []event
	for rows.Next() {
		var e event
		var facts []byte
		must(b.t, rows.Scan(&e.Kind, &e.Role, &e.Outcome, &e.Actor, &e.Organisation, &e.Beneficiary, &e.Mandate, &e.Step, &facts, &e.raw))
		f, err := translog.ParseFacts(facts)
		must(b.t, err)
		e.raw += string(facts)
		if f.Detail != nil {
			must(b.t, json.Unmarshal(f.Detail, &e.Detail))
		}
		all = append(all, e)
	}
	must(b.t, rows.Err())
	return all
}

// adds runs act and demands that it leaves exactly one event, of this kind.
func (b *bundle) adds(kind translog.Kind, act func() error) event {
	b.t.Helper()
	before := len(b.events())
	if err := act(); err != nil {
		b.t.Fatalf("%s: %v", kind, err)
	}
	all := b.events()
	if len(all) != before+1 || all[before].Kind != string(kind) {
		b.t.Fatalf("left %d events, want one %s: %+v", len(all)-before, kind, all[before:])
	}
	return all[before]
}

func (b *bundle) addsNone(act func() error) {
	b.t.Helper()
	before := len(b.events())
	must(b.t, act())
	if all := b.events(); len(all) != before {
		b.t.Fatalf("left %d events, want none: %+v", len(all)-before, all[before:])
	}
}

// refuses runs act and demands this refusal and an event of it, the last.
func (b *bundle) refuses(code string, act func() error, reasons ...string) event {
	b.t.Helper()
	before := len(b.events())
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code {
		b.t.Fatalf("got %v, want the refusal %s", err, code)
	}
	all := b.events()
	if len(all) == before || all[len(all)-1].Kind != string(translog.ActRefused) {
		b.t.Fatalf("a refusal left %+v", all[before:])
	}
	e := all[len(all)-1]
	for _, r := range reasons {
		if !slices.Contains(e.reasons(), r) {
			b.t.Errorf("reasons %v, want %s", e.reasons(), r)
		}
	}
	return e
}

// fails runs act and demands this code, whatever it leaves.
func (b *bundle) fails(code string, act func() error) {
	b.t.Helper()
	if err := act(); !problem.Is(err, code) {
		b.t.Fatalf("got %v, want %s", err, code)
	}
}

func (e event) reasons() []string {
	var all []string
	list, _ := e.Detail["reasons"].([]any)
	for _, r := range list {
		all = append(all, r.(string))
	}
	return all
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// revoke stops a mandate, as the person does.
func (b *bundle) revoke(m mandates.Mandate) {
	b.t.Helper()
	must(b.t, b.mandates.Revoke(context.Background(), b.asPerson(m.Beneficiary), mandates.Revocation{Mandate: m.ID}))
}
