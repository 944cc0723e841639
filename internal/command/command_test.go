package command_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

var errStale = problem.Conflict("conflict")

// LG-01: what succeeds leaves exactly one event, in the role that allowed it.
func TestOneEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := uuid.New()
	must(t, b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
		return errors.Join(decide(tx), change(tx), tx.Append(created(org)))
	}))
	e := b.only(translog.OrganisationCreated, 1)
	if e.Role != string(authz.Operator) || e.Actor != b.operator.Account || e.Organisation != org || e.Outcome != "done" {
		t.Errorf("event %+v", e)
	}
}

// LG-01: none, two, or undecided is our fault, and nothing of it stays.
func TestNeitherNoneNorTwo(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func(tx *command.Tx) error{
		"no event": func(tx *command.Tx) error { return errors.Join(decide(tx), change(tx)) },
		"two events": func(tx *command.Tx) error {
			return errors.Join(decide(tx), change(tx), tx.Append(created(uuid.New())), tx.Append(created(uuid.New())))
		},
		"undecided":           func(tx *command.Tx) error { return errors.Join(change(tx), tx.Append(created(uuid.New()))) },
		"undecided, no event": func(tx *command.Tx) error { return change(tx) },
		"repeated, undecided": func(tx *command.Tx) error { tx.Repeated(); return nil },
		"repeated, two events": func(tx *command.Tx) error {
			tx.Repeated()
			return errors.Join(decide(tx), change(tx), tx.Append(created(uuid.New())), tx.Append(created(uuid.New())))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			err := b.Run(t.Context(), b.operator, "create", fn)
			if err == nil || problem.As(err).Kind != problem.KindInternal {
				t.Errorf("got %v, want a fault of ours", err)
			}
			b.nothing()
		})
	}
}

// An event that cannot be written fails the command, whoever is at fault.
func TestEventFailureFailsTheCommand(t *testing.T) {
	t.Parallel()
	for name, e := range map[string]translog.Event{
		"unknown kind":    {Kind: "organisation.eaten"},
		"unsayable facts": {Kind: translog.OrganisationCreated, Detail: func() {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
				if err := errors.Join(decide(tx), change(tx)); err != nil {
					return err
				}
				return tx.Append(e)
			})
			if err == nil {
				t.Error("the command succeeded without its event")
			}
			b.nothing()
		})
	}
	t.Run("refused by the database", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		b.forbidEvents(translog.OrganisationCreated)
		err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
			return errors.Join(decide(tx), change(tx), tx.Append(created(uuid.New())))
		})
		if err == nil || problem.As(err).Kind != problem.KindInternal {
			t.Errorf("got %v, want a fault of ours", err)
		}
		b.nothing()
	})
}

// A command that swallows the error of its event must not succeed by it.
func TestSwallowedEventFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.forbidEvents(translog.OrganisationCreated)
	err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
		if err := errors.Join(decide(tx), change(tx)); err != nil {
			return err
		}
		_ = tx.Append(created(uuid.New())) // the fault tried here
		return nil
	})
	if err == nil {
		t.Error("the command succeeded without its event")
	}
	b.nothing()
}

// Design, invariant 4: a refusal is an event of its own, and the only thing
// that stays.
func TestRefusedByTheLaw(t *testing.T) {
	t.Parallel()
	b := setup(t)
	org := uuid.New()
	err := b.Run(t.Context(), b.mediator, "create", func(tx *command.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		about := translog.Event{Organisation: org, Personal: struct{ Name string }{"Fatima"}}
		return tx.Decide(authz.OrganisationCreate, authz.Object{Kind: authz.KindOrganisation}, about)
	})
	if p := problem.As(err); p.Kind != problem.KindForbidden || len(p.Reasons) != 1 || p.Reasons[0] != string(authz.ReasonNoRule) {
		t.Errorf("got %v, want forbidden", err)
	}
	e := b.only(translog.ActRefused, 0)
	if e.Outcome != "refused" || e.Command != "create" || e.Organisation != org || fmt.Sprint(e.Reasons) != "[not_permitted]" {
		t.Errorf("event %+v", e)
	}
	if e.Actor != b.mediator.Account || e.Role != string(authz.Mediator) {
		t.Errorf("the refusal names %s %s", e.Role, e.Actor)
	}
	if e.Personal {
		t.Error("a refusal keeps what is personal")
	}
}

// A refusal wrapped on its way out is still recorded; one that the command got
// over is not.
func TestRefusalOnItsWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.Run(t.Context(), b.mediator, "create", func(tx *command.Tx) error {
		if err := decide(tx); err != nil {
			return fmt.Errorf("create: %w", err)
		}
		return nil
	})
	if problem.As(err).Kind != problem.KindForbidden {
		t.Errorf("got %v", err)
	}
	b.only(translog.ActRefused, 0)

	other := setup(t)
	must(t, other.Run(t.Context(), other.operator, "create", func(tx *command.Tx) error {
		_ = tx.Refuse(errStale, translog.Event{}) // and then it found a way
		return errors.Join(decide(tx), change(tx), tx.Append(created(uuid.New())))
	}))
	other.only(translog.OrganisationCreated, 1)
}

// A business refusal is recorded with its code, after the rollback.
func TestRefusedByTheCommand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
		if err := errors.Join(decide(tx), change(tx)); err != nil {
			return err
		}
		return tx.Refuse(errStale, translog.Event{})
	})
	if !errors.Is(err, errStale) {
		t.Errorf("got %v", err)
	}
	if e := b.only(translog.ActRefused, 0); fmt.Sprint(e.Reasons) != "[conflict]" || e.Role != string(authz.Operator) {
		t.Errorf("event %+v", e)
	}
}

