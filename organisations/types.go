package organisations

import (
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
)

// Account is a staff login.
type Account struct {
	ID       uuid.UUID
	Name     string
	Email    string // as invited; never identity
	State    AccountState
	Language string
}

// Identity is what an OpenID provider said about who signed in.
type Identity struct {
	Issuer        string // iss, OpenID Connect Core 2
	Subject       string // sub
	Email         string
	EmailVerified bool
	Name          string
	ACR           string    // acr, the assurance the provider names
	AuthTime      time.Time // auth_time, zero when not said
}

// ActorQuery asks who a session's account is at this instant.
type ActorQuery struct {
	Account uuid.UUID
	// Organisation acted for; zero picks the first active membership.
	Organisation uuid.UUID
	Session      uuid.UUID
	StrongAt     time.Time // last fresh authentication of the session
	Language     string    // of the session; empty: the account's own
	// Standing is authz.Session's, read a moment ago: while it is that of what was
	// last read about the account, that is not read again. Zero reads.
	Standing int64
}

// Organisation is one that employs mediators.
type Organisation struct {
	ID              uuid.UUID
	Name            string
	Kind            string // what sort of place, in the operator's words
	Pack            string // country pack
	TimeZone        string // IANA name
	Territory       string // what a territorial remit compares
	Address         string
	City            string
	Phone           string
	Email           string
	State           OrganisationState
	SuspendedReason string
	AllowedThemes   []string // empty: all of the pack
	CreatedAt       time.Time
}

// NewOrganisation is what the operator says about an organisation.
type NewOrganisation struct {
	Name, Kind, Pack, TimeZone, Territory string
	Address, City, Phone, Email           string
	AllowedThemes                         []string // empty: all of the pack
}

// Changes are the whole of what an organisation is to be from now on, as the
// page showed it and the operator changed it. The pack cannot change: empty or
// the same.
type Changes NewOrganisation

// OrganisationFacts is what other packages need of an organisation, without
// asking who wants to know. Not for pages of people outside it.
type OrganisationFacts struct {
	ID                         uuid.UUID
	Name, Address, City, Phone string
	Pack, TimeZone, Territory  string
	State                      OrganisationState
	AllowedThemes              []string // empty: all of the pack
}

// Query looks through organisations.
type Query struct {
	Text   string // part of the name or city, accents and case ignored
	Cursor string // Page.Next of the page before
	Limit  int    // 0: 50; at most 100
}

// Page is one page of organisations.
type Page struct {
	Rows []Organisation
	Next string // empty at the end
}

// Invite is an invitation to work in an organisation.
type Invite struct {
	Organisation uuid.UUID
	Name         string // as colleagues call them; an account that exists keeps its own
	Email        string
	Role         authz.Role // Mediator or Referent
}

// Member is one membership, with the person who holds it.
type Member struct {
	ID           uuid.UUID // of the membership
	Account      uuid.UUID
	Organisation uuid.UUID
	Name         string
	Email        string
	Role         authz.Role
	State        MembershipState
	AccountState AccountState
	// Authority may lack what a referent does not need: see Lacks.
	Authority authz.Authority
	InvitedAt time.Time
	// InvitationEnds is the end of the last invitation, zero once it was answered.
	InvitationEnds  time.Time
	ConfirmedAt     time.Time
	SuspendedAt     time.Time
	SuspendedReason string
	// HeldAbove says that supervision suspended it, and SuspendedBy who: whom to
	// ask. Both are empty while it is not suspended.
	HeldAbove   bool
	SuspendedBy string
	LastSeen    time.Time     // latest live session, zero when there is none
	Trainings   []TrainingRow // newest first; Member only, not Members
}

// Lacks is what this member still lacks for their own role: a referent acts
// for nobody, so neither training nor charter is asked of one.
func (m Member) Lacks() []authz.Reason {
	if m.Role != authz.Referent {
		return m.Authority.Missing
	}
	var lacks []authz.Reason
	for _, r := range m.Authority.Missing {
		switch r {
		case authz.ReasonNotTrained, authz.ReasonTrainingExpired, authz.ReasonCharter:
		default:
			lacks = append(lacks, r)
		}
	}
	return lacks
}

// InvitationOver reports whether the invitation ran out unanswered.
func (m Member) InvitationOver(now time.Time) bool {
	return m.AccountState == AccountInvited && !m.InvitationEnds.IsZero() && !now.Before(m.InvitationEnds)
}

// TrainingRow is one training on record.
type TrainingRow struct {
	ID          uuid.UUID
	Course      string
	Evidence    string
	CompletedOn time.Time // a day, at 00:00 UTC
	ExpiresOn   time.Time // last valid day, at 00:00 UTC; zero: no expiry
	RecordedBy  uuid.UUID
	RecordedAt  time.Time
}

// Training is a training to put on record. Of the dates only year, month and
// day count.
type Training struct {
	Membership  uuid.UUID
	Course      string
	Evidence    string // certificate, attendance list: where the proof is
	CompletedOn time.Time
	ExpiresOn   time.Time // last valid day; zero: no expiry
}

// Colleague is somebody active in the same organisation.
type Colleague struct {
	Account uuid.UUID
	Name    string
	Roles   []authz.Role
}

// Remit gives a supervisor one organisation or one territory to look after.
type Remit struct {
	Name         string // for an account that is new
	Email        string
	Organisation uuid.UUID // either this
	Territory    string    // or this
}

// RemitRow is a remit that holds.
type RemitRow struct {
	ID               uuid.UUID
	Organisation     uuid.UUID
	OrganisationName string
	Territory        string
	GrantedAt        time.Time
}

// Supervisor is an account with at least one remit.
type Supervisor struct {
	Account uuid.UUID
	Name    string
	Email   string
	State   AccountState
	Remits  []RemitRow
}
