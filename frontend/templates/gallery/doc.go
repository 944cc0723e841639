// Package gallery shows every component in every state, on pages that look
// like the product's. The tests render it, check every id reference, and the
// browser journeys run axe over it; `go run ./frontend/templates/gallery/serve`
// shows it to a designer.
//
// It MUST stay out of the server: nothing but tests and the serve command
// imports it, which is why its words are not in the language files.
package gallery
