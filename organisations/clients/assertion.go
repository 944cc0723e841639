package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/relais-org/relais/internal/store"
)

// UseAssertion uses up a client's assertion (RFC 7523 §3, 7) and remembers it
// until it has ended: a second time it is no proof (client_invalid), whichever
// process of ours saw the first. Whether it verifies, and when it ends, is for
// the caller to have found out.
func (s *Registry) UseAssertion(ctx context.Context, c Client, jti string, until time.Time) error {
	hash := sha256.Sum256([]byte(c.ClientID + "\x00" + jti))
	err := insertAssertion(ctx, s.store, hash[:], until)
	if errors.Is(err, store.ErrNoRow) {
		return errProof
	}
	if err != nil {
		return fmt.Errorf("remember an assertion: %w", err)
	}
	return nil
}
