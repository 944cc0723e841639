// Package seed lays demonstration data, made only through domain commands, by
// a clock of its own that walks through the past year: three organisations, a
// staff in every state, 150 people, 220 mandates in every state and 900 steps.
//
// It never writes a row itself, and is never part of cmd/server.
package seed
