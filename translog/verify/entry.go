package verify

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/relais-org/relais/translog"
)

// personalState is what there is of an entry's personal content.
type personalState int

const (
	personalNone personalState = iota
	personalHeld
	personalGone // the leaf commits to some, and it is not there
)

// checked is what remains of an entry after it was looked at alone.
type checked struct {
	key         Key
	event       uuid.UUID
	kind        translog.Kind
	beneficiary uuid.UUID
	hash        tlog.Hash
	personal    personalState
	wrong       string // empty: nothing
}

// look checks an entry by itself. room is reused between calls.
func look(e *Entry, room *[]byte) checked {
	c := checked{key: e.Key, hash: translog.LeafHash(e.Leaf)}
	if e.Columns != nil {
		c.event, c.kind, c.beneficiary = e.Columns.EventID, translog.Kind(e.Columns.Kind), e.Columns.Facts.Beneficiary
		c.wrong = lookRow(e, &c, room)
		return c
	}
	leaf, facts, err := translog.Open(e.Leaf, e.Facts, e.FactsSalt)
	c.event, c.kind, c.beneficiary = leaf.ID, leaf.Kind, facts.Beneficiary
	if err != nil {
		c.wrong = plain(err)
		return c
	}
	c.wrong = lookPersonal(e, &c, leaf)
	return c
}

// lookRow compares leaf, facts and columns of a row. What is right is found by
// building the one right form from the columns; only what is wrong is parsed.
func lookRow(e *Entry, c *checked, room *[]byte) string {
	leaf := translog.Leaf{
		At: e.Columns.At, ID: e.Columns.EventID, Kind: c.kind,
		Facts: translog.CommitFacts(e.FactsSalt, e.Facts),
	}
	if e.Personal != nil {
		personal := translog.CommitPersonal(e.PersonalSalt, e.Personal)
		leaf.Personal = &personal
	}
	*room = leaf.Append((*room)[:0])
	if !bytes.Equal(*room, e.Leaf) {
		stored, err := translog.ParseLeaf(e.Leaf)
		if err != nil {
			return plain(err)
		}
		if wrong := compareLeaf(e, stored, leaf); wrong != "" {
			return wrong
		}
		if wrong := lookPersonal(e, c, stored); wrong != "" {
			return wrong
		}
	} else if wrong := lookPersonal(e, c, leaf); wrong != "" {
		return wrong
	}
	if len(e.FactsSalt) != translog.SaltSize {
		return fmt.Sprintf("the salt of the facts has %d bytes", len(e.FactsSalt))
	}
	if !c.kind.Known() {
		return fmt.Sprintf("kind %q is not known", e.Columns.Kind)
	}
	return compareFacts(e, room)
}

func compareLeaf(e *Entry, stored, columns translog.Leaf) string {
	switch {
	case stored.ID != columns.ID:
		return fmt.Sprintf("column event_id is %s, the leaf says %s", columns.ID, stored.ID)
	case stored.Kind != columns.Kind:
		return fmt.Sprintf("column kind is %q, the leaf says %q", columns.Kind, stored.Kind)
	case !stored.At.Equal(columns.At):
		return fmt.Sprintf("column at is %s, the leaf says %s", columns.At.UTC().Format(time.RFC3339Nano), stored.At.Format(time.RFC3339Nano))
	case stored.Facts != columns.Facts:
		return "the facts or their salt are not those the leaf commits to"
	case e.Personal != nil && stored.Personal == nil:
		return "there is personal content that the leaf does not commit to"
	}
	return ""
}

// lookPersonal checks personal content against the leaf's commitment.
func lookPersonal(e *Entry, c *checked, leaf translog.Leaf) string {
	switch {
	case (e.Personal == nil) != (e.PersonalSalt == nil):
		return "of personal content and its salt only one is there"
	case leaf.Personal == nil && e.Personal != nil:
		return "there is personal content that the leaf does not commit to"
	case leaf.Personal == nil:
		return ""
	case e.Personal == nil:
		c.personal = personalGone
		return ""
	}
	c.personal = personalHeld
	if translog.CommitPersonal(e.PersonalSalt, e.Personal) != *leaf.Personal {
		return "the personal content or its salt is not what the leaf commits to"
	}
	if len(e.PersonalSalt) != translog.SaltSize {
		return fmt.Sprintf("the salt of the personal content has %d bytes", len(e.PersonalSalt))
	}
	return ""
}

// compareFacts holds the committed facts against the columns.
func compareFacts(e *Entry, room *[]byte) string {
	columns := e.Columns.Facts
	*room = columns.AppendHead((*room)[:0])
	rest, fits := bytes.CutPrefix(e.Facts, *room)
	*room = columns.AppendTail((*room)[:0])
	if fits {
		rest, fits = bytes.CutSuffix(rest, *room)
	}
	if fits {
		if len(rest) == 0 {
			return ""
		}
		detail, named := bytes.CutPrefix(rest, []byte(`,"detail":`))
		if named && len(detail) > 0 && detail[0] == '{' && translog.CheckCanonical(detail) == nil {
			return ""
		}
	}
	facts, err := translog.ParseFacts(e.Facts)
	if err != nil {
		return plain(err)
	}
	return compareColumns(columns, facts)
}

func compareColumns(columns, facts translog.Facts) string {
	var wrong []string
	differ := func(column string, there, committed any) {
		if there != committed {
			wrong = append(wrong, fmt.Sprintf("column %s is %q, the facts say %q", column, shown(there), shown(committed)))
		}
	}
	differ("actor_role", string(columns.Actor.Role), string(facts.Actor.Role))
	differ("actor_id", columns.Actor.ID, facts.Actor.ID)
	differ("organisation_id", columns.Organisation, facts.Organisation)
	differ("beneficiary_id", columns.Beneficiary, facts.Beneficiary)
	differ("mandate_id", columns.Mandate, facts.Mandate)
	differ("case_id", columns.Case, facts.Case)
	differ("step_id", columns.Step, facts.Step)
	differ("procedure", columns.Procedure, facts.Procedure)
	differ("action", columns.Action, facts.Action)
	differ("outcome", columns.Outcome, facts.Outcome)
	if wrong == nil {
		return "the columns do not give the facts"
	}
	return strings.Join(wrong, "; ")
}

func shown(v any) string {
	if id, ok := v.(uuid.UUID); ok && id == uuid.Nil {
		return ""
	}
	return fmt.Sprint(v)
}

func plain(err error) string { return strings.TrimPrefix(err.Error(), "translog: ") }
