package beneficiaries

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/translog"
)

// Limits of tries (PO-04).
const (
	triesPerCode     = 5
	triesPerAddress  = 20
	windowPerCode    = 24 * time.Hour
	windowPerAddress = 15 * time.Minute
)

var (
	errCardUnknown = problem.New(problem.KindInvalid, "card_unknown")
	errCardLocked  = problem.New(problem.KindTooMany, "card_locked")
	errTooMany     = problem.New(problem.KindTooMany, "too_many_tries")
)

// IssueCode makes the code of a mandate's card, in the signing transaction. An
// older code of the same mandate ends.
func (s *Service) IssueCode(tx *command.Tx, beneficiary, mandate uuid.UUID) (Code, error) {
	code, err := newCode(tx.Env().Random)
	if err != nil {
		return Code{}, err
	}
	return code, insertAccessCode(tx.Tx, tx.NewID(), beneficiary, mandate, s.hash("card", code.clear))
}

// ReissueCard makes a new code for a live mandate's card; the older one ends.
func (s *Service) ReissueCard(ctx context.Context, actor authz.Actor, mandate uuid.UUID) (Code, error) {
	var code Code
	err := s.commands.Run(ctx, actor, "card.issue", func(tx *command.Tx) error {
		about, state, err := s.decideOnCard(tx, mandate, authz.CardIssue)
		if err != nil {
			return err
		}
		if !slices.Contains([]string{"active", "suspended"}, state) {
			return tx.Refuse(problem.Conflict("mandate_not_active"), about)
		}
		if code, err = s.IssueCode(tx, about.Beneficiary, mandate); err != nil {
			return err
		}
		about.Kind = translog.CardIssued
		return tx.Append(about)
	})
	return code, err
}

// CancelCard ends the code of a lost card.
func (s *Service) CancelCard(ctx context.Context, actor authz.Actor, mandate uuid.UUID) error {
	return s.commands.Run(ctx, actor, "card.cancel", func(tx *command.Tx) error {
		about, _, err := s.decideOnCard(tx, mandate, authz.CardCancel)
		if err != nil {
			return err
		}
		live, err := liveCode(tx.DB(), mandate)
		if err != nil {
			return err
		}
		if live == 0 {
			return tx.Refuse(problem.Conflict("card_already_cancelled"), about)
		}
		if err := cancelCodes(tx.Tx, mandate); err != nil {
			return err
		}
		about.Kind = translog.CardCancelled
		return tx.Append(about)
	})
}

// LiveCards counts the person's own cards that still open their space.
func (s *Service) LiveCards(ctx context.Context, actor authz.Actor) (int64, error) {
	return liveCodesOf(s.commands.Store().Read(ctx), actor.Beneficiary)
}

// CancelMyCards ends every code of the person's own cards, and the sessions
// they opened: somebody who lost one need not say which. The one that asks has
// proved their phone, and goes on.
func (s *Service) CancelMyCards(ctx context.Context, actor authz.Actor) error {
	return s.commands.Run(ctx, actor, "card.cancel", func(tx *command.Tx) error {
		b, err := load(tx.DB(), actor.Beneficiary, true)
		if err != nil {
			return err
		}
		if err := tx.Decide(authz.CardCancel, authz.Object{Kind: authz.KindCard, Organisation: b.Organisation, Beneficiary: b.ID}, b.about()); err != nil {
			return err
		}
		n, err := cancelCodesOf(tx.Tx, b.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			tx.Repeated() // pressed twice: done is done
			return nil
		}
		e := b.about()
		e.Kind, e.Detail = translog.CardCancelled, cardDetail{Cards: n}
		return tx.Append(e)
	})
}

func (s *Service) decideOnCard(tx *command.Tx, mandate uuid.UUID, action authz.Action) (translog.Event, string, error) {
	beneficiary, organisation, state, err := mandateOf(tx.DB(), mandate)
	if err != nil {
		return translog.Event{}, "", err
	}
	about := translog.Event{Organisation: organisation, Beneficiary: beneficiary, Mandate: mandate}
	return about, state, tx.Decide(action, authz.Object{Kind: authz.KindCard, Organisation: organisation, Beneficiary: beneficiary}, about)
}

