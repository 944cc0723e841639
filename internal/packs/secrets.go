package packs

import (
	"regexp"
	"strings"
	"unicode"
)

// What SecretIn finds in any country. Packs add their own codes.
const (
	SecretIBAN     = "iban"
	SecretCard     = "card"
	SecretPassword = "password"
)

// sep is what {sep} stands for in a pattern: how people space out a number.
const sep = `[ .\-_]{0,3}`

// SecretPattern finds one kind of national number in free text. The pattern is
// an RE2 expression in which {sep} stands for up to three spaces, points or
// dashes; its first group, if any, is the number. The text it sees has ASCII
// digits, plain spaces and plain dashes only.
type SecretPattern struct {
	Code     string `yaml:"code"`
	Pattern  string `yaml:"pattern"`
	Checksum string `yaml:"checksum"` // a name in checksums; empty: the pattern suffices

	re *regexp.Regexp
}

func (s *SecretPattern) compile() error {
	re, err := regexp.Compile(strings.ReplaceAll(s.Pattern, "{sep}", sep))
	s.re = re
	return err
}

// SecretIn says which kind of secret a text probably holds, if any: the pack's
// national numbers, then what [GenericSecretIn] knows. Free text with a secret
// in it is refused before it is stored or logged (design, invariant 8). It
// never answers with the secret itself.
func (p *Pack) SecretIn(text string) (code string, found bool) {
	plain := straighten(text)
	if !strings.ContainsAny(plain, "0123456789") {
		return genericSecretIn(plain) // no number, only perhaps a password
	}
	for i := range p.Harmless {
		plain = p.Harmless[i].blank(plain)
	}
	for i := range p.Secrets {
		if p.Secrets[i].in(plain) {
			return p.Secrets[i].Code, true
		}
	}
	return genericSecretIn(plain)
}

// GenericSecretIn finds what is secret in every country: bank account numbers
// (IBAN, ISO 13616), payment card numbers (ISO/IEC 7812) and passwords.
func GenericSecretIn(text string) (code string, found bool) {
	return genericSecretIn(straighten(text))
}

func genericSecretIn(plain string) (string, bool) {
	switch {
	case ibanIn(plain):
		return SecretIBAN, true
	case cardIn(plain):
		return SecretCard, true
	case passwordIn(plain):
		return SecretPassword, true
	}
	return "", false
}

// in reports whether the pattern, checksum included, is anywhere in text.
func (s *SecretPattern) in(text string) bool {
	return s.next(text, 0) != nil
}

// blank takes the numbers of this pattern out of text.
func (s *SecretPattern) blank(text string) string {
	for at := s.next(text, 0); at != nil; at = s.next(text, at[1]) {
		text = text[:at[0]] + strings.Repeat("x", at[1]-at[0]) + text[at[1]:]
	}
	return text
}

// next finds the first valid number from a position. A match whose checksum
// fails must not hide a valid number beginning inside it, so the search goes on
// from the next word, where cutting the text does not invent a word boundary.
func (s *SecretPattern) next(text string, from int) []int {
	for s.re != nil && from < len(text) {
		m := s.re.FindStringSubmatchIndex(text[from:])
		if m == nil {
			return nil
		}
		at := m[:2]
		if len(m) > 2 && m[2] >= 0 {
			at = m[2:4]
		}
		number := text[from+at[0] : from+at[1]]
		if valid, known := checksums[s.Checksum]; !known || valid(compact(number)) {
			return []int{from + at[0], from + at[1]}
		}
		from = nextWord(text, from+m[0]+1)
	}
	return nil
}

// nextWord is the next position at or after from where a word begins.
func nextWord(text string, from int) int {
	for ; from < len(text); from++ {
		if isAlnum(text[from]) && !isAlnum(text[from-1]) {
			return from
		}
	}
	return from
}

// cardIn looks for payment card numbers: a known issuer's prefix and length and
// a Luhn digit. Two-digit groups, the way telephone numbers are written, only
// count when the whole run of digits is the card.
func cardIn(text string) bool {
	for _, groups := range digitRuns(text) {
		for i := range groups {
			number, paired := "", false
			for j := i; j < len(groups) && len(number) < 20; j++ {
				number += groups[j]
				paired = paired || len(groups[j]) < 3
				whole := i == 0 && j == len(groups)-1
				if (whole || !paired) && isCard(number) {
					return true
				}
			}
		}
	}
	return false
}

var cardForm = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`4(?:\d{12}|\d{15}|\d{18})`,                                        // Visa
	`(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}`, // Mastercard
	`(?:50(?:18|20|38)|5893|6304|67(?:59|6[1-3]))\d{9,15}`,             // Maestro
	`3[47]\d{13}`,               // American Express
	`3(?:0[0-5]|[689]\d)\d{11}`, // Diners Club
	`(?:6011|64[4-9]\d|65\d\d|62\d\d|35(?:2[89]|[3-8]\d))\d{12,15}`, // Discover, UnionPay, JCB
}, "|") + `)$`)

func isCard(number string) bool { return cardForm.MatchString(number) && luhn(number) }

// digitRuns gathers runs of digit groups at most three separators apart.
func digitRuns(text string) [][]string {
	var runs [][]string
	var groups []string
	gap, start := 0, -1
	closeGroup := func(end int) {
		if start >= 0 {
			groups, start = append(groups, text[start:end]), -1
		}
	}
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && isDigit(text[i]):
			if start < 0 {
				start = i
			}
			gap = 0
		case i < len(text) && isSeparator(text[i]) && gap < 3:
			closeGroup(i)
			gap++
		default:
			closeGroup(i)
			if len(groups) > 0 {
				runs = append(runs, groups)
			}
			groups, gap = nil, 0
		}
	}
	return runs
}

// ibanIn looks for an IBAN anywhere, spaced or not, in either case.
func ibanIn(text string) bool {
	for i := 0; i+4 < len(text); i++ {
		if !isLetter(text[i]) || !isLetter(text[i+1]) {
			continue
		}
		if i > 0 && isAlnum(text[i-1]) && !strings.EqualFold(text[max(0, i-4):i], "iban") {
			continue
		}
		length, known := ibanLengths[strings.ToUpper(text[i:i+2])]
		if known && validIBAN(gather(text[i:], length)) {
			return true
		}
	}
	return false
}

// gather takes n letters and digits, across separators, in capitals.
func gather(text string, n int) string {
	var b strings.Builder
	gap := 0
	for i := 0; i < len(text) && b.Len() < n; i++ {
		switch {
		case isAlnum(text[i]):
			b.WriteByte(text[i])
			gap = 0
		case isSeparator(text[i]) && gap < 3:
			gap++
		default:
			return ""
		}
	}
	return strings.ToUpper(b.String())
}

// straighten makes every digit an ASCII one, every space and dash a plain one,
// and drops what cannot be seen, so that no typing trick hides a number.
func straighten(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '\n' || r == '\r':
			return '\n'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		case r == '·' || r == '•':
			return '.'
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
}

// compact keeps letters and digits, in capitals.
func compact(number string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r < 0x80 && isAlnum(byte(r)) {
			return r
		}
		return -1
	}, number))
}

func isDigit(b byte) bool     { return b >= '0' && b <= '9' }
func isLetter(b byte) bool    { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isAlnum(b byte) bool     { return isDigit(b) || isLetter(b) }
func isSeparator(b byte) bool { return b == ' ' || b == '.' || b == '-' || b == '_' }
