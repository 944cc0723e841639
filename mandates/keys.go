package mandates

import (
	"context"
	"errors"
	"fmt"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/translog"
)

// keyDetail belongs to key.rotated: the thumbprint (RFC 7638) of the key that
// signs from now on.
type keyDetail struct {
	Key string `json:"kid"`
}

// RotateKey makes a new key to sign mandates with, and says so in the log. keep
// saves the ring where it lives; restore puts back what was there, should the
// event then not be written: there is no key without its event. Whoever runs
// servers starts them again.
func (s *Service) RotateKey(ctx context.Context, ring *document.Keyring, keep, restore func() error) error {
	kept := false
	err := s.commands.Run(ctx, authz.Actor{System: true}, "key.rotate", func(tx *command.Tx) error {
		tx.Open(authz.System, "the command line: whoever runs it holds the keys")
		if !kept { // a transaction may run again
			if err := ring.Rotate(tx.Now()); err != nil {
				return err
			}
			if err := keep(); err != nil {
				return fmt.Errorf("keep the new key: %w", err)
			}
			kept = true
		}
		return tx.Append(translog.Event{Kind: translog.KeyRotated, Detail: keyDetail{Key: ring.ActiveKeyID()}})
	})
	if err != nil && kept {
		return errors.Join(err, restore())
	}
	return err
}
