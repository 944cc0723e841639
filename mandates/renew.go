package mandates

import (
	"context"

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
	now := s.commands.Store().Now()
	state := old.StateAt(now)
	ended := old.EndsAt
	if !old.EndedAt.IsZero() {
		ended = old.EndedAt // before its time, superseded
	}
	renewable := state == Active || state == Suspended || state == Expired || state == Superseded
	if !renewable || now.After(ended.AddDate(1, 0, 0)) {
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
