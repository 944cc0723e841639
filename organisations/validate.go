package organisations

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// Longest texts, in characters; the schema has the same or wider bounds.
const (
	maxName     = 200
	maxEmail    = 254 // RFC 5321, 4.5.3.1.3
	maxShort    = 100
	maxAddress  = 500
	maxReason   = 500
	minReason   = 5
	maxCourse   = 200
	maxEvidence = 500
	maxClaim    = 255 // OpenID Connect Core 2: sub is at most 255 characters
)

// phoneForm: contact numbers of places are shown, not dialled by us.
var phoneForm = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{3,38}[0-9]$`)

// checker gathers the fields that do not hold, in page order.
type checker struct{ fields []problem.Field }

func (c *checker) fail(field, code string) { c.fields = append(c.fields, problem.At(field, code)) }

func (c *checker) require(ok bool, field, code string) {
	if !ok {
		c.fail(field, code)
	}
}

func (c *checker) err() error {
	if len(c.fields) == 0 {
		return nil
	}
	return problem.Invalid(c.fields...)
}

// text trims, composes (NFC) and bounds one line or several of free text.
func (c *checker) text(field, value string, least, most int) string {
	value = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(value, "\r\n", "\n")))
	switch n := utf8.RuneCountInString(value); {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, hidden):
		c.fail(field, "unreadable_characters")
	case n == 0 && least > 0:
		c.fail(field, "required")
	case n < least:
		c.fields = append(c.fields, problem.Field{Name: field, Code: "text_too_short", Args: map[string]any{"Least": least}})
	case n > most:
		c.fields = append(c.fields, problem.Field{Name: field, Code: "too_long", Args: map[string]any{"Most": most}})
	}
	return value
}

// hidden characters steer a terminal or turn the reading direction of what
// follows them; a line break is not one.
func hidden(r rune) bool {
	switch {
	case r == '\n':
		return false
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return unicode.IsControl(r)
}

// line is text on one line.
func (c *checker) line(field, value string, least, most int) string {
	value = c.text(field, value, least, most)
	c.require(!strings.Contains(value, "\n"), field, "unreadable_characters")
	return value
}

// email takes a bare address (RFC 5322, addr-spec); empty only if optional.
func (c *checker) email(field, value string, optional bool) string {
	value = c.line(field, value, 0, maxEmail)
	if value == "" {
		c.require(optional, field, "required")
		return value
	}
	c.require(isEmail(value), field, "email_form")
	return value
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, " \"<>(),;:\\[]") {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(domain, ".") && len(s) >= 3 && len(s) <= maxEmail
}

// free is free text that may hold no password, card or identity number
// (design, invariant 8).
func (c *checker) free(field, value string, least, most int) string {
	value = c.text(field, value, least, most)
	if _, found := packs.GenericSecretIn(value); found {
		c.fail(field, "secret_in_text")
	}
	return value
}

// day keeps year, month and day.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// reason is what staff must say when they suspend.
func reason(text string) (string, error) {
	c := checker{}
	text = c.free("reason", text, minReason, maxReason)
	return text, c.err()
}

// check cleans what is said about an organisation.
func (n NewOrganisation) check(set *packs.Set) (NewOrganisation, error) {
	c := checker{}
	n.Name = c.line("name", n.Name, 2, maxName)
	n.Kind = c.line("kind", n.Kind, 0, maxShort)
	pack, err := set.Get(n.Pack)
	c.require(err == nil, "pack", "unknown_pack")
	c.require(knownZone(n.TimeZone), "time_zone", "unknown_zone")
	n.Territory = c.line("territory", n.Territory, 0, maxShort)
	n.Address = c.text("address", n.Address, 0, maxAddress)
	n.City = c.line("city", n.City, 0, maxShort)
	n.Phone = c.line("phone", n.Phone, 0, 40)
	c.require(n.Phone == "" || phoneForm.MatchString(n.Phone), "phone", "contact_phone_form")
	n.Email = c.email("email", n.Email, true)
	if err == nil {
		n.AllowedThemes = c.themes(pack, n.AllowedThemes)
	}
	return n, c.err()
}

// themes sorts the choice; all of the pack, or none, means no restriction.
func (c *checker) themes(pack *packs.Pack, chosen []string) []string {
	chosen = slices.Clone(chosen)
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	for _, code := range chosen {
		if _, known := pack.Theme(code); !known {
			c.fail("allowed_themes", "unknown_theme")
			return nil
		}
	}
	if len(chosen) == len(pack.Themes) {
		return nil
	}
	return chosen
}

func knownZone(name string) bool {
	_, err := Zone(name)
	return err == nil
}
