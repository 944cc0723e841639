package review

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// Dependencies of the service.
type Dependencies struct {
	Commands *command.Runner
	Packs    *packs.Set
	// Log says where an entry stands in the tree; nil: nobody asks.
	Log *ledger.Reader
}

// Service holds the looks and the person's own reading.
type Service struct {
	commands *command.Runner
	packs    *packs.Set
	log      *ledger.Reader
	// smallLog is how many ids a log may span for a period to be compared entry
	// by entry; beyond, the period becomes a range of ids first.
	smallLog int64
}

// New makes the service.
func New(d Dependencies) *Service {
	return &Service{commands: d.Commands, packs: d.Packs, log: d.Log, smallLog: smallLog}
}

// Query is one search of the log. Everything but Purpose is optional; a filter
// on action, outcome or kind alone needs a period of at most MostDays.
type Query struct {
	Purpose      string // why; ten letters or more
	Organisation uuid.UUID
	Mediator     uuid.UUID // the account that acted, or
	MediatorName string    // part of the name, among those of the remit
	// Person is somebody already found (a choice among several, a timeline).
	Person uuid.UUID
	// PersonName with PersonBirthDate or PersonPhone: two identifiers, never one.
	PersonName      string
	PersonBirthDate time.Time // a day, at 00:00 UTC
	PersonPhone     string    // as dialled; compared by its last digits
	Procedure       string
	Action          string
	Outcome         string
	Kind            translog.Kind
	From            time.Time // inclusive
	To              time.Time // exclusive
	Cursor          string    // Page.Next of the page before
	Limit           int       // 50 when zero, 100 at most
}

// Page is one page of entries, newest first.
type Page struct {
	Entries []Entry
	Next    string // empty: nothing older
	// Person is whom the query named, when exactly one was found.
	Person *Person
	// Several people match: nothing is shown until one is chosen.
	Several []Person
}

// Person is somebody helped, as a supervisor may be shown them.
type Person struct {
	ID, Organisation uuid.UUID
	OrganisationName string
	Name             string // empty in Several, and once erased
	BirthDate        time.Time
	Erased           bool
}

// Entry is one event with the words that a reader needs.
type Entry struct {
	ID               int64
	EventID          uuid.UUID
	Kind             translog.Kind
	At               time.Time
	ActorRole        translog.Role
	ActorID          uuid.UUID
	ActorName        string
	Organisation     uuid.UUID
	OrganisationName string
	Beneficiary      uuid.UUID
	BeneficiaryName  string // empty once erased
	Mandate          uuid.UUID
	Case             uuid.UUID
	Step             uuid.UUID
	Procedure        string
	Action           string
	Outcome          string
	// Pack names the country pack in which Procedure has its words.
	Pack string
	// Reasons and Command say why and what, of a refusal.
	Reasons []string
	Command string
	// Detail are the kind's own facts; Personal what is erased with the person.
	Detail   map[string]any
	Personal map[string]any
	// Erased: there was personal content, and it went with the person.
	Erased bool
}

// Text is a string of Personal or Detail, empty when there is none.
func (e Entry) Text(name string) string {
	for _, m := range []map[string]any{e.Personal, e.Detail} {
		if s, ok := m[name].(string); ok {
			return s
		}
	}
	return ""
}

// Explained is one entry with its proof and the reasons behind it (SU-08).
type Explained struct {
	Entry
	// Position in the transparency log, from 0; -1 while it waits for its place.
	Position int64
	// Leaf are the public bytes that stand at that position.
	Leaf []byte
	// Facts are the exact bytes that the leaf commits to.
	Facts []byte
	// Rule is the line of the law that refused, empty when none came near.
	Rule string
	// PolicyHash is the law the act was decided under; SameLaw: still today's.
	PolicyHash string
	SameLaw    bool
}

// Subject is who or what is looked at: exactly one of them.
type Subject struct {
	Beneficiary, Mediator, Mandate, Membership uuid.UUID
}

// Sheet is what one look at a subject shows.
type Sheet struct {
	Person   *Person   // of a person or a mandate
	Mediator *Mediator // of a mediator or a membership
	Mandate  *Mandate  // of a mandate
}

// Timeline is a sheet, and what happened, newest first. Of a mediator it is
// what they did in the organisations of the remit.
type Timeline struct {
	Sheet
	Entries []Entry
	Next    string // empty: nothing older
}

// Mediator is somebody of staff, with their places in the remit.
type Mediator struct {
	Account     uuid.UUID
	Name        string
	Memberships []Membership
}

// Membership is one place of a mediator.
type Membership struct {
	ID, Organisation uuid.UUID
	OrganisationName string
	Role             authz.Role
	State            string
	SuspendedReason  string
}

// Mandate is what a supervisor needs to know of one before acting on it.
type Mandate struct {
	ID, Organisation, Beneficiary, Mediator uuid.UUID
	OrganisationName, MediatorName          string
	State                                   string // as it counts now
	SuspendedReason                         string
	SignedAt, EndsAt, EndedAt               time.Time
	Themes                                  []string // codes, of lines not ended
	Pack                                    string
}

// Organisation is one place of the remit.
type Organisation struct {
	ID                    uuid.UUID
	Name, City, Territory string
	Pack, State, TimeZone string
}

// LookLine is one look by a supervisor, as colleagues see it.
type LookLine struct {
	At      time.Time
	EventID uuid.UUID
	Kind    translog.Kind
	Subject string // search, person, mediator, mandate, membership, entry, export; empty: staff of an organisation
	Who     string
	Mine    bool
	Purpose string // empty where it is not for this reader
	// OrganisationName looked at, empty when the whole remit was searched.
	OrganisationName string
	// OnePerson: it was about one person, who can see it.
	OnePerson bool
}

// HistoryPage is one page of a person's own history, newest first.
type HistoryPage struct {
	Lines []HistoryLine
	Next  string // empty: nothing older
}

// HistoryLine is one thing that happened about a person, for that person. Its
// words are "story.<kind>" with dots replaced by "_" (see [StoryKey]).
type HistoryLine struct {
	At   time.Time
	ID   uuid.UUID // of the event
	Kind translog.Kind
	Role translog.Role // who acted: mediator, supervisor, person (you), system…
	Who  string        // their name; empty for the person, a visitor and the system
	// Actor tells two of one name apart; never shown. Zero where Who is empty.
	Actor uuid.UUID
	// OrganisationName is where.
	OrganisationName string
	Mandate          uuid.UUID
	Case             uuid.UUID
	Step             uuid.UUID
	Procedure        string // code, in Pack
	Action           string
	Outcome          string
	Pack             string
	// Reasons of a refusal, codes; their words are "why.<code>" (see [WhyKey]).
	Reasons []string
	// Tried is the command that was refused (see [TriedKey]).
	Tried string
	// Note, ReceiptNumber and Corrects belong to steps; Note is also what was
	// written in a disagreement, or in its answer.
	Note, ReceiptNumber string
	Corrects            uuid.UUID
	// Purpose is why somebody looked; Reason why something was stopped.
	Purpose, Reason string
}

// Look says whether the line is a look by staff.
func (l HistoryLine) Look() bool { return IsLook(l.Kind) }

// Refused says whether the line is something that was blocked.
func (l HistoryLine) Refused() bool { return l.Kind == translog.ActRefused }
