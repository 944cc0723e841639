package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// Deps are what a Runner needs.
type Deps struct {
	Store *store.Store
	Authz *authz.Enforcer
}

// Runner runs commands: transaction, decision, event.
type Runner struct {
	store     *store.Store
	authz     *authz.Enforcer
	observers map[translog.Kind][]Observer
}

// New makes a Runner.
func New(d Deps) *Runner { return &Runner{store: d.Store, authz: d.Authz} }

// Store is where queries read.
func (r *Runner) Store() *store.Store { return r.store }

// Decide answers for a pure read of one's own side. Reads that the person must
// be able to list (by supervisors and operators) go through Run with an event.
func (r *Runner) Decide(actor authz.Actor, action authz.Action, obj authz.Object) authz.Decision {
	return r.authz.Decide(actor, action, obj)
}

// Tx is one command under way.
type Tx struct {
	*store.Tx
	runner  *Runner
	actor   authz.Actor
	name    string
	role    authz.Role
	decided bool
	events  int
	refused *refusal
	keep    bool
	repeat  bool
}

type refusal struct {
	about    translog.Event
	err      *problem.Error
	decision authz.Decision
	quiet    bool // leaves no event
}

var (
	errUndecided = errors.New("command: a command must decide, or say why it need not")
	errEvents    = errors.New("command: a command must append exactly one event")
)

// Run runs one command. fn decides, changes and appends; its error rolls
// everything back, unless the command said Keep.
func (r *Runner) Run(ctx context.Context, actor authz.Actor, name string, fn func(tx *Tx) error) error {
	var last *Tx
	var kept error
	err := r.store.InTx(ctx, acting(actor), func(stx *store.Tx) error {
		tx := &Tx{Tx: stx, runner: r, actor: actor, name: name}
		last, kept = tx, nil
		err := fn(tx)
		if err != nil && tx.keep && tx.refused != nil {
			kept = err
			return tx.appendRefusal(*tx.refused)
		}
		if err != nil {
			return err
		}
		if !tx.decided {
			return fmt.Errorf("%w: %s", errUndecided, name)
		}
		if tx.repeat && tx.events == 0 {
			return nil
		}
		if tx.events != 1 {
			return fmt.Errorf("%w: %s appended %d", errEvents, name, tx.events)
		}
		return nil
	})
	if kept != nil && err == nil {
		return kept
	}
	if err != nil && last != nil && last.refused != nil && errors.Is(err, last.refused.err) {
		return r.record(ctx, actor, name, *last.refused, err)
	}
	return err
}

// record writes a refusal in a transaction of its own.
func (r *Runner) record(ctx context.Context, actor authz.Actor, name string, ref refusal, refused error) error {
	if ref.quiet {
		return refused
	}
	err := r.store.InTx(ctx, acting(actor), func(stx *store.Tx) error {
		tx := &Tx{Tx: stx, runner: r, actor: actor, name: name}
		return tx.appendRefusal(ref)
	})
	if err != nil {
		return fmt.Errorf("record the refusal of %s: %w", name, err)
	}
	return refused
}

// RefuseOutside records a refusal met outside Run (a one-statement command that
// found no row) and returns it.
func (r *Runner) RefuseOutside(ctx context.Context, actor authz.Actor, name string, refused error, about translog.Event) error {
	return r.record(ctx, actor, name, refusal{about: about, err: problem.As(refused)}, refused)
}

// Decide asks, and remembers the role that allowed or the refusal to record.
// about names what the act was about, for the refusal's event.
func (tx *Tx) Decide(action authz.Action, obj authz.Object, about translog.Event) error {
	tx.decided = true
	d := tx.runner.authz.Decide(tx.actor, action, obj)
	if d.Allowed {
		tx.role = d.Role
		return nil
	}
	tx.refused = &refusal{about: about, err: problem.As(d.Err()), decision: d}
	return tx.refused.err
}

// Open says that a command needs no decision, and why: a sign-in, a card code,
// a job. The role is then the actor's plain one.
func (tx *Tx) Open(role authz.Role, why string) {
	if why == "" {
		panic("command: Open needs its reason")
	}
	tx.decided, tx.role = true, role
}

