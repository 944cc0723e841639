package mandates

import "github.com/relais-org/relais/internal/problem"

// State is where a mandate is in its life.
type State string

// The states (DESIGN §4). The last five are terminal.
const (
	Drafted    State = "draft"
	Presented  State = "presented"
	Awaiting   State = "awaiting_signature"
	Active     State = "active"
	Suspended  State = "suspended"
	Expired    State = "expired"
	Revoked    State = "revoked"
	Renounced  State = "renounced"
	Superseded State = "superseded"
	Void       State = "void"
)

// Move is what may happen to a mandate.
type Move string

// The moves. Each is one command.
const (
	MoveChange    Move = "change"  // of a draft; a presented text is voided by it (MA-08)
	MovePresent   Move = "present" // freeze the text
	MoveAwait     Move = "await"   // for the person's code, or for a witness
	MoveSign      Move = "sign"
	MoveVoid      Move = "void"
	MoveRevoke    Move = "revoke"
	MoveRenounce  Move = "renounce"
	MoveSuspend   Move = "suspend"
	MoveResume    Move = "resume"
	MoveSupersede Move = "supersede" // the last live line went to a newer mandate
	MoveExpire    Move = "expire"
)

// transition is one line of the law of a mandate's life.
type transition struct {
	from  State
	move  Move
	to    State
	guard string // what must also hold, as the command checks it
}

// transitions is the whole law. What is not here is refused.
var transitions = []transition{
	{Drafted, MoveChange, Drafted, "the page's version is the mandate's"},
	{Presented, MoveChange, Drafted, "the presentation is voided: its hash no longer signs"},
	{Awaiting, MoveChange, Drafted, "the presentation is voided: its hash no longer signs"},
	{Drafted, MovePresent, Presented, "scope, duration, language, protection and conflict are answered and hold"},
	{Presented, MoveAwait, Awaiting, "the person has a phone, or somebody else witnesses"},
	{Awaiting, MoveAwait, Awaiting, "resent, under the limit"},
	{Presented, MoveSign, Active, "the hash read is the hash stored; evidence holds; the end is still to come"},
	{Awaiting, MoveSign, Active, "the hash read is the hash stored; evidence holds; the end is still to come"},
	{Drafted, MoveVoid, Void, ""},
	{Presented, MoveVoid, Void, ""},
	{Awaiting, MoveVoid, Void, ""},
	{Active, MoveRevoke, Revoked, ""},
	{Suspended, MoveRevoke, Revoked, ""},
	{Active, MoveRenounce, Renounced, ""},
	{Suspended, MoveRenounce, Renounced, ""},
	{Active, MoveSuspend, Suspended, "a reason is given"},
	{Suspended, MoveResume, Active, "the end is still to come"},
	{Active, MoveSupersede, Superseded, "no live line is left"},
	{Suspended, MoveSupersede, Superseded, "no live line is left"},
	{Active, MoveExpire, Expired, "the end has passed"},
	{Suspended, MoveExpire, Expired, "the end has passed"},
}

// Next is where a move leads from a state. The error is a conflict whose code
// says what is the matter: "mandate_already_active", "mandate_already_ended",
// "mandate_not_presented" or "mandate_not_active".
func Next(from State, move Move) (State, error) {
	for _, t := range transitions {
		if t.from == from && t.move == move {
			return t.to, nil
		}
	}
	return from, problem.Conflict(whyNot(from, move))
}

func whyNot(from State, move Move) string {
	switch {
	case from.Terminal():
		return "mandate_already_ended"
	case (from == Active || from == Suspended) && (move == MoveSign || move == MoveChange || move == MovePresent || move == MoveAwait || move == MoveVoid):
		return "mandate_already_active"
	case move == MoveSign || move == MoveAwait:
		return "mandate_not_presented"
	case move == MovePresent:
		return "mandate_already_presented"
	}
	return "mandate_not_active"
}

// Terminal reports whether nothing can happen any more.
func (s State) Terminal() bool {
	switch s {
	case Expired, Revoked, Renounced, Superseded, Void:
		return true
	default:
		return false
	}
}

// Live reports whether the mandate still counts as somebody's: active or held.
func (s State) Live() bool { return s == Active || s == Suspended }

// CaseState is where a case is.
type CaseState string

// The states of a case. The last four close it.
const (
	CaseOpened     CaseState = "opened"
	CaseInProgress CaseState = "in_progress"
	CaseSubmitted  CaseState = "submitted"
	CaseAwaiting   CaseState = "awaiting_decision"
	CaseGranted    CaseState = "granted"
	CaseRefused    CaseState = "refused"
	CaseWithdrawn  CaseState = "withdrawn"
	CaseAbandoned  CaseState = "abandoned"
)

// Closed reports whether the case is over.
func (s CaseState) Closed() bool {
	switch s {
	case CaseGranted, CaseRefused, CaseWithdrawn, CaseAbandoned:
		return true
	default:
		return false
	}
}

// caseTransitions: from, what happened (an outcome of a step, or the closing
// state), to. A step whose outcome is not here leaves the case where it is.
var caseTransitions = map[CaseState]map[string]CaseState{
	CaseOpened: {
		OutcomeDone: CaseInProgress, OutcomePrepared: CaseInProgress, OutcomeSubmitted: CaseSubmitted, OutcomeAnswer: CaseAwaiting, OutcomeWaiting: CaseAwaiting,
		"withdrawn": CaseWithdrawn, "abandoned": CaseAbandoned, "granted": CaseGranted, "refused": CaseRefused,
	},
	CaseInProgress: {
		OutcomeSubmitted: CaseSubmitted, OutcomeAnswer: CaseAwaiting, OutcomeWaiting: CaseAwaiting,
		"withdrawn": CaseWithdrawn, "abandoned": CaseAbandoned, "granted": CaseGranted, "refused": CaseRefused,
	},
	CaseSubmitted: {
		OutcomeAnswer: CaseAwaiting, OutcomeWaiting: CaseAwaiting, OutcomePrepared: CaseInProgress,
		"granted": CaseGranted, "refused": CaseRefused, "withdrawn": CaseWithdrawn, "abandoned": CaseAbandoned,
	},
	CaseAwaiting: {
		OutcomeSubmitted: CaseSubmitted, OutcomePrepared: CaseInProgress,
		"granted": CaseGranted, "refused": CaseRefused, "withdrawn": CaseWithdrawn, "abandoned": CaseAbandoned,
	},
}
