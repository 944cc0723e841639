// Package static holds what browsers download: the bundled style sheet and
// script, the fonts, the icon. Everything but this file and static.go is
// written by `go run ./frontend/assets/build` and committed.
//
// Invariant: a file's name MUST hold the hash of its content, so that it can
// be cached for a year and never be stale.
package static
