// Package translog is the format of Relais's transparency log, for those who
// write it and for outsiders who check it. It imports nothing of the house.
//
// It owns: the list of event kinds ([Kinds]); canonical JSON ([Canonical]); what
// an entry's public leaf holds and what it only commits to ([Seal], [Open]); the
// Merkle tree over leaves with its tiles ([Tree], [TilePath]); signed
// checkpoints ([SignCheckpoint], [OpenCheckpoint]) and inclusion proofs.
//
//	Event ─Seal─→ leaf      public, in the tree: at, id, kind, commitments, v
//	          ├─→ facts     kept by us: who, for whom, under which mandate, what
//	          └─→ personal  kept by us until the person is erased
//
// Invariants:
//   - A leaf MUST hold no organisation and no person, not even a pseudonym: only
//     sha256(domain || salt || bytes) of what does
//     (docs/decisions/0002-no-personal-data-in-leaves.md).
//   - What is hashed and signed is bytes that are stored. Nothing is ever
//     verified by marshalling a struct again and hoping for the same bytes.
//   - The format is versioned by "v" in the leaf and by the domains of the
//     commitments. Version 1 never changes; golden files hold it.
//   - Leaf hashes are those of RFC 6962, section 2.1; checkpoints and tiles those
//     of C2SP tlog-checkpoint and tlog-tiles.
//
// It never reads a clock, a database or the network, and never decides whether
// an event may happen.
package translog
