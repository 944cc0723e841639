package command_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
)

// bundle is a runner on a database of its own, an operator who may create
// organisations, and a mediator who may not.
type bundle struct {
	*command.Runner
	t                  testing.TB
	store              *store.Store
	operator, mediator authz.Actor
}

func setup(t testing.TB) *bundle {
	t.Helper()
	law, err := authz.New()
	must(t, err)
	st := storetest.New(t)
	org := uuid.New()
	return &bundle{
		t: t, store: st, Runner: command.New(command.Deps{Store: st, Authz: law}),
		operator: authz.Actor{Account: uuid.New(), Operator: true, Now: st.Now(), StrongAt: st.Now()},
		mediator: authz.Actor{Account: uuid.New(), Organisation: org, Now: st.Now(), StrongAt: st.Now(), Memberships: []authz.Membership{
			{Organisation: org, Role: authz.Mediator, Active: true, OrganisationAlive: true}}},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// decide asks what an operator may, and nobody else.
func decide(tx *command.Tx) error {
	return tx.Decide(authz.OrganisationCreate, authz.Object{Kind: authz.KindOrganisation}, translog.Event{})
}

// created is the event of the commands below.
func created(org uuid.UUID) translog.Event {
	return translog.Event{Kind: translog.OrganisationCreated, Organisation: org, Detail: struct {
		Pack string `json:"pack"`
	}{"fr"}}
}

// change writes a row, so that a test can see whether it stayed.
func change(tx *command.Tx) error {
	return store.ExpectOne(tx.DB().Exec(`INSERT INTO accounts (id, name, email, state, created_at) VALUES (?, 'Somebody', ?, 'invited', ?)`,
		tx.NewID(), tx.NewID().String()+"@people.example", tx.Now()))
}

// changes counts the rows that stayed.
func (b *bundle) changes() int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), `SELECT count(*) FROM accounts`).Scan(&n))
	return n
}

// event is what a test reads of an event.
type event struct {
	Kind, Role, Outcome string
	Actor, Organisation uuid.UUID
	Command             string
	Reasons             []string
	Rule                string
	Personal            bool
}

func (b *bundle) events() []event {
	b.t.Helper()
	rows, err := b.store.Pool().Query(context.Background(), `SELECT kind, actor_role, outcome,
		coalesce(actor_id, '00000000-0000-0000-0000-000000000000'), coalesce(organisation_id, '00000000-0000-0000-0000-000000000000'),
		facts, personal IS NOT NULL FROM events ORDER BY id`)
	must(b.t, err)
	defer rows.Close()
	var all []event
	for rows.Next() {
		var e event
		var raw []byte
		must(b.t, rows.Scan(&e.Kind, &e.Role, &e.Outcome, &e.Actor, &e.Organisation, &raw, &e.Personal))
		facts, err := translog.ParseFacts(raw)
		must(b.t, err)
		var detail struct {
			Command, Rule string
			Reasons       []string
		}
		must(b.t, json.Unmarshal(facts.Detail, &detail))
		e.Command, e.Reasons, e.Rule = detail.Command, detail.Reasons, detail.Rule
		all = append(all, e)
	}
	must(b.t, rows.Err())
	return all
}

// only demands that one event is there, and that so many changes stayed.
func (b *bundle) only(kind translog.Kind, changes int) event {
	b.t.Helper()
	all := b.events()
	if len(all) != 1 || all[0].Kind != string(kind) {
		b.t.Fatalf("events %+v, want one %s", all, kind)
	}
	if n := b.changes(); n != changes {
		b.t.Fatalf("%d changes stayed, want %d", n, changes)
	}
	return all[0]
}

// nothing demands that neither an event nor a change is there.
func (b *bundle) nothing() {
	b.t.Helper()
	if all := b.events(); len(all) != 0 {
		b.t.Errorf("events %+v, want none", all)
	}
	if n := b.changes(); n != 0 {
		b.t.Errorf("%d changes stayed, want none", n)
	}
}

// forbidEvents makes the database refuse events of one kind from now on.
func (b *bundle) forbidEvents(kind translog.Kind) {
	b.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, storetest.OwnerURL(b.t, b.store))
	must(b.t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `ALTER TABLE events ADD CONSTRAINT forbidden CHECK (kind <> '`+string(kind)+`')`)
	must(b.t, err)
}
