package command

import (
	"fmt"

	"github.com/google/uuid"

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

// tell tells the observers of an event just appended.
func (tx *Tx) tell(id uuid.UUID, e translog.Event) error {
	for _, fn := range tx.runner.observers[e.Kind] {
		if err := fn(tx, id, e); err != nil {
			return fmt.Errorf("what follows from %s: %w", e.Kind, err)
		}
	}
	return nil
}
