package mandates_test

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// bundle is a house of its own: one organisation with a referent and two
// mediators who may act, an operator, a supervisor of that organisation, and
// one person.
type bundle struct {
	*mandates.Service
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock // nil when the real clock runs
	orgs     *organisations.Service
	people   *beneficiaries.Service
	commands *command.Runner
	pack     *packs.Pack

	operator, referent, mediator, colleague, supervisor uuid.UUID
	org, person                                         uuid.UUID
	memberships                                         map[uuid.UUID]uuid.UUID // by account
}

// setup makes a bundle whose clock the test holds.
func setup(t testing.TB) *bundle {
	t.Helper()
	clock := storetest.NewClock()
	b := furnish(t, storetest.NewWithClock(t, clock))
	b.clock = clock
	return b
}

// setupRacing makes a bundle on the real clock, for races and benchmarks.
func setupRacing(t testing.TB) *bundle {
	t.Helper()
	return furnish(t, storetest.NewWithEnv(t, store.SystemEnv()))
}

func furnish(t testing.TB, st *store.Store) *bundle {
	t.Helper()
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, st.Now())
	must(t, err)
	b := &bundle{t: t, store: st, memberships: map[uuid.UUID]uuid.UUID{}, commands: command.New(command.Deps{Store: st, Authz: law})}
	b.pack, err = set.Get("fr")
	must(t, err)
	b.orgs = organisations.New(organisations.Dependencies{Commands: b.commands, Packs: set, BaseURL: "https://relais.example"})
	b.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: b.commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	b.Service = mandates.New(mandates.Dependencies{Commands: b.commands, Packs: set, Organisations: b.orgs, Beneficiaries: b.people,
		Keyring: keys, BaseURL: "https://relais.example"})

	_, err = b.orgs.BootstrapOperator(t.Context(), "Olga Petit", "olga.petit@people.example")
	must(t, err)
	b.operator = b.signIn("Olga Petit")
	b.org = b.newOrganisation("Maison France Services")
	b.referent = b.newReferent(b.org, "Nadia Benali")
	b.mediator = b.newMediator(b.org, b.referent, "Claire Martin")
	b.colleague = b.newMediator(b.org, b.referent, "Hugo Leroy")
	_, err = b.orgs.GrantRemit(t.Context(), b.as(b.operator), organisations.Remit{Name: "Sofia Costa", Email: address("Sofia Costa"), Organisation: b.org})
	must(t, err)
	b.supervisor = b.signIn("Sofia Costa")
	b.person = b.newPerson(b.mediator, "Fatima", "Haddad")
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// address is the mailbox of a name.
func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@people.example"
}

