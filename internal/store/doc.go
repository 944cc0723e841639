// Package store is the only way to the database: PostgreSQL 15 or newer, the
// one dialect everywhere (docs/decisions/0001-postgresql-only.md).
//
// It owns the connection pool, shared by GORM, by hand-written statements and
// by the job queue; the beginning of every transaction ([Store.InTx]); the
// schema's migration ([Migrate]); and the environment of a command: time, new
// ids, randomness ([Env]).
//
//	handler ─→ command ─→ InTx(acting) ─┬─ guarded change   (tx.DB, ExpectOne)
//	                                    ├─ event            (ledger, same Tx)
//	                                    └─ jobs             (tx.Enqueue)
//	                       commit: all of it, or none of it
//
// Invariants:
//   - Only [Store.InTx] begins a transaction, and never inside another one.
//   - Every transaction MUST name who acts; row history reads it from the
//     setting relais.acting and refuses a change without it.
//   - A transaction's time is fixed at its beginning, in UTC, to the
//     microsecond, which is what PostgreSQL keeps.
//   - A command given to InTx may run again after a serialisation failure or a
//     deadlock: it MUST have no effect outside its transaction.
//   - The application connects with a role that owns nothing. It cannot change
//     or remove events, tiles, batches, checkpoints or row history.
//   - A *gorm.DB from [Tx.DB] or [Store.Read] is fresh at each call: never keep
//     a half-built query, its conditions accumulate.
//
// Calls that arrive together may share a statement ([Group]): group commit, and
// one read for many. Each reads as fresh as alone, and nothing is kept.
// Statements that every request makes run on connections whose plans do not move
// ([Store.Hot]); docs/performance.md says why.
//
// It never decides who may do what, never logs values of rows, and knows no
// table of a feature beyond the names of the append-only ones.
package store
