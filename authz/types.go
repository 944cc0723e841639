package authz

import (
	"time"

	"github.com/google/uuid"
)

// Role is what an actor is for one decision. One account may hold several.
type Role string

// The roles of DESIGN: staff, the person, and the two that are nobody.
const (
	Mediator   Role = "mediator"
	Referent   Role = "referent"
	Supervisor Role = "supervisor"
	Operator   Role = "operator"
	Person     Role = "person"
	Visitor    Role = "visitor"
	System     Role = "system"
	// Service is an administration's site acting on what a mediator was given
	// there; Software is an organisation's own program, bound to it alone.
	Service  Role = "service"
	Software Role = "software"
)

// Tier is how a person opened their space.
type Tier string

// The tiers: the card's code with the birth year; that and a code sent to
// their phone.
const (
	TierCard  Tier = "card"
	TierPhone Tier = "phone"
)

// Membership is one live line account × organisation × role, as loaded now.
type Membership struct {
	Organisation      uuid.UUID
	OrganisationName  string
	Territory         string
	Pack              string
	TimeZone          string // IANA name of the organisation's zone
	Role              Role   // Mediator or Referent
	Active            bool   // confirmed, not suspended, not ended
	OrganisationAlive bool   // not suspended
	Authority         Authority
}

// Authority is the derived answer "may this mediator act now" (DESIGN §2),
// for one mediator in one organisation. It is computed on every request.
type Authority struct {
	// Missing says what lacks, in the order it should be mended; empty: authorised.
	Missing []Reason
	// Until is the end of the training's validity, zero when it has none.
	Until time.Time
	// Because names the facts that grant it, for "my training and authority".
	Because AuthorityFacts
}

// AuthorityFacts are what the answer was computed from.
type AuthorityFacts struct {
	ConfirmedAt, CharterAcceptedAt time.Time
	CharterVersion, CharterCurrent string
	Course                         string
	TrainedOn, TrainingExpiresOn   time.Time
}

// Allowed reports whether nothing lacks.
func (a Authority) Allowed() bool { return len(a.Missing) == 0 }

// Remit is what a supervisor may see.
type Remit struct {
	Organisations []uuid.UUID
	Territories   []string
}

// Actor is who asks, with the facts loaded for this request. It is passed as
// an argument, never in a context.
type Actor struct {
	Account  uuid.UUID // staff only
	Name     string
	Language string
	Session  uuid.UUID
	// Organisation is the one acted for; zero when none is chosen.
	Organisation uuid.UUID
	Memberships  []Membership
	Remit        Remit // supervisor
	Operator     bool
	Beneficiary  uuid.UUID // person only
	Tier         Tier      // person only
	System       bool
	// Client is the registered client that asks by itself, with its name: a
	// service; or, when Organisation is set too, that organisation's software.
	Client     uuid.UUID
	ClientName string
	// For is the mediator for whom an organisation's software writes, and
	// ForFacts what that mediator is at this instant.
	For      uuid.UUID
	ForFacts *MediatorFacts
	// SuspendedAccount is set when the account as a whole may do nothing.
	SuspendedAccount bool
	// StrongAt is the last fresh authentication of this session; the decision
	// compares it with Now and a limit of StepUpAge.
	StrongAt time.Time
	// Now is the server's clock when the actor was loaded.
	Now time.Time
	// Standing names the last change of anything that the account's authority is
	// made of, as of these facts (migration 0016): what is written in the actor's
	// name may be held to it. Zero: not known.
	Standing int64
}

// Author is the account in whose name something is written: the actor's own, or
// the mediator's for whom software writes.
func (a Actor) Author() uuid.UUID {
	if a.Client != uuid.Nil {
		return a.For
	}
	return a.Account
}

// StepUpAge is how long a fresh authentication stands for sensitive acts.
const StepUpAge = 15 * time.Minute

// Kind is the kind of object a decision is about. One enforcer per kind.
type Kind string

// The object kinds.
const (
	KindMandate      Kind = "mandate"
	KindCase         Kind = "case"
	KindStep         Kind = "step"
	KindBeneficiary  Kind = "beneficiary"
	KindCard         Kind = "card"
	KindDispute      Kind = "dispute"
	KindOrganisation Kind = "organisation"
	KindMembership   Kind = "membership"
	KindTraining     Kind = "training"
	KindCharter      Kind = "charter"
	KindRemit        Kind = "remit"
	KindLog          Kind = "log"
	KindMessage      Kind = "message"
	KindSession      Kind = "session"
	KindPage         Kind = "page" // a surface's own pages: home, settings
	KindClient       Kind = "client"
	KindRequest      Kind = "request"    // a service's request to have a mediator act for someone
	KindDelegation   Kind = "delegation" // what a mediator was given at one service
	KindCheck        Kind = "check"      // a service asks just before an irreversible act
	KindWebhook      Kind = "webhook"
)

