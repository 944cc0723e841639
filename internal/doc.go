// Package internal holds only the test of the house's own law: which package
// may import which, where gin and GORM may appear, how long a file may be, and
// that every package says what it owns.
package internal
