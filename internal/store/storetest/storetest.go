package storetest

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
)

// connections of each test's pool: enough for races, few enough for many
// tests at once.
const connections = 12

// New opens a database of this test's own, with a clock at [NewClock].
func New(t testing.TB) *store.Store {
	t.Helper()
	return NewWithClock(t, NewClock())
}

// NewWithClock is New with the clock in the test's hands.
func NewWithClock(t testing.TB, clock *Clock) *store.Store {
	t.Helper()
	env := store.SystemEnv()
	env.Now = clock.Now
	return NewWithEnv(t, env)
}

// NewWithEnv is New with the whole environment in the test's hands.
func NewWithEnv(t testing.TB, env store.Env) *store.Store {
	t.Helper()
	ctx := context.Background()
	srv, err := running()
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	name := "relais_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if err := srv.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+srv.template); err != nil {
		t.Fatalf("storetest: clone the template: %v", err)
	}
	t.Cleanup(func() {
		if err := srv.exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("storetest: drop the database: %v", err)
		}
	})
	st, err := store.Open(ctx, store.Options{
		URL:      address(srv.owner, store.AppRole, name),
		MaxConns: connections,
		Env:      env,
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	t.Cleanup(st.Close)
	return st
}

// OwnerURL is the address of the test's database as the owner of its tables,
// for tests that attack with more rights than the application has.
func OwnerURL(t testing.TB, st *store.Store) string {
	t.Helper()
	srv, err := running()
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	return address(srv.owner, "", st.Pool().Config().ConnConfig.Database)
}

// AppURL is the address of the test's database as the application, for tests
// that start a server of their own on it.
func AppURL(t testing.TB, st *store.Store) string {
	t.Helper()
	srv, err := running()
	if err != nil {
		t.Fatalf("storetest: %v", err)
	}
	return address(srv.owner, store.AppRole, st.Pool().Config().ConnConfig.Database)
}

// address is the server's address for another role and database. The role's
// password, where the server asks for one, is the same word as the role.
func address(owner, role, database string) string {
	u, err := url.Parse(owner)
	if err != nil {
		return owner // Open says what is wrong with it
	}
	u.Path = "/" + database
	if role == "" {
		return u.String()
	}
	query := u.Query()
	if u.User != nil {
		u.User = url.UserPassword(role, role)
	} else {
		query.Set("user", role)
	}
	u.RawQuery = query.Encode()
	return u.String()
}
