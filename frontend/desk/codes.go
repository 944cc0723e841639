package desk

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	"github.com/relais-org/relais/beneficiaries"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
)

// CodeRows say, in words, by which codes of the country services know somebody;
// what is not known is not there.
func CodeRows(p t.Page, codes packs.IdentityCodes, c beneficiaries.Codes) []t.Row {
	lang := string(p.Lang())
	var rows []t.Row
	if g, ok := codes.Gender(c.Gender); ok {
		rows = append(rows, t.Row{Key: p.T("claim.gender"), Value: g.Name.In(lang)})
	}
	if c.Country != "" && codes.BirthCountry != nil {
		rows = append(rows, t.Row{Key: p.T("claim.birthcountry"), Value: countryName(lang, *codes.BirthCountry, c.Country)})
	}
	if c.BirthPlace != "" && codes.BirthPlace != nil {
		rows = append(rows, t.Row{Key: codes.BirthPlace.Name.In(lang), Value: c.BirthPlace})
	}
	return rows
}

// Countries are the choices of a country of birth: the pack's own first, then by
// name as the reader says it.
func Countries(lang string, of packs.CountryCodes) []t.Option {
	out := make([]t.Option, 0, len(of.Codes))
	for code := range of.Codes {
		out = append(out, t.Option{Value: code, Label: countryName(lang, of, code)})
	}
	slices.SortFunc(out, func(a, b t.Option) int {
		switch of.Home {
		case a.Value:
			return -1
		case b.Value:
			return 1
		}
		return strings.Compare(plainly(a.Label), plainly(b.Label))
	})
	return out
}

// countryName names what a code stands for; the code itself where it is gone from
// the pack.
func countryName(lang string, of packs.CountryCodes, code string) string {
	namer := display.Regions(language.Make(lang))
	var names []string
	for _, region := range of.Codes[code] {
		if r, err := language.ParseRegion(region); err == nil && namer != nil {
			names = append(names, namer.Name(r))
		}
	}
	if len(names) == 0 {
		return code
	}
	return strings.Join(names, ", ")
}

// plainly drops accents and capitals: É stands with E in a list.
func plainly(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s)))
}