// An ordinary error is no refusal: nothing stays, no event.
func TestOrdinaryError(t *testing.T) {
	t.Parallel()
	b := setup(t)
	boom := errors.New("boom")
	err := b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
		return errors.Join(decide(tx), change(tx), boom)
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	b.nothing()
}

// If the refusal cannot be recorded, the caller gets that fault instead.
func TestUnrecordedRefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.forbidEvents(translog.ActRefused)
	for name, err := range map[string]error{
		"by the law": b.Run(t.Context(), b.mediator, "create", decide),
		"kept": b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
			if err := errors.Join(decide(tx), change(tx)); err != nil {
				return err
			}
			tx.Keep()
			return tx.Refuse(errStale, translog.Event{})
		}),
		"outside Run": b.RefuseOutside(t.Context(), b.mediator, "create", problem.NotFound(), translog.Event{}),
	} {
		if err == nil || problem.As(err).Kind != problem.KindInternal {
			t.Errorf("%s: got %v, want a fault of ours", name, err)
		}
	}
	b.nothing()
}

// Keep commits what was counted before a refusal, with the refusal's event.
func TestKeep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	err := b.Run(t.Context(), b.operator, "open", func(tx *command.Tx) error {
		if err := errors.Join(decide(tx), change(tx)); err != nil {
			return err
		}
		tx.Keep()
		return tx.Refuse(errStale, translog.Event{})
	})
	if !errors.Is(err, errStale) {
		t.Errorf("got %v, want the refusal", err)
	}
	if e := b.only(translog.ActRefused, 1); e.Command != "open" {
		t.Errorf("event %+v", e)
	}
}

// A refusal that is not recorded leaves no event, and what Keep asks for.
func TestRefuseUnrecorded(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{true, false} {
		b := setup(t)
		err := b.Run(t.Context(), b.operator, "open", func(tx *command.Tx) error {
			if err := errors.Join(decide(tx), change(tx)); err != nil {
				return err
			}
			if keep {
				tx.Keep()
			}
			return tx.RefuseUnrecorded(errStale)
		})
		if !errors.Is(err, errStale) {
			t.Errorf("got %v, want the refusal", err)
		}
		if want := map[bool]int{true: 1, false: 0}[keep]; b.changes() != want || len(b.events()) != 0 {
			t.Errorf("kept %t: %d changes, %d events", keep, b.changes(), len(b.events()))
		}
	}
}

// Keep without a refusal keeps nothing.
func TestKeepNeedsARefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	boom := errors.New("boom")
	err := b.Run(t.Context(), b.operator, "open", func(tx *command.Tx) error {
		tx.Keep()
		return errors.Join(decide(tx), change(tx), boom)
	})
	if !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	b.nothing()
}

// The second coming of a command done already leaves no second event (MA-06, ST-07).
func TestRepeated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error {
		tx.Repeated()
		return decide(tx)
	}))
	b.nothing()
}

// Open stands for a decision, and must say why.
func TestOpen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Run(t.Context(), authz.Actor{System: true}, "create", func(tx *command.Tx) error {
		tx.Open(authz.System, "a test")
		return tx.Append(created(uuid.New()))
	}))
	if e := b.only(translog.OrganisationCreated, 0); e.Role != string(authz.System) || e.Actor != uuid.Nil {
		t.Errorf("event %+v", e)
	}
	defer func() {
		if recover() == nil {
			t.Error("Open took no reason for a reason")
		}
	}()
	_ = b.Run(t.Context(), b.operator, "create", func(tx *command.Tx) error { tx.Open(authz.Operator, ""); return nil })
}

// A context that ended before the commit leaves nothing behind.
func TestContextThatEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Run(ctx, b.operator, "create", func(tx *command.Tx) error {
		err := errors.Join(decide(tx), change(tx), tx.Append(created(uuid.New())))
		cancel()
		return err
	})
	if err == nil {
		t.Error("a cancelled command succeeded")
	}
	b.nothing()
}

// Whoever acts is named in the plainest role they hold, when no decision chose.
func TestPlainRole(t *testing.T) {
	t.Parallel()
	org := uuid.New()
	for want, a := range map[authz.Role]authz.Actor{
		authz.System:     {System: true},
		authz.Person:     {Beneficiary: uuid.New()},
		authz.Visitor:    {},
		authz.Mediator:   {Account: uuid.New(), Organisation: org, Memberships: []authz.Membership{{Organisation: org, Role: authz.Mediator}}},
		authz.Referent:   {Account: uuid.New(), Organisation: org, Operator: true, Memberships: []authz.Membership{{Organisation: org, Role: authz.Referent}}},
		authz.Supervisor: {Account: uuid.New(), Operator: true, Remit: authz.Remit{Territories: []string{"35"}}},
		authz.Operator:   {Account: uuid.New(), Operator: true},
	} {
		if got := command.PlainRole(a); got != want {
			t.Errorf("PlainRole = %s, want %s", got, want)
		}
		named := command.Actor(a, want)
		if id := a.Account.String() + a.Beneficiary.String(); named.ID != uuid.Nil && !strings.Contains(id, named.ID.String()) {
			t.Errorf("%s is named %s", want, named.ID)
		}
	}
}
