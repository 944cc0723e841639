package translog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// Facts are what an entry says beyond its public leaf: pseudonymous ids and
// codes only. A zero uuid or empty string means "does not apply".
type Facts struct {
	Actor        Actor
	Organisation uuid.UUID
	Beneficiary  uuid.UUID
	Mandate      uuid.UUID
	Case         uuid.UUID
	Step         uuid.UUID
	Procedure    string
	Action       string
	Outcome      string
	// Detail is the canonical object of the kind's own facts; nil when none.
	Detail []byte
}

var errFacts = errors.New("translog: not the canonical facts of an event")

// Append writes the canonical bytes after dst. The strings MUST be codes, as
// [Seal] demands.
func (f Facts) Append(dst []byte) []byte {
	dst = f.AppendHead(dst)
	if f.Detail != nil {
		dst = append(append(dst, `,"detail":`...), f.Detail...)
	}
	return f.AppendTail(dst)
}

// AppendHead writes what stands in front of the detail.
func (f Facts) AppendHead(dst []byte) []byte {
	dst = append(dst, '{')
	if f.Action != "" {
		dst = append(append(append(dst, `"action":"`...), f.Action...), `",`...)
	}
	dst = append(dst, `"actor":{`...)
	if f.Actor.ID != uuid.Nil {
		dst = append(appendUUID(append(dst, `"id":"`...), f.Actor.ID), `",`...)
	}
	dst = append(append(append(dst, `"role":"`...), f.Actor.Role...), `"}`...)
	dst = appendID(dst, "beneficiary", f.Beneficiary)
	return appendID(dst, "case", f.Case)
}

// AppendTail writes what follows the detail.
func (f Facts) AppendTail(dst []byte) []byte {
	dst = appendID(dst, "mandate", f.Mandate)
	dst = appendID(dst, "organisation", f.Organisation)
	dst = appendCode(dst, "outcome", f.Outcome)
	dst = appendCode(dst, "procedure", f.Procedure)
	dst = appendID(dst, "step", f.Step)
	return append(dst, '}')
}

func appendID(dst []byte, name string, id uuid.UUID) []byte {
	if id == uuid.Nil {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":"`...)
	return append(appendUUID(dst, id), '"')
}

func appendCode(dst []byte, name, code string) []byte {
	if code == "" {
		return dst
	}
	dst = append(append(append(dst, `,"`...), name...), `":"`...)
	return append(append(dst, code...), '"')
}

// ParseFacts reads the exact canonical bytes of an event's facts.
func ParseFacts(b []byte) (Facts, error) {
	var in struct {
		Action string `json:"action"`
		Actor  struct {
			ID   uuid.UUID `json:"id"`
			Role Role      `json:"role"`
		} `json:"actor"`
		Beneficiary  uuid.UUID       `json:"beneficiary"`
		Case         uuid.UUID       `json:"case"`
		Detail       json.RawMessage `json:"detail"`
		Mandate      uuid.UUID       `json:"mandate"`
		Organisation uuid.UUID       `json:"organisation"`
		Outcome      string          `json:"outcome"`
		Procedure    string          `json:"procedure"`
		Step         uuid.UUID       `json:"step"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return Facts{}, errFacts
	}
	f := Facts{
		Actor:        Actor{Role: in.Actor.Role, ID: in.Actor.ID},
		Organisation: in.Organisation, Beneficiary: in.Beneficiary,
		Mandate: in.Mandate, Case: in.Case, Step: in.Step,
		Procedure: in.Procedure, Action: in.Action, Outcome: in.Outcome,
		Detail: in.Detail,
	}
	if f.Detail != nil && (CheckCanonical(f.Detail) != nil || f.Detail[0] != '{') {
		return Facts{}, errFacts
	}
	for _, code := range []string{f.Procedure, f.Action, f.Outcome, string(f.Actor.Role)} {
		if !isCode(code) {
			return Facts{}, errFacts
		}
	}
	if !bytes.Equal(f.Append(nil), b) {
		return Facts{}, errFacts
	}
	return f, nil
}

// isCode reports whether s is empty or a short code that needs no escape. Free
// text has spaces, and so cannot slip into the facts as a code.
func isCode(s string) bool {
	if len(s) > 100 {
		return false
	}
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		case b == '_' || b == '-' || b == '.' || b == ':' || b == '/':
		default:
			return false
		}
	}
	return true
}

// canonicalObject gives a typed struct's canonical object, nil for nil.
func canonicalObject(v any, what string) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	b, err := Canonical(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if b[0] != '{' {
		return nil, fmt.Errorf("translog: %s must be a struct", what)
	}
	if len(b) > maxContent {
		return nil, fmt.Errorf("translog: %s has %d bytes, more than %d", what, len(b), maxContent)
	}
	return b, nil
}
