// Package supervisor answers those who watch over organisations: they look
// through the log, read what happened, suspend and revoke.
//
//	/supervision ──▶ disagreements without an answer
//	             ──▶ why, and what ──▶ results ──▶ entry
//	                                         └──▶ person · mediator · mandate ──▶ suspend · resume · revoke
//
// Invariants:
//   - No page about anybody opens without a purpose. It is asked once and
//     carried through the review, in the session; addresses hold its id alone.
//     Each page opened is one event that says it; every page reminds of that,
//     and that the person can read it.
//   - The list of disagreements opens without a purpose: it is one event, and it
//     names and quotes nobody helped.
//   - Names, birth dates and phones are posted, never put in an address. A search
//     is kept in the session, so that results have an address to come back to,
//     which holds its id alone; once the log has answered, who was typed is
//     forgotten for the person's id, or for that there is nobody; and whenever
//     the search fails, for nothing.
//   - Lists are read page by page, and say which lines are shown. Of a remit the
//     first organisations are read, by name; where there may be more it is said.
//   - A handler reads, calls ONE command, answers. Only after a refusal may it
//     look again, to show the page with what was typed.
//   - What a mediator tried and was refused reads as a sentence: who, what, why.
//
// It holds no rule about who may see what; package review and the law do.
package supervisor
