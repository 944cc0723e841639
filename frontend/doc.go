// Package frontend is browser-facing HTTP: it mounts the lists of routes of every
// surface (signin, public, portal, mediator, acting, admin, supervisor) behind
// one plumbing, and nothing else. Beside the surfaces stand what they share:
// web, desk, form, templates and access.
//
// Invariants:
//   - A page reaches people only through desk.Mount, so that each names its
//     permission or says why it is public.
//   - Areas never import each other; only this package knows them all.
package frontend
