// Package beneficiaries owns the people helped, as one organisation knows them:
// identity, how it was checked, contact channels, the codes they hold, and the
// tiers by which they open their own space.
//
//	card's code + birth year ──▶ tier "card":  see and stop mandates
//	tier card + code by SMS  ──▶ tier "phone": the whole history, disputes, contact
//	five wrong tries         ──▶ that code is locked; a code sent to the person's
//	                             own phone unlocks it
//
// Invariants:
//   - A document's number MUST never be stored: only which kind was seen, by whom.
//   - Codes are stored as keyed hashes (HMAC-SHA256), shown once, typed tolerantly,
//     and [Code] never prints itself.
//   - A wrong code, a wrong birth year, a cancelled code and an unknown one MUST
//     look the same, and cost the same but for the event that a flood of tries
//     about nobody no longer leaves.
//   - Visitors MUST NOT fill the log: their refusals are events up to a bound. The
//     tries that lock somebody's card always are.
//   - Another organisation's person MUST look as if not there.
//
// It never reads a mandate, and never sends: messages are queued with notify.
package beneficiaries