// CardAttempt is what somebody typed to open their space.
type CardAttempt struct {
	Code      string
	BirthYear string
	// Address is where the request came from; only its keyed hash is kept.
	Address string
}

// OpenByCard opens a person's space at tier "card". A wrong code, a wrong year,
// a cancelled code and an unknown one answer alike ("card_unknown"); the sixth
// try of one code in a day answers "card_locked" whether or not it exists; an
// address that tries too much is slowed ("too_many_tries").
func (s *Service) OpenByCard(ctx context.Context, a CardAttempt) (Access, error) {
	var out Access
	err := s.commands.Run(ctx, authz.Actor{}, "card.open", func(tx *command.Tx) error {
		tx.Open(authz.Visitor, "the code and the birth year are the credential")
		b, err := s.tryCard(tx, a)
		if err != nil {
			return err
		}
		out = Access{Beneficiary: b.ID, Organisation: b.Organisation, Language: b.Language}
		return tx.Append(translog.Event{Kind: translog.CardUsed, Actor: translog.Actor{Role: translog.RolePerson, ID: b.ID},
			Organisation: b.Organisation, Beneficiary: b.ID, Detail: cardDetail{Tier: string(authz.TierCard)}})
	})
	return out, err
}

// tryCard counts the try before it looks, so that a hundred tries sent at once
// wait for one another and get no more than their limits (PO-04). A success
// takes its own count back.
func (s *Service) tryCard(tx *command.Tx, a CardAttempt) (Beneficiary, error) {
	address := s.hash("address", a.Address)
	tries, err := hit(tx.Tx, address, windowPerAddress)
	if err != nil {
		return Beneficiary{}, err
	}
	if tries > triesPerAddress {
		tx.Keep()
		return Beneficiary{}, s.refuse(tx, errTooMany, translog.Event{})
	}
	code, wellFormed := parseCode(a.Code)
	if !wellFormed {
		tx.Keep()
		return Beneficiary{}, s.refuse(tx, errCardUnknown, translog.Event{})
	}
	counter := s.hash("card-tries", code)
	tries, err = hit(tx.Tx, counter, windowPerCode)
	if err != nil {
		return Beneficiary{}, err
	}
	b, err := codeOwner(tx.DB(), s.hash("card", code))
	if err != nil {
		return Beneficiary{}, fmt.Errorf("find the code: %w", err)
	}
	locked := tries > triesPerCode
	if !locked && b.ID != uuid.Nil && sameYear(b.BirthDate, a.BirthYear) {
		if err := takeBack(tx.Tx, address, windowPerAddress); err != nil {
			return Beneficiary{}, err
		}
		return b, forget(tx.Tx, counter)
	}
	tx.Keep()
	refused, about := errCardUnknown, translog.Event{}
	if locked {
		refused = errCardLocked
	}
	if b.ID != uuid.Nil {
		about = b.about()
	}
	if b.ID != uuid.Nil && tries <= triesPerCode+1 {
		return Beneficiary{}, tx.Refuse(refused, about) // those that lock a card, and the first that finds it locked
	}
	return Beneficiary{}, s.refuse(tx, refused, about)
}

func sameYear(birth time.Time, typed string) bool {
	year, err := strconv.Atoi(clean(typed))
	return err == nil && !birth.IsZero() && birth.Year() == year
}

// PersonActor is the actor of an opened space, loaded at each request.
func (s *Service) PersonActor(ctx context.Context, q PersonQuery) (authz.Actor, error) {
	b, err := load(s.commands.Store().Read(ctx), q.Beneficiary, false)
	if err != nil {
		return authz.Actor{}, err
	}
	if b.Erased {
		return authz.Actor{}, errNotThere
	}
	return authz.Actor{
		Beneficiary: b.ID, Organisation: b.Organisation, Name: b.Name(), Language: b.Language,
		Tier: q.Tier, Session: q.Session, StrongAt: q.StrongAt, Now: s.commands.Store().Now(),
	}, nil
}

// PersonQuery says whose session asks.
type PersonQuery struct {
	Beneficiary, Session uuid.UUID
	Tier                 authz.Tier
	StrongAt             time.Time
}
