// Package command is the one way a command runs.
//
//	handler ──▶ domain command ──▶ Runner.Run ──▶ one transaction
//	                                   │            decide · change · one event · jobs
//	                                   └─ refused ─▶ rolled back, then one act.refused event
//
// Invariants:
//   - A command that succeeds MUST have decided (or said why no decision is
//     needed) and MUST have appended exactly one event in its transaction
//     (none when it only repeats what was done before: [Tx.Repeated]);
//     anything else is a fault, and nothing of it is kept.
//   - A refusal by a decision, or by [Tx.Refuse], MUST leave one act.refused
//     event. If that event cannot be written, the caller gets that fault
//     instead of the refusal. Only tries by somebody who is not known, beyond
//     what was recorded of them just now, leave none ([Tx.RefuseUnrecorded]).
//   - An observer of an event runs in the event's transaction: what follows from
//     it at once (delegations that end, deliveries) is kept with it or not at all.
//   - An event that another transaction brings with it ([Runner.AppendIn]) is told
//     to observers like a command's own.
//   - The role in an event is the one under which the decision allowed the act.
//
// It holds no business rule, reads no table, and never retries by itself.
package command
