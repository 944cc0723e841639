package organisations

import (
	"context"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

const (
	// maxTrainings on record for one person in one organisation.
	maxTrainings = 50
	// longestValidity of a training, in years: farther away is a slip of the finger.
	longestValidity = 20
)

var errTooManyTrainings = problem.New(problem.KindTooMany, "too_many_trainings")

// RecordTraining puts a training on record, with where its proof is. It counts
// for this person in this organisation only.
func (s *Service) RecordTraining(ctx context.Context, actor authz.Actor, in Training) error {
	in, err := in.check()
	if err != nil {
		return err
	}
	orgID, err := s.organisationOfMembership(ctx, in.Membership)
	if err != nil {
		return err
	}
	return s.commands.Run(ctx, actor, "record_training", func(tx *command.Tx) error {
		org, err := lockOrganisation(tx.Tx, orgID)
		if err != nil {
			return err
		}
		m, err := lockMembership(tx.Tx, in.Membership)
		if err != nil {
			return err
		}
		obj := authz.Object{Kind: authz.KindTraining, Organisation: org.ID, Territory: org.Territory, Account: m.AccountID}
		if err := tx.Decide(authz.TrainingRecord, obj, about(org.ID)); err != nil {
			return err
		}
		if err := s.stillReferent(tx, org.ID); err != nil {
			return err
		}
		if err := trainable(tx, m, in, org); err != nil {
			return err
		}
		id := tx.NewID()
		if err := insertTraining(tx.Tx, id, m, in, actor.Account); err != nil {
			return err
		}
		return tx.Append(translog.Event{
			Kind: translog.TrainingRecorded, Organisation: org.ID,
			Detail: TrainingDetail{Training: id, Account: m.AccountID,
				CompletedOn: isoDay(in.CompletedOn), ExpiresOn: isoDay(in.ExpiresOn)},
		})
	})
}

// trainable guards a record with what only the rows can say.
func trainable(tx *command.Tx, m membershipRow, in Training, org organisationRow) error {
	if m.State == MembershipEnded {
		return tx.Refuse(problem.Conflict("membership_over"), about(org.ID))
	}
	loc, err := Zone(org.TimeZone)
	if err != nil {
		return err
	}
	if in.CompletedOn.After(day(tx.Now().In(loc))) {
		return problem.Invalid(problem.At("completed_on", "completed_in_future"))
	}
	n, err := countTrainings(tx.Tx, m.AccountID, m.OrganisationID)
	if err == nil && n >= maxTrainings {
		err = tx.Refuse(errTooManyTrainings, about(org.ID))
	}
	return err
}

func (t Training) check() (Training, error) {
	c := checker{}
	t.Course = c.line("course", t.Course, 2, maxCourse)
	t.Evidence = c.free("evidence", t.Evidence, 2, maxEvidence)
	t.CompletedOn, t.ExpiresOn = day(t.CompletedOn), day(t.ExpiresOn)
	switch {
	case t.CompletedOn.IsZero():
		c.fail("completed_on", "required")
	case t.ExpiresOn.IsZero():
	case t.ExpiresOn.Before(t.CompletedOn):
		c.fail("expires_on", "before_completion")
	case t.ExpiresOn.After(t.CompletedOn.AddDate(longestValidity, 0, 0)):
		c.fail("expires_on", "expiry_too_far")
	}
	if t.Membership == uuid.Nil {
		return t, problem.NotFound()
	}
	return t, c.err()
}

// AcceptCharter records that the actor accepts the charter of the pack of the
// organisation acted for, in its current version; an older one is
// charter_changed. Accepting again changes nothing and leaves no event.
func (s *Service) AcceptCharter(ctx context.Context, actor authz.Actor, version string) error {
	facts, err := s.Facts(ctx, actor.Organisation)
	if err != nil {
		return err
	}
	pack, err := s.packs.Get(facts.Pack)
	if err != nil {
		return err
	}
	done, err := s.charterAccepted(ctx, actor.Account, actor.Organisation, version)
	if err != nil || done && version == pack.Charter.Version {
		return err
	}
	err = s.commands.Run(ctx, actor, "accept_charter", func(tx *command.Tx) error {
		obj := authz.Object{Kind: authz.KindCharter, Organisation: facts.ID, Territory: facts.Territory, Account: actor.Account}
		if err := tx.Decide(authz.CharterAccept, obj, about(facts.ID)); err != nil {
			return err
		}
		if version != pack.Charter.Version {
			return tx.Refuse(problem.Conflict("charter_changed"), about(facts.ID))
		}
		fresh, err := insertCharter(tx.Tx, actor.Account, facts.ID, version)
		if err != nil {
			return err
		}
		if !fresh {
			return errAcceptedBefore
		}
		return tx.Append(translog.Event{Kind: translog.CharterAccepted, Organisation: facts.ID,
			Detail: CharterDetail{Account: actor.Account, Version: version}})
	})
	if problem.Is(err, errAcceptedBefore.Code) {
		return nil
	}
	return err
}

// errAcceptedBefore stays inside: two clicks at once accept once.
var errAcceptedBefore = problem.Conflict("accepted_before")
