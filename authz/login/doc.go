// Package login is the OpenID Connect relying party: it sends a browser to an
// identity provider and says, when the browser comes back, who signed in.
//
// It knows any number of issuers, for staff and for the people helped, and
// speaks OpenID Connect Core 1.0 (authorization code), PKCE with S256 (RFC
// 7636), RFC 9207 (iss in the answer), step-up by max_age and acr_values (as
// RFC 9470 has it), RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.
//
//	Begin ──▶ attempt ──(browser at the issuer)──▶ Finish ──▶ Identity
//	          10 minutes                             │
//	                                                 └──▶ login_failed, with a Fault for the event
//
//	attempt:  open ──Finish──▶ used      open ──10 minutes──▶ expired ──▶ removed
//
// Invariants:
//   - An attempt MUST be used at most once, also under races, and before its
//     code goes to the issuer.
//   - state, nonce and PKCE verifier are random per attempt. The attempt is
//     bound to the browser by a cookie that only it holds; the database keeps
//     hashes of state and cookie.
//   - A code goes only to the issuer that the attempt began with, and an answer
//     that names another issuer is refused.
//   - Signature algorithms are named: RS256, ES256, PS256, EdDSA. Never none,
//     never a shared secret.
//   - Who somebody is, is issuer + subject. An e-mail address is only a claim.
//   - What was asked for (a fresh sign-in, a stronger one) is checked in the
//     token, never assumed from the request.
//   - Discovery is lazy: an issuer that is down keeps nobody else out, and does
//     not keep the server from starting.
//
// It never decides whether somebody may come in, makes no session, writes no
// event (the caller does, with [Cause]), keeps no access or refresh token, and
// logs no claim. After a step-up the caller MUST compare issuer and subject
// with the session's, or anybody at the keyboard could strengthen it.
package login
