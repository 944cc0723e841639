package ledger

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
)

// bundle is one test's log.
type bundle struct {
	store    *store.Store
	key      translog.SigningKey
	verifier note.Verifier
	reader   *Reader
}

func setup(t testing.TB) *bundle {
	t.Helper()
	st := storetest.NewWithEnv(t, store.SystemEnv())
	secret, err := translog.GenerateKey(rand.Reader, "log.example/relais")
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{store: st, reader: NewReader(st)}
	if b.key, err = translog.ParseKey(secret); err != nil {
		t.Fatal(err)
	}
	if b.verifier, err = b.key.Verifier(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) sequencer(t testing.TB, change func(*Deps)) *Sequencer {
	t.Helper()
	d := Deps{Store: b.store, Key: b.key, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&d)
	}
	s, err := NewSequencer(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// owner connects as the owner of the tables.
func (b *bundle) owner(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), storetest.OwnerURL(t, b.store))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func (b *bundle) exec(t testing.TB, conn *pgx.Conn, query string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func someEvent() translog.Event {
	return translog.Event{
		Kind:         translog.StepDone,
		Actor:        translog.Actor{Role: translog.RoleMediator, ID: uuid.New()},
		Organisation: uuid.New(), Beneficiary: uuid.New(), Mandate: uuid.New(), Case: uuid.New(), Step: uuid.New(),
		Procedure: "fr.housing_benefit", Action: "submit",
		Detail:   map[string]any{"mode": "present"},
		Personal: map[string]any{"note": "called together"},
	}
}

func (b *bundle) append(t testing.TB, e translog.Event) uuid.UUID {
	t.Helper()
	var id uuid.UUID
	err := b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) (err error) {
		id, err = Append(tx, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sequenceAll integrates until every committed event is in a checkpoint. Other
// tests' open transactions on the same server may hold it up for a moment.
func (b *bundle) sequenceAll(t testing.TB, s *Sequencer) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := s.SequenceOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, signed := b.sizes(t)
		if events == signed {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d events are signed", signed, events)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *bundle) sizes(t testing.TB) (events, signed int64) {
	t.Helper()
	err := b.store.Pool().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM events),
		coalesce((SELECT max(size) FROM log_checkpoints), -1)`).Scan(&events, &signed)
	if err != nil {
		t.Fatal(err)
	}
	return events, signed
}

// audit recomputes everything with another implementation: every checkpoint is
// signed and is the root of a prefix of the one order, batches follow each
// other, and no event is missing or there twice.
func (b *bundle) audit(t testing.TB) {
	t.Helper()
	roots := b.otherRoots(t)
	checkpoints := 0
	rows, err := b.store.Pool().Query(t.Context(), `SELECT size, root, note FROM log_checkpoints ORDER BY size`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var size int64
		var root []byte
		var text string
		if err := rows.Scan(&size, &root, &text); err != nil {
			t.Fatal(err)
		}
		c, err := translog.OpenCheckpoint(text, b.key.Name(), b.verifier)
		if err != nil {
			t.Fatal(err)
		}
		if c.Size != size || !bytes.Equal(c.Root[:], root) || size >= int64(len(roots)) || !bytes.Equal(roots[size], root) {
			t.Fatalf("the checkpoint of %d entries is not of the first %d of %d events", c.Size, size, len(roots)-1)
		}
		checkpoints++
	}
	if rows.Err() != nil || checkpoints == 0 {
		t.Fatalf("%d checkpoints, %v", checkpoints, rows.Err())
	}
	var gaps int
	err = b.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM (SELECT first_position AS f,
		coalesce(lag(first_position + size) OVER (ORDER BY first_position), 0) AS expected FROM log_batches) AS b WHERE f <> expected`).Scan(&gaps)
	if err != nil || gaps != 0 {
		t.Fatalf("%d batches do not follow the one before, %v", gaps, err)
	}
}

func (b *bundle) otherRoots(t testing.TB) [][]byte {
	t.Helper()
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	roots := [][]byte{rfc6962.DefaultHasher.EmptyRoot()}
	rows, err := b.store.Pool().Query(t.Context(), `SELECT leaf FROM events ORDER BY incarnation, xid, id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var leaf []byte
		if err := rows.Scan(&leaf); err != nil {
			t.Fatal(err)
		}
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			t.Fatal(err)
		}
		root, err := tree.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return roots
}
