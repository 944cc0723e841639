// Package access shows what is open at services about somebody: the same words
// on the mediators' page of a person and in the person's own space.
//
// Invariants:
//   - Each access says who may act, where, for what and until when.
//   - Whoever may close it has one button for it, with no question asked.
//
// It loads nothing and closes nothing: the areas do.
package access
