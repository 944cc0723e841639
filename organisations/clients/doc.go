// Package clients is the registry of OAuth clients: the services where
// mediators act (benefit portals, other administrations), and organisations'
// own software.
//
//	operator ──Register──▶ active ⇄ suspended     (Suspend, Resume)
//	                         └──────┴──▶ ended     (End, for good)
//
// Invariants:
//   - What is unknown, suspended or ended answers alike: problem.NotFound, or
//     client_invalid where a proof was asked for.
//   - A secret is 256 random bits, shown once. The database keeps its SHA-256;
//     it keeps it sealed (AES-256-GCM) only where the protocol itself computes
//     with it, for ID tokens signed by HS256.
//   - A redirect address is kept byte for byte as registered: https, or http on
//     this very machine, without a fragment.
//   - A client's assertion is used once, whichever process of ours sees it.
//   - What is refused in a client's name is an event, bounded so that nobody who
//     knows the name can fill the log.
//   - A service belongs to no organisation; software belongs to exactly one.
//   - Scopes are those of the kind of client, and a token of software never has one
//     that the software has no longer.
//
// It never redirects, never calls a client, and never decides about mandates.
package clients
