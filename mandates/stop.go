package mandates

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// Revoke stops a mandate, or one line of it, at once. With its last line a
// mandate is revoked whole (MA-09). The person is told, whoever stopped it.
func (s *Service) Revoke(ctx context.Context, actor authz.Actor, r Revocation) error {
	return s.commands.Run(ctx, actor, "mandate.revoke", func(tx *command.Tx) error {
		h, err := s.hold(tx, r.Mandate, authz.MandateRevoke)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveRevoke)
		if err != nil {
			return err
		}
		reason, err := h.reason(tx, r.Reason, false)
		if err != nil {
			return err
		}
		e := ending{state: "revoked", by: endedBy(actor), reason: reason}
		if r.Grant != uuid.Nil {
			last, theme, err := s.revokeGrant(tx, h, r.Grant, e)
			if err != nil || !last {
				return err
			}
			return s.revokeWhole(tx, h, to, e, endedDetail{By: e.by, Grant: r.Grant.String(), Theme: theme, Last: true})
		}
		if _, err := endGrants(tx.Tx, h.ID, uuid.Nil, e); err != nil {
			return err
		}
		return s.revokeWhole(tx, h, to, e, endedDetail{By: e.by})
	})
}

// revokeGrant ends one line; last says that none is left.
func (s *Service) revokeGrant(tx *command.Tx, h held, grant uuid.UUID, e ending) (last bool, theme string, err error) {
	live := 0
	var found *Grant
	for i, g := range h.Grants {
		if g.State == "active" {
			live++
		}
		if g.ID == grant {
			found = &h.Grants[i]
		}
	}
	switch {
	case found == nil:
		return false, "", errNotThere
	case found.State != "active":
		return false, "", tx.Refuse(problem.Conflict("grant_already_ended"), h.about())
	}
	n, err := endGrants(tx.Tx, h.ID, grant, e)
	if err != nil {
		return false, "", err
	}
	if n != 1 {
		return false, "", store.ErrStale
	}
	if live == 1 {
		return true, found.Theme, nil
	}
	if err := change(tx.Tx, h.Mandate, h.State, map[string]any{}); err != nil {
		return false, "", err
	}
	if err := s.tellStopped(tx, h, false, found.Theme, grant.String()); err != nil {
		return false, "", err
	}
	ev := h.event(translog.MandateGrantRevoked, endedDetail{By: e.by, Grant: grant.String(), Theme: found.Theme})
	return false, found.Theme, tx.Append(withReason(ev, e.reason))
}

func (s *Service) revokeWhole(tx *command.Tx, h held, to State, e ending, d endedDetail) error {
	if err := change(tx.Tx, h.Mandate, to, map[string]any{"ended_at": tx.Now(), "ended_by": e.by, "end_reason": e.reason}); err != nil {
		return err
	}
	if err := s.tellStopped(tx, h, true, "", h.ID.String()); err != nil {
		return err
	}
	return tx.Append(withReason(h.event(translog.MandateRevoked, d), e.reason))
}

func withReason(e translog.Event, reason string) translog.Event {
	if reason != "" {
		e.Personal = why{Reason: reason}
	}
	return e
}

func (s *Service) tellStopped(tx *command.Tx, h held, whole bool, theme, key string) error {
	b, err := beneficiaries.Facts(tx, h.Beneficiary)
	if err != nil {
		return err
	}
	name := theme
	if t, ok := h.pack.Theme(theme); ok {
		name = t.Name.In(b.Language)
	}
	return b.Tell(tx, "mandate_revoked:"+key, notify.MandateRevoked{Organisation: h.org.Name, Phone: h.org.Phone, Whole: whole, Theme: name, At: tx.Now().In(h.zone)})
}

// Renounce ends a mandate on the organisation's side; it must say why.
func (s *Service) Renounce(ctx context.Context, actor authz.Actor, id uuid.UUID, reason string) error {
	return s.commands.Run(ctx, actor, "mandate.renounce", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateRenounce)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveRenounce)
		if err != nil {
			return err
		}
		reason, err := h.reason(tx, reason, true)
		if err != nil {
			return err
		}
		e := ending{state: "revoked", by: endedBy(actor), reason: reason}
		if _, err := endGrants(tx.Tx, h.ID, uuid.Nil, e); err != nil {
			return err
		}
		if err := change(tx.Tx, h.Mandate, to, map[string]any{"ended_at": tx.Now(), "ended_by": e.by, "end_reason": reason}); err != nil {
			return err
		}
		if err := s.tellStopped(tx, h, true, "", h.ID.String()); err != nil {
			return err
		}
		return tx.Append(withReason(h.event(translog.MandateRenounced, endedDetail{By: e.by}), reason))
	})
}

// Void gives up a mandate that was never signed: the person declines (CO-06),
// changes their mind, or it was begun by mistake.
func (s *Service) Void(ctx context.Context, actor authz.Actor, id uuid.UUID, reason string) error {
	return s.commands.Run(ctx, actor, "mandate.void", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateVoid)
		if err != nil {
			return err
		}
		return h.void(tx, reason)
	})
}

func (h held) void(tx *command.Tx, reason string) error {
	to, err := h.move(tx, MoveVoid)
	if err != nil {
		return err
	}
	if reason, err = h.reason(tx, reason, false); err != nil {
		return err
	}
	if err := dropPendingGrants(tx.Tx, h.ID); err != nil {
		return err
	}
	by := endedBy(tx.Actor())
	if err := change(tx.Tx, h.Mandate, to, map[string]any{"ended_at": tx.Now(), "ended_by": by, "end_reason": reason}); err != nil {
		return err
	}
	return tx.Append(withReason(h.event(translog.MandateVoided, endedDetail{By: by}), reason))
}

