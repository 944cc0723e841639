package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/migrations"
)

// account is whom an act is about.
type account struct {
	id                 uuid.UUID
	name, email, state string
}

var errNoAccount = errors.New("no account has this address")

// findAccount finds the account that is not ended at an address.
func findAccount(ctx context.Context, st *store.Store, email string) (account, error) {
	var a account
	err := st.Pool().QueryRow(ctx, `SELECT id, name, email, state FROM accounts WHERE lower(email) = lower($1) AND state <> 'ended'`, email).
		Scan(&a.id, &a.name, &a.email, &a.state)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, errNoAccount
	}
	if err != nil {
		return a, fmt.Errorf("find the account: %w", err)
	}
	return a, nil
}

// schemaVersion is the last migration that ran.
func schemaVersion(ctx context.Context, st *store.Store) (int64, error) {
	var version int64
	err := st.Pool().QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}

// latestMigration is the last one of this release, by its file's number.
func latestMigration() (int64, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return 0, err
	}
	var latest int64
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		latest = max(latest, n)
	}
	return latest, nil
}

// dueMandates counts mandates in force whose last day is over.
func dueMandates(ctx context.Context, st *store.Store) (int, error) {
	var n int
	err := st.Pool().QueryRow(ctx, `SELECT count(*) FROM mandates WHERE state IN ('active', 'suspended') AND ends_at <= $1`, st.Now()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what is due: %w", err)
	}
	return n, nil
}
