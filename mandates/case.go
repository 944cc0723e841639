package mandates

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// OpenCase opens a case for a person of the actor's organisation, under the
// live mandate that covers the procedure; without one it is refused with the
// reasons. The same key by the same mediator gives the same case.
func (s *Service) OpenCase(ctx context.Context, actor authz.Actor, in OpenCase) (Case, error) {
	var out Case
	err := s.commands.Run(ctx, actor, "case.open", func(tx *command.Tx) error {
		organisation, err := organisationOf(tx.DB(), in.Beneficiary)
		if err != nil {
			return err
		}
		org, err := s.orgs.FactsTx(tx.Tx, organisation)
		if err != nil {
			return fmt.Errorf("load the organisation: %w", err)
		}
		h := newCase(actor, in, org)
		c, err := coverFor(tx, h)
		if err != nil {
			return err
		}
		about := h.about()
		about.Case, about.Mandate = uuid.Nil, c.mandate
		obj := h.object()
		obj.Mandate = c.facts(h, "", tx.Now())
		if err := tx.Decide(authz.CaseOpen, obj, about); err != nil {
			return err
		}
		if err := s.checkCase(h, in, tx.Now()); err != nil {
			return err
		}
		h.ID, h.OpenedUnder = caseID(tx, organisation, actor.Author(), in.IdempotencyKey), c.mandate
		fresh, err := insertCase(tx.Tx, h.Case)
		if err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		kept, err := loadCase(tx.DB(), h.ID)
		if err != nil {
			return err
		}
		if out = kept.Case; !fresh {
			return repeatedCase(tx, out, h.Case)
		}
		e := out.about()
		e.Kind, e.Mandate, e.Detail = translog.CaseOpened, c.mandate, caseDetail{State: string(out.State), DueOn: dayText(out.DueOn), For: writtenFor(actor)}
		return tx.Append(e)
	})
	return out, err
}

func newCase(actor authz.Actor, in OpenCase, org organisations.OrganisationFacts) heldCase {
	return heldCase{
		Case: Case{
			Organisation: org.ID, Beneficiary: in.Beneficiary, Procedure: in.Procedure, State: CaseOpened,
			OpenedBy: actor.Author(), AssignedTo: actor.Author(), DueOn: dayOf(in.DueOn),
		},
		territory: org.Territory, pack: org.Pack, timeZone: org.TimeZone, alive: org.State == organisations.OrganisationActive,
	}
}

// coverFor finds the mandate a case leans on and holds it as it is, so that a
// revocation comes wholly before or wholly after.
func coverFor(tx *command.Tx, h heldCase) (cover, error) {
	read := func() (cover, error) {
		all, err := coversOf(tx.DB(), h.Organisation, h.Beneficiary, h.Procedure)
		if err != nil {
			return cover{}, fmt.Errorf("load covering mandates: %w", err)
		}
		c, _ := best(all, "", tx.Now())
		return c, nil
	}
	seen, err := read()
	if err != nil {
		return cover{}, err
	}
	if err := shareMandate(tx.Tx, seen.mandate); err != nil {
		return cover{}, err
	}
	now, err := read()
	if err == nil && now.mandate != seen.mandate {
		err = store.ErrStale
	}
	return now, err
}

// checkCase checks what was typed or chosen.
func (s *Service) checkCase(h heldCase, in OpenCase, now time.Time) error {
	pack, err := s.packs.Get(h.pack)
	if err != nil {
		return fmt.Errorf("pack of the organisation: %w", err)
	}
	var f []problem.Field
	if _, ok := pack.Procedure(in.Procedure); !ok {
		f = append(f, problem.At("procedure", "unknown_procedure"))
	}
	if len(in.IdempotencyKey) > maxKey {
		f = append(f, tooLong("idempotency_key", maxKey))
	}
	due, err := dueFault(h.timeZone, in.DueOn, now)
	if err != nil {
		return err
	}
	if f = append(f, due...); len(f) > 0 {
		return problem.Invalid(f...)
	}
	return nil
}

// repeatedCase: the key was used before. It must have asked for the same.
func repeatedCase(tx *command.Tx, kept, asked Case) error {
	if kept.Beneficiary != asked.Beneficiary || kept.Procedure != asked.Procedure || kept.OpenedBy != asked.OpenedBy {
		return problem.Conflict("idempotency_key_reused")
	}
	tx.Repeated()
	return nil
}

// caseKeys is the name space of case ids made from keys (RFC 9562, 5.5).
var caseKeys = uuid.MustParse("9b3c1d52-6f0e-4c1b-8f62-0a4f6b7f5c11")

// caseID makes the id of a case from its key, so that the primary key itself
// tells a second coming; without a key it is a new one.
func caseID(tx *command.Tx, organisation, account uuid.UUID, key string) uuid.UUID {
	if key == "" {
		return tx.NewID()
	}
	name := append(append(organisation[:], account[:]...), key...)
	return uuid.NewSHA1(caseKeys, name)
}

// farthestDue bounds dates to watch: beyond it the year is a slip.
const farthestDue = 3 // years

// dueFault checks a date to watch against today in the organisation's zone.
func dueFault(zone string, due, now time.Time) ([]problem.Field, error) {
	if due.IsZero() {
		return nil, nil
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("zone of the organisation: %w", err)
	}
	y, m, d := now.In(loc).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	switch day := dayOf(due); {
	case day.Before(today):
		return []problem.Field{problem.At("due_on", "due_in_past")}, nil
	case day.After(today.AddDate(farthestDue, 0, 0)):
		return []problem.Field{problem.At("due_on", "due_too_far")}, nil
	}
	return nil, nil
}

// dayOf keeps year, month and day.
func dayOf(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func tooLong(field string, most int) problem.Field {
	return problem.Field{Name: field, Code: "too_long", Args: map[string]any{"Most": most}}
}
