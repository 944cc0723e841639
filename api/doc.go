// Package api is machine-facing HTTP: health, figures, the public keys of
// mandates, the head of the log, and the OpenID provider (api/op). No session, no cookie, no page.
//
// Invariants:
//   - Every address is in routes.go, with why it needs no permission.
//   - What is public holds nothing personal: keys, hashes, counts.
//
// It holds no rule and writes nothing.
package api
