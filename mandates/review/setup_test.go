package review_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
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
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

const (
	why = "Complaint received on Monday"
	apl = "housing.apl"
)

// site is one organisation with a referent, a mediator and a person helped.
type site struct {
	org, referent, mediator, person uuid.UUID
	membership                      uuid.UUID // of the mediator
	mandate                         mandates.Mandate
	caseID                          uuid.UUID
}

// house has two sites: here, which the supervisor watches, and there, which
// is nobody's.
type house struct {
	*review.Service
	dependencies review.Dependencies
	t            testing.TB
	store        *store.Store
	clock        *storetest.Clock
	orgs         *organisations.Service
	people       *beneficiaries.Service
	mandates     *mandates.Service
	pack         *packs.Pack
	operator     uuid.UUID
	supervisor   uuid.UUID
	here         site
	there        site
}

func setup(t testing.TB) *house {
	t.Helper()
	clock := storetest.NewClock()
	st := storetest.NewWithClock(t, clock)
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, st.Now())
	must(t, err)
	commands := command.New(command.Deps{Store: st, Authz: law})
	h := &house{t: t, store: st, clock: clock}
	h.pack, err = set.Get("fr")
	must(t, err)
	h.orgs = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: "https://relais.example"})
	h.people = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	h.mandates = mandates.New(mandates.Dependencies{Commands: commands, Packs: set, Organisations: h.orgs, Beneficiaries: h.people,
		Keyring: keys, BaseURL: "https://relais.example"})
	h.dependencies = review.Dependencies{Commands: commands, Packs: set}
	h.Service = review.New(h.dependencies)
	_, err = h.orgs.BootstrapOperator(t.Context(), "Olga Petit", address("Olga Petit"))
	must(t, err)
	h.operator = h.signIn("Olga Petit")
	h.here = h.site("Maison France Services", "35", "Nadia Benali", "Claire Martin", "Fatima", "Haddad")
	h.there = h.site("CCAS de Nantes", "44", "Rose Lemoine", "Hugo Leroy", "Ahmed", "Saïd")
	h.supervisor = h.newSupervisor("Sofia Costa", organisations.Remit{Organisation: h.here.org})
	return h
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

