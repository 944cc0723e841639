package beneficiaries

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
)

// Limits, in letters.
const (
	maxName    = 200
	maxPlace   = 200
	maxAddress = 500
	maxEmail   = 254
)

// clean trims, composes (NFC) and drops what cannot be seen.
func clean(s string) string {
	s = norm.NFC.String(s)
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || r == '\u202e' || r == '\u202d' {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cleanLines is clean for an address: line breaks stay.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = clean(l); l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

type faults []problem.Field

func (f *faults) add(bad bool, field, code string) {
	if bad {
		*f = append(*f, problem.At(field, code))
	}
}

func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return problem.Invalid(f...)
}

// check cleans an identity in place and lists its faults.
func (in *Identity) check(p *packs.Pack, now time.Time, f *faults) {
	in.GivenNames, in.FamilyName, in.UsageName = clean(in.GivenNames), clean(in.FamilyName), clean(in.UsageName)
	in.BirthPlace = clean(in.BirthPlace)
	f.add(!strings.ContainsFunc(in.GivenNames, unicode.IsLetter), "given_names", "missing_given_names")
	f.add(!strings.ContainsFunc(in.FamilyName, unicode.IsLetter), "family_name", "missing_family_name")
	f.add(runes(in.GivenNames) > maxName, "given_names", "too_long")
	f.add(runes(in.FamilyName) > maxName, "family_name", "too_long")
	f.add(runes(in.UsageName) > maxName, "usage_name", "too_long")
	f.add(runes(in.BirthPlace) > maxPlace, "birth_place", "too_long")
	f.add(in.BirthDate.IsZero(), "birth_date", "missing_birth_date")
	if !in.BirthDate.IsZero() {
		in.BirthDate = day(in.BirthDate)
		f.add(in.BirthDate.After(now) || in.BirthDate.Before(now.AddDate(-130, 0, 0)), "birth_date", "unlikely_birth_date")
	}
	in.Codes.check(p.IdentityCodes, f)
	f.add(!slices.ContainsFunc(p.IdentityDocuments, func(d packs.IdentityDocument) bool { return d.Code == in.IdentityCheck }),
		"identity_check", "choose_identity_check")
	if in.Protection == "" {
		in.Protection = "none"
	}
	if in.Protection != "none" {
		_, known := p.Protection.For(in.Protection)
		f.add(!known, "protection", "choose_protection")
	}
}

// check cleans the codes in place and lists their faults. A place of the pack's
// country says the country too; a place abroad has no code.
func (c *Codes) check(p packs.IdentityCodes, f *faults) {
	c.Gender, c.BirthPlace, c.Country = clean(c.Gender), strings.ToUpper(clean(c.BirthPlace)), clean(c.Country)
	if c.Gender != "" {
		_, known := p.Gender(c.Gender)
		f.add(!known, "gender", "choose_gender")
	}
	if c.Country != "" && (p.BirthCountry == nil || !p.BirthCountry.Has(c.Country)) {
		f.add(true, "birth_country", "choose_birth_country")
		return
	}
	switch {
	case c.BirthPlace == "":
	case p.BirthPlace == nil:
		f.add(true, "birth_place_code", "place_code_unused")
	case c.Country != "" && c.Country != p.BirthCountry.Home:
		f.add(true, "birth_place_code", "place_code_abroad")
	case !p.BirthPlace.Holds(c.BirthPlace):
		f.add(true, "birth_place_code", "place_code_not_recognised")
	default:
		c.Country = p.BirthCountry.Home
	}
}

// check cleans a contact in place and lists its faults.
func (c *Contact) check(p *packs.Pack, f *faults) {
	c.Email, c.Address = clean(c.Email), cleanLines(c.Address)
	if c.Phone = clean(c.Phone); c.Phone != "" {
		number, ok := Phone(p, c.Phone)
		f.add(!ok, "phone", "phone_not_recognised")
		if ok {
			c.Phone = number
		}
	}
	if c.Email != "" {
		a, err := mail.ParseAddress(c.Email)
		f.add(err != nil || a.Address != c.Email || len(c.Email) > maxEmail, "email", "email_not_recognised")
	}
	f.add(runes(c.Address) > maxAddress, "address", "too_long")
	if !slices.Contains(p.Languages, c.Language) && !slices.Contains(p.ConsentLanguages(), c.Language) {
		f.add(true, "language", "choose_language")
	}
	switch c.Channel {
	case "sms":
		f.add(c.Phone == "", "phone", "needed_for_sms")
	case "mail":
		f.add(c.Email == "", "email", "needed_for_mail")
	case "letter":
		f.add(c.Address == "", "address", "needed_for_letter")
	case "none":
	default:
		f.add(true, "channel", "choose_channel")
	}
}

// Phone reads a number of one of the pack's regions, or an international one,
// and gives it as E.164.
func Phone(p *packs.Pack, typed string) (string, bool) {
	for _, region := range append(slices.Clone(p.PhoneRegions), "ZZ") {
		n, err := phonenumbers.Parse(typed, region)
		if err == nil && phonenumbers.IsValidNumber(n) {
			return phonenumbers.Format(n, phonenumbers.E164), true
		}
	}
	return "", false
}

func runes(s string) int { return len([]rune(s)) }

func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Age is the completed years on a day.
func Age(birth, on time.Time) int {
	years := on.Year() - birth.Year()
	if on.Month() < birth.Month() || on.Month() == birth.Month() && on.Day() < birth.Day() {
		years--
	}
	return years
}
