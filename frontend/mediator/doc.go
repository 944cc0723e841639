// Package mediator is what a mediator sees and does: their home, the people
// they help, mandates from the first choice to the signature, cases and steps,
// and their own authority.
//
// One file per page, with its handlers; the choices of a page are made in plain
// functions over typed structs (…_view.go), and the .templ files decide nothing.
//
// Invariants:
//   - Every address MUST be in Routes, with its permission on the same line.
//   - Whatever is about a person MUST be asked as a member of the organisation
//     acted for (asMember): no page shows or changes another organisation's.
//   - A handler reads, calls ONE command, answers. The command decides; a page
//     that hides a button has only saved a click.
//   - Whatever a command refuses, the page comes back with the reason in words
//     and everything that was typed (ST-03); only a fresh sign-in goes elsewhere,
//     and the desk brings the form back.
//   - Forms that create carry a key made when the page was shown, so that a
//     second click creates nothing (MA-06).
//   - The number of an identity document is never asked for.
//
// It holds no rule about who may do what, and no fact about a country.
package mediator
