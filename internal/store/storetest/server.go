package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/postgres"
	"github.com/relais-org/relais/migrations"
)

// Variable names the environment variable with the owner's address of a server
// to use instead of starting one.
const Variable = "RELAIS_TEST_DATABASE_URL"

const folderPrefix = "relais-test-"

// server is what all tests of this binary share.
type server struct {
	owner    string
	template string
}

// running gives the shared server. A private one ends with this process.
var running = sync.OnceValues(func() (*server, error) {
	ctx := context.Background()
	srv := &server{owner: os.Getenv(Variable)}
	if srv.owner == "" {
		inst, err := Start(ctx)
		if err != nil {
			return nil, err
		}
		srv.owner = inst.OwnerURL()
	}
	if err := srv.makeTemplate(ctx); err != nil {
		return nil, fmt.Errorf("make the template: %w", err)
	}
	return srv, nil
})

// Start starts a throw-away server in the temporary folder, and removes what
// earlier ones left there.
func Start(ctx context.Context) (*postgres.Instance, error) {
	sweep()
	return postgres.Start(ctx, postgres.Options{
		Dir:    filepath.Join(os.TempDir(), folderPrefix+strconv.Itoa(os.Getpid())),
		Logger: slog.New(slog.DiscardHandler),
	})
}

// sweep removes the folders of processes that are gone: a test binary has no
// last moment in which to do so itself.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*")) // the pattern is well formed
	for _, dir := range left {
		pid := filepath.Base(dir)[len(folderPrefix):]
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, os.ErrNotExist) {
			_ = postgres.Remove(dir) // somebody else's, or being removed: not ours to report
		}
	}
}

// makeTemplate migrates one database to clone, once for a server and a set of
// migrations, whichever test binary is first.
func (s *server) makeTemplate(ctx context.Context) error {
	sum, err := digest(migrations.FS)
	if err != nil {
		return err
	}
	s.template = "relais_template_" + sum
	conn, err := pgx.Connect(ctx, address(s.owner, "", "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	// The lock is on a session that this function closes.
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(hashtext('relais storetest'))`); err != nil {
		return err
	}
	var there bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, s.template).Scan(&there)
	if err != nil || there {
		return err
	}
	fresh := s.template + "_new"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + fresh, "CREATE DATABASE " + fresh} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	if err := store.Migrate(ctx, address(s.owner, "", fresh), s.appPassword()); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+fresh+" RENAME TO "+s.template)
	return err
}

// appPassword is none where the owner has none either.
func (s *server) appPassword() string {
	if u, err := url.Parse(s.owner); err == nil && u.User != nil {
		return store.AppRole
	}
	return ""
}

func (s *server) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, address(s.owner, "", "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// digest names a set of migrations.
func digest(files fs.FS) (string, error) {
	sum := sha256.New()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}
