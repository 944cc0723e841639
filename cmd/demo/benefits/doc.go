// Package benefits is the demonstration's benefits service: the housing-benefit
// application of an invented office, which a mediator fills in for the person
// they act for.
//
// It plays another party, and is written as that party would write it: an
// ordinary OpenID Connect client (go-oidc, x/oauth2) that knows Relais by its
// address only. It imports nothing of Relais.
//
//	home ──act for someone──▶ PAR ──▶ Relais: sign in, choose ──▶ /callback
//	                                                                  │ code, PKCE, nonce, state, iss
//	   household ─▶ home ─▶ resources ─▶ check ◀──────────────────────┘
//	                                       │ commit check: signed yes ──▶ sent ──▶ step reported
//	                                       └ no, or an event came ──▶ nothing is sent, what was typed is kept
//
// What it speaks: OpenID Connect Core and Discovery 1.0, PKCE (RFC 7636), PAR
// (RFC 9126), authorization_details (RFC 9396), iss (RFC 9207), at+jwt access
// tokens (RFC 9068), step-up (RFC 9470), security event tokens (RFC 8417)
// pushed to it (RFC 8935), back-channel logout.
//
// Invariants:
//   - Each page MUST be refused when the access token does not allow its
//     action, in words that say how to ask for more.
//   - Nothing is sent and no bank account is changed without a commit check
//     answered yes, signed by Relais, for this action and this token.
//   - Both names, the person's and the mediator's, stand on every page of an
//     application.
//   - What was typed outlives tokens, refusals and the mandate.
//   - A bank account is kept as its last four characters.
//
// It never runs in the server. Everything is kept in memory, bounded, and
// forgotten at exit. Its words are its own (locales/).
package benefits
