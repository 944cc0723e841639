package op

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// Limits of what a request may hold.
const (
	maxBody      = 64 << 10
	longestParam = 2048     // any parameter not named here
	longestJSON  = 16 << 10 // authorization_details, claims
	longestJWT   = 16 << 10 // assertions, hints, tokens
)

// roomy are the parameters that may be longer than longestParam.
var roomy = map[string]int{
	"authorization_details": longestJSON, "claims": longestJSON, "client_assertion": longestJWT, "id_token_hint": longestJWT,
	"subject_token": longestJWT, "actor_token": longestJWT, "token": longestJWT, "request": longestJWT,
}

// repeatable parameters (RFC 8707 §2, RFC 8693 §2.1); every other comes once.
var repeatable = []string{"resource", "audience"}

// posted reads the form of a machine's request. Parameters in the address are
// refused, for addresses are logged (RFC 6749 §2.3.1, §3.2).
func posted(c *gin.Context) (url.Values, error) {
	r := c.Request
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, bad(invalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery != "" {
		return nil, bad(invalidRequest, "parameters belong in the body, not in the address")
	}
	if err := r.ParseForm(); err != nil {
		var tooBig *http.MaxBytesError
		if errors.As(err, &tooBig) {
			return nil, &fault{status: http.StatusRequestEntityTooLarge, code: invalidRequest, description: "the body is too large"}
		}
		return nil, bad(invalidRequest, "the body cannot be read")
	}
	return checked(r.PostForm)
}

// checked drops empty parameters, which count as left out (RFC 6749 §3.1), and
// refuses those that are too long or come twice.
func checked(in url.Values) (url.Values, error) {
	out := url.Values{}
	for name, values := range in {
		if len(values) > 1 && !slices.Contains(repeatable, name) {
			return nil, bad(invalidRequest, "a parameter comes more than once")
		}
		limit := longestParam
		if l, ok := roomy[name]; ok {
			limit = l
		}
		for _, v := range values {
			if len(v) > limit {
				return nil, bad(invalidRequest, "a parameter is too long")
			}
			if strings.ContainsRune(v, 0) || !utf8.ValidString(v) {
				return nil, bad(invalidRequest, "a parameter holds a null character, or is not UTF-8")
			}
			if v != "" {
				out.Add(name, v)
			}
		}
	}
	return out, nil
}

// words splits a space-separated list (RFC 6749 §3.3), each once.
func words(list string) []string {
	var out []string
	for _, w := range strings.Fields(list) {
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// stack is where a panic came from.
func stack() string { return string(debug.Stack()) }
