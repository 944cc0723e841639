package command_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// An observer sees the event in its transaction, with its id; what it writes is
// kept with the command, and its error keeps nothing of it (LG-01, OP-05).
func TestObserver(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{"kept": nil, "fails": errors.New("boom")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			org := uuid.New()
			seen := 0
			b.Observe(func(tx *command.Tx, id uuid.UUID, e translog.Event) error {
				if seen++; id == uuid.Nil || e.Organisation != org || e.Actor.Role != translog.Role(authz.Operator) {
					t.Errorf("told of %s %+v", id, e)
				}
				return errors.Join(change(tx), fault)
			}, translog.OrganisationCreated)
			b.Observe(func(*command.Tx, uuid.UUID, translog.Event) error {
				t.Error("told of another kind")
				return nil
			}, translog.OrganisationChanged)
			err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
				return errors.Join(decide(tx), tx.Append(created(org)))
			})
			if !errors.Is(err, fault) || seen != 1 {
				t.Errorf("got %v, told %d times", err, seen)
			}
			if fault == nil {
				b.only(translog.OrganisationCreated, 1)
			} else {
				b.nothing()
			}
		})
	}
}

// An event appended in a transaction of somebody else's is told to observers
// too, in the system's name; their error is the transaction's (AU-07).
func TestAppendInTellsObservers(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{"kept": nil, "fails": errors.New("boom")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			seen := 0
			b.Observe(func(tx *command.Tx, id uuid.UUID, e translog.Event) error {
				if seen++; id == uuid.Nil || e.Actor != (translog.Actor{Role: translog.RoleSystem}) || e.Outcome != "done" || !tx.Actor().System {
					t.Errorf("told of %s %+v by %+v", id, e, tx.Actor())
				}
				return errors.Join(change(tx), fault)
			}, translog.SessionsEnded)
			err := b.store.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
				return b.AppendIn(tx, "sessions.end", "a test", translog.Event{Kind: translog.SessionsEnded, Detail: struct {
					Account uuid.UUID `json:"account"`
				}{uuid.New()}})
			})
			if !errors.Is(err, fault) || seen != 1 {
				t.Errorf("got %v, told %d times", err, seen)
			}
			if fault == nil {
				b.only(translog.SessionsEnded, 1)
			} else {
				b.nothing()
			}
		})
	}
}

// A client acts under its own name: a service, or an organisation's software.
func TestClientsAreNamed(t *testing.T) {
	t.Parallel()
	client := uuid.New()
	for want, a := range map[authz.Role]authz.Actor{
		authz.Service:  {Client: client},
		authz.Software: {Client: client, Organisation: uuid.New()},
	} {
		if got := command.PlainRole(a); got != want {
			t.Errorf("PlainRole = %s, want %s", got, want)
		}
		if named := command.Actor(a, want); named.ID != client || named.Role != translog.Role(want) {
			t.Errorf("named %+v", named)
		}
	}
}
