package organisations

import "github.com/google/uuid"

// The facts of this package's events. Nothing here is personal: staff are named
// by the ids of their accounts, and what somebody wrote (the reason of a
// suspension, the words of a training) stays in the rows and their history,
// because personal content of an event must belong to a person helped, with
// whom it can be erased.

// SignInDetail belongs to sign_in.done, sign_in.refused and sign_out.done.
type SignInDetail struct {
	// Account is whom the identity belongs to, or would have: zero when nobody.
	Account uuid.UUID `json:"account,omitzero"`
	Issuer  string    `json:"issuer,omitempty"`
	ACR     string    `json:"acr,omitempty"`
	Cause   string    `json:"cause,omitempty"` // of a refusal
	Session uuid.UUID `json:"session,omitzero"`
}

// BoundDetail belongs to account.bound.
type BoundDetail struct {
	Account uuid.UUID `json:"account"`
	Issuer  string    `json:"issuer"`
	ACR     string    `json:"acr,omitempty"`
	// Activated are memberships an operator had confirmed with the invitation.
	Activated []uuid.UUID `json:"activated,omitempty"`
}

// AccountDetail belongs to account.suspended, account.resumed,
// sessions.ended, operator.granted and operator.ended.
type AccountDetail struct {
	Account uuid.UUID `json:"account"`
	By      string    `json:"by,omitempty"` // who typed the command, for the command line
}

// OrganisationDetail belongs to the organisation's own events.
type OrganisationDetail struct {
	Pack     string   `json:"pack,omitempty"`
	TimeZone string   `json:"time_zone,omitempty"`
	Changed  []string `json:"changed,omitempty"` // names of columns; row history has the values
}

// MembershipDetail belongs to the membership's events.
type MembershipDetail struct {
	Membership uuid.UUID `json:"membership"`
	Account    uuid.UUID `json:"account"`
	Role       string    `json:"role"`
	From       string    `json:"from,omitempty"` // state before
	To         string    `json:"to,omitempty"`   // state after
	Again      bool      `json:"again,omitempty"`
}

// TrainingDetail belongs to training.recorded. Days are ISO 8601.
type TrainingDetail struct {
	Training    uuid.UUID `json:"training"`
	Account     uuid.UUID `json:"account"`
	CompletedOn string    `json:"completed_on"`
	ExpiresOn   string    `json:"expires_on,omitempty"`
}

// CharterDetail belongs to charter.accepted.
type CharterDetail struct {
	Account uuid.UUID `json:"account"`
	Version string    `json:"version"`
}

// RemitDetail belongs to remit.granted and remit.ended.
type RemitDetail struct {
	Remit     uuid.UUID `json:"remit"`
	Account   uuid.UUID `json:"account"`
	Territory string    `json:"territory,omitempty"`
}

// LookDetail belongs to log.viewed: an operator or a supervisor read who works
// in an organisation.
type LookDetail struct {
	Membership uuid.UUID `json:"membership,omitzero"` // zero: all of them
}
