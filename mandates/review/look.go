package review

import (
	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/translog"
)

// lookDetail is what the log says of a look: which way, by what, how much.
type lookDetail struct {
	Subject string   `json:"subject"` // search, person, mediator, mandate, membership, entry, export
	Filters []string `json:"filters,omitempty"`
	// Older: a further page of what was looked at before.
	Older bool `json:"older,omitempty"`
	// Accounts are the mediators looked at.
	Accounts   []string `json:"accounts,omitempty"`
	Membership string   `json:"membership,omitempty"`
	Entry      string   `json:"entry,omitempty"`
	Procedure  string   `json:"procedure,omitempty"`
	Action     string   `json:"action,omitempty"`
	Outcome    string   `json:"outcome,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	From       string   `json:"from,omitempty"`
	To         string   `json:"to,omitempty"`
	// People is how many were found by a query that names somebody.
	People *int `json:"people,omitempty"`
	// Shown is how many entries were shown or exported; Cut: there were more
	// than an export holds.
	Shown int  `json:"shown"`
	Cut   bool `json:"cut,omitempty"`
	// Purpose of a look at nobody in particular. Pages ask to name no one in it;
	// that of a look at a person is personal content instead.
	Purpose string `json:"purpose,omitempty"`
}

// lookWords is why somebody looked at a person; it goes with the person.
type lookWords struct {
	Purpose string `json:"purpose"`
}

// look makes the event of a look. about says whose it is; with a person in it
// the purpose is personal content, so that it can be erased. Of somebody erased
// nothing would erase it any more, and it may name them: it is not kept.
func look(kind translog.Kind, about translog.Event, d lookDetail, erased bool, purpose string) translog.Event {
	about.Kind = kind
	switch {
	case about.Beneficiary == uuid.Nil:
		d.Purpose = purpose
	case !erased:
		about.Personal = lookWords{Purpose: purpose}
	}
	about.Detail = d
	return about
}

// place is an organisation as a decision needs it.
type place struct {
	ID        uuid.UUID
	Territory string
}

// object is the log of one organisation, or of the whole remit.
func (p place) object() authz.Object {
	return authz.Object{Kind: authz.KindLog, Organisation: p.ID, Territory: p.Territory}
}

func ids(all []uuid.UUID) []string {
	out := make([]string, len(all))
	for i, id := range all {
		out[i] = id.String()
	}
	return out
}
