package software_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"slices"
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
	"github.com/relais-org/relais/mandates/software"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
)

// house is one organisation with its software, a mediator, and a person with a
// mandate and a case.
type house struct {
	*software.Service
	t                  testing.TB
	store              *store.Store
	clock              *storetest.Clock
	caller             software.Caller
	referent, mediator uuid.UUID
	person             uuid.UUID
	mandate            mandates.Mandate
	caseID             uuid.UUID
}

func setup(t testing.TB) *house {
	t.Helper()
	clock := storetest.NewClock()
	h := &house{t: t, clock: clock, store: storetest.NewWithClock(t, clock)}
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	keys, err := document.NewKeyring(rand.Reader, h.store.Now())
	must(t, err)
	commands := command.New(command.Deps{Store: h.store, Authz: law})
	d := software.Dependencies{Commands: commands, Packs: set}
	d.Organisations = organisations.New(organisations.Dependencies{Commands: commands, Packs: set, BaseURL: "https://relais.example"})
	d.Beneficiaries = beneficiaries.NewService(beneficiaries.Dependencies{Commands: commands, Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	d.Mandates = mandates.New(mandates.Dependencies{Commands: commands, Packs: set, Organisations: d.Organisations, Beneficiaries: d.Beneficiaries,
		Keyring: keys, BaseURL: "https://relais.example"})
	h.Service = software.New(d)
	h.open(set)
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes the organisation, its staff, a person, their mandate and a case.
func (h *house) open(set *packs.Set) {
	h.t.Helper()
	ctx := h.t.Context()
	pack, err := set.Get("fr")
	must(h.t, err)
	_, err = h.Organisations.BootstrapOperator(ctx, "Olga Petit", "olga@people.example")
	must(h.t, err)
	operator := h.signIn("olga@people.example")
	o, err := h.Organisations.Create(ctx, h.as(operator), organisations.NewOrganisation{
		Name: "Maison France Services", Kind: "France Services", Pack: "fr", TimeZone: "Europe/Paris", Territory: "35", City: "Rennes",
		Address: "1 rue de la Paix\n35000 Rennes", Phone: "02 99 00 00 00", Email: "contact@msf.example"})
	must(h.t, err)
	h.caller = software.Caller{Client: clients.Client{ID: uuid.New(), Name: "Logiciel du CCAS", Organisation: o.ID}, Purpose: "Preparing tomorrow's visits"}
	_, err = h.Organisations.Invite(ctx, h.as(operator), organisations.Invite{Organisation: o.ID, Name: "Nadia Benali", Email: "nadia@people.example", Role: authz.Referent})
	must(h.t, err)
	h.referent = h.signIn("nadia@people.example")
	m, err := h.Organisations.Invite(ctx, h.as(h.referent), organisations.Invite{Organisation: o.ID, Name: "Claire Martin", Email: "claire@people.example", Role: authz.Mediator})
	must(h.t, err)
	h.mediator = h.signIn("claire@people.example")
	must(h.t, h.Organisations.Confirm(ctx, h.as(h.referent), m.ID))
	must(h.t, h.Organisations.RecordTraining(ctx, h.as(h.referent), organisations.Training{Membership: m.ID, Course: "Aidants Connect",
		Evidence: "Certificate 12", CompletedOn: h.store.Now()}))
	must(h.t, h.Organisations.AcceptCharter(ctx, h.as(h.mediator), pack.Charter.Version))
	p, err := h.Beneficiaries.Create(ctx, h.as(h.mediator), beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: "Fatima", FamilyName: "Haddad", BirthDate: time.Date(1957, 3, 12, 0, 0, 0, 0, time.UTC),
			BirthPlace: "Oran", IdentityCheck: pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact: beneficiaries.Contact{Email: "fatima@home.example", Channel: "mail", Language: "fr"}})
	must(h.t, err)
	h.person = p.ID
	h.sign()
	c, err := h.Mandates.OpenCase(ctx, h.as(h.mediator), mandates.OpenCase{Beneficiary: h.person, Procedure: "housing.apl"})
	must(h.t, err)
	h.caseID = c.ID
}

func (h *house) signIn(email string) uuid.UUID {
	h.t.Helper()
	a, err := h.Organisations.SignIn(h.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: email, Email: email, EmailVerified: true, ACR: "eidas1"})
	must(h.t, err)
	return a.ID
}

func (h *house) as(account uuid.UUID) authz.Actor {
	h.t.Helper()
	a, err := h.Organisations.Actor(h.t.Context(), organisations.ActorQuery{Account: account, StrongAt: h.store.Now()})
	must(h.t, err)
	return a
}

// sign makes an active mandate over housing, signed by hand.
func (h *house) sign() {
	h.t.Helper()
	ctx, by := h.t.Context(), h.as(h.mediator)
	m, err := h.Mandates.Begin(ctx, by, h.person, "")
	must(h.t, err)
	m, err = h.Mandates.ChangeDraft(ctx, by, m.ID, m.Version, mandates.Draft{Grants: []mandates.GrantChoice{{Theme: "housing", Actions: packs.DefaultActions()}},
		DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(h.t, err)
	m, err = h.Mandates.Present(ctx, by, m.ID, m.Version)
	must(h.t, err)
	img := image.NewGray(image.Rect(0, 0, 200, 80))
	points := ""
	for i := range 40 {
		img.Set(10+4*i, 20+i, color.White)
		points += fmt.Sprintf(`,{"x":%d,"y":%d,"t":%d}`, 10+4*i, 20+i, i)
	}
	var drawn bytes.Buffer
	must(h.t, png.Encode(&drawn, img))
	out, err := h.Mandates.Sign(ctx, by, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash,
		Drawn: &mandates.Drawn{Strokes: []byte("[[" + points[1:] + "]]"), PNG: drawn.Bytes()}})
	must(h.t, err)
	h.mandate = out.Mandate
}

// step logs one at the screen.
func (h *house) step() uuid.UUID {
	h.t.Helper()
	st, err := h.Mandates.LogStep(h.t.Context(), h.as(h.mediator), mandates.NewStep{Case: h.caseID, Action: "view", Outcome: "done"})
	must(h.t, err)
	return st.ID
}

// ST-01: a case's steps come page by page, each once, in order, also where
// several are of the same instant.
func TestStepsComePageByPage(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var want []uuid.UUID
	for i := range 7 {
		want = append(want, h.step())
		if i%3 == 2 {
			h.clock.Advance(time.Second)
		}
	}
	slices.SortStableFunc(want[0:3], order)
	slices.SortStableFunc(want[3:6], order)
	var got []uuid.UUID
	pages, page := 0, software.Page{Limit: 2}
	for {
		steps, next, err := h.Steps(t.Context(), h.caller, h.caseID, page)
		must(t, err)
		if pages++; len(steps) > 2 || pages > 4 {
			t.Fatalf("page %d has %d steps", pages, len(steps))
		}
		for _, st := range steps {
			got = append(got, st.ID)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) || pages != 4 {
		t.Errorf("in %d pages %v, want %v", pages, got, want)
	}
}

func order(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// A case with more steps than one statement would ever read still ends.
func TestStepsBeyondAThousand(t *testing.T) {
	t.Parallel()
	h := setup(t)
	first := h.step()
	must(t, h.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO steps (id, case_id, mandate_id, organisation_id, beneficiary_id, mediator_id, procedure, action, outcome, present, at)
			SELECT gen_random_uuid(), case_id, mandate_id, organisation_id, beneficiary_id, mediator_id, procedure, action, outcome, present, at + n * interval '1 second'
			FROM steps, generate_series(1, 1049) n WHERE id = ?`, first).Error
	}))
	total, page := 0, software.Page{Limit: 100}
	for range 20 { // 1,050 by 100, and room for a fault
		steps, next, err := h.Steps(t.Context(), h.caller, h.caseID, page)
		must(t, err)
		total += len(steps)
		if page.Cursor = next; next == "" {
			break
		}
	}
	if total != 1050 {
		t.Errorf("%d steps, want 1050", total)
	}
}

// LG-06: nothing of somebody erased is there any more, one by one or listed, and
// no look writes anything personal about them again.
func TestNothingOfSomebodyErased(t *testing.T) {
	t.Parallel()
	h := setup(t)
	ctx := t.Context()
	before, _, err := h.MandateLines(ctx, h.caller, software.MandateQuery{})
	must(t, err)
	if len(before) != 1 {
		t.Fatalf("%d mandates listed before", len(before))
	}
	_, err = h.Mandate(ctx, h.caller, h.mandate.ID)
	must(t, err)
	must(t, h.Mandates.Revoke(ctx, h.as(h.mediator), mandates.Revocation{Mandate: h.mandate.ID}))
	must(t, h.Beneficiaries.Erase(ctx, h.as(h.referent), h.person))
	for name, look := range map[string]func() error{
		"mandate":  func() error { _, err := h.Mandate(ctx, h.caller, h.mandate.ID); return err },
		"case":     func() error { _, err := h.Case(ctx, h.caller, h.caseID); return err },
		"steps":    func() error { _, _, err := h.Steps(ctx, h.caller, h.caseID, software.Page{}); return err },
		"person":   func() error { _, err := h.Person(ctx, h.caller, h.person); return err },
		"mandates": func() error { _, err := h.MandatesOf(ctx, h.caller, h.person); return err },
	} {
		if err := look(); !problem.Is(err, "not_found") {
			t.Errorf("%s: %v", name, err)
		}
	}
	lines, _, err := h.MandateLines(ctx, h.caller, software.MandateQuery{})
	must(t, err)
	cases, _, err := h.CaseLines(ctx, h.caller, software.CaseQuery{})
	must(t, err)
	if len(lines)+len(cases) != 0 {
		t.Errorf("listed: %+v, %+v", lines, cases)
	}
	var kept int
	must(t, h.store.Pool().QueryRow(context.Background(), `SELECT count(*) FROM events WHERE beneficiary_id = $1 AND personal IS NOT NULL`, h.person).Scan(&kept))
	if kept != 0 {
		t.Errorf("%d entries hold something personal again", kept)
	}
}
