// Package v1 is the REST API: for organisations' own software, and for services
// that hold a delegated token. ../openapi.yaml comes first; spec_gen.go is
// written from it, and every request is checked against it before a handler
// sees it.
//
//	no route: 404 ─▶ token ─▶ rate of the client ─▶ the specification ─▶ handler ─▶ one command
//	                   └ refused: 401, and 429 where strangers keep trying
//
// Invariants:
//   - Whatever is sent, the answer is as the specification says; a fault of the
//     sender is a problem (RFC 9457) of the 4xx kind.
//   - A token is looked up at every request: suspension and revocation bite at
//     once. Software's is opaque; a service's is a JWT of ours, whose claims are
//     checked and then only its jti is used.
//   - Whoever shows a token that holds MUST NOT be turned away for what others did
//     at the same address, nor be counted as a stranger with one that is over.
//   - A scope that the specification asks for and the token lacks is refused
//     before anything is looked up.
//
// It holds no rule: each operation is one call of mandates/software or
// mandates/acting.
package v1