func (h *house) signIn(name string) uuid.UUID {
	h.t.Helper()
	a, err := h.orgs.SignIn(h.t.Context(), organisations.Identity{
		Issuer: "https://idp.example", Subject: "sub-of-" + address(name), Email: address(name), EmailVerified: true, Name: name, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

// as is who an account is now, freshly authenticated.
func (h *house) as(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.orgs.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

// asPerson is the person in their own space.
func (h *house) asPerson(id uuid.UUID, tier authz.Tier) authz.Actor {
	h.t.Helper()
	a, err := h.people.PersonActor(h.t.Context(), beneficiaries.PersonQuery{Beneficiary: id, Session: uuid.New(), Tier: tier, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

func (h *house) newSupervisor(name string, remit organisations.Remit) uuid.UUID {
	h.t.Helper()
	remit.Name, remit.Email = name, address(name)
	_, err := h.orgs.GrantRemit(h.t.Context(), h.as(h.operator), remit)
	must(h.t, err)
	return h.signIn(name)
}

func (h *house) site(name, territory, referent, mediator, given, family string) site {
	h.t.Helper()
	ctx := h.t.Context()
	o, err := h.orgs.Create(ctx, h.as(h.operator), organisations.NewOrganisation{
		Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: territory, City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	s := site{org: o.ID}
	_, err = h.orgs.Invite(ctx, h.as(h.operator), organisations.Invite{Organisation: s.org, Name: referent, Email: address(referent), Role: authz.Referent})
	must(h.t, err)
	s.referent = h.signIn(referent)
	m, err := h.orgs.Invite(ctx, h.as(s.referent), organisations.Invite{Organisation: s.org, Name: mediator, Email: address(mediator), Role: authz.Mediator})
	must(h.t, err)
	s.membership, s.mediator = m.ID, h.signIn(mediator)
	must(h.t, h.orgs.Confirm(ctx, h.as(s.referent), m.ID))
	must(h.t, h.orgs.RecordTraining(ctx, h.as(s.referent), organisations.Training{
		Membership: m.ID, Course: "Aidants Connect", Evidence: "Certificate 12", CompletedOn: h.store.Now()}))
	must(h.t, h.orgs.AcceptCharter(ctx, h.as(s.mediator), h.pack.Charter.Version))
	s.person = h.newPerson(s.mediator, given, family, "06 12 34 56 78")
	s.mandate = h.signed(s.mediator, s.person)
	c, err := h.mandates.OpenCase(ctx, h.as(s.mediator), mandates.OpenCase{Beneficiary: s.person, Procedure: apl, IdempotencyKey: uuid.NewString()})
	must(h.t, err)
	s.caseID = c.ID
	return s
}

func (h *house) newPerson(mediator uuid.UUID, given, family, phone string) uuid.UUID {
	h.t.Helper()
	p, err := h.people.Create(h.t.Context(), h.as(mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: given, FamilyName: family, BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: h.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            beneficiaries.Contact{Phone: phone, Email: strings.ToLower(given) + "@home.example", Channel: "mail", Language: "fr"},
		DuplicateConfirmed: true})
	must(h.t, err)
	return p.ID
}

// signed is an active mandate over housing, signed by hand.
func (h *house) signed(mediator, person uuid.UUID) mandates.Mandate {
	h.t.Helper()
	ctx, actor := h.t.Context(), h.as(mediator)
	m, err := h.mandates.Begin(ctx, actor, person, uuid.NewString())
	must(h.t, err)
	m, err = h.mandates.ChangeDraft(ctx, actor, m.ID, m.Version, mandates.Draft{
		Grants:       []mandates.GrantChoice{{Theme: "housing", Actions: packs.DefaultActions()}},
		DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(h.t, err)
	m, err = h.mandates.Present(ctx, actor, m.ID, m.Version)
	must(h.t, err)
	out, err := h.mandates.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(h.t)})
	must(h.t, err)
	return out.Mandate
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

// step logs one in a site's case.
func (h *house) step(s site, action, outcome, note string) error {
	_, err := h.mandates.LogStep(h.t.Context(), h.as(s.mediator), mandates.NewStep{
		Case: s.caseID, Action: action, Outcome: outcome, Note: note, IdempotencyKey: uuid.NewString()})
	return err
}

// event is what a test reads of the last event.
type event struct {
	Kind                      translog.Kind
	Role                      string
	Organisation, Beneficiary uuid.UUID
	Detail                    map[string]any
	Purpose                   string // of the personal content
}

func (h *house) count() int {
	h.t.Helper()
	var n int
	must(h.t, h.store.Pool().QueryRow(context.Background(), `SELECT count(*) FROM events`).Scan(&n))
	return n
}

func (h *house) last() event {
	h.t.Helper()
	var e event
	var org, person *uuid.UUID
	var facts, personal []byte
	must(h.t, h.store.Pool().QueryRow(context.Background(), `SELECT kind, actor_role, organisation_id, beneficiary_id, facts, personal
		FROM events ORDER BY id DESC LIMIT 1`).Scan(&e.Kind, &e.Role, &org, &person, &facts, &personal))
	if org != nil {
		e.Organisation = *org
	}
	if person != nil {
		e.Beneficiary = *person
	}
	f, err := translog.ParseFacts(facts)
	must(h.t, err)
	if f.Detail != nil {
		must(h.t, json.Unmarshal(f.Detail, &e.Detail))
	}
	if personal != nil {
		var p struct{ Purpose string }
		must(h.t, json.Unmarshal(personal, &p))
		e.Purpose = p.Purpose
	}
	return e
}

// leaves runs act and demands exactly one event of this kind.
func (h *house) leaves(kind translog.Kind, act func() error) event {
	h.t.Helper()
	before := h.count()
	must(h.t, act())
	e := h.last()
	if n := h.count() - before; n != 1 || e.Kind != kind {
		h.t.Fatalf("left %d events, the last %s; want one %s", n, e.Kind, kind)
	}
	return e
}

// hidden runs act and demands the answer for what does not exist, and one
// event of the refusal.
func (h *house) hidden(act func() error) string {
	h.t.Helper()
	before := h.count()
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || p.Kind != problem.KindNotFound {
		h.t.Fatalf("got %v, want not found", err)
	}
	if n := h.count() - before; n != 1 || h.last().Kind != translog.ActRefused {
		h.t.Fatalf("left %d events, want one act.refused", n)
	}
	return p.Error()
}

// faulty demands that this field is at fault, with this code and no event.
func (h *house) faulty(field, code string, act func() error) {
	h.t.Helper()
	before := h.count()
	var p *problem.Error
	if err := act(); !errors.As(err, &p) || len(p.Fields) == 0 || p.Fields[0].Name != field || p.Fields[0].Code != code {
		h.t.Fatalf("got %v, want %s=%s", err, field, code)
	}
	if n := h.count() - before; n != 0 {
		h.t.Fatalf("a fault left %d events", n)
	}
}

func organisationRemit(id uuid.UUID) organisations.Remit {
	return organisations.Remit{Organisation: id}
}

func organisationNamed(name string) organisations.Changes {
	return organisations.Changes{Name: name, Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"}
}
