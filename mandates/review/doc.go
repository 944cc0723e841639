// Package review reads the log for those who watch over it, and for the person
// whom it is about.
//
//	supervisor ──▶ Search · Timeline · Entry · Export ──▶ one event each ──▶ the person's history
//	person     ──▶ PersonHistory ────────────────────────────────────────▶ steps, refusals, looks
//
// Invariants:
//   - A look MUST say why ("purpose", ten letters or more) and MUST leave one
//     event, written before anything is shown; if it cannot be written, nothing
//     is shown (DESIGN §5, 4).
//   - A look at one person carries that person in its event, so that they can
//     list it: a search that names them, their timeline, their mandate, an entry
//     about them. Its purpose is then personal content, erased with them.
//   - A supervisor sees the organisations of their remit only, and the SQL
//     itself keeps to it. Outside of it, the answer is that of what does not
//     exist (SU-02); the try is an event too.
//   - Pages go by cursor on the id of entries: what arrives meanwhile neither
//     moves nor repeats a line. A filter without an index asks for a period.
//   - A person reads what concerns them alone, at the phone tier.
//
// It never changes anything, never counts without a limit, and never exports
// the names or contacts of people helped.
package review
