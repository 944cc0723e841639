// Package templates holds the layout and the components every page is made of.
// README.md shows each with an example of its call.
//
// Invariants:
//   - a component gets a typed struct and decides nothing: choices are made by
//     the page, or by small functions here that are unit tested;
//   - there MUST be no inline style, script or event attribute (the content
//     security policy refuses them);
//   - every id referred to (for, aria-describedby, href="#…") MUST exist; a
//     test renders the gallery and checks;
//   - a status is never told by colour alone: word, icon, colour;
//   - a name of a person is always inside <bdi>, so that a name in Arabic does
//     not turn the sentence around it.
//
// Words of the components themselves are in locales/*/shell.toml. Everything
// else is passed in, already translated.
//
// It never reads a request, a session or a database.
package templates

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate
