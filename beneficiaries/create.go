package beneficiaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

var errNotThere = problem.NotFound()

// object gives the facts of a person for a decision.
func (b Beneficiary) object(territory string) authz.Object {
	return authz.Object{Kind: authz.KindBeneficiary, Organisation: b.Organisation, Beneficiary: b.ID, Territory: territory}
}

func (b Beneficiary) about() translog.Event {
	return translog.Event{Organisation: b.Organisation, Beneficiary: b.ID}
}

// Create records a person in the actor's organisation. Likely duplicates are
// refused with code "possible_duplicate" and Args "matches" ([]Match), unless
// DuplicateConfirmed. Faults name their field. A person made before with the
// same ID is given as they are.
func (s *Service) Create(ctx context.Context, actor authz.Actor, n New) (Beneficiary, error) {
	var out Beneficiary
	err := s.commands.Run(ctx, actor, "beneficiary.create", func(tx *command.Tx) error {
		about := translog.Event{Organisation: actor.Organisation}
		if err := tx.Decide(authz.BeneficiaryCreate, authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation}, about); err != nil {
			return err
		}
		if kept, err := madeBefore(tx, n.ID, actor.Organisation); err != nil || kept.ID != uuid.Nil {
			out = kept
			return err
		}
		org, err := loadOrganisation(tx.DB(), actor.Organisation)
		if err != nil {
			return err
		}
		pack, err := s.packs.Get(org.Pack)
		if err != nil {
			return fmt.Errorf("pack of the organisation: %w", err)
		}
		var f faults
		n.Identity.check(pack, tx.Now(), &f)
		n.Contact.check(pack, &f)
		if err := f.err(); err != nil {
			return err
		}
		if !n.DuplicateConfirmed {
			found, err := matches(tx.DB(), actor.Organisation, n)
			if err != nil {
				return fmt.Errorf("look for duplicates: %w", err)
			}
			if len(found) > 0 {
				return problem.Conflict("possible_duplicate").With("matches", found)
			}
		}
		id := n.ID
		if id == uuid.Nil {
			id = tx.NewID()
		}
		if err := insert(tx.Tx, id, actor.Organisation, actor.Author(), n); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		if out, err = load(tx.DB(), id, false); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.BeneficiaryCreated, Organisation: actor.Organisation, Beneficiary: id,
			Detail: createdDetail{n.IdentityCheck, n.Channel, n.Language, n.Protection, n.DuplicateConfirmed, written(actor)}})
	})
	return out, err
}

// madeBefore looks for the person of an id that the caller chose: a second
// coming of the same command. The zero person: there is none.
func madeBefore(tx *command.Tx, id, organisation uuid.UUID) (Beneficiary, error) {
	if id == uuid.Nil {
		return Beneficiary{}, nil
	}
	if err := awaitTwin(tx.Tx, id); err != nil {
		return Beneficiary{}, err
	}
	kept, err := load(tx.DB(), id, false)
	switch {
	case problem.Is(err, "not_found"):
		return Beneficiary{}, nil
	case err != nil:
		return Beneficiary{}, err
	case kept.Organisation != organisation || kept.Erased:
		return Beneficiary{}, errNotThere
	}
	tx.Repeated()
	return kept, nil
}

// Change corrects who somebody is. Mandates already signed keep what was signed.
func (s *Service) Change(ctx context.Context, actor authz.Actor, id uuid.UUID, in Identity) error {
	_, err := s.Correct(ctx, actor, id, func(Beneficiary) (Identity, error) { return in, nil })
	return err
}

// Correct is Change by an edit of the person as they are at that instant, held
// until it is written; the error of edit refuses it.
func (s *Service) Correct(ctx context.Context, actor authz.Actor, id uuid.UUID, edit func(Beneficiary) (Identity, error)) (Beneficiary, error) {
	var out Beneficiary
	err := s.commands.Run(ctx, actor, "beneficiary.change", func(tx *command.Tx) error {
		b, org, err := s.decideOn(tx, id, authz.BeneficiaryChange, false)
		if err != nil {
			return err
		}
		pack, err := s.packs.Get(org.Pack)
		if err != nil {
			return fmt.Errorf("pack of the organisation: %w", err)
		}
		in, err := edit(b)
		if err != nil {
			return err
		}
		var f faults
		in.check(pack, tx.Now(), &f)
		if err := f.err(); err != nil {
			return err
		}
		columns := in.columns()
		if in.IdentityCheck != b.IdentityCheck {
			columns["identity_checked_by"], columns["identity_checked_at"] = actor.Author(), tx.Now()
		}
		if err := update(tx.Tx, id, columns); err != nil {
			return err
		}
		if out, err = load(tx.DB(), id, false); err != nil {
			return err
		}
		e := b.about()
		e.Kind, e.Detail = translog.BeneficiaryChanged, changedDetail{Fields: differences(b.Identity().columns(), in.columns()), For: written(actor)}
		return tx.Append(e)
	})
	return out, err
}

// written says for whom software wrote; empty when nobody stood between.
func written(a authz.Actor) string {
	if a.For == uuid.Nil {
		return ""
	}
	return a.For.String()
}

// decideOn locks a person and decides; "not yours" and "not there" are the same.
func (s *Service) decideOn(tx *command.Tx, id uuid.UUID, action authz.Action, sensitive bool) (Beneficiary, organisationFacts, error) {
	b, err := load(tx.DB(), id, true)
	if err != nil {
		return b, organisationFacts{}, err
	}
	org, err := loadOrganisation(tx.DB(), b.Organisation)
	if err != nil {
		return b, org, err
	}
	obj := b.object(org.Territory)
	obj.Sensitive = sensitive
	if err := tx.Decide(action, obj, b.about()); err != nil {
		return b, org, err
	}
	if b.Erased {
		return b, org, errNotThere
	}
	return b, org, nil
}
