package desk

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

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
		rows = append(rows, t.Row{Key: p.T("claim.birthcountry"), Value: regions(lang).country(*codes.BirthCountry, c.Country)})
	}
	if c.BirthPlace != "" && codes.BirthPlace != nil {
		rows = append(rows, t.Row{Key: codes.BirthPlace.Name.In(lang), Value: c.BirthPlace})
	}
	return rows
}

// Countries are the choices of a country of birth: the pack's own first, then by
// name as the reader says it.
func Countries(lang string, of packs.CountryCodes) []t.Option {
	type choice struct {
		t.Option
		folded string
	}
	name, choices := regions(lang), make([]choice, 0, len(of.Codes))
	for code := range of.Codes {
		label := name.country(of, code)
		choices = append(choices, choice{t.Option{Value: code, Label: label}, Folded(label)})
	}
	slices.SortFunc(choices, func(a, b choice) int {
		switch of.Home {
		case a.Value:
			return -1
		case b.Value:
			return 1
		}
		return cmp.Or(strings.Compare(a.folded, b.folded), strings.Compare(a.Value, b.Value))
	})
	out := make([]t.Option, len(choices))
	for i, c := range choices {
		out[i] = c.Option
	}
	return out
}

// namer names countries in one language.
type namer struct{ display.Namer }

// regions makes a namer; it is dear, and serves for all the countries of a page.
func regions(lang string) namer { return namer{display.Regions(language.Make(lang))} }

// country names what a code stands for; the code itself where it is gone from
// the pack.
func (n namer) country(of packs.CountryCodes, code string) string {
	var names []string
	for _, region := range of.Codes[code] {
		if r, err := language.ParseRegion(region); err == nil && n.Namer != nil {
			names = append(names, n.Name(r))
		}
	}
	if len(names) == 0 {
		return code
	}
	return strings.Join(names, ", ")
}
