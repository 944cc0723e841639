package mandates

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// Case is one procedure being carried out for a person.
type Case struct {
	ID, Organisation, Beneficiary uuid.UUID
	BeneficiaryName               string
	Procedure                     string
	State                         CaseState
	Version                       int
	OpenedBy, OpenedUnder         uuid.UUID
	AssignedTo                    uuid.UUID
	AssignedName                  string
	DueOn                         time.Time
	OpenedAt, ClosedAt            time.Time
	// Steps are the newest, oldest first (GetCase and CaseAt only). Earlier asks
	// CaseAt for those before, empty when there are none.
	Steps   []Step
	Earlier string
	// Answers say, for each action of the procedure, whether it is allowed now
	// and if not why (GetCase only).
	Answers []ActionAnswer
	// Mandate is the live mandate a next step would be done under, zero if none.
	Mandate uuid.UUID
}

// ActionAnswer is what the mediator may do here, and what not and why.
type ActionAnswer struct {
	Action    string
	Sensitive bool
	Allowed   bool
	Reasons   []authz.Reason
}

// OpenCase is what opening a case is told.
type OpenCase struct {
	Beneficiary    uuid.UUID
	Procedure      string
	DueOn          time.Time
	IdempotencyKey string
}

// NewStep is what logging a step is told.
type NewStep struct {
	Case                uuid.UUID
	Action, Outcome     string
	ReceiptNumber, Note string
	Present             bool // the person was there
	DueOn               time.Time
	Corrects            uuid.UUID
	IdempotencyKey      string
}

// Outcomes of a step.
const (
	OutcomeDone      = "done"
	OutcomePrepared  = "prepared"
	OutcomeSubmitted = "submitted"
	OutcomeAnswer    = "answer_received"
	OutcomeWaiting   = "waiting"
	OutcomeFailed    = "failed"
	OutcomeNotDone   = "not_done"
)

// Step is one logged act. It never changes.
type Step struct {
	ID, Case, Mandate, Organisation, Beneficiary, Mediator uuid.UUID
	MediatorName, Procedure, Action, Outcome               string
	ReceiptNumber, Note                                    string
	Present                                                bool
	DueOn                                                  time.Time
	Corrects                                               uuid.UUID
	At                                                     time.Time
	// CorrectsAction and CorrectsAt are of the step that it corrects; Corrected:
	// another step corrects it (in Case.Steps only).
	CorrectsAction string
	CorrectsAt     time.Time
	Corrected      bool
	// ReportedBy is the client that reported it, and ReportedByName what it is
	// called; zero for a step at the screen.
	ReportedBy     uuid.UUID
	ReportedByName string
	// Dispute is the person's disagreement with this step, zero if none, and
	// DisputeState whether it was answered ("open", "answered").
	Dispute      uuid.UUID
	DisputeState string
}

// Dispute is a person's disagreement with a step, and its answer.
type Dispute struct {
	ID, Step, Case, Organisation, Beneficiary uuid.UUID
	BeneficiaryName, Text, State, Answer      string
	DueOn                                     time.Time
	RaisedAt, AnsweredAt                      time.Time
	AnsweredByName                            string
	Of                                        Step
}

// DisputeQuery lists disputes of the actor's side.
type DisputeQuery struct {
	State string // open, answered, or empty for both
	// Steps asks for the last disagreement with each of these steps alone; the
	// limit is then theirs.
	Steps []uuid.UUID
	After string // DisputePage.Next of the page before, empty for the first
	Limit int    // 200 at most, 50 unless told
	id    uuid.UUID
}

// DisputePage is one page of disagreements.
type DisputePage struct {
	Disputes []Dispute
	Next     string // empty on the last page
}
