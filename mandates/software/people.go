package software

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/organisations"
)

// PersonLine says that a person exists.
type PersonLine struct {
	ID        uuid.UUID
	CreatedAt time.Time
}

// PeopleQuery lists or finds people; all criteria given must hold.
type PeopleQuery struct {
	Name      string
	BirthDate time.Time
	Phone     string
	Page
}

func (q PeopleQuery) filters() []string {
	var out []string
	for name, given := range map[string]bool{"birth_date": !q.BirthDate.IsZero(), "name": q.Name != "", "phone": q.Phone != ""} {
		if given {
			out = append(out, name)
		}
	}
	return sorted(out)
}

// People lists the organisation's people, oldest first, by what identifies them
// if asked. When criteria find exactly one, that is a look at that person.
func (s *Service) People(ctx context.Context, c Caller, q PeopleQuery) (lines []PersonLine, next string, err error) {
	after, err := q.read()
	if err != nil {
		return nil, "", err
	}
	if q.Phone, err = s.phone(ctx, c, q.Phone); err != nil {
		return nil, "", err
	}
	l := list{kind: authz.KindBeneficiary, action: authz.BeneficiarySearch, subject: "people", filters: q.filters(), older: q.Cursor != ""}
	err = s.lookThrough(ctx, c, l, func(tx *command.Tx) (int, uuid.UUID, error) {
		rows, err := peopleRows(tx.Tx, c.Client.Organisation, q, after)
		if err != nil {
			return 0, uuid.Nil, problem.Wrap(err, "list people")
		}
		rows, next = cut(rows, q.limit(), func(r PersonLine) position { return position{r.CreatedAt, r.ID} })
		lines = rows
		if len(rows) == 1 && len(l.filters) > 0 {
			return 1, rows[0].ID, nil
		}
		return len(rows), uuid.Nil, nil
	})
	return lines, next, err
}

// phone reads a number as the organisation's country dials it.
func (s *Service) phone(ctx context.Context, c Caller, typed string) (string, error) {
	if typed == "" {
		return "", nil
	}
	org, err := s.Organisations.Facts(ctx, c.Client.Organisation)
	if err != nil {
		return "", err
	}
	pack, err := s.Packs.Get(org.Pack)
	if err != nil {
		return "", err
	}
	number, ok := beneficiaries.Phone(pack, typed)
	if !ok {
		return "", problem.Invalid(problem.At("phone", "phone_not_recognised"))
	}
	return number, nil
}

// Person reads one person.
func (s *Service) Person(ctx context.Context, c Caller, id uuid.UUID) (beneficiaries.Beneficiary, error) {
	if err := s.lookAt(ctx, c, person(id)); err != nil {
		return beneficiaries.Beneficiary{}, err
	}
	return s.Beneficiaries.Get(ctx, s.actor(c), id)
}

// CreatePerson adds a person for a mediator, under the id that Begin gave.
func (s *Service) CreatePerson(ctx context.Context, c Caller, mediator uuid.UUID, n beneficiaries.New) (beneficiaries.Beneficiary, error) {
	actor, _, err := s.writing(ctx, c, mediator)
	if err != nil {
		return beneficiaries.Beneficiary{}, err
	}
	return s.Beneficiaries.Create(ctx, actor, n)
}

// CorrectPerson corrects who a person is, for a mediator. edit is given the
// person as they are, held until it is written.
func (s *Service) CorrectPerson(ctx context.Context, c Caller, mediator, id uuid.UUID,
	edit func(beneficiaries.Beneficiary) (beneficiaries.Identity, error)) (beneficiaries.Beneficiary, error) {
	actor, _, err := s.writing(ctx, c, mediator)
	if err != nil {
		return beneficiaries.Beneficiary{}, err
	}
	return s.Beneficiaries.Correct(ctx, actor, id, edit)
}

// MandatesOf reads a person's mandates, newest first.
func (s *Service) MandatesOf(ctx context.Context, c Caller, id uuid.UUID) ([]mandates.Mandate, error) {
	q := person(id)
	q.kind, q.action, q.subject = authz.KindMandate, authz.MandateRead, "mandates"
	if err := s.lookAt(ctx, c, q); err != nil {
		return nil, err
	}
	return s.Mandates.OfBeneficiary(ctx, s.actor(c), id)
}

// Mediator is somebody software may write for.
type Mediator struct {
	ID    uuid.UUID
	Name  string
	Lacks []authz.Reason // empty: may act
}

// Mediators lists those of the organisation, by name.
func (s *Service) Mediators(ctx context.Context, c Caller) ([]Mediator, error) {
	members, err := s.Organisations.Members(ctx, s.actor(c), c.Client.Organisation)
	if err != nil {
		return nil, err
	}
	out := []Mediator{}
	for _, m := range members {
		if m.Role == authz.Mediator && m.State == organisations.MembershipActive {
			out = append(out, Mediator{ID: m.Account, Name: m.Name, Lacks: m.Lacks()})
		}
	}
	return out, nil
}
