package beneficiaries

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
)

// bundle is one organisation with a mediator who may act. Its rows are written
// directly: the packages that make them stand beside or above this one.
type bundle struct {
	*Service
	t        testing.TB
	store    *store.Store
	clock    *storetest.Clock
	pack     *packs.Pack
	org      uuid.UUID
	mediator uuid.UUID
}

func setup(t testing.TB) *bundle {
	t.Helper()
	clock := storetest.NewClock()
	b := &bundle{t: t, clock: clock, store: storetest.NewWithClock(t, clock)}
	law, err := authz.New()
	must(t, err)
	set, err := packs.Load()
	must(t, err)
	b.pack, err = set.Get("fr")
	must(t, err)
	b.Service = NewService(Dependencies{Commands: command.New(command.Deps{Store: b.store, Authz: law}), Packs: set, CodeKey: bytes.Repeat([]byte{7}, 32)})
	b.org, b.mediator = b.organisation("Maison France Services"), b.account("Claire Martin")
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) exec(query string, args ...any) {
	b.t.Helper()
	must(b.t, b.store.InTx(context.Background(), store.System(), func(tx *store.Tx) error { return tx.DB().Exec(query, args...).Error }))
}

func (b *bundle) organisation(name string) uuid.UUID {
	b.t.Helper()
	id := uuid.New()
	b.exec(`INSERT INTO organisations (id, name, pack, time_zone, territory, phone, state, created_at) VALUES (?, ?, 'fr', 'Europe/Paris', '35', '02 99 00 00 00', 'active', ?)`,
		id, name, b.store.Now())
	return id
}

func (b *bundle) account(name string) uuid.UUID {
	b.t.Helper()
	id := uuid.New()
	b.exec(`INSERT INTO accounts (id, name, email, issuer, subject, state, created_at) VALUES (?, ?, ?, 'https://idp.example', ?, 'bound', ?)`,
		id, name, id.String()+"@people.example", id.String(), b.store.Now())
	return id
}

// as is the mediator in an organisation, freshly authenticated.
func (b *bundle) as(org uuid.UUID) authz.Actor { return b.staff(org, authz.Mediator) }

func (b *bundle) staff(org uuid.UUID, role authz.Role) authz.Actor {
	now := b.store.Now()
	return authz.Actor{Account: b.mediator, Name: "Claire Martin", Organisation: org, StrongAt: now, Now: now,
		Memberships: []authz.Membership{{Organisation: org, Territory: "35", Pack: "fr", TimeZone: "Europe/Paris", Role: role, Active: true, OrganisationAlive: true}}}
}

func (b *bundle) asPerson(id uuid.UUID, tier authz.Tier) authz.Actor {
	b.t.Helper()
	a, err := b.PersonActor(b.t.Context(), PersonQuery{Beneficiary: id, Session: uuid.New(), Tier: tier, StrongAt: b.store.Now()})
	must(b.t, err)
	return a
}

func born(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// someone is whom Create is told about, right in every way.
func (b *bundle) someone(given, family string) New {
	return New{
		Identity: Identity{GivenNames: given, FamilyName: family, BirthDate: born(1946, 3, 12), BirthPlace: "Oran",
			IdentityCheck: b.pack.IdentityDocuments[0].Code, Protection: "none"},
		Contact:            Contact{Phone: "06 12 34 56 78", Channel: "sms", Language: "fr"},
		DuplicateConfirmed: true,
	}
}

func (b *bundle) create(n New) Beneficiary {
	b.t.Helper()
	p, err := b.Create(b.t.Context(), b.as(b.org), n)
	must(b.t, err)
	return p
}

// card gives somebody a card, as signing a mandate does.
func (b *bundle) card(p Beneficiary) Code {
	b.t.Helper()
	code, _ := b.cardOf(p)
	return code
}

func (b *bundle) cardOf(p Beneficiary) (Code, uuid.UUID) {
	b.t.Helper()
	mandate := b.mandate(p)
	var code Code
	must(b.t, b.commands.Run(b.t.Context(), b.as(p.Organisation), "card.issue", func(tx *command.Tx) error {
		tx.Open(authz.Mediator, "a test signs the mandate")
		var err error
		if code, err = b.IssueCode(tx, p.ID, mandate); err != nil {
			return err
		}
		e := p.about()
		e.Kind, e.Mandate = translog.CardIssued, mandate
		return tx.Append(e)
	}))
	return code, mandate
}

// mandate is a live one.
func (b *bundle) mandate(p Beneficiary) uuid.UUID {
	b.t.Helper()
	id, now := uuid.New(), b.store.Now()
	b.exec(`INSERT INTO mandates (id, organisation_id, beneficiary_id, state, mediator_id, pack, payload, payload_hash, jws, created_at, signed_at, ends_at)
		VALUES (?, ?, ?, 'active', ?, 'fr', 'x', 'x', 'x', ?, ?, ?)`, id, p.Organisation, p.ID, b.mediator, now, now, now.AddDate(0, 0, 31))
	return id
}

// end ends a mandate.
func (b *bundle) end(mandate uuid.UUID) {
	b.t.Helper()
	b.exec(`UPDATE mandates SET state = 'revoked', ended_at = ?, ended_by = 'person' WHERE id = ?`, b.store.Now(), mandate)
}

func (b *bundle) open(code, year string) (Access, error) {
	return b.OpenByCard(b.t.Context(), CardAttempt{Code: code, BirthYear: year, Address: "192.0.2.7"})
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// sms is the code in the last message to somebody's phone.
func (b *bundle) sms(p Beneficiary) string {
	b.t.Helper()
	var body string
	must(b.t, b.store.Pool().QueryRow(context.Background(),
		`SELECT body FROM messages WHERE beneficiary_id = $1 AND channel = 'sms' ORDER BY created_at DESC, id DESC LIMIT 1`, p.ID).Scan(&body))
	return sixDigits.FindString(body)
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// refuses demands a refusal of this code and exactly one event of it.
func (b *bundle) refuses(code string, act func() error) {
	b.t.Helper()
	before := b.count(`SELECT count(*) FROM events WHERE kind = 'act.refused'`)
	b.fails(code, act)
	if after := b.count(`SELECT count(*) FROM events WHERE kind = 'act.refused'`); after != before+1 {
		b.t.Errorf("%s left %d events, want one", code, after-before)
	}
}

// fails demands an error whose code, or a field's, is this one.
func (b *bundle) fails(code string, act func() error) {
	b.t.Helper()
	err := act()
	var p *problem.Error
	if !errors.As(err, &p) || p.Code != code && !slices.ContainsFunc(p.Fields, func(f problem.Field) bool { return f.Code == code }) {
		b.t.Fatalf("got %v, want %s", err, code)
	}
}
