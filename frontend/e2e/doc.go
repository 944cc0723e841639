// Package e2e walks through the whole of Relais in a browser, as the people it
// is for: a mediator records a mandate and works under it, the person reads and
// stops it, the mediator's next step is refused, a supervisor finds all of it,
// and the log holds; then one byte of it is altered, and the log says which.
//
//	TestJourneys ── a database of its own ── cmd/demo, everything real
//	     └── node journeys/run.mjs ── one Chromium, one visitor per role
//
// Each story is told in French, English and Spanish; with a mouse, by keyboard
// only, and with scripts off. Every page met is looked at: WCAG 2.2 AA by axe,
// in light, dark and forced colours and at 320 px, its title, language,
// headings and skip link, and that nothing is asked of anybody else.
//
// It MUST NOT reach into Relais: what a browser cannot see, it asks of the
// outbox of the demonstration, and of cmd/verify. One exception: altering the
// log takes the owner of the table.
//
// RELAIS_E2E_SHOTS names a folder for pictures of pages that are wrong,
// RELAIS_E2E_ALL_SHOTS=1 keeps all, RELAIS_E2E_ONLY picks journeys by a regular
// expression over their name and first leg, as "^fr/".
package e2e
