// Package acting is where a mediator who comes from a service says for whom
// they act there, and what for (/act/…).
//
//	/act/:request ─▶ person (who) ─▶ what (which procedure, which actions)
//	              ─▶ confirm (what the service will receive) ─▶ back to the service
//	every page ─▶ decline ─▶ back to the service, with nothing given
//
// Invariants:
//   - Every address MUST be in Routes, with its permission on the same line.
//   - What was chosen is in the database, bound to one browser and one mediator,
//     never in a page: back, reload, a long pause and a second window show where
//     one is. A page older than the request is told so, and changes nothing.
//   - There is no list of everybody: people are searched, and only those with a
//     live mandate for what the service does can be found (OP-03).
//   - Another mediator's request, another browser's, and none at all look alike.
//   - The way back to the service without doing anything is on every page, as
//     plain as the way on.
//   - Whatever is refused is said on the page, in words, with who can mend it.
//
// It holds no rule about mandates and speaks no OAuth: what is given is decided
// by mandates/acting, and handed over by api/op.
package acting
