// Package problem is the one error type of the house.
//
// A [*Error] says, in business words, what kind of refusal happened (Kind), a
// stable machine code that is also the key of the sentence people read (Code),
// the fields at fault, and the reasons of an authorisation refusal. The cause
// is kept for logs and never shown.
//
// Invariants:
//   - Code MUST be stable: it is part of the outside contract (RFC 9457 "code").
//   - "Not yours" and "not there" MUST both be [NotFound] with the same code, so
//     that neither status, body nor text tells them apart.
//   - HTTP numbers never appear here; each surface maps Kind once.
//
// It never translates, never logs, and imports nothing of the house.
package problem
