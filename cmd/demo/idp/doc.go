// Package idp is the demonstration identity provider: a real OpenID provider
// (zitadel/oidc) for `make run` and for tests, whose people sign in by pressing
// a button with their name.
//
// It stands for two different outside parties, told apart by the audience of
// the client that asks: the provider of the mediators, referents, supervisors
// and operators ("staff"), and a national sign-in for the person helped
// ("person"). A browser has one session per audience, so that a mediator and
// the person beside them can be signed in at the same screen.
//
// What it speaks: OpenID Connect Core 1.0 (code flow only, PKCE S256 required,
// max_age, prompt, acr_values, ui_locales, login_hint), Discovery 1.0,
// RP-Initiated Logout 1.0, Back-Channel Logout 1.0, RFC 9207 (iss in the
// answer). Keys rotate through [Provider.RotateKey]; old ones stay published.
//
//	authorize ──▶ request ──▶ /login ──choose a person──▶ [confirm with my phone] ──▶ code ──▶ tokens
//	                            │                                                      ▲
//	                            └── session fresh and strong enough ───────────────────┘
//
// Invariants:
//   - A code MUST be usable once, for one minute, by the client it was made for.
//   - auth_time MUST be the moment a person pressed a button, never the moment
//     a token was made; max_age=0 and prompt=login always ask again.
//   - acr MUST be [ACRTwoFactors] only if the second button was pressed.
//
// It never runs in the server: no password is checked here. Nothing outside
// cmd/demo and tests may import it. Everything is kept in memory and forgotten
// at exit. Its words are its own (locales/), because it plays another party.
package idp
