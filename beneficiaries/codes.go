package beneficiaries

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"

	"crypto/rand"
)

// alphabet has no look-alikes: no 0/O, 1/I/L, U/V kept as V.
const alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeLength gives 30^10, about 49 bits.
const codeLength = 10

// Code is a card's code in clear. It is shown once, and prints as stars
// everywhere else.
type Code struct{ clear string }

// Reveal gives the code as it is printed: "XXXX-XXXX-XX".
func (c Code) Reveal() string {
	if len(c.clear) != codeLength {
		return ""
	}
	return c.clear[:4] + "-" + c.clear[4:8] + "-" + c.clear[8:]
}

// String hides the code.
func (Code) String() string { return "**********" }

// GoString hides the code.
func (Code) GoString() string { return "Code{**********}" }

// Format hides the code from every verb.
func (c Code) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue hides the code.
func (c Code) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON hides the code.
func (c Code) MarshalJSON() ([]byte, error) { return []byte(`"` + c.String() + `"`), nil }

// newCode draws a code.
func newCode(random io.Reader) (Code, error) {
	clear, err := draw(random, alphabet, codeLength)
	return Code{clear}, err
}

// draw picks letters evenly.
func draw(random io.Reader, letters string, n int) (string, error) {
	var b strings.Builder
	top := big.NewInt(int64(len(letters)))
	for range n {
		i, err := rand.Int(random, top)
		if err != nil {
			return "", fmt.Errorf("draw a code: %w", err)
		}
		b.WriteByte(letters[i.Int64()])
	}
	return b.String(), nil
}

// parseCode reads what somebody typed: any case, spaces, points and dashes
// anywhere. ok is false when it cannot be a code at all.
func parseCode(typed string) (string, bool) {
	if len(typed) > 100 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case strings.ContainsRune(" \t\u00a0\u202f.-–—_/", r):
		case r == 'U':
			b.WriteByte('V')
		case strings.ContainsRune(alphabet, r):
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == codeLength
}

// hash keys a value for one purpose.
func (s *Service) hash(purpose, value string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(purpose + "\x00" + value))
	return mac.Sum(nil)
}
