package login

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
)

// sweep is how many expired rows each new one takes away, so that neither
// table grows and no job is needed.
const sweep = 20

// keptAfterExpiry lets a late replay still be called one, not "unknown".
const keptAfterExpiry = time.Hour

// attempt is a row of login_attempts.
type attempt struct {
	StateHash   []byte `gorm:"primaryKey"`
	BrowserHash []byte
	Nonce       string
	Verifier    string
	IssuerID    string
	Next        string
	Stash       []byte
	SessionID   uuid.UUID
	StepUp      bool
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      *time.Time
}

func (attempt) TableName() string { return "login_attempts" }

// keep writes a new attempt.
func (s *Service) keep(ctx context.Context, a attempt) error {
	return s.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		if err := sweepExpired(tx, "login_attempts", "state_hash", a.CreatedAt.Add(-keptAfterExpiry)); err != nil {
			return err
		}
		return tx.DB().Create(&a).Error
	})
}

// find loads an attempt by its state.
func (s *Service) find(ctx context.Context, state string) (attempt, error) {
	var a attempt
	err := store.First(s.store.Read(ctx).Where("state_hash = ?", hash(state)), &a)
	if problem.Is(err, "not_found") {
		return attempt{}, fail(StateUnknown, nil)
	}
	return a, err
}

// use marks an attempt as used and forgets its secrets. Of two callers at once
// one gets StateReplayed.
func (s *Service) use(ctx context.Context, a attempt) error {
	err := s.store.InTx(ctx, store.System(), func(tx *store.Tx) error {
		return store.ExpectOne(tx.DB().Model(&attempt{}).
			Where("state_hash = ? AND used_at IS NULL", a.StateHash).
			Updates(map[string]any{"used_at": s.now(), "nonce": "", "verifier": "", "stash": nil}))
	})
	if errors.Is(err, store.ErrStale) {
		return fail(StateReplayed, nil)
	}
	return err
}

// remember notes a logout token in the caller's transaction, or says that it
// was seen before.
func remember(tx *store.Tx, issuer, jti string, now, expires time.Time) error {
	if err := sweepExpired(tx, "logout_tokens_seen", "issuer, jti", now); err != nil {
		return err
	}
	res := tx.DB().Exec(`INSERT INTO logout_tokens_seen (issuer, jti, expires_at) VALUES (?, ?, ?)
		ON CONFLICT DO NOTHING`, issuer, jti, expires)
	if res.Error == nil && res.RowsAffected == 0 {
		return fail(LogoutReplayed, nil)
	}
	return res.Error
}

// sweepExpired removes a few rows that expired before an instant. Rows that
// another transaction is removing are left to it.
func sweepExpired(tx *store.Tx, table, key string, before time.Time) error {
	return tx.DB().Exec(`DELETE FROM ? WHERE (?) IN (SELECT ? FROM ? WHERE expires_at < ?
		ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED)`,
		gorm.Expr(table), gorm.Expr(key), gorm.Expr(key), gorm.Expr(table), before, sweep).Error
}
