package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
)

// appendOnly are the tables that prove what happened.
var appendOnly = []string{"events", "log_tiles", "log_batches", "log_checkpoints", "row_history"}

func denied(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// LG-05: the application's role can neither change nor remove what was logged.
func TestApplicationCannotRewriteTheLog(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	for _, table := range appendOnly {
		for _, attack := range []string{
			"DELETE FROM " + table,
			"TRUNCATE " + table,
			"DROP TABLE " + table,
			"ALTER TABLE " + table + " DISABLE TRIGGER ALL",
			"ALTER TABLE " + table + " ADD COLUMN x int",
			"GRANT ALL ON " + table + " TO " + store.AppRole,
			"CREATE RULE r AS ON INSERT TO " + table + " DO INSTEAD NOTHING",
		} {
			_, err := st.Pool().Exec(t.Context(), attack)
			if err == nil && strings.HasPrefix(attack, "GRANT") {
				continue // PostgreSQL only warns that nothing was granted; the rights are read below
			}
			if !denied(err) {
				t.Errorf("%s: %v, want permission denied", attack, err)
			}
		}
		var update string
		err := st.OneStatement(t.Context(), `SELECT 'UPDATE '||attrelid::regclass||' SET '||quote_ident(attname)||' = NULL' FROM pg_attribute
			WHERE attrelid = $1::regclass AND attnum = 2`, []any{table}, &update)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Pool().Exec(t.Context(), update); !denied(err) {
			t.Errorf("%s: %v, want permission denied", update, err)
		}
	}
	if _, err := st.Pool().Exec(t.Context(), `INSERT INTO row_history DEFAULT VALUES`); !denied(err) {
		t.Errorf("row history was written by hand: %v", err)
	}
}

// LG-05: rights read from the catalogue, for every table, so that a new table
// with surprising rights shows.
func TestApplicationRights(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	rows, err := st.Pool().Query(t.Context(), `SELECT c.relname, coalesce((SELECT string_agg(privilege_type, ',' ORDER BY privilege_type)
			FROM aclexplode(c.relacl) WHERE grantee = $1::regrole), ''), pg_has_role($1, c.relowner, 'usage')
		FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`, store.AppRole)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	seen := 0
	for rows.Next() {
		var table, rights string
		var owns bool
		if err := rows.Scan(&table, &rights, &owns); err != nil {
			t.Fatal(err)
		}
		seen++
		want := []string{"DELETE,INSERT,SELECT,UPDATE", "DELETE,INSERT,SELECT", "INSERT,SELECT,UPDATE", "INSERT,SELECT", "SELECT"}
		switch {
		case table == "row_history" || table == "goose_db_version" || table == "river_migration":
			want = []string{"SELECT"}
		case slices.Contains(appendOnly, table):
			want = []string{"INSERT,SELECT"}
		}
		if owns || !slices.Contains(want, rights) {
			t.Errorf("%s: rights %q (owner: %v), want one of %q", table, rights, owns, want)
		}
	}
	if rows.Err() != nil || seen < 20 {
		t.Errorf("read %d tables, error %v", seen, rows.Err())
	}
}

// Two servers starting at once, and every later start, migrate without harm.
func TestMigrateAgainAndAtOnce(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	owner := storetest.OwnerURL(t, st)
	if err := store.Migrate(t.Context(), owner, ""); err != nil {
		t.Errorf("again: %v", err)
	}
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := store.Migrate(t.Context(), owner, ""); err != nil {
				t.Errorf("at once: %v", err)
			}
		})
	}
	both.Wait()
	if _, err := st.Pool().Exec(t.Context(), `SELECT FROM events`); err != nil {
		t.Errorf("after migrating from nothing: %v", err)
	}
}

// A change without a named actor is refused by the database itself.
func TestRowHistoryDemandsActing(t *testing.T) {
	t.Parallel()
	st := storetest.New(t)
	insert := `INSERT INTO accounts (id, name, email, state, created_at) VALUES ($1, 'Ana', 'ana@example.org', 'invited', $2)`
	if _, err := st.Pool().Exec(t.Context(), insert, st.NewID(), st.Now()); !denied(err) {
		t.Errorf("without acting: %v, want refused", err)
	}
	id := st.NewID()
	err := st.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
		return tx.DB().Exec(`INSERT INTO accounts (id, name, email, state, created_at) VALUES (?, 'Ana', 'ana@example.org', 'invited', ?)`, id, tx.Now()).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	var acting string
	if err := st.OneStatement(t.Context(), `SELECT acting FROM row_history WHERE row_id = $1`, []any{id}, &acting); err != nil || acting != store.System().String() {
		t.Errorf("row history names %q (%v)", acting, err)
	}
}

func TestOpenSaysPlainlyWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), store.Options{URL: "postgres://relais:s3cret@local host/x"})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an unreadable address: %v", err)
	}
	if err := store.Migrate(t.Context(), "postgres://relais:s3cret@local host/x", ""); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("an unreadable owner's address: %v", err)
	}
}
