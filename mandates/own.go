package mandates

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/problem"
)

// ownAtOnce is how many one read takes for EachOwn and EachOwnCase.
const ownAtOnce = 20

// Kept is a proof of consent with what is kept of it: the picture or the scan,
// and the strokes of a drawn signature (JSON). Both may be empty: a code from
// the phone and a witness leave neither.
type Kept struct {
	Evidence
	Content, Strokes []byte
}

// Own is one mandate of the person who asks, with all that is kept of how they
// agreed. One that was only prepared has what was chosen in its Draft.
type Own struct {
	Mandate
	Kept []Kept
}

// Signed says whether the person agreed to it at all.
func (x Own) Signed() bool { return !x.SignedAt.IsZero() }

// EachOwn gives a person every mandate that was begun for them here, signed or
// not, newest first, however many there are; it stops at the first error of each.
func (s *Service) EachOwn(ctx context.Context, actor authz.Actor, each func(Own) error) error {
	if actor.Beneficiary == uuid.Nil {
		return problem.Forbidden(string(authz.ReasonNoRule))
	}
	var after ownMark
	for {
		db := s.commands.Store().Read(ctx)
		page, err := mandatesAfter(db, actor.Beneficiary, after, ownAtOnce)
		if err != nil {
			return fmt.Errorf("list one's own mandates: %w", err)
		}
		for _, m := range page {
			after = ownMark{m.CreatedAt, m.ID}
			if !s.commands.Decide(actor, authz.MandateRead, m.object(m.territory)).Allowed {
				continue
			}
			own := Own{Mandate: m}
			grants, err := loadGrants(db, m.ID)
			if err != nil {
				return fmt.Errorf("load the lines: %w", err)
			}
			own.Grants = grants[m.ID]
			if own.Kept, err = keptOf(db, m.ID); err != nil {
				return fmt.Errorf("load the evidence: %w", err)
			}
			if err := each(own); err != nil {
				return err
			}
		}
		if len(page) < ownAtOnce {
			return nil
		}
	}
}

// EachOwnCase gives a person every case carried out for them here, newest first,
// without its steps, however many there are; it stops at the first error of each.
func (s *Service) EachOwnCase(ctx context.Context, actor authz.Actor, each func(Case) error) error {
	if actor.Beneficiary == uuid.Nil {
		return problem.Forbidden(string(authz.ReasonNoRule))
	}
	var after ownMark
	for {
		page, err := casesAfter(s.commands.Store().Read(ctx), actor.Beneficiary, after, ownAtOnce)
		if err != nil {
			return fmt.Errorf("list one's own cases: %w", err)
		}
		for _, h := range page {
			after = ownMark{h.OpenedAt, h.ID}
			if !s.commands.Decide(actor, authz.CaseRead, h.object()).Allowed {
				continue
			}
			if err := each(h.Case); err != nil {
				return err
			}
		}
		if len(page) < ownAtOnce {
			return nil
		}
	}
}

// ownMark is the last one read.
type ownMark struct {
	at time.Time
	id uuid.UUID
}
