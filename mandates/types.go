package mandates

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
)

// Dependencies of the service.
type Dependencies struct {
	Commands      *command.Runner
	Packs         *packs.Set
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	// Keyring signs what was read.
	Keyring *document.Keyring
	// BaseURL is where people open their space; printed on documents.
	BaseURL string
}

// Service holds the commands and queries of mandates, cases, steps and disputes.
type Service struct {
	commands *command.Runner
	packs    *packs.Set
	orgs     *organisations.Service
	people   *beneficiaries.Service
	keys     *document.Keyring
	baseURL  string
	// steps that arrive together share their reads and their writes.
	steps *store.Group[askedStep, *Step]
	known *store.Known[uuid.UUID, knownCase] // by case (step_known.go)
	// counts of an organisation's lists, for the pages asked for together.
	counts *store.Group[uuid.UUID, map[string]int]
}

// New makes the service.
func New(d Dependencies) *Service {
	s := &Service{commands: d.Commands, packs: d.Packs, orgs: d.Organisations, people: d.Beneficiaries, keys: d.Keyring, baseURL: d.BaseURL}
	s.known = store.NewKnown[uuid.UUID, knownCase](mostKnownCases)
	s.steps = store.NewGroup(stepsTogether, stepsAtOnce, s.logSteps)
	s.counts = store.NewGroup(countsTogether, countsAtOnce, s.readCounts)
	return s
}

// GrantChoice is one theme chosen in a draft.
type GrantChoice struct {
	Theme string `json:"theme"`
	// Procedures limits the theme; empty means all of it as it is today.
	Procedures []string `json:"procedures,omitempty"`
	// Actions include sensitive ones only when ticked one by one (MA-04).
	Actions []string `json:"actions"`
}

// Draft is what was chosen before the text is frozen.
type Draft struct {
	Grants       []GrantChoice `json:"grants,omitempty"`
	DurationDays int           `json:"duration_days,omitempty"`
	Language     string        `json:"language,omitempty"`
	Interpreter  string        `json:"interpreter,omitempty"`
	// ProtectionAnswer is the person's answer about legal protection: "none" or
	// a status of the pack (MA-16).
	ProtectionAnswer string `json:"protection_answer,omitempty"`
	// Representative is who signs too, where the pack's rule asks for it.
	Representative string `json:"representative,omitempty"`
	// ConflictAnswer says whether mediator and person are related: "none",
	// "family", "neighbour", "landlord", "creditor", "employer" (CO-08).
	ConflictAnswer string `json:"conflict_answer,omitempty"`
}

// Grant is one line of a mandate's scope.
type Grant struct {
	ID                  uuid.UUID
	Theme               string
	Procedures, Actions []string
	State               string // pending, active, revoked, superseded
	EndedAt             time.Time
	EndedBy, EndReason  string
}

// Mandate is one mandate, as its organisation or its person sees it.
type Mandate struct {
	ID, Organisation, Beneficiary, Mediator uuid.UUID
	MediatorName, BeneficiaryName           string
	State                                   State
	Version                                 int
	Draft                                   Draft
	DurationDays                            int
	Pack, CatalogueVersion, ConsentVersion  string
	Language, Interpreter, Method           string
	Payload, PayloadHash                    []byte
	JWS                                     string
	CreatedAt, PresentedAt, SignedAt        time.Time
	EndsAt                                  time.Time // exclusive
	EndedAt                                 time.Time
	EndedBy, EndReason, SuspendedReason     string
	SuspendedRole                           authz.Role // who suspended it, while it is
	SuspendedByName                         string
	Renews                                  uuid.UUID
	Grants                                  []Grant
	Evidences                               []Evidence
	// OrganisationSuspended: the holder may not act for now (AU-11).
	OrganisationSuspended bool
	territory             string // of the organisation, for decisions
}

// HeldAbove: supervision suspended it, so that only supervision lifts that.
func (m Mandate) HeldAbove() bool {
	return m.State == Suspended && (m.SuspendedRole == authz.Supervisor || m.SuspendedRole == authz.Operator)
}

// Evidence is how consent was given; the content is read apart.
type Evidence struct {
	ID          uuid.UUID
	Method      string // drawn, scan, phone_code, witness
	Hash        []byte
	MediaType   string
	Witness     uuid.UUID
	WitnessName string
	CollectedBy uuid.UUID
	CollectedAt time.Time
}

// The methods of consent of this version, each checked in consent.go.
const (
	MethodDrawn   = "drawn"
	MethodScan    = "scan"
	MethodCode    = "phone_code"
	MethodWitness = "witness"
)

// Signature is what is handed in at the signing. Exactly one method is set.
type Signature struct {
	Version int
	// PayloadHash is of the bytes that were read; another hash does not sign.
	PayloadHash []byte
	Drawn       *Drawn
	Scan        *Scan
	PhoneCode   string
}

// Drawn is a signature drawn on the screen.
type Drawn struct {
	Strokes json.RawMessage // [[{"x":…,"y":…,"t":…},…],…]
	PNG     []byte
}

// Scan is the signed paper, photographed or scanned.
type Scan struct{ Content []byte } // PDF, JPEG or PNG, 8 MiB at most

// Signed is what signing gives. The card's code is shown once.
type Signed struct {
	Mandate Mandate
	Code    beneficiaries.Code
	// Superseded are older mandates that lost lines to this one.
	Superseded []uuid.UUID
}

// Revocation says what to stop, and why.
type Revocation struct {
	Mandate uuid.UUID
	Grant   uuid.UUID // zero: the whole mandate
	Reason  string    // optional, 500 letters
}

// PeopleQuery asks for one page of "my people".
type PeopleQuery struct {
	List      string // all, active, awaiting, ending, ended
	Text      string
	BirthDate time.Time
	Phone     string
	Cursor    string
	Limit     int
}

// PersonLine is one person in a list: one row each, whatever the mandates.
type PersonLine struct {
	Beneficiary     uuid.UUID
	Name, BirthName string
	BirthDate       time.Time
	Themes          []string // of live grants, without doubles
	LiveMandates    int
	EarliestEnd     time.Time // of live mandates
	LastEnded       time.Time
	Awaiting        uuid.UUID // a mandate waiting for its signature
}

// PeoplePage is one page of it. Counts are capped at 1,001.
type PeoplePage struct {
	Rows   []PersonLine
	Next   string
	Counts map[string]int // by list
}

// Home is a mediator's first page.
type Home struct {
	Waiting    []Mandate // drafts, presented, awaiting; mine first
	EndingSoon []PersonLine
	Cases      []Case // mine, open, by due date
}
