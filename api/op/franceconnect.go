package op

import (
	"context"
	"strings"

	"github.com/relais-org/relais/mandates/acting"
)

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

// repScopeOf says what the mediator may do in the words that were asked for
// (themes or procedures); in the theme of what was chosen where none was.
func (p *Provider) repScopeOf(ctx context.Context, d acting.Delegation) []string {
	theme, _, _ := strings.Cut(d.Procedure, ".")
	out := []string{}
	if r, err := p.Acting.Request(ctx, d.Request); err == nil {
		for _, word := range r.Params.RepScope {
			if word == theme || word == d.Procedure {
				out = append(out, word)
			}
		}
	}
	if len(out) == 0 {
		return []string{theme}
	}
	return out
}

// profileScopes are the words of the profile for scopes that have another name
// here.
var profileScopes = map[string]string{"email": "contact", "phone": "contact"}
