package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	gormlogger "gorm.io/gorm/logger"
)

// oldestServer is the oldest PostgreSQL that is tried, as server_version_num.
const oldestServer = 150000

// Options say which database, and with what.
type Options struct {
	// URL of the database, for the application's role, never for the owner.
	URL string
	// MaxConns of the pool; 0 is four for each core, the best measured.
	MaxConns int
	// Env of the commands; what is left out is the real world's.
	Env Env
	// Logger for warnings of the pool and of jobs; nil is slog.Default.
	Logger *slog.Logger
	// Tracer sees every statement; nil, as always but in cmd/bench, is none.
	Tracer pgx.QueryTracer
}

// Store is the open database.
type Store struct {
	pool     *pgxpool.Pool
	hot      *pgxpool.Pool
	sql      *sql.DB
	gorm     *gorm.DB
	hotSQL   *sql.DB
	hotGorm  *gorm.DB
	inserter *river.Client[*sql.Tx]
	env      Env
	log      *slog.Logger
}

// Open connects, and refuses a server that is too old. It migrates nothing.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{env: o.Env.complete(), log: o.Logger}
	if s.log == nil {
		s.log = slog.Default()
	}
	cfg, err := poolConfig(o)
	if err != nil {
		return nil, err
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("open the pool: %w", err)
	}
	if s.hot, err = pgxpool.NewWithConfig(ctx, hotConfig(cfg)); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("open the pool of hot statements: %w", err)
	}
	s.sql, s.hotSQL = stdlib.OpenDBFromPool(s.pool), stdlib.OpenDBFromPool(s.hot)
	if err := s.prepare(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	var err error
	if s.gorm, err = s.openGorm(s.sql); err != nil {
		return err
	}
	if s.hotGorm, err = s.openGorm(s.hotSQL); err != nil {
		return err
	}
	s.inserter, err = newInserter(s.log)
	return err
}

// openGorm opens GORM on a pool. PrepareStmt stays off: it is slower here and hides
// the *sql.Tx that enqueueing needs. Its logger stays silent: it prints values of rows.
func (s *Store) openGorm(on *sql.DB) (*gorm.DB, error) {
	db, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: on}), &gorm.Config{
		SkipDefaultTransaction:   true,
		TranslateError:           true,
		DisableAutomaticPing:     true,
		DisableNestedTransaction: true,
		Logger:                   gormlogger.Discard,
		NowFunc:                  s.env.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	return db, nil
}

// poolConfig sets the limits that keep one slow command from stalling the log:
// its sequencer waits for the oldest writing transaction.
func poolConfig(o Options) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		// The parser's error may quote the URL, which holds a password.
		return nil, errors.New("the database address cannot be read (expected postgres://role:password@host:port/name)")
	}
	cfg.ConnConfig.Tracer = o.Tracer
	cfg.MaxConns = int32(min(4*runtime.GOMAXPROCS(0), 1000))
	if o.MaxConns > 0 {
		cfg.MaxConns = int32(min(o.MaxConns, 1000))
	}
	for name, value := range map[string]string{
		"application_name":                    "relais",
		"timezone":                            "UTC",
		"statement_timeout":                   "60s",
		"lock_timeout":                        "15s",
		"idle_in_transaction_session_timeout": "30s",
	} {
		if _, set := cfg.ConnConfig.RuntimeParams[name]; !set {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	cfg.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	return cfg, nil
}

// hotSettings are those of the connections of hotConfig.
var hotSettings = map[string]string{
	"plan_cache_mode": "force_generic_plan",
	"enable_seqscan":  "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
	"join_collapse_limit": "1", "from_collapse_limit": "1",
	"jit": "off", // the switches above are costs, which would call for it
}

// hotConfig is as many connections more for the statements of every request, which
// find their rows by index, table by table in the order written, whatever the
// tables' sizes: planned once for each connection, never again for the values of
// one call, and never by the statistics of a day when the tables were small. They
// also never wait for a connection that a long search holds.
func hotConfig(cfg *pgxpool.Config) *pgxpool.Config {
	hot := cfg.Copy()
	hot.MaxConns = max(4, cfg.MaxConns)
	maps.Copy(hot.ConnConfig.RuntimeParams, hotSettings)
	return hot
}

// HotOptions are the settings of Hot's connections as libpq takes them
// (PGOPTIONS), for a bench that repeats their statements.
func HotOptions() string {
	var b strings.Builder
	for name, value := range hotSettings {
		fmt.Fprintf(&b, "-c %s=%s ", name, value)
	}
	return b.String()
}

// checkServer refuses an old server, and warns when the role can do what the
// application must not be able to do.
func (s *Store) checkServer(ctx context.Context) error {
	var version int
	var owner bool
	err := s.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int,
		(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
		OR EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user)`).Scan(&version, &owner)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	if version < oldestServer {
		return fmt.Errorf("PostgreSQL %d is too old: 15 or newer is needed", version/10000)
	}
	if owner {
		s.log.WarnContext(ctx, "the application is connected as an owner of the tables: give it the role "+AppRole)
	}
	return nil
}

// Close ends the pool, waiting for connections in use.
func (s *Store) Close() {
	_ = s.sql.Close() // neither holds an idle connection: nothing to fail
	_ = s.hotSQL.Close()
	s.hot.Close()
	s.pool.Close()
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Pool is the shared pool, for hand-written statements and for listening.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Hot is for the single statements that every request makes: see hotConfig.
// Never begin a transaction on it, nor scan a table.
func (s *Store) Hot() *pgxpool.Pool { return s.hot }

// Env is what commands take from the world.
func (s *Store) Env() Env { return s.env }

// Now is the current instant, in UTC, to the microsecond.
func (s *Store) Now() time.Time { return s.env.Now() }

// NewID is an id for a new row.
func (s *Store) NewID() uuid.UUID { return s.env.NewID() }

// Read starts a query outside any transaction: fresh at each call.
func (s *Store) Read(ctx context.Context) *gorm.DB {
	return s.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
}

// ReadHot is Read on Hot's connections, for what a page reads by keys: one person's
// rows, one case's. Never for a search, a list of an organisation's, or a scan.
func (s *Store) ReadHot(ctx context.Context) *gorm.DB {
	return s.hotGorm.Session(&gorm.Session{NewDB: true, Context: ctx})
}

// OneStatement runs one statement that is its own transaction, the cheapest
// durable write there is, and scans its row. ErrNoRow when it gives none.
// A statement that changes a table with row history sets relais.acting itself
// (set_config in a CTE that the change reads).
func (s *Store) OneStatement(ctx context.Context, query string, args []any, dest ...any) error {
	err := s.hot.QueryRow(ctx, query, args...).Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoRow
	}
	return err
}
