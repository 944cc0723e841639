package translog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxDepth of nested arrays and objects.
	maxDepth = 32
	// maxInteger is the largest that every JSON reader keeps exact (RFC 7493, 2.2).
	maxInteger = 1<<53 - 1
)

// errNotCanonical says that JSON is well-formed but not in its one form.
var errNotCanonical = errors.New("translog: JSON is not canonical")

// Canonical gives v in the one form that is hashed: JSON as RFC 8785 writes it
// (members sorted by UTF-16 units, no spaces, fewest escapes), narrowed to
// strings in Unicode form NFC, integers of at most 53 bits, booleans, arrays and
// objects. Members that are null are left out; a null elsewhere, a fraction, an
// exponent, a repeated member or deep nesting is an error.
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("translog: marshal: %w", err)
	}
	return Canonicalise(raw)
}

// Canonicalise puts JSON text into the form that [Canonical] describes.
func Canonicalise(text []byte) ([]byte, error) {
	c := canonicaliser{in: text, out: make([]byte, 0, len(text))}
	c.space()
	if err := c.value(0); err != nil {
		return nil, err
	}
	c.space()
	if c.at != len(c.in) {
		return nil, c.fault("something follows the value")
	}
	return c.out, nil
}

// CheckCanonical reports whether text already is in canonical form.
func CheckCanonical(text []byte) error {
	form, err := Canonicalise(text)
	if err != nil {
		return err
	}
	if !bytes.Equal(form, text) {
		return errNotCanonical
	}
	return nil
}

// canonicaliser reads JSON and writes its canonical form as it goes.
type canonicaliser struct {
	in  []byte
	at  int
	out []byte
}

// member is one member of an object: its key, and where it lies in out.
type member struct {
	key      string
	from, to int
}

func (c *canonicaliser) fault(what string) error {
	return fmt.Errorf("translog: JSON at byte %d: %s", c.at, what)
}

func (c *canonicaliser) space() {
	for c.at < len(c.in) {
		switch c.in[c.at] {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return
		}
	}
}

// next reports whether the next byte is b, and passes it if so.
func (c *canonicaliser) next(b byte) bool {
	if c.at < len(c.in) && c.in[c.at] == b {
		c.at++
		return true
	}
	return false
}

func (c *canonicaliser) word(w string) bool {
	if bytes.HasPrefix(c.in[c.at:], []byte(w)) {
		c.at += len(w)
		return true
	}
	return false
}

func (c *canonicaliser) value(depth int) error {
	if depth > maxDepth {
		return c.fault("nested too deep")
	}
	if c.at >= len(c.in) {
		return c.fault("a value is missing")
	}
	switch b := c.in[c.at]; {
	case b == '{':
		return c.object(depth)
	case b == '[':
		return c.array(depth)
	case b == '"':
		s, err := c.text()
		if err != nil {
			return err
		}
		c.out = appendText(c.out, s)
		return nil
	case b == '-' || b >= '0' && b <= '9':
		return c.integer()
	case c.word("true"):
		c.out = append(c.out, "true"...)
		return nil
	case c.word("false"):
		c.out = append(c.out, "false"...)
		return nil
	}
	return c.fault("not a string, integer, boolean, array or object")
}

func (c *canonicaliser) integer() error {
	from := c.at
	c.next('-')
	digits := c.at
	for c.at < len(c.in) && c.in[c.at] >= '0' && c.in[c.at] <= '9' {
		c.at++
	}
	if c.at < len(c.in) && (c.in[c.at] == '.' || c.in[c.at] == 'e' || c.in[c.at] == 'E') {
		return c.fault("only integers, no fraction and no exponent")
	}
	if c.at == digits || c.in[digits] == '0' && (c.at > digits+1 || digits > from) {
		return c.fault("not an integer")
	}
	n, err := strconv.ParseInt(string(c.in[from:c.at]), 10, 64)
	if err != nil || n > maxInteger || n < -maxInteger {
		return c.fault("an integer of more than 53 bits")
	}
	c.out = append(c.out, c.in[from:c.at]...)
	return nil
}

func (c *canonicaliser) array(depth int) error {
	c.at++
	c.out = append(c.out, '[')
	c.space()
	if c.next(']') {
		c.out = append(c.out, ']')
		return nil
	}
	for {
		c.space()
		if err := c.value(depth + 1); err != nil {
			return err
		}
		c.space()
		if c.next(']') {
			c.out = append(c.out, ']')
			return nil
		}
		if !c.next(',') {
			return c.fault("an array needs , or ]")
		}
		c.out = append(c.out, ',')
	}
}

