package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/organisations"
)

// mediators is how many sign in, each with a person and a case of their own.
const mediators = 32

// field is the whole product on a private, durable server, with a staff.
type field struct {
	house   *house.House
	server  *http.Server
	handler http.Handler // that of server
	address string
	folder  string
	org     uuid.UUID
	seats   []seat
	stopJob func()
	granted []acting.Delegation // at the bench's service, for T
	// listener hears what a page asks of PostgreSQL.
	listener *listener
	// pgOptions are the settings that pgbench's own connections have: those of the
	// program's where its statements are repeated.
	pgOptions string
	// postmaster is PostgreSQL's first process.
	postmaster int
}

// seat is one mediator at work.
type seat struct {
	account uuid.UUID
	token   string
	person  uuid.UUID
	case_   uuid.UUID // for W
	short   uuid.UUID // a case of a few steps, for R
}

func newField(ctx context.Context) (*field, error) {
	folder, err := os.MkdirTemp("", "relais-bench-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(folder, 0o755); err != nil { //nolint:gosec // the database's own role must reach its folder
		return nil, err
	}
	f := &field{folder: folder, listener: &listener{}}
	config, err := house.ReadConfig(func(name string) string {
		return map[string]string{"RELAIS_VAR": folder, "RELAIS_ADDR": "localhost:8080", "RELAIS_LOG_LEVEL": "error"}[name]
	})
	if err != nil {
		return nil, err
	}
	config.Tracer = f.listener
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if f.house, err = house.Open(ctx, config, store.Env{}, log); err != nil {
		return nil, err
	}
	if err := f.furnish(ctx); err != nil {
		f.close()
		return nil, fmt.Errorf("furnish: %w", err)
	}
	if err := errors.Join(f.serve(ctx), f.findPostmaster(ctx)); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// findPostmaster asks a connection for its process: the parent is the first.
func (f *field) findPostmaster(ctx context.Context) error {
	var pid int
	err := f.house.Store.Pool().QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&pid)
	if err == nil {
		f.postmaster, err = parentOf(pid)
	}
	return err
}

// serve answers HTTP and sequences the log, as the server does.
func (f *field) serve(ctx context.Context) error {
	handler, _, err := f.house.Handler(ctx)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.address = l.Addr().String()
	f.handler, f.server = handler, &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(l) }() // ends with Close
	jobs, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.house.Run(jobs, house.Parts{Jobs: true}, nil) }()
	f.stopJob = func() {
		stop()
		if err := <-done; err != nil {
			fmt.Fprintln(os.Stderr, "bench: jobs:", err)
		}
	}
	return nil
}

func (f *field) close() {
	if f.server != nil {
		_ = f.server.Close() // the measurements are over
	}
	if f.stopJob != nil {
		f.stopJob()
	}
	if f.house != nil {
		f.house.Close()
	}
	_ = os.RemoveAll(f.folder) // a temporary folder
}

func (f *field) signIn(ctx context.Context, n int) (uuid.UUID, error) {
	a, err := f.house.Organisations.SignIn(ctx, organisations.Identity{Issuer: "https://bench.example", Subject: fmt.Sprint("s", n),
		Email: address(n), EmailVerified: true, Name: fmt.Sprint("Bench ", n)})
	return a.ID, err
}

func address(n int) string { return fmt.Sprintf("bench%d@bench.example", n) }

func (f *field) as(ctx context.Context, account uuid.UUID) (authz.Actor, error) {
	return f.house.Organisations.Actor(ctx, organisations.ActorQuery{Account: account, StrongAt: f.house.Store.Now()})
}

// furnish makes one organisation with its mediators, through domain commands.
func (f *field) furnish(ctx context.Context) error {
	o := f.house.Organisations
	if _, err := o.BootstrapOperator(ctx, "Bench 1000", address(1000)); err != nil {
		return err
	}
	operatorID, err := f.signIn(ctx, 1000)
	if err != nil {
		return err
	}
	operator, err := f.as(ctx, operatorID)
	if err != nil {
		return err
	}
	org, err := o.Create(ctx, operator, organisations.NewOrganisation{Name: "Bench", Kind: "test", Pack: "fr", TimeZone: "Europe/Paris",
		Territory: "FR-00", Address: "1 rue", City: "Paris", Phone: "0100000000", Email: "bench@bench.example"})
	if err != nil {
		return err
	}
	f.org = org.ID
	if _, err := o.Invite(ctx, operator, organisations.Invite{Organisation: org.ID, Name: "Bench 1001", Email: address(1001), Role: authz.Referent}); err != nil {
		return err
	}
	referent, err := f.signIn(ctx, 1001)
	if err != nil {
		return err
	}
	for n := range mediators {
		s, err := f.seat(ctx, referent, n)
		if err != nil {
			return fmt.Errorf("mediator %d: %w", n, err)
		}
		f.seats = append(f.seats, s)
	}
	return nil
}

