// Package api is machine-facing HTTP: health, figures, the public keys of
// mandates, the head of the log; and, in folders of their own, the OpenID
// provider (op) and the API for software (v1). No session, no cookie; no page
// but those by which the provider says what went wrong.
//
// Invariants:
//   - Every address is in routes.go, with why it needs no permission.
//   - What is public holds nothing personal: keys, hashes, counts.
//
// It holds no rule and writes nothing.
package api
