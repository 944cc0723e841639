package desk_test

import (
	"testing"

	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/internal/packs"
)

// Countries are in the reader's language, the pack's own first, the others by
// name without regard to accents; one whose regions are gone keeps its code.
func TestCountriesAreSortedAsTheyAreRead(t *testing.T) {
	t.Parallel()
	of := packs.CountryCodes{Home: "1", Codes: map[string][]string{"1": {"FR"}, "2": {"ES"}, "3": {"EG"}, "4": {"GD"}, "5": {"DZ"}, "6": {"nowhere"}}}
	for lang, want := range map[string][]string{
		"fr": {"France", "6", "Algérie", "Égypte", "Espagne", "Grenade"},
		"en": {"France", "6", "Algeria", "Egypt", "Grenada", "Spain"},
	} {
		got := desk.Countries(lang, of)
		for i, label := range want {
			if len(got) != len(want) || got[i].Label != label {
				t.Fatalf("%s: %v, want %v", lang, got, want)
			}
		}
	}
}

func BenchmarkCountries(b *testing.B) {
	set, err := packs.Load()
	must(b, err)
	pack, err := set.Get("fr")
	must(b, err)
	for b.Loop() {
		desk.Countries("fr", *pack.IdentityCodes.BirthCountry)
	}
}

func TestNamesAreFolded(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"Élodie ÇELİK": "elodie celik", "Åsa": "asa", "Ярослав": "ярослав", "": ""} {
		if got := desk.Folded(s); got != want {
			t.Errorf("%q is folded to %q, want %q", s, got, want)
		}
	}
}
