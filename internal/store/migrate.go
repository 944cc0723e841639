package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/relais-org/relais/migrations"
)

// AppRole is the role the application connects with. It owns nothing.
const AppRole = "relais_app"

// defaultRights make every table that the owner creates later usable by the
// application, and let it empty or alter none.
var defaultRights = []string{
	`GRANT USAGE ON SCHEMA public TO ` + AppRole,
	`REVOKE CREATE ON SCHEMA public FROM ` + AppRole,
	`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ` + AppRole,
	`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ` + AppRole,
}

// narrowRights is what the application keeps on the tables that prove what
// happened, and on those that say which migrations ran.
var narrowRights = map[string]string{
	"events":           "SELECT, INSERT",
	"log_tiles":        "SELECT, INSERT",
	"log_batches":      "SELECT, INSERT",
	"log_checkpoints":  "SELECT, INSERT",
	"log_incarnation":  "SELECT",
	"standings":        "SELECT", // so does that of what an authority is made of
	"row_history":      "SELECT", // its trigger function writes as the owner
	"goose_db_version": "SELECT",
	"river_migration":  "SELECT",
}

// Migrate brings the database up to this release: the application's role, the
// schema, the job queue's tables, the rights. It may run again, and in several
// servers at once: the others wait for the first.
//
// ownerURL is the role that owns the tables. appPassword is set on the
// application's role unless it is empty, as with a private instance, where the
// socket's folder is the gate.
func Migrate(ctx context.Context, ownerURL, appPassword string) (err error) {
	cfg, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return errors.New("the owner's database address cannot be read (expected postgres://role:password@host:port/name)")
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { _ = db.Close() }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the database as its owner: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	defer func() { err = errors.Join(err, locker.SessionUnlock(context.WithoutCancel(ctx), conn)) }()
	return migrate(ctx, db, appPassword)
}

// migrate runs under the lock. Default rights come before the tables, so that
// a migration can take some back.
func migrate(ctx context.Context, db *sql.DB, appPassword string) error {
	if err := ensureRole(ctx, db, appPassword); err != nil {
		return err
	}
	for _, right := range defaultRights {
		if _, err := db.ExecContext(ctx, right); err != nil {
			return fmt.Errorf("give default rights: %w", err)
		}
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
		goose.WithAllowOutofOrder(true)) // they are additive: numbers are given when work begins, not when it ends
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	queue, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("read the job queue's migrations: %w", err)
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	return narrow(ctx, db)
}

// ensureRole makes the application's role if it is not there. Roles belong to
// the whole server, so a migration of another database may be quicker.
func ensureRole(ctx context.Context, db *sql.DB, password string) error {
	var there bool
	err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, AppRole).Scan(&there)
	if err != nil {
		return fmt.Errorf("look for the role %s: %w", AppRole, err)
	}
	if !there {
		_, err := db.ExecContext(ctx, `CREATE ROLE `+AppRole+` LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`)
		var pg *pgconn.PgError
		if err != nil && (!errors.As(err, &pg) || (pg.Code != "42710" && pg.Code != "23505")) {
			return fmt.Errorf("make the role %s: %w", AppRole, err)
		}
	}
	if password == "" {
		return nil
	}
	var alter string
	err = db.QueryRowContext(ctx, `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)`, AppRole, password).Scan(&alter)
	if err == nil {
		_, err = db.ExecContext(ctx, alter)
	}
	if err != nil {
		return fmt.Errorf("set the password of the role %s: %w", AppRole, err)
	}
	return nil
}

func narrow(ctx context.Context, db *sql.DB) error {
	for table, rights := range narrowRights {
		var there bool
		if err := db.QueryRowContext(ctx, `SELECT to_regclass('public.' || $1) IS NOT NULL`, table).Scan(&there); err != nil {
			return fmt.Errorf("look for the table %s: %w", table, err)
		}
		if !there {
			continue
		}
		// Both statements in one round trip are one transaction: no moment without rights.
		statement := `DO $$ BEGIN REVOKE ALL ON ` + table + ` FROM ` + AppRole + `; GRANT ` + rights + ` ON ` + table + ` TO ` + AppRole + `; END $$` //nolint:gosec // names of the table above
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("narrow the rights on %s: %w", table, err)
		}
	}
	return nil
}
