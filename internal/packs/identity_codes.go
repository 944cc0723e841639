package packs

import (
	"regexp"
	"slices"
	"strconv"
)

// IdentityCodes are what a country's services know people by beside name and day
// of birth, as codes of its own registers. Every part may be missing: it is then
// neither asked for nor kept. All are optional for a person.
type IdentityCodes struct {
	Genders      []GenderCode  `yaml:"genders"`
	BirthPlace   *PlaceCode    `yaml:"birth_place"`
	BirthCountry *CountryCodes `yaml:"birth_country"`
}

// GenderCode is one value of the sex written on civil records.
type GenderCode struct {
	Code string `yaml:"code"` // as services read it (OpenID Connect Core §5.1): female, male
	Name Text   `yaml:"name"`
}

// PlaceCode is how the country codes its own places of birth.
type PlaceCode struct {
	Name    Text   `yaml:"name"`
	Hint    Text   `yaml:"hint"`    // where to find it, and what it is mistaken for
	Pattern string `yaml:"pattern"` // RE2, of the whole code
	Example string `yaml:"example"` // holds to Pattern

	re *regexp.Regexp
}

// Holds reports whether a code has the right form. Whether there is such a place
// is not known here.
func (p *PlaceCode) Holds(code string) bool { return p.re != nil && p.re.MatchString(code) }

func (p *PlaceCode) compile() error {
	re, err := regexp.Compile(`^(?:` + p.Pattern + `)$`)
	p.re = re
	return err
}

// CountryCodes are the country's codes for all countries.
type CountryCodes struct {
	// Home is the country itself: only there do places have a code.
	Home string `yaml:"home"`
	// Codes are, for each code, the ISO 3166-1 regions that it stands for.
	Codes map[string][]string `yaml:"codes"`
}

// Has reports whether there is such a code.
func (c *CountryCodes) Has(code string) bool { return len(c.Codes[code]) > 0 }

// Gender finds a value of the sex on civil records.
func (c IdentityCodes) Gender(code string) (GenderCode, bool) {
	return find(c.Genders, func(g GenderCode) bool { return g.Code == code })
}

// None reports whether the country has no such codes at all.
func (c IdentityCodes) None() bool {
	return len(c.Genders) == 0 && c.BirthPlace == nil && c.BirthCountry == nil
}

const longestCode = 20

func (c *checker) identityCodes() {
	codes := c.pack.IdentityCodes
	once := c.unique()
	for _, g := range codes.Genders {
		path := genderPath(g)
		once(path, g.Code)
		c.require(codeForm.MatchString(g.Code) && len(g.Code) <= longestCode, path, "%q is not a code", g.Code)
	}
	if p := codes.BirthPlace; p != nil {
		const path = "identity_codes.birth_place"
		if err := p.compile(); err != nil {
			c.fault(path+".pattern", "%v", err)
		} else {
			c.require(p.Pattern != "" && !p.Holds("") && !p.Holds("x x"), path+".pattern", "matches nothing at all, or everything")
			c.require(p.Holds(p.Example) && len(p.Example) <= longestCode, path+".example", "%q does not hold to the pattern", p.Example)
		}
		c.require(codes.BirthCountry != nil, path, "says nothing without birth_country: a place has a code at home only")
	}
	if codes.BirthCountry != nil {
		c.countryCodes(*codes.BirthCountry)
	}
}

func (c *checker) countryCodes(of CountryCodes) {
	const path = "identity_codes.birth_country"
	c.require(slices.Contains(of.Codes[of.Home], c.pack.Country), path+".home", "%q is not the code of %s", of.Home, c.pack.Country)
	once := c.unique()
	for _, code := range sortedKeys(of.Codes) {
		at := path + ".codes." + code
		c.require(code != "" && len(code) <= longestCode, at, "is not a code")
		c.require(len(of.Codes[code]) > 0, at, "stands for no country")
		for i, region := range of.Codes[code] {
			c.require(regionForm.MatchString(region), at+"["+strconv.Itoa(i)+"]", "%q is not an ISO 3166-1 code", region)
			once(at, region)
		}
	}
}

// texts of the codes, for [Pack.texts].
func (c IdentityCodes) texts() []located {
	var all []located
	for _, g := range c.Genders {
		all = append(all, located{path: genderPath(g) + ".name", text: g.Name, max: maxName})
	}
	if p := c.BirthPlace; p != nil {
		all = append(all,
			located{path: "identity_codes.birth_place.name", text: p.Name, max: maxName},
			located{path: "identity_codes.birth_place.hint", text: p.Hint, max: maxPlain})
	}
	return all
}

func genderPath(g GenderCode) string { return "identity_codes.genders[" + g.Code + "]" }
