package beneficiaries

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/rate"
)

// Beneficiary is a person helped, as one organisation knows them.
type Beneficiary struct {
	ID, Organisation  uuid.UUID
	GivenNames        string
	FamilyName        string // at birth
	UsageName         string // married or used name, empty when the same
	BirthDate         time.Time
	BirthPlace        string // in words
	Codes             Codes
	Language          string
	Phone             string // E.164
	Email             string
	Address           string
	Channel           string // sms, mail, letter, none
	IdentityCheck     string // the pack's code of the document seen
	IdentityCheckedBy uuid.UUID
	IdentityCheckedAt time.Time
	Protection        string // the pack's status, "none" when the person answers no
	CreatedAt         time.Time
	Erased            bool
}

// Name is how the person is called: given names and the name in use.
func (b Beneficiary) Name() string {
	last := b.UsageName
	if last == "" {
		last = b.FamilyName
	}
	return strings.TrimSpace(b.GivenNames + " " + last)
}

// BirthName is the family name when another one is in use, else empty.
func (b Beneficiary) BirthName() string {
	if b.UsageName == "" || strings.EqualFold(b.UsageName, b.FamilyName) {
		return ""
	}
	return b.FamilyName
}

// Identity is who the person is.
func (b Beneficiary) Identity() Identity {
	return Identity{b.GivenNames, b.FamilyName, b.UsageName, b.BirthDate, b.BirthPlace, b.Codes, b.IdentityCheck, b.Protection}
}

// Contact is how to reach somebody.
type Contact struct {
	Phone, Email, Address, Channel, Language string
}

// Identity is who somebody is, and how that was checked.
type Identity struct {
	GivenNames, FamilyName, UsageName string
	BirthDate                         time.Time
	BirthPlace                        string
	Codes                             Codes
	IdentityCheck                     string
	Protection                        string
}

// Codes are what some services know somebody by, as the pack's identity codes
// say; each may be empty.
type Codes struct {
	Gender     string // sex on civil records: female, male
	BirthPlace string // of the place, for who was born in the pack's country
	Country    string // of birth
}

// New is what Create is told.
type New struct {
	Identity
	Contact
	// ID of the new person, chosen by a caller who may come again with the same;
	// zero: a new one.
	ID uuid.UUID
	// DuplicateConfirmed: the mediator saw the likely duplicates and says that
	// this is somebody else.
	DuplicateConfirmed bool
}

// Match is one likely duplicate.
type Match struct {
	ID        uuid.UUID
	Name      string
	BirthDate time.Time
	Phone     bool // the same phone
}

// Access is a person's space, opened.
type Access struct {
	Beneficiary, Organisation uuid.UUID
	Language                  string
}

// Dependencies of the service.
type Dependencies struct {
	Commands *command.Runner
	Packs    *packs.Set
	// CodeKey keys the hashes of codes, 32 bytes or more.
	CodeKey []byte
}

// Service holds the commands and queries.
type Service struct {
	commands *command.Runner
	packs    *packs.Set
	key      []byte
	tries    *rate.Limiter // by what was refused, and whose it was
}

// New makes the service.
func NewService(d Dependencies) *Service {
	return &Service{commands: d.Commands, packs: d.Packs, key: d.CodeKey,
		tries: rate.NewLimiter(triesPerMinute, d.Commands.Store().Now)}
}
