package packs

import (
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func loaded(t *testing.T, id string) *Pack {
	t.Helper()
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := set.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// France's place codes are communes, overseas and Corsica included; a postcode of
// a chief town and a country are none.
func TestFrenchPlaceCodes(t *testing.T) {
	t.Parallel()
	place := loaded(t, "fr").IdentityCodes.BirthPlace
	for code, holds := range map[string]bool{
		"35238": true, "01001": true, "2A004": true, "2B033": true, "75056": true, "75115": true, "95680": true, "97105": true, "97611": true,
		"97502": true, "98818": true, "35000": false, "97100": false, "99352": false, "99100": false, "00123": false, "96001": false, "2C001": false,
		"2a004": false, "3523": false, "352380": false, " 35238": false, "35238\n": false, "": false, "Rennes": false,
	} {
		if place.Holds(code) != holds {
			t.Errorf("%q holds: %t", code, !holds)
		}
	}
}

// Every country of the list can be named in the languages of the interface.
func TestCountriesHaveNames(t *testing.T) {
	t.Parallel()
	country := loaded(t, "fr").IdentityCodes.BirthCountry
	if !country.Has("99352") || !country.Has(country.Home) || country.Has("99999") || country.Has("") {
		t.Error("Algeria and France have codes, 99999 is none")
	}
	for code, regions := range country.Codes {
		for _, region := range regions {
			r, err := language.ParseRegion(region)
			if err != nil || !r.IsCountry() {
				t.Errorf("%s: %s is no country: %v", code, region, err)
				continue
			}
			for _, l := range requiredLanguages {
				if name := display.Regions(language.Make(l)).Name(r); name == "" || name == region {
					t.Errorf("%s: %s has no name in %s", code, region, l)
				}
			}
		}
	}
}

func TestIdentityCodesOfPacks(t *testing.T) {
	t.Parallel()
	if !loaded(t, "es-as").IdentityCodes.None() {
		t.Error("Asturias asks for codes")
	}
	fr := loaded(t, "fr").IdentityCodes
	female, ok := fr.Gender("female")
	if _, other := fr.Gender("F"); fr.None() || !ok || other || female.Name.In("es") != "Femenino" {
		t.Errorf("France: %+v", fr.Genders)
	}
}
