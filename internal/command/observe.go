package command

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// Observer is told of an event in the transaction that appends it, with the
// event's id: what must end or go out together with it is written there. Its
// error fails the command. It MUST NOT append an event.
type Observer func(tx *Tx, id uuid.UUID, e translog.Event) error

// Observe has events of these kinds told to fn. It is part of wiring: call it
// before the first command runs.
func (r *Runner) Observe(fn Observer, kinds ...translog.Kind) {
	if r.observers == nil {
		r.observers = map[translog.Kind][]Observer{}
	}
	for _, k := range kinds {
		r.observers[k] = append(r.observers[k], fn)
	}
}

// AppendIn appends an event of the system's own in a transaction that is under
// way for something else (a provider's logout, whose token is used up in it),
// and tells the observers as a command would. why says why nothing needs to be
// decided.
func (r *Runner) AppendIn(stx *store.Tx, name, why string, e translog.Event) error {
	tx := &Tx{Tx: stx, runner: r, actor: authz.Actor{System: true, Now: stx.Now()}, name: name}
	tx.Open(authz.System, why)
	return tx.Append(e)
}

// tell tells the observers of an event just appended.
func (tx *Tx) tell(id uuid.UUID, e translog.Event) error {
	for _, fn := range tx.runner.observers[e.Kind] {
		if err := fn(tx, id, e); err != nil {
			return fmt.Errorf("what follows from %s: %w", e.Kind, err)
		}
	}
	return nil
}
