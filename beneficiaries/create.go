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
// DuplicateConfirmed. Faults name their field.
func (s *Service) Create(ctx context.Context, actor authz.Actor, n New) (Beneficiary, error) {
	var out Beneficiary
	err := s.commands.Run(ctx, actor, "beneficiary.create", func(tx *command.Tx) error {
		about := translog.Event{Organisation: actor.Organisation}
		if err := tx.Decide(authz.BeneficiaryCreate, authz.Object{Kind: authz.KindBeneficiary, Organisation: actor.Organisation}, about); err != nil {
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
		id := tx.NewID()
		if err := insert(tx.Tx, id, actor.Organisation, actor.Account, n); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		if out, err = load(tx.DB(), id, false); err != nil {
			return err
		}
		return tx.Append(translog.Event{Kind: translog.BeneficiaryCreated, Organisation: actor.Organisation, Beneficiary: id,
			Detail: createdDetail{n.IdentityCheck, n.Channel, n.Language, n.Protection, n.DuplicateConfirmed}})
	})
	return out, err
}

// Change corrects who somebody is. Mandates already signed keep what was signed.
func (s *Service) Change(ctx context.Context, actor authz.Actor, id uuid.UUID, in Identity) error {
	return s.commands.Run(ctx, actor, "beneficiary.change", func(tx *command.Tx) error {
		b, org, err := s.decideOn(tx, id, authz.BeneficiaryChange, false)
		if err != nil {
			return err
		}
		pack, err := s.packs.Get(org.Pack)
		if err != nil {
			return fmt.Errorf("pack of the organisation: %w", err)
		}
		var f faults
		in.check(pack, tx.Now(), &f)
		if err := f.err(); err != nil {
			return err
		}
		columns := in.columns()
		if in.IdentityCheck != b.IdentityCheck {
			columns["identity_checked_by"], columns["identity_checked_at"] = actor.Account, tx.Now()
		}
		if err := update(tx.Tx, id, columns); err != nil {
			return err
		}
		e := b.about()
		e.Kind, e.Detail = translog.BeneficiaryChanged, changedDetail{Fields: differences(Identity{
			b.GivenNames, b.FamilyName, b.UsageName, b.BirthDate, b.BirthPlace, b.IdentityCheck, b.Protection}.columns(), in.columns())}
		return tx.Append(e)
	})
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
