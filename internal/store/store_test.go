package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivertest"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

// bundle is a store with one table of the test's own.
type bundle struct {
	*store.Store
	clock *storetest.Clock
	owner *pgx.Conn
}

type row struct {
	ID    uuid.UUID
	State string
	At    time.Time
}

func (row) TableName() string { return "things" }

func setup(t *testing.T) bundle {
	t.Helper()
	clock := storetest.NewClock()
	b := bundle{Store: storetest.NewWithClock(t, clock), clock: clock}
	var err error
	if b.owner, err = pgx.Connect(t.Context(), storetest.OwnerURL(t, b.Store)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.owner.Close(context.Background()) })
	_, err = b.owner.Exec(t.Context(), `CREATE TABLE things (
		id uuid PRIMARY KEY, state text NOT NULL, at timestamptz NOT NULL, CONSTRAINT things_state UNIQUE (state))`)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b bundle) count(t *testing.T) int64 {
	t.Helper()
	var n int64
	if err := b.Read(t.Context()).Model(&row{}).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func (b bundle) add(tx *store.Tx, state string) error {
	return tx.DB().Create(&row{ID: tx.NewID(), State: state, At: tx.Now()}).Error
}

var mediator = store.Acting{Account: uuid.MustParse("0190a000-0000-7000-8000-000000000001"), As: "mediator"}

func TestInTxCommitsWithActingAndOneInstant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		before := tx.Now()
		b.clock.Advance(time.Hour)
		if !tx.Now().Equal(before) {
			t.Error("the transaction's time moved")
		}
		var acting string
		if err := tx.DB().Raw(`SELECT current_setting('relais.acting')`).Scan(&acting).Error; err != nil {
			return err
		}
		if want := "mediator:" + mediator.Account.String(); acting != want {
			t.Errorf("acting %q, want %q", acting, want)
		}
		return b.add(tx, "committed")
	})
	if err != nil {
		t.Fatal(err)
	}
	var got row
	if err := store.First(b.Read(t.Context()).Where("state = ?", "committed"), &got); err != nil {
		t.Fatal(err)
	}
	if want := storetest.NewClock().Now(); got.At != want {
		t.Errorf("read back %v, want %v in UTC", got.At, want)
	}
	// The name of who acts ends with the transaction.
	var acting string
	if err := b.OneStatement(t.Context(), `SELECT coalesce(current_setting('relais.acting', true), '')`, nil, &acting); err != nil || acting != "" {
		t.Errorf("after the transaction: acting %q, error %v", acting, err)
	}
}

func TestInTxRollsBack(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		fn   func(b bundle, cancel context.CancelFunc, tx *store.Tx) error
		want error
	}{
		"on an error": {func(b bundle, _ context.CancelFunc, tx *store.Tx) error {
			return errors.Join(b.add(tx, "x"), refused)
		}, refused},
		"when the context ended unnoticed": {func(b bundle, cancel context.CancelFunc, tx *store.Tx) error {
			err := b.add(tx, "x")
			cancel()
			return err
		}, context.Canceled},
		"when the context ends during a statement": {func(b bundle, cancel context.CancelFunc, tx *store.Tx) error {
			if err := b.add(tx, "x"); err != nil {
				return err
			}
			time.AfterFunc(50*time.Millisecond, cancel)
			return tx.DB().Exec(`SELECT pg_sleep(10)`).Error
		}, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := b.InTx(ctx, mediator, func(tx *store.Tx) error { return c.fn(b, cancel, tx) })
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if n := b.count(t); n != 0 {
				t.Errorf("%d rows stayed", n)
			}
		})
	}
}

func TestInTxRollsBackOnPanicAndGivesTheConnectionBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
			if err := b.add(tx, "x"); err != nil {
				t.Error(err)
			}
			panic("in a command")
		})
	}()
	if n := b.count(t); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	if held := b.Pool().Stat().AcquiredConns(); held != 0 {
		t.Errorf("%d connections were not given back", held)
	}
}

func TestInTxRefusesNestingAndAnonymity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		return errors.Join(b.add(tx, "outer"), b.InTx(t.Context(), mediator, func(*store.Tx) error { return nil }))
	})
	if err == nil {
		t.Error("a nested transaction was begun")
	}
	if n := b.count(t); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
	// Another goroutine's transaction is not nested.
	err = b.InTx(t.Context(), mediator, func(*store.Tx) error {
		other := make(chan error)
		go func() { other <- b.InTx(t.Context(), mediator, func(*store.Tx) error { return nil }) }()
		return <-other
	})
	if err != nil {
		t.Errorf("a transaction beside another: %v", err)
	}
	if err := b.InTx(t.Context(), store.Acting{}, func(*store.Tx) error { return nil }); err == nil {
		t.Error("a transaction named nobody")
	}
}

func TestInTxRunsAgainAfterSerialisationFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, code := range []string{"40001", "40P01"} {
		ran := 0
		err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
			if ran++; ran < 3 {
				return tx.DB().Exec(`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '` + code + `'; END $$`).Error
			}
			return b.add(tx, code)
		})
		if err != nil || ran != 3 {
			t.Errorf("%s: ran %d times, error %v", code, ran, err)
		}
	}
	ran := 0
	err := b.InTx(t.Context(), mediator, func(*store.Tx) error { ran++; return &pgconn.PgError{Code: "40001"} })
	if err == nil || ran != 4 {
		t.Errorf("a failure that stays: ran %d times, error %v", ran, err)
	}
}

func TestGuardedChangeDemandsOneRow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	move := func(from, to string) error {
		return b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
			return store.ExpectOne(tx.DB().Model(&row{}).Where("state = ?", from).Updates(map[string]any{"state": to}))
		})
	}
	if err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error { return b.add(tx, "active") }); err != nil {
		t.Fatal(err)
	}
	if err := move("active", "revoked"); err != nil {
		t.Errorf("the first change: %v", err)
	}
	if err := move("active", "expired"); !errors.Is(err, store.ErrStale) || problem.As(err).Kind != problem.KindConflict {
		t.Errorf("the second change: %v, want stale", err)
	}
	err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		if err := b.add(tx, "other"); err != nil {
			return err
		}
		return store.ExpectOne(tx.DB().Model(&row{}).Where("true").Updates(map[string]any{"at": tx.Now()}))
	})
	if err == nil || errors.Is(err, store.ErrStale) {
		t.Errorf("a change of two rows: %v", err)
	}
}

func TestErrorsOfReadsAndConstraints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var none row
	if err := store.First(b.Read(t.Context()).Where("state = ?", "absent"), &none); !problem.Is(err, "not_found") {
		t.Errorf("First on nothing: %v", err)
	}
	var id uuid.UUID
	if err := b.OneStatement(t.Context(), `SELECT id FROM things WHERE state = $1`, []any{"absent"}, &id); !errors.Is(err, store.ErrNoRow) {
		t.Errorf("OneStatement on nothing: %v", err)
	}
	wrote := b.NewID()
	err := b.OneStatement(t.Context(), `INSERT INTO things VALUES ($1, 'one', $2) RETURNING id`, []any{wrote, b.Now()}, &id)
	if err != nil || id != wrote {
		t.Errorf("OneStatement wrote %v (%v), want %v", id, err, wrote)
	}
	err = b.InTx(t.Context(), mediator, func(tx *store.Tx) error { return b.add(tx, "one") })
	if !store.IsUnique(err, "things_state") || !store.IsUnique(err, "") || store.IsUnique(err, "things_pkey") || !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Errorf("a duplicate: %v", err)
	}
}

func TestQueriesStartFresh(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		if err := b.add(tx, "kept"); err != nil {
			return err
		}
		_ = tx.DB().Where("state = ?", "absent")
		var n int64
		if err := tx.DB().Model(&row{}).Count(&n).Error; err != nil || n != 1 {
			t.Errorf("a condition was left over: counted %d, error %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

type letter struct {
	To string `json:"to"`
}

func (letter) Kind() string { return "letter" }

type letterWorker struct {
	river.WorkerDefaults[letter]
	sent chan string
}

func (w *letterWorker) Work(_ context.Context, job *river.Job[letter]) error {
	w.sent <- job.Args.To
	return nil
}

func TestJobsExistOnlyIfTheTransactionCommits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	worker := &letterWorker{sent: make(chan string, 4)}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker)
	client, err := b.JobClient(workers, map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Stop(context.Background()) })
	err = b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		return errors.Join(tx.Enqueue(letter{To: "rolled back"}, nil), errors.New("refused"))
	})
	if err == nil {
		t.Fatal("the command was not refused")
	}
	err = b.InTx(t.Context(), mediator, func(tx *store.Tx) error {
		if err := tx.Enqueue(letter{To: "committed"}, nil); err != nil {
			return err
		}
		rivertest.RequireInsertedTx[*riverdatabasesql.Driver](t.Context(), t, tx.SQL(), &letter{}, nil)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case to := <-worker.sent:
		if to != "committed" {
			t.Errorf("worked %q", to)
		}
	case <-time.After(time.Minute):
		t.Error("the committed job was not worked")
	}
	select {
	case to := <-worker.sent:
		t.Errorf("worked %q too", to)
	default:
	}
}
