// Package ledger writes the transparency log: entries inside the transactions
// of commands, then their place in the tree, then signed checkpoints.
//
// It owns the tables events, log_tiles, log_batches and log_checkpoints.
//
//	command's transaction        one sequencer, every 200 ms           anyone
//	Append: INSERT events ──→ next events in order ─→ tiles, batch ─→ Reader
//	                          below the oldest open      and signed
//	                          writing transaction        checkpoint
//
// Invariants:
//   - Append MUST be called in the transaction of the change it tells of; if it
//     fails, the change fails with it.
//   - Order in the tree is (incarnation, xid, id), taken only below the xmin of a
//     snapshot: nothing can commit behind what was integrated.
//   - Tiles, batch and checkpoint of one step of the sequencer are one
//     transaction, under a lock held while signing. A crash leaves all or nothing.
//   - A checkpoint is signed only over a tree that was rebuilt from the last
//     signed checkpoint, whose root and signature were checked.
//   - What was integrated is never integrated again and never changes place.
//
// It never decides what is logged, never reads personal content, and never
// changes or removes a row: the application's role cannot.
package ledger
