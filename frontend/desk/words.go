package desk

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
)

// themeIcons draw what packs name.
var themeIcons = map[string]templates.Icon{
	"car": templates.IconCar, "family": templates.IconPeople, "globe": templates.IconGlobe, "health": templates.IconHeart,
	"home": templates.IconHouse, "id-card": templates.IconCard, "justice": templates.IconJustice, "leisure": templates.IconLeaf,
	"money": templates.IconEuro, "work": templates.IconWork,
}

// ThemeIcon draws a theme; one that is not drawn is a sheet of paper.
func ThemeIcon(theme packs.Theme) templates.Icon {
	if icon, ok := themeIcons[theme.Icon]; ok {
		return icon
	}
	return templates.IconPaper
}

// PhoneWords groups the digits of a number, so that it can be read aloud:
// "+33 6 12 34 56 78". What is no number in E.164 is given back as it is.
func PhoneWords(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// PhoneIn writes a number as people of a country (ISO 3166-1) dial it: without
// the prefix where it is their own.
func PhoneIn(country, e164 string) string {
	n, err := phonenumbers.Parse(e164, country)
	if err == nil && phonenumbers.GetRegionCodeForNumber(n) == country {
		return phonenumbers.Format(n, phonenumbers.NATIONAL)
	}
	return PhoneWords(e164)
}

// Folded is a name as it is sorted, or compared with what was typed: without
// capitals and accents.
func Folded(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