// Suspend holds a mandate (safeguarding) until Resume; it must say why.
func (s *Service) Suspend(ctx context.Context, actor authz.Actor, id uuid.UUID, reason string) error {
	return s.commands.Run(ctx, actor, "mandate.suspend", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateSuspend)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveSuspend)
		if err != nil {
			return err
		}
		reason, err := h.reason(tx, reason, true)
		if err != nil {
			return err
		}
		if err := change(tx.Tx, h.Mandate, to, map[string]any{"suspended_at": tx.Now(), "suspended_reason": reason,
			"suspended_role": string(tx.Role()), "suspended_by": actor.Account}); err != nil {
			return err
		}
		return tx.Append(withReason(h.event(translog.MandateSuspended, endedDetail{By: string(tx.Role())}), reason))
	})
}

// Resume lifts a suspension. A referent lifts none that supervision placed.
func (s *Service) Resume(ctx context.Context, actor authz.Actor, id uuid.UUID) error {
	return s.commands.Run(ctx, actor, "mandate.resume", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateResume)
		if err != nil {
			return err
		}
		to, err := h.move(tx, MoveResume)
		if err != nil {
			return err
		}
		if err := change(tx.Tx, h.Mandate, to, map[string]any{"suspended_at": nil, "suspended_reason": "", "suspended_role": "", "suspended_by": nil}); err != nil {
			return err
		}
		return tx.Append(h.event(translog.MandateResumed, endedDetail{By: string(tx.Role())}))
	})
}

// ExpireDue ends mandates whose end has passed, and voids what was shown 72
// hours ago or drafted 30 days ago and never signed; 500 at most at a time. One
// that fails holds up no other: the error joins all faults. It says how many
// were ended. Nothing depends on its being on time: every check compares the
// end itself.
func (s *Service) ExpireDue(ctx context.Context) (int, error) {
	const most = 500
	ended, faults := 0, []error{}
	each := func(find func(context.Context, *store.Store, int) ([]uuid.UUID, error), verb string, end func(context.Context, uuid.UUID) error) {
		ids, err := find(ctx, s.commands.Store(), most)
		if err != nil {
			faults = append(faults, fmt.Errorf("find mandates to %s: %w", verb, err))
			return
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				return
			}
			if err := end(ctx, id); err != nil {
				faults = append(faults, fmt.Errorf("%s %s: %w", verb, id, err))
				continue
			}
			ended++
		}
	}
	each(dueIDs, "expire", s.expire)
	each(staleIDs, "void", s.voidStale)
	return ended, errors.Join(faults...)
}

// voidStale gives up one that nobody signed in time; one that was taken up
// again meanwhile is nothing to do.
func (s *Service) voidStale(ctx context.Context, id uuid.UUID) error {
	err := s.commands.Run(ctx, authz.Actor{System: true}, "mandate.void", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateVoid)
		if err != nil {
			return err
		}
		if !h.stale(tx.Now()) {
			tx.Repeated()
			return nil
		}
		return h.void(tx, "")
	})
	if already(err) {
		return nil
	}
	return err
}

// stale reports whether it waited too long for a signature, as staleIDs asks.
func (m Mandate) stale(now time.Time) bool {
	switch m.State {
	case Drafted:
		return m.CreatedAt.Before(now.Add(-draftFor))
	case Presented, Awaiting:
		return m.PresentedAt.Before(now.Add(-presentedFor))
	default:
		return false
	}
}

// expire ends one mandate; one that ended meanwhile is nothing to do.
func (s *Service) expire(ctx context.Context, id uuid.UUID) error {
	err := s.commands.Run(ctx, authz.Actor{System: true}, "mandate.expire", func(tx *command.Tx) error {
		h, err := s.hold(tx, id, authz.MandateExpire)
		if err != nil {
			return err
		}
		if !h.State.Live() || tx.Now().Before(h.EndsAt) {
			tx.Repeated()
			return nil
		}
		to, err := h.move(tx, MoveExpire)
		if err != nil {
			return err
		}
		if _, err := endGrants(tx.Tx, id, uuid.Nil, ending{state: "expired", by: "system"}); err != nil {
			return err
		}
		if err := change(tx.Tx, h.Mandate, to, map[string]any{"ended_at": h.EndsAt, "ended_by": "system"}); err != nil {
			return err
		}
		return tx.Append(h.event(translog.MandateExpired, endedDetail{By: "system"}))
	})
	if already(err) {
		return nil
	}
	return err
}

// already: another was quicker.
func already(err error) bool {
	return errors.Is(err, store.ErrStale) || problem.Is(err, "mandate_already_ended") || problem.Is(err, "mandate_already_active")
}

// reason cleans why something is stopped. A probable secret is refused before
// it is kept (invariant 8).
func (h held) reason(tx *command.Tx, text string, needed bool) (string, error) {
	text = line(text)
	switch {
	case needed && text == "":
		return "", problem.Invalid(problem.At("reason", "say_why"))
	case letters(text) > maxReason:
		return "", problem.Invalid(problem.At("reason", "too_long"))
	}
	return text, refuseSecret(tx, secretsIn(h.pack, nil, typed{"reason", text}), h.about())
}