func (b *bundle) signIn(name string) uuid.UUID {
	b.t.Helper()
	a, err := b.orgs.SignIn(b.t.Context(), organisations.Identity{
		Issuer: "https://idp.example", Subject: "sub-of-" + address(name), Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(b.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated. The organisation is the
// only one it belongs to, unless one is given.
func (b *bundle) as(account uuid.UUID, organisation ...uuid.UUID) authz.Actor {
	b.t.Helper()
	q := organisations.ActorQuery{Account: account, StrongAt: b.store.Now()}
	if len(organisation) > 0 {
		q.Organisation = organisation[0]
	}
	a, err := b.orgs.Actor(b.t.Context(), q)
	must(b.t, err)
	return a
}

// session is a browser's of staff, read.
func (b *bundle) session(t *testing.T, account uuid.UUID) authz.Session {
	t.Helper()
	sessions := authz.NewSessions(authz.SessionsDeps{Store: b.store})
	token, _, err := sessions.Start(t.Context(), authz.NewSession{Account: account, Issuer: "demo"})
	must(t, err)
	session, err := sessions.Load(t.Context(), token)
	must(t, err)
	return session
}

// asPerson is the person in their own space.
func (b *bundle) asPerson(tier authz.Tier) authz.Actor {
	b.t.Helper()
	a, err := b.people.PersonActor(b.t.Context(), beneficiaries.PersonQuery{Beneficiary: b.person, Session: uuid.New(), Tier: tier, StrongAt: b.store.Now()})
	must(b.t, err)
	return a
}

func (b *bundle) newOrganisation(name string) uuid.UUID {
	b.t.Helper()
	o, err := b.orgs.Create(b.t.Context(), b.as(b.operator), organisations.NewOrganisation{
		Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example",
	})
	must(b.t, err)
	return o.ID
}

func (b *bundle) newReferent(org uuid.UUID, name string) uuid.UUID {
	b.t.Helper()
	m, err := b.orgs.Invite(b.t.Context(), b.as(b.operator), organisations.Invite{Organisation: org, Name: name, Email: address(name), Role: authz.Referent})
	must(b.t, err)
	id := b.signIn(name)
	b.memberships[id] = m.ID
	return id
}

// newMediator is a mediator who lacks nothing.
func (b *bundle) newMediator(org, referent uuid.UUID, name string) uuid.UUID {
	b.t.Helper()
	ctx := b.t.Context()
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

// newPerson is somebody of the mediator's organisation who reads mails.
func (b *bundle) newPerson(mediator uuid.UUID, given, family string) uuid.UUID {
	b.t.Helper()
	return b.newPersonBy(b.as(mediator), given, family)
}

func (b *bundle) newPersonBy(mediator authz.Actor, given, family string) uuid.UUID {
	b.t.Helper()
	p, err := b.people.Create(b.t.Context(), mediator, beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: "06 12 34 56 78", Email: strings.ToLower(given) + "@home.example", Channel: "mail", Language: "fr"},
		DuplicateConfirmed: true,
	})
	must(b.t, err)
	return p.ID
}

// signed is an active mandate of the person over whole themes, without
// sensitive actions, signed by hand before the first mediator.
func (b *bundle) signed(t testing.TB, themes []string, days int) mandates.Mandate {
	t.Helper()
	return b.signedWith(t, b.person, choices(packs.DefaultActions(), themes...), days)
}

// choices is the same actions for each theme.
func choices(actions []string, themes ...string) []mandates.GrantChoice {
	var out []mandates.GrantChoice
	for _, theme := range themes {
		out = append(out, mandates.GrantChoice{Theme: theme, Actions: slices.Clone(actions)})
	}
	return out
}

// signedWith is an active mandate of anybody over any scope.
func (b *bundle) signedWith(t testing.TB, person uuid.UUID, scope []mandates.GrantChoice, days int) mandates.Mandate {
	t.Helper()
	return b.signedBy(t, b.as(b.mediator), person, scope, days)
}

func (b *bundle) signedBy(t testing.TB, mediator authz.Actor, person uuid.UUID, scope []mandates.GrantChoice, days int) mandates.Mandate {
	t.Helper()
	ctx := t.Context()
	m := b.presented(t, mediator, person, scope, days)
	out, err := b.Sign(ctx, mediator, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(t)})
	must(t, err)
	m, err = b.Get(ctx, mediator, out.Mandate.ID)
	must(t, err)
	return m
}

// presented is a mandate whose text is frozen and read, not signed yet.
func (b *bundle) presented(t testing.TB, mediator authz.Actor, person uuid.UUID, scope []mandates.GrantChoice, days int) mandates.Mandate {
	t.Helper()
	ctx := t.Context()
	m, err := b.Begin(ctx, mediator, person, uuid.NewString())
	must(t, err)
	m, err = b.ChangeDraft(ctx, mediator, m.ID, m.Version, mandates.Draft{
		Grants: scope, DurationDays: days, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(t, err)
	m, err = b.Present(ctx, mediator, m.ID, m.Version)
	must(t, err)
	return m
}

// signature is a hand-drawn signature, as the page sends it.
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

// event is what a test reads of an event.
type event struct {
	ID                                                    int64
	XID                                                   uint64
	Kind, Role, Outcome                                   string
	Actor, Organisation, Beneficiary, Mandate, Case, Step uuid.UUID
	Procedure, Action                                     string
	At                                                    time.Time
	Detail, Personal                                      map[string]any
	raw                                                   string // everything stored, for searches
}

// events reads everything that happened, in the log's own order.
func (b *bundle) events() []event {
	b.t.Helper()
	none := "'00000000-0000-0000-0000-000000000000'::uuid"
	or := func(column string) string { return "coalesce(" + column + ", " + none + ")" }
	rows, err := b.store.Pool().Query(context.Background(), `SELECT id, xid::text::bigint, kind, actor_role, coalesce(outcome, ''), `+
		or("actor_id")+`, `+or("organisation_id")+`, `+or("beneficiary_id")+`, `+or("mandate_id")+`, `+or("case_id")+`, `+or("step_id")+`,
		coalesce(procedure, ''), coalesce(action, ''), at, facts, coalesce(personal, ''), events::text FROM events ORDER BY events.xid, events.id`)
	must(b.t, err)
	defer rows.Close()
	var all []event
	for rows.Next() {
		var e event
		var facts, personal []byte
		must(b.t, rows.Scan(&e.ID, &e.XID, &e.Kind, &e.Role, &e.Outcome, &e.Actor, &e.Organisation, &e.Beneficiary, &e.Mandate, &e.Case, &e.Step,
			&e.Procedure, &e.Action, &e.At, &facts, &personal, &e.raw))
		e.raw += string(facts) + string(personal)
		f, err := translog.ParseFacts(facts)
		must(b.t, err)
		if f.Detail != nil {
			must(b.t, json.Unmarshal(f.Detail, &e.Detail))
		}
		if len(personal) > 0 {
			must(b.t, json.Unmarshal(personal, &e.Personal))
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

// addsNone runs act and demands that it succeeds and leaves no event.
func (b *bundle) addsNone(act func() error) {
	b.t.Helper()
	before := len(b.events())
	must(b.t, act())
	if all := b.events(); len(all) != before {
		b.t.Fatalf("left %d events, want none: %+v", len(all)-before, all[before:])
	}
}

// refuses runs act and demands this refusal and exactly one event of it.
func (b *bundle) refuses(code string, act func() error) event {
	b.t.Helper()
	before := len(b.events())
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code {
		b.t.Fatalf("got %v, want the refusal %s", err, code)
	}
	all := b.events()
	if len(all) != before+1 || all[before].Kind != string(translog.ActRefused) {
		b.t.Fatalf("a refusal left %d events, want one act.refused: %+v", len(all)-before, all[before:])
	}
	return all[before]
}

// faults runs act and demands that this field is at fault, without any event.
func (b *bundle) faults(field, code string, act func() error) {
	b.t.Helper()
	before := len(b.events())
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Name == field && f.Code == code }) {
		b.t.Fatalf("got %v, want %s=%s", err, field, code)
	}
	if n := len(b.events()); n != before {
		b.t.Fatalf("a fault left %d events", n-before)
	}
}

// reasons of a refusal's event.
func (e event) reasons() []string {
	var all []string
	list, _ := e.Detail["reasons"].([]any)
	for _, r := range list {
		all = append(all, r.(string))
	}
	return all
}

func (e event) because(reasons ...authz.Reason) bool {
	want := make([]string, len(reasons))
	for i, r := range reasons {
		want[i] = string(r)
	}
	return slices.Equal(e.reasons(), want)
}

// count runs a query that counts.
func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

const day = 24 * time.Hour
