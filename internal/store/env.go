package store

import (
	"crypto/rand"
	"io"
	"time"

	"github.com/google/uuid"
)

// Env is what a command takes from the world: the time, new ids, randomness.
// Tests give their own, so that expiry and signatures are exact.
type Env struct {
	// Now is the current instant. SystemEnv gives UTC cut to the microsecond.
	Now func() time.Time
	// NewID makes an id for a new row. SystemEnv gives UUIDv7 (RFC 9562, 5.7),
	// which sorts by creation and so keeps indexes compact.
	NewID func() uuid.UUID
	// Random is where secrets and salts come from.
	Random io.Reader
}

// SystemEnv is the real world.
func SystemEnv() Env {
	return Env{
		Now:    func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) },
		NewID:  func() uuid.UUID { return uuid.Must(uuid.NewV7()) },
		Random: rand.Reader,
	}
}

// complete fills what the caller left out.
func (e Env) complete() Env {
	system := SystemEnv()
	if e.Now == nil {
		e.Now = system.Now
	}
	if e.NewID == nil {
		e.NewID = system.NewID
	}
	if e.Random == nil {
		e.Random = system.Random
	}
	return e
}
