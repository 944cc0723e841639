package op

// pivotNames are the identity claims of the FranceConnect profile beside sub:
// with it, the ten that Aidants Connect delivers.
var pivotNames = []string{"given_name", "family_name", "preferred_username", "birthdate", "birthplace", "birthcountry", "gender",
	"email", "creation_date"}

// pivot makes every name of the profile present, empty where Relais holds
// nothing: it keeps neither gender nor country of birth, and invents neither.
func pivot(out map[string]any) {
	for _, name := range pivotNames {
		if _, there := out[name]; !there {
			out[name] = ""
		}
	}
}
