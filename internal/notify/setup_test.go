package notify

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

// bundle is a database with messages, and what a worker said in its log.
type bundle struct {
	*Service
	t     testing.TB
	store *store.Store
	log   *safeBuffer
}

// safeBuffer is written to by workers and read by the test.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func setup(t testing.TB, mail, sms Sender) *bundle {
	t.Helper()
	b := &bundle{t: t, store: storetest.New(t), log: &safeBuffer{}}
	b.Service = New(Dependencies{Store: b.store, Mail: mail, SMS: sms, Logger: slog.New(slog.NewTextHandler(b.log, nil))})
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mailTo is a message as commands make them.
func mailTo(recipient string) Message {
	return Message{DedupeKey: "mandate_signed:" + uuid.NewString(), Kind: "mandate_signed", Channel: Mail, Language: "fr",
		Recipient: recipient, Subject: "Votre mandat a commencé", Body: "Bonjour. Jusqu'au 3 mars 2027 inclus."}
}

func smsTo(recipient string) Message {
	return Message{DedupeKey: "phone_code:" + uuid.NewString(), Kind: "portal_code", Channel: SMS, Language: "fr",
		Recipient: recipient, Body: "Relais : votre code est 482913.", Secret: true}
}

// queue puts a message in a transaction and gives its row's id.
func (b *bundle) queue(m Message) uuid.UUID {
	b.t.Helper()
	must(b.t, b.inTx(func(tx *store.Tx) error { return Queue(tx, m) }))
	return b.id(m.DedupeKey)
}

func (b *bundle) inTx(fn func(tx *store.Tx) error) error {
	return b.store.InTx(context.Background(), store.System(), fn)
}

func (b *bundle) id(key string) uuid.UUID {
	b.t.Helper()
	var id uuid.UUID
	must(b.t, b.store.Pool().QueryRow(context.Background(), `SELECT id FROM messages WHERE dedupe_key = $1`, key).Scan(&id))
	return id
}

// work does the job once, as its nth attempt.
func (b *bundle) work(id uuid.UUID, attempt int, secret bool) error {
	b.t.Helper()
	w := &sendWorker{service: b.Service}
	return w.Work(b.t.Context(), &river.Job[sendArgs]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: maxAttempts},
		Args: sendArgs{Message: id, Secret: secret}})
}

// kept is what the table says of a message.
type kept struct {
	State, Body, Why string
	Attempts         int
}

func (b *bundle) kept(id uuid.UUID) kept {
	b.t.Helper()
	var k kept
	must(b.t, b.store.Pool().QueryRow(context.Background(), `SELECT state, body, error, attempts FROM messages WHERE id = $1`, id).
		Scan(&k.State, &k.Body, &k.Why, &k.Attempts))
	return k
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n))
	return n
}

// organisation puts one there directly: this package is below the one that
// makes them.
func (b *bundle) organisation(name string) uuid.UUID {
	b.t.Helper()
	id := uuid.New()
	must(b.t, b.inTx(func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO organisations (id, name, pack, time_zone, state, created_at) VALUES (?, ?, 'fr', 'Europe/Paris', 'active', ?)`,
			id, name, tx.Now()).Error
	}))
	return id
}
