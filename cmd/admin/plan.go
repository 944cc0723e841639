package main

import (
	"context"
	"errors"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// look opens the database as it is, to say what would be done: it migrates
// nothing and starts no server. A private database is looked at by -do only.
func (t *tool) look(ctx context.Context, at func(st *store.Store) error) error {
	if t.config.DatabaseURL == "" {
		t.say("The private database in %s was not opened for this.", t.config.Var)
		return nil
	}
	st, err := store.Open(ctx, store.Options{URL: t.config.DatabaseURL, MaxConns: 2, Logger: t.log})
	if err != nil {
		return err
	}
	defer st.Close()
	return at(st)
}

func planOperator(ctx context.Context, t *tool) error {
	t.say("Would make %s <%s> an operator of the platform, invited for 14 days.", t.name, t.email)
	return t.look(ctx, func(st *store.Store) error {
		a, err := findAccount(ctx, st, t.email)
		switch {
		case err == nil:
			t.say("This address has an account already: %s, %s. It keeps its name.", a.name, a.state)
		case errors.Is(err, errNoAccount):
			t.say("This address has no account yet: one would be made.")
		default:
			return err
		}
		return nil
	})
}

// planAccount is the same for all that is done to one account: whose it is.
func planAccount(ctx context.Context, t *tool) error {
	return t.look(ctx, func(st *store.Store) error {
		a, err := findAccount(ctx, st, t.email)
		if err != nil {
			return err
		}
		t.say("Would act on the account of %s <%s>, now %s.", a.name, a.email, a.state)
		return nil
	})
}

func planMigrate(ctx context.Context, t *tool) error {
	latest, err := latestMigration()
	if err != nil {
		return err
	}
	return t.look(ctx, func(st *store.Store) error {
		version, err := schemaVersion(ctx, st)
		switch {
		case err != nil && problem.As(err).Kind == problem.KindInternal:
			t.say("This database was never migrated: all %d migrations would run.", latest)
		case version == latest:
			t.say("The database is at migration %d, that of this release. Rights would be set again.", version)
		default:
			t.say("The database is at migration %d; would bring it to %d.", version, latest)
		}
		return nil
	})
}

func planExpire(ctx context.Context, t *tool) error {
	return t.look(ctx, func(st *store.Store) error {
		n, err := dueMandates(ctx, st)
		if err != nil {
			return err
		}
		t.say("%d mandates in force are past their last day: would end them.", n)
		return nil
	})
}

func planRotate(_ context.Context, t *tool) error {
	ring, err := t.keyring()
	if err != nil {
		return err
	}
	t.say("Key %s signs now. Would make a new one; the old one would only verify.", ring.ActiveKeyID())
	return nil
}