// Action is what is asked. Typed constants only: a typo must not compile.
type Action string

// Object carries the typed facts that the command has just loaded.
type Object struct {
	Kind         Kind
	Organisation uuid.UUID // whose it is
	Territory    string
	Beneficiary  uuid.UUID // whom it is about
	Account      uuid.UUID // the account it is about: membership, training, charter, session
	// Sensitive asks for a fresh authentication (step-up).
	Sensitive bool
	// Mandate facts, for acts that need a live mandate; nil when not applicable.
	Mandate *MandateFacts
	// Client is the registered client it belongs to, or is.
	Client uuid.UUID
	// Mediator and Delegation are for acts of a service: who was given what it
	// leans on, as they are now. Nil when not applicable.
	Mediator   *MediatorFacts
	Delegation *DelegationFacts
	// LastReferent: ending this membership would leave no referent.
	LastReferent bool
	// HeldAbove: a supervisor or an operator suspended it, and it still is.
	HeldAbove bool
	// OrganisationAlive: the organisation is not suspended. Only acts of software
	// are judged by it; a member's own membership says it.
	OrganisationAlive bool
}

// MandateFacts are the facts of a mandate an act leans on.
type MandateFacts struct {
	State        string    // mandates.State
	EndsAt       time.Time // exclusive
	Organisation uuid.UUID
	// ProcedureInScope and ActionInScope are about the live grants.
	ProcedureInScope bool
	ActionInScope    bool
	// OrganisationAlive: the organisation that holds it is not suspended.
	OrganisationAlive bool
}

// MediatorFacts are who a service acts through, at this instant.
type MediatorFacts struct {
	SuspendedAccount bool
	Membership       Membership
	// StrongAt is the fresh authentication that the delegation rests on.
	StrongAt time.Time
}

// DelegationFacts are the facts of what a mediator was given at a service.
type DelegationFacts struct {
	EndsAt       time.Time // exclusive
	Ended        bool
	ClientActive bool // neither suspended nor ended
	// TokenOver: the token shown has expired or was revoked by itself.
	TokenOver bool
}

// Reason is why a decision said no; stable, and the text key "reason.<code>".
type Reason string

// The reasons.
const (
	ReasonNoRule                Reason = "not_permitted"         // no rule lets this role do this
	ReasonOrganisation          Reason = "organisation_mismatch" // another organisation's
	ReasonOutsideRemit          Reason = "outside_remit"
	ReasonNotYourself           Reason = "own_person_only"
	ReasonSelf                  Reason = "not_on_yourself" // nobody confirms or raises themselves
	ReasonLastReferent          Reason = "last_referent"
	ReasonHeldAbove             Reason = "suspended_by_supervision" // only supervision lifts it
	ReasonAccountSuspended      Reason = "account_suspended"
	ReasonMembershipInactive    Reason = "membership_inactive"
	ReasonNotConfirmed          Reason = "mediator_not_confirmed"
	ReasonNotTrained            Reason = "mediator_not_trained"
	ReasonTrainingExpired       Reason = "training_expired"
	ReasonCharter               Reason = "charter_not_accepted"
	ReasonOrganisationSuspended Reason = "organisation_suspended"
	ReasonMandateNotActive      Reason = "mandate_not_active"
	ReasonMandateExpired        Reason = "mandate_expired"
	ReasonMandateRevoked        Reason = "mandate_revoked"
	ReasonMandateSuspended      Reason = "mandate_suspended"
	ReasonProcedureNotInScope   Reason = "procedure_not_in_scope"
	ReasonActionNotInScope      Reason = "action_not_in_scope"
	ReasonNeedsStepUp           Reason = "needs_step_up"
	ReasonNeedsPhoneCode        Reason = "needs_phone_code" // the person's card tier is not enough
	ReasonClientNotActive       Reason = "client_not_active"
	ReasonDelegationEnded       Reason = "delegation_ended"
	ReasonTokenExpired          Reason = "token_expired"
)

// Decision is the answer, with what matched or everything that failed.
type Decision struct {
	Allowed    bool
	Reasons    []Reason // every condition that failed, for the nearest rule
	Rule       string   // the policy line that matched, or the nearest one
	Role       Role     // the role under which it was allowed, or of the nearest rule
	PolicyHash string   // SHA-256 of model and policy, hex
	// Hidden: the object must look as if it were not there (another
	// organisation's, outside the remit, another person's).
	Hidden bool
}
