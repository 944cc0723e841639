// Package authz answers one question in one place: may this actor do this to
// that, now? It also keeps the sessions of people who are signed in.
//
//	actor, action, object ──▶ Decide ──▶ Decision{Allowed, Rule | Reasons}
//	                            │
//	                            ├─ every role the actor holds, one after another
//	                            ├─ casbin, per object kind and role: role × action (kept)
//	                            └─ relation and conditions over the facts (never cached)
//
// The law is two embedded files: policy.csv, which lawyers can read, and
// model.conf, which says how a question is compared with it. Relations and
// conditions are Go predicates over typed facts (relations.go, conditions.go),
// and are the functions that casbin's own matcher calls: [Enforcer.Replay] asks
// casbin the whole question again and must answer the same.
//
// Invariants:
//   - What no line permits is refused. A word in the policy that no predicate
//     answers to stops the program at its start.
//   - Facts MUST be loaded by the command for this decision. Only enumerated
//     words (role, action) enter a cache; no mandate ever becomes a policy line.
//   - A missing fact MUST fail its condition: no mandate is not a live mandate,
//     no clock is not a fresh authentication.
//   - Someone else's object MUST look as if it were not there: Decision.Hidden,
//     and [Decision.Err] is then problem.NotFound.
//   - Nobody decides about themselves what raises them: confirmation, training,
//     resumption, remits, witnessing (AU-12, CO-04).
//   - A session token is random, 256 bits, new at every sign-in and step-up
//     (AU-07), and the database keeps only its SHA-256.
//
// It never loads the facts it decides on, never caches an answer about them,
// and never stands in for the WHERE of a write: facts that can race are
// checked there again.
package authz
