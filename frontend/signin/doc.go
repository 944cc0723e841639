// Package signin is the door: the page of identity providers, the way there and
// back, step-up that loses nothing, signing out here and at the provider, and
// the choice of the organisation one acts for.
//
// Invariants:
//   - A sign-in always begins a new session under a new token (AU-07); the one
//     the browser came with is ended, with its event and what it granted.
//   - What was typed when a fresh sign-in is asked for is sealed under a secret
//     that only that browser holds, for the session that typed it, and comes
//     back as a page with one button, also when the sign-in was cancelled.
//   - That somebody is signed out at the provider is said only to a browser that
//     the provider sent back.
//   - Every failure of a callback looks the same to whoever was sent there, is an
//     event, and changes no session (AU-05).
//
// It decides nothing about who may do what.
package signin
