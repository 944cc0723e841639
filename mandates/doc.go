// Package mandates is the heart: the life of mandates and their grants, the
// evidence of consent, and the cases and steps done under them.
//
//	draft ─present▶ presented ─await▶ awaiting_signature
//	  │                 │ sign              │ sign
//	  │ void            ▼                   ▼
//	  └──────▶ void   active ◀─resume/suspend─▶ suspended
//	                    │ revoke · renounce · supersede · expire
//	                    ▼
//	          revoked | renounced | superseded | expired
//
// Invariants (DESIGN §5):
//   - No step exists without a mandate that was active, in scope and held by
//     the mediator's organisation at that instant, by the server's clock,
//     checked in the statement that writes it.
//   - Steps that arrive together are written together, each checked as if alone,
//     each with its own answer; refusals are looked at, and logged, alone.
//   - A mandate's row is the lock of everything done under it. Commands that
//     change it MUST take it first (hold), before any other write, and take the
//     instant again once they have it: the log's order is then the true order.
//   - What was read is what is signed: payload bytes are stored once when
//     presented, and those bytes are signed.
//   - Scope is frozen at presentation as procedure and action codes; adding to
//     the catalogue never widens a mandate.
//   - Renewing or widening makes a new mandate; nothing signed is ever edited.
//
// It never sends (messages are queued), never renders a page, and never lets a
// step be edited: a correction is another step.
package mandates
