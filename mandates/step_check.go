package mandates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// Limits of what is typed in a step, in letters.
const (
	maxReceipt = 100
	maxNote    = 2000
)

var outcomes = []string{OutcomeDone, OutcomePrepared, OutcomeSubmitted, OutcomeAnswer, OutcomeWaiting, OutcomeFailed, OutcomeNotDone}

// Outcomes are the possible outcomes of a step, in page order.
func Outcomes() []string { return slices.Clone(outcomes) }

func knownAction(action string) bool { return slices.Contains(packs.Actions(), action) }

// secretCode is the reason and the field's fault when a text seems to hold a
// secret.
const secretCode = "secret_in_text"

// checkStep cleans a step and lists its faults. A probable secret comes back
// with its reason, which makes it a refusal to be logged; never its text.
func (s *Service) checkStep(f stepFacts, n NewStep) (Step, error) {
	pack, err := s.packs.Get(f.pack)
	if err != nil {
		return Step{}, fmt.Errorf("pack of the organisation: %w", err)
	}
	st := Step{
		Case: f.ID, Organisation: f.Organisation, Beneficiary: f.Beneficiary, Procedure: f.Procedure, Action: n.Action, Outcome: n.Outcome,
		ReceiptNumber: line(n.ReceiptNumber), Note: paragraph(n.Note), Present: n.Present, DueOn: dayOf(n.DueOn), Corrects: n.Corrects,
	}
	var faults []problem.Field
	add := func(bad bool, field problem.Field) {
		if bad {
			faults = append(faults, field)
		}
	}
	proc, inCatalogue := pack.Procedure(f.Procedure)
	add(!knownAction(n.Action) || inCatalogue && !proc.Allows(n.Action), problem.At("action", "choose_action"))
	add(!slices.Contains(outcomes, n.Outcome), problem.At("outcome", "choose_outcome"))
	add(letters(st.ReceiptNumber) > maxReceipt, tooLong("receipt_number", maxReceipt))
	add(letters(st.Note) > maxNote, tooLong("note", maxNote))
	add(len(n.IdempotencyKey) > maxKey, tooLong("idempotency_key", maxKey))
	add(n.Corrects != uuid.Nil && f.correctsCase != f.ID, problem.At("corrects", "step_not_here"))
	due, err := dueFault(f.timeZone, st.DueOn, s.commands.Store().Now())
	if err != nil {
		return Step{}, err
	}
	faults = append(faults, due...)
	return st, secretsIn(pack, faults, typed{"receipt_number", st.ReceiptNumber}, typed{"note", st.Note})
}

// typed is one text and the field it was typed in.
type typed struct{ field, text string }

// secretsIn adds the texts that seem to hold a secret to the faults.
func secretsIn(pack *packs.Pack, faults []problem.Field, texts ...typed) error {
	secret := false
	for _, t := range texts {
		if _, found := pack.SecretIn(t.text); found {
			secret = true
			faults = append(faults, problem.At(t.field, secretCode))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	p := problem.Invalid(faults...)
	if secret {
		p.Reasons = []string{secretCode}
	}
	return p
}

// paragraph cleans a text of several lines: no control characters, no trailing
// space, no more than one empty line together.
func paragraph(s string) string {
	if len(s) > 64*maxNote {
		s = s[:64*maxNote] // far too long in any case: cheap to say so
	}
	var kept []string
	for _, l := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if l = line(l); l != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, l)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

func letters(s string) int { return len([]rune(s)) }
