package mandates

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// CaseOf names a case by what it is about: the open one that an organisation
// has for a person's procedure, or a new one opened by the very step. The step
// is done under this mandate and no other.
type CaseOf struct {
	Organisation, Beneficiary, Mandate uuid.UUID
	Procedure                          string
}

// findCase holds the mandate first, as whoever stops one does, so that two
// reports at once open one case between them; then finds the case of a key used
// before, else the one that is open, else says which the report opens.
func (s *Service) findCase(tx *command.Tx, r *Reported) error {
	if r.Of == nil {
		return nil
	}
	if err := lockMandate(tx.Tx, r.Of.Mandate); err != nil {
		return err
	}
	of, err := caseOfKey(tx.DB(), *r, tx.Actor().Client)
	if err == nil && of == uuid.Nil {
		of, err = openCaseOf(tx.DB(), *r.Of)
	}
	if r.Case = of; err != nil || of != uuid.Nil {
		return err
	}
	org, err := s.orgs.FactsTx(tx.Tx, r.Of.Organisation)
	if err != nil {
		return fmt.Errorf("load the organisation: %w", err)
	}
	r.opens = &heldCase{
		Case: Case{
			Organisation: r.Of.Organisation, Beneficiary: r.Of.Beneficiary, Procedure: r.Of.Procedure, State: CaseOpened, Version: 1,
			OpenedBy: r.Mediator, AssignedTo: r.Mediator,
		},
		territory: org.Territory, pack: org.Pack, timeZone: org.TimeZone, alive: org.State == organisations.OrganisationActive,
	}
	return nil
}

// heldCase is the case that the report is about, as far as it is there.
func (r Reported) heldCase(tx *command.Tx) (heldCase, error) {
	if r.opens != nil {
		return *r.opens, nil
	}
	return loadCase(tx.DB(), r.Case)
}

// openReported writes the case that a report opens, once the report is allowed.
func openReported(tx *command.Tx, f *stepFacts, mandate uuid.UUID) error {
	f.ID, f.OpenedUnder = tx.NewID(), mandate
	fresh, err := insertCase(tx.Tx, f.Case)
	if err == nil && !fresh {
		err = problem.Conflict("stale")
	}
	return err
}
