// Package i18n turns keys into words, dates and numbers in French, English and
// Spanish.
//
// The words live in locales/<lang>/<area>.toml, one file per area of the
// product (shell, public, mediator, portal, …); every embedded file in a
// language folder is loaded, so a new area is a new file and nothing else. A
// file is flat: quoted dotted keys, one per line.
//
//	"mediator.home.title" = "Bonjour {{.Name}}"
//	"mediator.home.waiting" = { one = "{{.Count}} mandat attend", other = "{{.Count}} mandats attendent" }
//
// Invariants, each held by a test:
//   - every key MUST exist in all languages, with the same placeholders, and
//     with the plural categories its language needs (CLDR);
//   - a key MUST be defined once, whatever the file;
//   - a key MUST be used by the sources, or begin with a prefix listed in
//     locales/constructed.txt; a key used by the sources MUST exist;
//   - a [Printer] is immutable and safe for concurrent use.
//
// In French the space before : ; ! ? and inside « » is made non-breaking when
// the files are loaded, so authors type plain spaces.
//
// It never holds words in Go code, never guesses a time zone (see
// [Printer.In]), and imports nothing of the house.
package i18n
