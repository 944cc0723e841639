package login

import (
	"net/url"
	"strings"
)

// maxNext is the longest deep link kept, in bytes.
const maxNext = 2048

// LocalPath gives back a path of this site, with its query, or "/" for
// anything that a browser could take elsewhere (AU-06): an absolute or
// scheme-relative address, a backslash, a control character, or too much text.
func LocalPath(next string) string {
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return "/"
	}
	if strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return "/"
	}
	// Browsers resolve dot segments before following; "/.//host" must not
	// become "//host" anywhere on the way.
	if strings.Contains(u.Path, "//") || strings.HasPrefix(u.Path, CallbackPath) {
		return "/"
	}
	return u.RequestURI()
}
