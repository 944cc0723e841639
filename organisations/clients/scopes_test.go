package clients

import (
	"slices"
	"strings"
	"testing"
)

// FranceConnect's scopes stand for what they stand for there (its aliases profile,
// birth and identite_pivot; the others are one claim each); entitlement is kept.
func TestClaimsForScopes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile       Profile
		scopes, claim string
	}{
		{FranceConnect, "openid profile", "given_name family_name preferred_username birthdate gender creation_date"},
		{FranceConnect, "openid birth", "birthplace birthcountry"},
		{FranceConnect, "identite_pivot", "given_name family_name birthdate gender birthplace birthcountry"},
		{FranceConnect, "gender birthplace", "gender birthplace"},
		{FranceConnect, "email phone address", "email phone_number address"},
		{Relais, "openid profile", "given_name family_name preferred_username gender"},
		{Relais, "openid birth", "birthdate birthplace birthcountry"},
		{Relais, "birthcountry", "birthcountry"},
		{Relais, "openid offline_access nothing", ""},
	} {
		client := Client{Profile: c.profile, Claims: ClaimNames()}
		if got := strings.Join(client.ClaimsFor(strings.Fields(c.scopes)), " "); got != c.claim {
			t.Errorf("%s, %s: %s, want %s", c.profile, c.scopes, got, c.claim)
		}
		client.Claims = []string{"gender"}
		if got := client.ClaimsFor(strings.Fields(c.scopes)); slices.Contains(got, "gender") != strings.Contains(c.claim, "gender") || len(got) > 1 {
			t.Errorf("%s, %s: entitled to gender alone, gets %v", c.profile, c.scopes, got)
		}
	}
}

// Less than what a client is registered with may be asked for; never more.
func TestMayAsk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile          Profile
		registered, asks string
		may              bool
	}{
		{FranceConnect, "openid profile birth", "identite_pivot", true},
		{FranceConnect, "openid profile", "identite_pivot", false},
		{FranceConnect, "openid profile", "gender", true},
		{FranceConnect, "openid profile", "birthplace", false},
		{FranceConnect, "openid birth", "birthdate", false},
		{Relais, "openid birth", "birthdate", true},
		{Relais, "openid", "gender", false},
		{Relais, "openid contact", "email", true},
		{FranceConnect, "openid contact", "phone", true},
		{Relais, "openid email", "contact", false},
		{Relais, "openid email phone", "contact", true},
		{Relais, "openid profile", "offline_access", false},
		{Relais, "openid profile", "profile", true},
		{Relais, "openid profile", "birth", false},
		{Relais, "openid profile", "nothing", false},
	} {
		client := Client{Profile: c.profile, Scopes: strings.Fields(c.registered)}
		if client.MayAsk(c.asks) != c.may {
			t.Errorf("%s with %s asks for %s: %t", c.profile, c.registered, c.asks, !c.may)
		}
		if got := client.Entitled([]string{c.asks, "openid"}); slices.Contains(got, c.asks) != c.may || !slices.Contains(got, "openid") {
			t.Errorf("%s with %s keeps %v", c.profile, c.registered, got)
		}
	}
}
