package clients

import "slices"

// ClaimNames are the claims about a person that a client may be entitled to
// (OpenID Connect Core §5.1, and those of FranceConnect's identity). What Relais
// does not know of a person is not sent.
func ClaimNames() []string {
	return []string{"given_name", "family_name", "preferred_username", "birthdate", "gender", "birthplace", "birthcountry",
		"email", "phone_number", "address", "creation_date"}
}

// ScopeNames are the scopes that services are registered with: a person's claims
// are split by them (contact is email and phone together), and offline_access
// gives refresh tokens.
func ScopeNames() []string {
	return []string{"openid", "profile", "birth", "address", "contact", "email", "phone", "offline_access"}
}

// PartScopeNames are scopes for parts of profile and birth, one claim each, and
// FranceConnect's identite_pivot. Nobody is registered with them: see [Client.MayAsk].
func PartScopeNames() []string {
	return []string{"given_name", "family_name", "preferred_username", "birthdate", "gender", "birthplace", "birthcountry", "identite_pivot"}
}

// alike are the claims of the scopes that mean the same in both profiles.
var alike = map[string][]string{
	"address":            {"address"},
	"contact":            {"email", "phone_number"},
	"email":              {"email"},
	"phone":              {"phone_number"},
	"given_name":         {"given_name"},
	"family_name":        {"family_name"},
	"preferred_username": {"preferred_username"},
	"birthdate":          {"birthdate"},
	"gender":             {"gender"},
	"birthplace":         {"birthplace"},
	"birthcountry":       {"birthcountry"},
	"identite_pivot":     {"given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry"},
}

// own are the claims of the others: FranceConnect has its own idea of the two, and
// Aidants Connect adds the day on which the person was first known.
var own = map[Profile]map[string][]string{
	Relais: {
		"profile": {"given_name", "family_name", "preferred_username", "gender"},
		"birth":   {"birthdate", "birthplace", "birthcountry"},
	},
	FranceConnect: {
		"profile": {"given_name", "family_name", "preferred_username", "birthdate", "gender", "creation_date"},
		"birth":   {"birthplace", "birthcountry"},
	},
}

// claimsOf are the claims about a person that a scope stands for, in the client's
// profile, whether or not it is entitled to them.
func (c Client) claimsOf(scope string) []string {
	if claims, ok := alike[scope]; ok {
		return claims
	}
	return own[c.Profile][scope]
}

// ClaimsFor are the claims about a person that the client gets for some scopes:
// those of the scopes that it is entitled to, in the order of [ClaimNames].
func (c Client) ClaimsFor(scopes []string) []string {
	out := []string{}
	for _, name := range ClaimNames() {
		if slices.Contains(c.Claims, name) && slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.claimsOf(s), name) }) {
			out = append(out, name)
		}
	}
	return out
}

// MayAsk reports whether the client may ask for a scope: one that it is registered
// with, or one that stands for no claim but theirs. Asking for less is never refused.
func (c Client) MayAsk(scope string) bool {
	if slices.Contains(c.Scopes, scope) {
		return true
	}
	claims := c.claimsOf(scope)
	return len(claims) > 0 && allOf(claims, func(claim string) bool {
		return slices.ContainsFunc(c.Scopes, func(s string) bool { return slices.Contains(c.claimsOf(s), claim) })
	})
}

// Entitled are those of scopes that the client may ask for.
func (c Client) Entitled(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !c.MayAsk(s) })
}
