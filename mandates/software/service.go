package software

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
)

// Dependencies of the service.
type Dependencies struct {
	Commands      *command.Runner
	Packs         *packs.Set
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	Mandates      *mandates.Service
}

// Service holds the commands and queries.
type Service struct{ Dependencies }

// New makes the service.
func New(d Dependencies) *Service { return &Service{d} }

// Caller is the software that asks, and why it looks.
type Caller struct {
	Client  clients.Client
	Purpose string // of looks
}

func (s *Service) store() *store.Store { return s.Commands.Store() }

// actor is who the software is now.
func (s *Service) actor(c Caller) authz.Actor { return c.Client.SoftwareActor(s.store().Now()) }

// writing is the software writing for a mediator of its organisation, as that
// mediator is now. Somebody else's mediator is one who may not act.
func (s *Service) writing(ctx context.Context, c Caller, mediator uuid.UUID) (authz.Actor, string, error) {
	a := s.actor(c)
	m, err := s.Organisations.Actor(ctx, organisations.ActorQuery{Account: mediator, Organisation: c.Client.Organisation})
	if problem.Is(err, "unauthenticated") || err == nil && membership(m, c.Client.Organisation) == nil {
		return a, "", problem.Invalid(problem.At("mediator", "not_a_mediator_here"))
	}
	if err != nil {
		return a, "", err
	}
	a.For, a.ForFacts = mediator, &authz.MediatorFacts{SuspendedAccount: m.SuspendedAccount, Membership: *membership(m, c.Client.Organisation)}
	return a, m.Name, nil
}

// membership is an actor's as a mediator in an organisation; nil when none.
func membership(a authz.Actor, organisation uuid.UUID) *authz.Membership {
	for i := range a.Memberships {
		if m := &a.Memberships[i]; m.Organisation == organisation && m.Role == authz.Mediator {
			return m
		}
	}
	return nil
}

// lookDetail is what the log says of a look: at what, by what, how much.
type lookDetail struct {
	Subject string   `json:"subject"`
	Filters []string `json:"filters,omitempty"`
	Older   bool     `json:"older,omitempty"` // a further page
	Shown   int      `json:"shown"`
	// Purpose of a look at nobody in particular; that of a look at a person is
	// personal content instead, and goes with the person.
	Purpose string `json:"purpose,omitempty"`
}

type lookWords struct {
	Purpose string `json:"purpose"`
}

// look decides on a read and leaves its event; read, inside the same
// transaction, gives what is looked at and what is to be written about it.
func (s *Service) look(ctx context.Context, c Caller, name string, read func(tx *command.Tx) (translog.Event, lookDetail, error)) error {
	purpose, err := review.Purpose(c.Purpose)
	if err != nil {
		return err
	}
	return s.Commands.Run(ctx, s.actor(c), name, func(tx *command.Tx) error {
		e, d, err := read(tx)
		if err != nil {
			return err
		}
		if e.Beneficiary == uuid.Nil {
			d.Purpose = purpose
		} else {
			e.Personal = lookWords{Purpose: purpose}
		}
		e.Detail = d
		return tx.Append(e)
	})
}

// lookAt is a look at one thing of one person.
func (s *Service) lookAt(ctx context.Context, c Caller, q owned) error {
	return s.look(ctx, c, "software.read", func(tx *command.Tx) (translog.Event, lookDetail, error) {
		o, err := ownerOf(tx.Tx, q)
		if err != nil {
			return translog.Event{}, lookDetail{}, err
		}
		e := translog.Event{Kind: translog.BeneficiaryViewed, Organisation: o.organisation, Beneficiary: o.beneficiary}
		switch q.table {
		case mandateTable:
			e.Mandate = q.id
		case caseTable:
			e.Case = q.id
		}
		obj := authz.Object{Kind: q.kind, Organisation: o.organisation, Territory: o.territory, Beneficiary: o.beneficiary}
		if err := tx.Decide(q.action, obj, e); err != nil {
			return e, lookDetail{}, err
		}
		return e, lookDetail{Subject: q.subject, Shown: 1}, nil
	})
}

// lookThrough is a look at a list, which names nobody.
func (s *Service) lookThrough(ctx context.Context, c Caller, l list, read func(tx *command.Tx) (shown int, about uuid.UUID, err error)) error {
	return s.look(ctx, c, "software.list", func(tx *command.Tx) (translog.Event, lookDetail, error) {
		e := translog.Event{Kind: translog.ListViewed, Organisation: c.Client.Organisation}
		obj := authz.Object{Kind: l.kind, Organisation: c.Client.Organisation}
		if err := tx.Decide(l.action, obj, e); err != nil {
			return e, lookDetail{}, err
		}
		shown, about, err := read(tx)
		if e.Beneficiary = about; about != uuid.Nil {
			e.Kind = translog.BeneficiaryViewed
		}
		return e, lookDetail{Subject: l.subject, Filters: l.filters, Older: l.older, Shown: shown}, err
	})
}

// list is what the log says of a list before it is read.
type list struct {
	kind    authz.Kind
	action  authz.Action
	subject string
	filters []string
	older   bool
}

// Request is what the caller asks to be done, by its key.
type Request struct {
	Key string
	// Content is the whole of it, for telling another one under the same key.
	Content []byte
}

// keys is the name space of ids and keys made from callers' keys (RFC 9562, 5.5).
var keys = uuid.MustParse("5d0c61e5-3a58-4c0f-9a7e-1f4d0c1be0aa")

// Begin keeps what a key asks for, before it is done. The same key with another
// content is refused. It gives the id that what is made has: doing it again
// makes it once, also when the answer was lost. fresh: the key is a new one.
func (s *Service) Begin(ctx context.Context, c Caller, r Request) (id uuid.UUID, fresh bool, err error) {
	sum := sha256.Sum256(r.Content)
	kept, fresh, err := keepRequest(ctx, s.store(), c.Client.ID, r.Key, sum[:])
	if err != nil {
		return uuid.Nil, false, problem.Wrap(err, "keep the request")
	}
	if !bytes.Equal(kept, sum[:]) {
		return uuid.Nil, false, problem.Conflict("idempotency_key_reused")
	}
	return uuid.NewSHA1(keys, append(c.Client.ID[:], r.Key...)), fresh, nil
}

// Sweep forgets the keys of requests older than ninety days. A job runs it.
func (s *Service) Sweep(ctx context.Context) error {
	return sweepRequests(ctx, s.store(), s.store().Now().AddDate(0, 0, -keptDays))
}

// keptDays is how long a key is remembered.
const keptDays = 90
