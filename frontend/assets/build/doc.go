// Command build writes frontend/static/files: the style sheet and the script,
// bundled and minified by esbuild (a Go library: no Node), the fonts, the icon,
// each named by the hash of its content, and manifest.go beside them. Run it
// through `make generate`; the result is committed and CI checks that running
// it again changes nothing.
//
// It refuses a theme whose contrasts are too low (see theme.go).
package main
