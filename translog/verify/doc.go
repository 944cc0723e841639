// Package verify checks a whole transparency log again, from what is stored
// alone: it shares nothing with the writer but the format package translog.
//
//	entries ─→ each alone: leaf = columns + commitments, facts = columns
//	        ─→ in order:   hash = stored tile, batch holds its number,
//	                       root = every signed checkpoint
//	        ─→ at the end: nothing missing, nothing over, erasures announced
//
// It owns the rules of what is wrong and how it is named: the first wrong entry
// is named by position and event id. Where only a checkpoint shows it (the last
// 255 entries or fewer have no stored hashes), the run of positions is named.
//
// Invariants:
//   - Memory MUST NOT grow with the log.
//   - A log is green only if every entry, tile, batch and checkpoint was compared.
//
// It never writes, and never repairs.
package verify