func (f *field) seat(ctx context.Context, referentID uuid.UUID, n int) (seat, error) {
	var s seat
	o := f.house.Organisations
	referent, err := f.as(ctx, referentID)
	if err != nil {
		return s, err
	}
	m, err := o.Invite(ctx, referent, organisations.Invite{Organisation: f.org, Name: fmt.Sprint("Bench ", n), Email: address(n), Role: authz.Mediator})
	if err != nil {
		return s, err
	}
	if s.account, err = f.signIn(ctx, n); err != nil {
		return s, err
	}
	if err := o.Confirm(ctx, referent, m.ID); err != nil {
		return s, err
	}
	if err := o.RecordTraining(ctx, referent, organisations.Training{Membership: m.ID, Course: "Bench", Evidence: "Bench", CompletedOn: f.house.Store.Now().AddDate(0, 0, -2)}); err != nil {
		return s, err
	}
	mediator, err := f.as(ctx, s.account)
	if err != nil {
		return s, err
	}
	pack, err := f.house.Packs.Get("fr")
	if err != nil {
		return s, err
	}
	if err := o.AcceptCharter(ctx, mediator, pack.Charter.Version); err != nil {
		return s, err
	}
	if mediator, err = f.as(ctx, s.account); err != nil {
		return s, err
	}
	if s.person, s.case_, err = f.work(ctx, mediator, n); err != nil {
		return s, err
	}
	s.token, _, err = f.house.Sessions.Start(ctx, authz.NewSession{Account: s.account, Issuer: "bench", Organisation: f.org})
	return s, err
}

// work gives a mediator a person, a signed mandate, a case, and its first step.
func (f *field) work(ctx context.Context, actor authz.Actor, n int) (person, case_ uuid.UUID, err error) {
	pack, err := f.house.Packs.Get("fr")
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	b, err := f.house.Beneficiaries.Create(ctx, actor, beneficiaries.New{
		Identity: beneficiaries.Identity{GivenNames: fmt.Sprint("Personne ", n), FamilyName: "Banc", BirthDate: time.Date(1950, 1, 1+n, 0, 0, 0, 0, time.UTC), IdentityCheck: pack.IdentityDocuments[0].Code},
		Contact:  beneficiaries.Contact{Channel: "none", Language: "fr"}, DuplicateConfirmed: true})
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	ms := f.house.Mandates
	m, err := ms.Begin(ctx, actor, b.ID, "")
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	if m, err = ms.ChangeDraft(ctx, actor, m.ID, m.Version, mandates.Draft{DurationDays: 31, Language: "fr", ProtectionAnswer: "none", ConflictAnswer: "none",
		Grants: []mandates.GrantChoice{{Theme: "housing", Actions: packs.DefaultActions()}}}); err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	if m, err = ms.Present(ctx, actor, m.ID, m.Version); err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	if _, err = ms.Sign(ctx, actor, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: drawn()}); err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	c, err := ms.OpenCase(ctx, actor, mandates.OpenCase{Beneficiary: b.ID, Procedure: "housing.apl"})
	if err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	_, err = ms.LogStep(ctx, actor, mandates.NewStep{Case: c.ID, Action: packs.ActionView, Outcome: mandates.OutcomeDone, Present: true})
	return b.ID, c.ID, err
}

func drawn() *mandates.Drawn {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 200, 80))); err != nil {
		panic(err) // memory only
	}
	strokes := make([]map[string]int, 20)
	for i := range strokes {
		strokes[i] = map[string]int{"x": i * 5, "y": i, "t": i * 10}
	}
	raw, err := json.Marshal([][]map[string]int{strokes})
	if err != nil {
		panic(err)
	}
	return &mandates.Drawn{Strokes: raw, PNG: b.Bytes()}
}

var errAnswer = errors.New("an unexpected answer")
