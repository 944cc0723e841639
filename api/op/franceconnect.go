package op

// pivotNames are the identity claims of the FranceConnect profile beside sub:
// with it, the ten that Aidants Connect delivers. Telephone and address are there
// too where they are known and asked for.
var pivotNames = []string{"given_name", "family_name", "preferred_username", "birthdate", "birthplace", "birthcountry", "gender",
	"email", "creation_date"}

// pivot makes every name of the profile present: empty, as FranceConnect has it
// for who was born abroad, where there is no code, and where nothing is known or
// the client is not entitled to it. Aidants Connect says "None" there.
func pivot(out map[string]any) {
	for _, name := range pivotNames {
		if _, there := out[name]; !there {
			out[name] = ""
		}
	}
}
