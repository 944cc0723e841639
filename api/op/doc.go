// Package op is the OpenID provider: how a service learns, and keeps learning,
// that this mediator acts for this person under this mandate.
//
// It speaks OAuth 2.0 with PKCE (RFC 6749, 7636), OpenID Connect Core 1.0 (code
// flow only) and Discovery 1.0, pushed requests (RFC 9126),
// authorization_details (RFC 9396), the issuer in the answer (RFC 9207), JWT
// access tokens (RFC 9068), token exchange (RFC 8693), introspection (RFC
// 7662), revocation (RFC 7009), client assertions (RFC 7523), RP-Initiated and
// Back-Channel Logout 1.0.
//
//	service ──/oauth/par──▶ request_uri
//	browser ──/oauth/authorize──▶ request ──▶ /act/:request (choosing: pages)
//	        ◀─ code, state, iss ── /oauth/authorize/callback ◀─ granted | declined
//	service ──/oauth/token──▶ access token (≤ 5 min), ID token, refresh token
//	service ──/oauth/userinfo, /oauth/introspect──▶ as things stand now
//
// Invariants:
//   - Every rule about people, mandates and scope is mandates/acting's: each hop
//     MUST ask it, and what a token says is never an answer.
//   - A redirect address MUST equal a registered one, byte for byte. Until it
//     does, a fault is shown here and never sent there.
//   - A code, a pushed request, a refresh token and a client assertion MUST work
//     once. Codes, tokens and secrets never reach a log.
//   - A refused proof, and another client's token, leave a refusal (act.refused)
//     as far as clients.Refuse bounds it, and always a line in the structured log;
//     a client that nobody knows leaves the line alone. The answer says neither.
//   - Algorithms are named where something is parsed. none, and a shared secret
//     where a key is expected, never verify.
//   - Every process of the house MUST sign with, believe and publish the same keys:
//     their files are read again when they change, and written under a lock. A key
//     MUST be published for longer than caches may keep the set before it signs.
//   - A proof that holds MUST NOT be refused for others' faults at its address.
//   - PKCE with S256 is required of every client but those of the FranceConnect
//     profile, whose protocol has none; they must send a nonce and a state.
//
// It holds no rule about mandates, starts no session, and shows no page but
// those that say what went wrong.
package op
