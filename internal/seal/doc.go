// Package seal makes keys for one use out of the house's one, and keeps under
// them the secrets that must be read again.
//
// Invariants:
//   - A key MUST be for one use: [Key] derives another for every label (RFC 5869),
//     and labels are for ever, for what is sealed under one opens under no other.
//   - What is sealed belongs to one row: in another it does not open.
//   - Every sealing draws a nonce of its own (AES-256-GCM, 96 bits), from the
//     randomness that the caller gives.
//
// It keeps nothing, and prints nothing.
package seal
