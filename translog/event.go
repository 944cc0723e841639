package translog

import "github.com/google/uuid"

// Role is who acted, as the log names it.
type Role string

// The roles an event may name.
const (
	RoleMediator   Role = "mediator"
	RoleReferent   Role = "referent"
	RoleSupervisor Role = "supervisor"
	RoleOperator   Role = "operator"
	RolePerson     Role = "person"
	RoleVisitor    Role = "visitor"  // nobody known: a refused sign-in, a wrong card code
	RoleSystem     Role = "system"   // a job
	RoleService    Role = "service"  // a registered service, by itself
	RoleSoftware   Role = "software" // an organisation's own software
)

// Actor is who acted: a role and, for staff, the account; for a person, the
// beneficiary; for a service or software, the client. Nil for a visitor and for the system.
type Actor struct {
	Role Role
	ID   uuid.UUID
}

// Event is one typed thing that happened, before it becomes an entry. A zero
// uuid or empty string means "does not apply".
type Event struct {
	Kind         Kind
	Actor        Actor
	Organisation uuid.UUID
	Beneficiary  uuid.UUID
	Mandate      uuid.UUID
	Case         uuid.UUID
	Step         uuid.UUID
	Procedure    string
	Action       string
	// Outcome is "done" when empty, "refused" for a refusal, or the step's outcome.
	Outcome string
	// Detail is a typed struct of the kind's own facts. It MUST hold nothing
	// personal: codes, ids of our own, counts, reasons, hashes, versions.
	Detail any
	// Personal is a typed struct of what may be erased with the person: names,
	// notes, receipt numbers, contact channels. Nil when there is none.
	Personal any
}
