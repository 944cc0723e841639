package review

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// Entry shows one event with its place in the log and, for a refusal, the
// reasons, the rule and the law behind it (SU-08). It is one log.viewed event,
// which carries the person whom the entry is about.
func (s *Service) Entry(ctx context.Context, actor authz.Actor, event uuid.UUID, purpose string) (Explained, error) {
	purpose, err := Purpose(purpose)
	if err != nil {
		return Explained{}, err
	}
	var x Explained
	err = s.commands.Run(ctx, actor, "log.view", func(tx *command.Tx) error {
		r, err := entryByEvent(tx.DB(), event)
		if !missing(&err) && err != nil {
			return problem.Wrap(err, "read the entry")
		}
		at, about := place{ID: event}, translog.Event{}
		if r.OrganisationID != uuid.Nil {
			at = place{ID: r.OrganisationID, Territory: r.Territory}
			about = translog.Event{Organisation: r.OrganisationID, Beneficiary: r.BeneficiaryID, Mandate: r.MandateID, Case: r.CaseID, Step: r.StepID}
		}
		if err := tx.Decide(authz.LogRead, at.object(), about); err != nil {
			return err
		}
		if x, err = s.explain(actor, r); err != nil {
			return err
		}
		return tx.Append(look(translog.LogViewed, about, lookDetail{Subject: "entry", Entry: event.String(), Shown: 1}, r.Erased, purpose))
	})
	if err != nil {
		return Explained{}, err
	}
	return x, s.locate(ctx, &x)
}

// explain says what the entry rests on.
func (s *Service) explain(actor authz.Actor, r entryRow) (Explained, error) {
	e, err := r.entry()
	if err != nil {
		return Explained{}, err
	}
	x := Explained{Entry: e, Position: -1, Leaf: r.Leaf, Facts: r.Facts}
	if e.Kind == translog.ActRefused {
		x.Rule, x.PolicyHash = e.Text("rule"), e.Text("policy_hash")
		today := s.commands.Decide(actor, authz.LogSearch, place{}.object()).PolicyHash
		x.SameLaw = x.PolicyHash != "" && x.PolicyHash == today
	}
	return x, nil
}

// locate finds the entry's place in the tree.
func (s *Service) locate(ctx context.Context, x *Explained) error {
	if s.log == nil {
		return nil
	}
	position, err := s.log.Position(ctx, x.EventID)
	if errors.Is(err, ledger.ErrPending) {
		return nil
	}
	if err != nil {
		return problem.Wrap(err, "find the place in the log")
	}
	x.Position = position
	return nil
}
