package mediator

import (
	"slices"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/form"
	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
)

// codeFields are what some services know people by: asked for last, folded away,
// and only what the country has.
type codeFields struct {
	Genders, Countries   []t.Option
	PlaceName, PlaceHint string // empty: places have no code there
}

// codeNames are its boxes, in page order.
var codeNames = []string{"gender", "birth_country", "birth_place_code"}

func codeFieldsOf(p t.Page, codes packs.IdentityCodes) codeFields {
	lang := string(p.Lang())
	var out codeFields
	for _, g := range codes.Genders {
		out.Genders = append(out.Genders, t.Option{Value: g.Code, Label: g.Name.In(lang)})
	}
	if codes.BirthPlace != nil {
		out.PlaceName, out.PlaceHint = codes.BirthPlace.Name.In(lang), codes.BirthPlace.Hint.In(lang)
	}
	if codes.BirthCountry != nil {
		out.Countries = desk.Countries(lang, *codes.BirthCountry)
	}
	return out
}

// Asks reports whether there is anything to ask for.
func (v codeFields) Asks() bool {
	return len(v.Genders) > 0 || len(v.Countries) > 0 || v.PlaceName != ""
}

// unfolded reports whether the boxes hold something to read or to mend.
func unfolded(f *form.Form) bool {
	return slices.ContainsFunc(codeNames, func(name string) bool { return f.Has(name) || f.Value(name) != "" })
}

func readCodes(f *form.Form) beneficiaries.Codes {
	return beneficiaries.Codes{Gender: f.Value("gender"), BirthPlace: f.Value("birth_place_code"), Country: f.Value("birth_country")}
}

func fillCodes(f *form.Form, c beneficiaries.Codes) {
	f.Set("gender", c.Gender).Set("birth_place_code", c.BirthPlace).Set("birth_country", c.Country)
}
