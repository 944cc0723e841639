// Package admin is what runs an organisation and the platform: a referent's
// people, their training, letters to post, disagreements to answer, themes
// allowed (/organisation/…), and an operator's organisations and supervisors
// (/operator/…).
//
// One file per page, with its handlers; what a page shows is chosen in plain
// functions over typed structs (…_view.go), and the .templ files decide nothing.
//
// Invariants:
//   - Every address MUST be in Routes, with its permission on the same line.
//   - A handler reads, calls ONE command, answers. The command decides; a button
//     that is not shown has only saved a click.
//   - A change refused MUST leave an event: by its command, or at the desk for a
//     role that has no line for it at all (DESIGN §5, 4; AU-12).
//   - Whatever a command refuses, the page comes back with the reason in words
//     and what was typed; only a fresh sign-in goes elsewhere, and the desk
//     brings the form back.
//   - Acts that take something from somebody have their own page, which says
//     what will happen, with the way out as prominent.
//   - A list that can be long says how many there are where that is known, and is
//     shown page by page. One whose command reads so many and no more (mostRead,
//     mostRemits) says so when there may be others, and so does a search in it.
//   - An operator looks at who works somewhere only on a page that says that the
//     look is recorded.
//
// It holds no rule about who may do what, and no fact about a country.
package admin
