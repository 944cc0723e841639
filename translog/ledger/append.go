package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/translog"
)

// InsertColumns are the columns of events that an entry fills, in the order of
// [Row.Args]. The database fills the rest.
const InsertColumns = "event_id, kind, at, actor_role, actor_id, organisation_id, beneficiary_id, " +
	"mandate_id, case_id, step_id, procedure, action, outcome, " +
	"leaf, facts, facts_salt, personal, personal_salt"

// insertTypes are the types of InsertColumns.
var insertTypes = [...]string{
	"uuid", "text", "timestamptz", "text", "uuid", "uuid", "uuid",
	"uuid", "uuid", "uuid", "text", "text", "text",
	"bytea", "bytea", "bytea", "bytea", "bytea",
}

// ArgCount is the number of InsertColumns.
const ArgCount = len(insertTypes)

var insertStatement = "INSERT INTO events (" + InsertColumns + ") VALUES (" + InsertValues(1) + ")"

// InsertValues gives the typed placeholders for InsertColumns, numbered from
// first: "$4::uuid, $5::text, …". They serve in VALUES and in the SELECT of a
// statement that inserts the entry only if the rest of it holds.
func InsertValues(first int) string {
	parts := make([]string, len(insertTypes))
	for i, t := range insertTypes {
		parts[i] = "$" + strconv.Itoa(first+i) + "::" + t
	}
	return strings.Join(parts, ", ")
}

// Row is an entry ready to be inserted.
type Row struct {
	// EventID is the id of the event, also in its leaf.
	EventID uuid.UUID
	event   translog.Event
	sealed  translog.Sealed
}

// Args are the values of InsertColumns.
func (r Row) Args() []any {
	e, s := r.event, r.sealed
	return []any{
		s.ID, string(e.Kind), s.At, string(e.Actor.Role), nullID(e.Actor.ID),
		nullID(e.Organisation), nullID(e.Beneficiary), nullID(e.Mandate), nullID(e.Case), nullID(e.Step),
		nullText(e.Procedure), nullText(e.Action), e.StoredOutcome(),
		s.Leaf, s.Facts, s.FactsSalt, nullBytes(s.Personal), nullBytes(s.PersonalSalt),
	}
}

// Prepare seals an event for a statement that inserts it among other things:
// the one-statement hot path. at is the time of the act.
func Prepare(env store.Env, at time.Time, e translog.Event) (Row, error) {
	sealed, err := translog.Seal(e, env.NewID(), at, env.Random)
	if err != nil {
		return Row{}, err
	}
	return Row{EventID: sealed.ID, event: e, sealed: sealed}, nil
}

// Append writes the entry of an event in the command's transaction and gives
// the event's id. If it fails, the command MUST fail.
func Append(tx *store.Tx, e translog.Event) (uuid.UUID, error) {
	row, err := Prepare(tx.Env(), tx.Now(), e)
	if err != nil {
		return uuid.Nil, err
	}
	if _, err := tx.SQL().ExecContext(tx.Context(), insertStatement, row.Args()...); err != nil {
		return uuid.Nil, fmt.Errorf("append the event %s: %w", e.Kind, err)
	}
	return row.EventID, nil
}

// RefusedDetail is what an entry of kind act.refused says.
type RefusedDetail struct {
	// Command that was refused, as its route or method names it.
	Command string `json:"command"`
	// Reasons of the decision, stable codes, in order.
	Reasons []string `json:"reasons"`
	// Rule that refused, if one did.
	Rule string `json:"rule,omitempty"`
	// PolicyHash is the policy decided under.
	PolicyHash string `json:"policy_hash,omitempty"`
}

func nullID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

func nullText(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func nullBytes(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
