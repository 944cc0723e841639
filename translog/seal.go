package translog

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// maxContent bounds the bytes of a detail and of personal content.
const maxContent = 1 << 20

// Sealed is an event as it is stored: the public leaf, and the content it
// commits to with its salts.
type Sealed struct {
	ID           uuid.UUID
	At           time.Time // UTC, to the microsecond
	Leaf         []byte
	Facts        []byte
	FactsSalt    []byte
	Personal     []byte // nil when there is none
	PersonalSalt []byte
}

// Seal makes the entry of an event: its canonical bytes, fresh salts from
// random, and the leaf. It refuses an unknown kind or role, codes that are not
// codes, and personal content without a beneficiary, which nothing could erase.
func Seal(e Event, id uuid.UUID, at time.Time, random io.Reader) (Sealed, error) {
	if err := e.check(); err != nil {
		return Sealed{}, err
	}
	at = at.UTC().Truncate(time.Microsecond)
	if id == uuid.Nil || at.IsZero() || at.Year() < 0 || at.Year() > 9999 {
		return Sealed{}, errors.New("translog: an event needs an id and a time")
	}
	s := Sealed{ID: id, At: at}
	detail, err := canonicalObject(e.Detail, "detail")
	if err != nil {
		return Sealed{}, fmt.Errorf("seal %s: %w", e.Kind, err)
	}
	if s.Personal, err = canonicalObject(e.Personal, "personal content"); err != nil {
		return Sealed{}, fmt.Errorf("seal %s: %w", e.Kind, err)
	}
	salts := make([]byte, 2*SaltSize)
	if _, err := io.ReadFull(random, salts); err != nil {
		return Sealed{}, fmt.Errorf("translog: draw salts: %w", err)
	}
	s.FactsSalt = salts[:SaltSize:SaltSize]
	s.Facts = e.facts(detail).Append(make([]byte, 0, 512+len(detail)))
	leaf := Leaf{At: at, ID: id, Kind: e.Kind, Facts: CommitFacts(s.FactsSalt, s.Facts)}
	if s.Personal != nil {
		s.PersonalSalt = salts[SaltSize:]
		personal := CommitPersonal(s.PersonalSalt, s.Personal)
		leaf.Personal = &personal
	}
	s.Leaf = leaf.Append(make([]byte, 0, 320))
	return s, nil
}

func (e Event) facts(detail []byte) Facts {
	return Facts{
		Actor: e.Actor, Organisation: e.Organisation, Beneficiary: e.Beneficiary,
		Mandate: e.Mandate, Case: e.Case, Step: e.Step,
		Procedure: e.Procedure, Action: e.Action, Outcome: e.StoredOutcome(), Detail: detail,
	}
}

// StoredOutcome is the outcome that is logged: "done" unless said otherwise.
func (e Event) StoredOutcome() string {
	if e.Outcome == "" {
		return "done"
	}
	return e.Outcome
}

func (e Event) check() error {
	if !e.Kind.Known() {
		return fmt.Errorf("translog: unknown kind %q", e.Kind)
	}
	if !e.Actor.Role.known() {
		return fmt.Errorf("translog: %s: unknown role %q", e.Kind, e.Actor.Role)
	}
	if !isCode(e.Procedure) || !isCode(e.Action) || !isCode(e.Outcome) {
		return fmt.Errorf("translog: %s: procedure, action and outcome must be codes", e.Kind)
	}
	if e.Personal != nil && e.Beneficiary == uuid.Nil {
		return fmt.Errorf("translog: %s: personal content needs a beneficiary with whom it can be erased", e.Kind)
	}
	return nil
}

func (r Role) known() bool {
	switch r {
	case RoleMediator, RoleReferent, RoleSupervisor, RoleOperator, RolePerson, RoleVisitor, RoleSystem, RoleService, RoleSoftware:
		return true
	}
	return false
}