func (c *canonicaliser) object(depth int) error {
	c.at++
	start := len(c.out)
	var room [12]member
	members := room[:0]
	c.space()
	for ended := c.next('}'); !ended; {
		c.space()
		m, present, err := c.member(depth)
		if err != nil {
			return err
		}
		if present {
			members = append(members, m)
		}
		c.space()
		if ended = c.next('}'); !ended && !c.next(',') {
			return c.fault("an object needs , or }")
		}
	}
	return c.sorted(start, members)
}

// member reads one member into out; a null one leaves nothing.
func (c *canonicaliser) member(depth int) (m member, present bool, err error) {
	if c.at >= len(c.in) || c.in[c.at] != '"' {
		return m, false, c.fault("an object needs a name")
	}
	if m.key, err = c.text(); err != nil {
		return m, false, err
	}
	c.space()
	if !c.next(':') {
		return m, false, c.fault("an object needs :")
	}
	c.space()
	if c.word("null") {
		return m, false, nil
	}
	m.from = len(c.out)
	c.out = append(appendText(c.out, m.key), ':')
	if err := c.value(depth + 1); err != nil {
		return m, false, err
	}
	m.to = len(c.out)
	return m, true, nil
}

// sorted rewrites out from start as an object of the members in order.
func (c *canonicaliser) sorted(start int, members []member) error {
	slices.SortStableFunc(members, func(a, b member) int { return compareUTF16(a.key, b.key) })
	written := bytes.Clone(c.out[start:])
	c.out = append(c.out[:start], '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return c.fault("a name appears twice")
			}
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, written[m.from-start:m.to-start]...)
	}
	c.out = append(c.out, '}')
	return nil
}

// text reads a string, decoded and in form NFC.
func (c *canonicaliser) text() (string, error) {
	c.at++
	from := c.at
	for c.at < len(c.in) {
		switch b := c.in[c.at]; {
		case b == '"':
			s := string(c.in[from:c.at])
			c.at++
			return norm.NFC.String(s), nil
		case b == '\\' || b >= utf8.RuneSelf:
			return c.richText(append([]byte(nil), c.in[from:c.at]...))
		case b < 0x20:
			return "", c.fault("a control character in a string")
		default:
			c.at++
		}
	}
	return "", c.fault("a string does not end")
}

// richText goes on reading a string that has escapes or is not ASCII.
func (c *canonicaliser) richText(s []byte) (string, error) {
	for c.at < len(c.in) {
		switch b := c.in[c.at]; {
		case b == '"':
			c.at++
			return string(norm.NFC.Bytes(s)), nil
		case b == '\\':
			r, err := c.escape()
			if err != nil {
				return "", err
			}
			s = utf8.AppendRune(s, r)
		case b < 0x20:
			return "", c.fault("a control character in a string")
		default:
			r, size := utf8.DecodeRune(c.in[c.at:])
			if r == utf8.RuneError && size == 1 {
				return "", c.fault("not UTF-8")
			}
			s = append(s, c.in[c.at:c.at+size]...)
			c.at += size
		}
	}
	return "", c.fault("a string does not end")
}

func (c *canonicaliser) escape() (rune, error) {
	const short, meaning = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if c.at+1 >= len(c.in) {
		return 0, c.fault("a string does not end")
	}
	if i := bytes.IndexByte([]byte(short), c.in[c.at+1]); i >= 0 {
		c.at += 2
		return rune(meaning[i]), nil
	}
	r, ok := c.unit()
	if !ok {
		return 0, c.fault("not an escape")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	low, ok := c.unit()
	if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
		return pair, nil
	}
	return 0, c.fault("half of a surrogate pair")
}

// unit reads one \uXXXX.
func (c *canonicaliser) unit() (rune, bool) {
	if c.at+6 > len(c.in) || c.in[c.at] != '\\' || c.in[c.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(c.in[c.at+2:c.at+6]), 16, 16)
	if err != nil {
		return 0, false
	}
	c.at += 6
	return rune(n), true
}

// appendText writes a string with the fewest escapes (RFC 8785, 3.2.2.2).
func appendText(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch b := s[i]; b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			if b < 0x20 {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
				continue
			}
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// compareUTF16 orders strings by their UTF-16 units (RFC 8785, 3.2.3), which
// differs from the order of bytes above U+D7FF only.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			if ua, ub := firstUnit(ra), firstUnit(rb); ua != ub {
				return int(ua) - int(ub)
			}
			return int(ra) - int(rb)
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

func firstUnit(r rune) rune {
	if high, _ := utf16.EncodeRune(r); high != utf8.RuneError {
		return high
	}
	return r
}
