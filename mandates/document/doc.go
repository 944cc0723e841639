// Package document is what a mandate looks like once it leaves the house: the
// payload that is hashed and signed, its signature, and the papers printed from
// it (the mandate, the card, a letter).
//
//	Payload ──Marshal──▶ canonical bytes ──Hash──▶ what the person's consent is bound to
//	                        │
//	                        ├──Keyring.Sign──▶ compact JWS (ES256, typ relais-mandate+jws)
//	                        └──PDF──▶ the same facts, in the person's language beside the administration's
//
// Invariants:
//   - What was read is what is signed: bytes MUST be made once by [Marshal],
//     stored by the caller, and from then on only stored bytes are hashed,
//     signed, verified and printed. Nothing here marshals a payload again.
//   - [PDF] MUST take its facts from the stored bytes, never from a struct.
//   - A payload MUST have one canonical form (RFC 8785 rules, NFC text, whole
//     numbers); [Parse] refuses every other spelling of the same facts.
//   - Verification MUST name its one algorithm, ES256, before it reads a header.
//   - A retired key MUST sign nothing; every key ever used MUST stay able to
//     verify, because a mandate may be disputed years later.
//   - The same input MUST print the same PDF bytes.
//
// It never reads a clock, a database or the network, never translates (callers
// hand in sentences already translated) and never logs.
package document
