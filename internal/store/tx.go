package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"gorm.io/gorm"
)

const (
	// attempts of a command that PostgreSQL asks to run again.
	attempts = 4
	// longest a transaction may last: the log's sequencer waits for it.
	longest = time.Minute
)

// Acting is in whose name a transaction changes rows.
type Acting struct {
	// Account is the acting account, or the beneficiary for "person"; the nil
	// UUID for "system".
	Account uuid.UUID
	// As is the role word: "mediator", "referent", "supervisor", "operator",
	// "person", "service", "system".
	As string
}

// System acts for nobody: background jobs, migrations, demonstration data.
func System() Acting { return Acting{As: "system"} }

// String is what row history keeps, "<as>:<account>".
func (a Acting) String() string { return a.As + ":" + a.Account.String() }

// Tx is a transaction under way. It ends with the function it was given to.
type Tx struct {
	store *Store
	ctx   context.Context
	sql   *sql.Tx
	gorm  *gorm.DB
	now   time.Time
}

// InTx runs one command in one transaction, read committed, and commits if fn
// returns nil. It is the only beginning of a transaction in the house.
//
// fn runs again, up to three times, when PostgreSQL reports a serialisation
// failure or a deadlock. An error, a panic or a context that ended rolls
// everything back. Calling InTx inside fn is an error: pass the Tx on.
func (s *Store) InTx(ctx context.Context, acting Acting, fn func(tx *Tx) error) error {
	if acting.As == "" {
		return errors.New("store: a transaction must name who acts")
	}
	if insideTransaction() {
		return errors.New("store: a transaction was begun inside another one; pass the Tx on")
	}
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, acting, fn)
		if err == nil || attempt == attempts || !runAgain(err) || ctx.Err() != nil {
			return err
		}
	}
}

// attempt runs fn once. The transaction itself lives on a context that the
// caller cannot end, so that rolling back always reaches the server; the
// statements inside it carry the caller's context.
//
//go:noinline
func (s *Store) attempt(ctx context.Context, acting Acting, fn func(tx *Tx) error) (err error) {
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return fmt.Errorf("take a connection: %w", err)
	}
	defer func() { _ = conn.Close() }() // back to the pool; the outcome is known by then
	life, end := context.WithTimeout(context.WithoutCancel(ctx), longest)
	defer end()
	sqlTx, err := conn.BeginTx(life, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if committed {
			return
		}
		if rollback := sqlTx.Rollback(); rollback != nil && !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rollback))
		}
	}()
	if _, err = sqlTx.ExecContext(ctx, `SELECT set_config('relais.acting', $1, true)`, acting.String()); err != nil {
		return fmt.Errorf("name who acts: %w", err)
	}
	if err = fn(s.newTx(ctx, sqlTx)); err != nil {
		return err
	}
	if err = ctx.Err(); err != nil {
		return err
	}
	if err = sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

func (s *Store) newTx(ctx context.Context, sqlTx *sql.Tx) *Tx {
	g := s.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = sqlTx
	return &Tx{store: s, ctx: ctx, sql: sqlTx, gorm: g, now: s.env.Now()}
}

// runAgain reports the two failures after which PostgreSQL asks for the whole
// transaction to be tried again.
func runAgain(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// insideTransaction walks the callers of this goroutine for one of our own
// transactions. Contexts carry no transaction in this house, and a nested one
// would wait for ever on an exhausted pool; the walk costs a few microseconds.
func insideTransaction() bool {
	var callers [64]uintptr
	for _, pc := range callers[:runtime.Callers(2, callers[:])] {
		if f := runtime.FuncForPC(pc); f != nil && strings.HasSuffix(f.Name(), "internal/store.(*Store).attempt") {
			return true
		}
	}
	return false
}

// DB starts a GORM query in the transaction: fresh at each call.
func (t *Tx) DB() *gorm.DB {
	return t.gorm.Session(&gorm.Session{NewDB: true, Context: t.ctx})
}

// SQL is the transaction for database/sql and for rivertest.
func (t *Tx) SQL() *sql.Tx { return t.sql }

// Context is the one InTx was called with.
func (t *Tx) Context() context.Context { return t.ctx }

// Now is the instant of the transaction: the same at each call, until Restamp.
func (t *Tx) Now() time.Time { return t.now }

// Restamp takes the instant again. A command that waited for a lock calls it
// right after, so that what it writes is dated after what it waited for: a
// revocation is never dated before a step that was let through.
func (t *Tx) Restamp() { t.now = t.store.env.Now() }

// NewID is an id for a new row.
func (t *Tx) NewID() uuid.UUID { return t.store.env.NewID() }

// Env is what the command takes from the world. Prefer Now of the Tx.
func (t *Tx) Env() Env { return t.store.env }

// Enqueue adds a job that exists only if the transaction commits.
func (t *Tx) Enqueue(args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := t.store.inserter.InsertTx(t.ctx, t.sql, args, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}