// Refuse marks a business refusal that must leave an event too: a wrong code,
// a transition that does not exist, a stale page.
func (tx *Tx) Refuse(err *problem.Error, about translog.Event) error {
	tx.refused = &refusal{about: about, err: err}
	return err
}

// RefuseUnrecorded is Refuse without the event: for what somebody who is not
// known tried once more, when enough of it was recorded just now. The log is kept
// for ever, and must not grow at anybody's pleasure. The caller bounds what it
// records, and never leaves out what changes something for somebody.
func (tx *Tx) RefuseUnrecorded(err *problem.Error) error {
	tx.refused = &refusal{err: err, quiet: true}
	return err
}

// Keep asks that what was written before a refusal stays (a failure counter, a
// lock), together with the refusal's event.
func (tx *Tx) Keep() { tx.keep = true }

// Repeated says that this is the second coming of a command already done (same
// idempotency key, double click): nothing is written, and no event is due.
func (tx *Tx) Repeated() { tx.repeat = true }

// Append writes the command's one event.
func (tx *Tx) Append(e translog.Event) error {
	if e.Actor == (translog.Actor{}) {
		e.Actor = Actor(tx.actor, tx.role)
	}
	if e.Outcome == "" {
		e.Outcome = "done"
	}
	id, err := ledger.Append(tx.Tx, e)
	if err != nil {
		return fmt.Errorf("append %s: %w", e.Kind, err)
	}
	tx.events++
	return tx.tell(id, e)
}

// Role is the role that the decision allowed the command under.
func (tx *Tx) Role() authz.Role { return tx.role }

// Actor is the acting party, as Append would name it.
func (tx *Tx) Actor() authz.Actor { return tx.actor }

func (tx *Tx) appendRefusal(ref refusal) error {
	if ref.quiet {
		return nil
	}
	e := ref.about
	e.Kind, e.Outcome = translog.ActRefused, "refused"
	role := ref.decision.Role
	if role == "" {
		role = PlainRole(tx.actor)
	}
	e.Actor = Actor(tx.actor, role)
	reasons := ref.err.Reasons
	if len(ref.decision.Reasons) > 0 {
		reasons = make([]string, len(ref.decision.Reasons))
		for i, why := range ref.decision.Reasons {
			reasons[i] = string(why)
		}
	}
	if len(reasons) == 0 {
		reasons = []string{ref.err.Code}
	}
	e.Detail = ledger.RefusedDetail{Command: tx.name, Reasons: reasons, Rule: ref.decision.Rule, PolicyHash: ref.decision.PolicyHash}
	e.Personal = nil
	_, err := ledger.Append(tx.Tx, e)
	return err
}

// Actor names an actor in the log.
func Actor(a authz.Actor, role authz.Role) translog.Actor {
	id := a.Account
	switch role {
	case authz.Person:
		id = a.Beneficiary
	case authz.Service, authz.Software:
		id = a.Client
	default:
	}
	return translog.Actor{Role: translog.Role(role), ID: id}
}

// PlainRole is the role to name when no decision chose one.
func PlainRole(a authz.Actor) authz.Role {
	switch {
	case a.System:
		return authz.System
	case a.Beneficiary != uuid.Nil:
		return authz.Person
	case a.Client != uuid.Nil && a.Organisation != uuid.Nil:
		return authz.Software
	case a.Client != uuid.Nil:
		return authz.Service
	case a.Account == uuid.Nil:
		return authz.Visitor
	}
	for _, m := range a.Memberships {
		if m.Organisation == a.Organisation {
			return m.Role
		}
	}
	switch {
	case len(a.Remit.Organisations)+len(a.Remit.Territories) > 0:
		return authz.Supervisor
	case a.Operator:
		return authz.Operator
	}
	return authz.Mediator
}

// acting is in whose name rows change.
func acting(a authz.Actor) store.Acting {
	id := a.Account
	if id == uuid.Nil {
		id = a.Beneficiary
	}
	if id == uuid.Nil {
		id = a.Client
	}
	return store.Acting{Account: id, As: string(PlainRole(a))}
}
