package mandates

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// Renew opens a draft prefilled from an older mandate; it needs its own
// evidence. A revoked or renounced one, or one that ended more than a year ago,
// is made anew ("not_renewable", MA-10).
func (s *Service) Renew(ctx context.Context, actor authz.Actor, id uuid.UUID, idempotencyKey string) (Mandate, error) {
	old, err := s.Get(ctx, actor, id)
	if err != nil {
		return Mandate{}, err
	}
	if !old.Renewable(s.commands.Store().Now()) {
		return Mandate{}, s.commands.RefuseOutside(ctx, actor, "mandate.draft", problem.Conflict("not_renewable"), old.about())
	}
	d := Draft{DurationDays: old.DurationDays, Language: old.Language, Interpreter: old.Interpreter}
	for _, g := range old.Grants {
		if g.State == "revoked" {
			continue // what the person stopped is not offered again by itself
		}
		d.Grants = append(d.Grants, GrantChoice{Theme: g.Theme, Procedures: g.Procedures, Actions: g.Actions})
	}
	return s.begin(ctx, actor, newMandate{beneficiary: old.Beneficiary, key: idempotencyKey, renews: id, draft: d})
}

// Renewable reports whether Renew would take the mandate at an instant: live,
// expired or superseded, for a year after it ended.
func (m Mandate) Renewable(now time.Time) bool {
	ended := m.EndsAt
	if !m.EndedAt.IsZero() {
		ended = m.EndedAt // before its time, superseded
	}
	switch m.StateAt(now) {
	case Active, Suspended, Expired, Superseded:
		return !now.After(ended.AddDate(1, 0, 0))
	default:
		return false
	}
}
