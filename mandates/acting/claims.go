package acting

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/relais-org/relais/organisations/clients"
)

// claimsByScope splits a person's claims (OpenID Connect Core §5.4): those that
// Relais may know. Gender and country of birth, which a client may be entitled
// to, are none of them, so that nobody is told they were given.
func claimsByScope() map[string][]string {
	return map[string][]string{
		"profile": {"given_name", "family_name", "preferred_username"},
		"birth":   {"birthdate", "birthplace"},
		"address": {"address"},
		"contact": {"email", "phone_number"},
		"email":   {"email"},
		"phone":   {"phone_number"},
	}
}

// claimNames are the claims about the person that a client gets for some
// scopes: those of the scopes that it is entitled to, in the registry's order.
func (s *Service) claimNames(client clients.Client, scopes []string) []string {
	var asked []string
	for _, scope := range scopes {
		asked = append(asked, s.claims[scope]...)
	}
	out := []string{}
	for _, name := range clients.ClaimNames() {
		if slices.Contains(asked, name) && slices.Contains(client.Claims, name) {
			out = append(out, name)
		}
	}
	return out
}

// Claims say to a client who acts for whom, and what the mandate lends there.
// d comes from Redeem, Refresh or Use, which read everything: what is told is
// what was decided on. Nothing that Relais does not know is told.
func (s *Service) Claims(ctx context.Context, d Delegation, client clients.Client) (Claims, error) {
	if d.facts.at.IsZero() { // from Grant: read now
		var err error
		if d, err = s.again(ctx, d); err != nil {
			return Claims{}, err
		}
	}
	out := Claims{
		Subject: s.subject(ofBeneficiary, client, d.Beneficiary),
		Actor: Party{
			Subject: s.subject(ofAccount, client, d.Account), Name: d.facts.mediator,
			Organisation: d.Organisation.String(), OrganisationName: d.facts.organisation,
		},
		Details: []Detail{s.detailOf(client, d)},
		Person:  map[string]any{}, SID: s.sessionAt(client, d),
	}
	for _, name := range s.claimNames(client, d.scopesNow()) {
		if v := d.facts.claim(name); v != nil {
			out.Person[name] = v
		}
	}
	return out, nil
}

// detailOf is what was granted, as the token says it to one client.
func (s *Service) detailOf(client clients.Client, d Delegation) Detail {
	return Detail{
		Type: s.detailType(), Identifier: s.MandateAt(client, d), Actions: d.lent(), Procedures: []string{d.Procedure},
		NotAfter: d.EndsAt.UTC().Format(time.RFC3339),
	}
}

// claim is one claim about the person, nil when it is not known.
func (f *hop) claim(name string) any {
	switch name {
	case "given_name":
		return text(f.given)
	case "family_name":
		return text(f.family)
	case "preferred_username":
		return text(f.usage)
	case "birthdate":
		if f.birthDate == nil {
			return nil
		}
		return f.birthDate.Format(time.DateOnly)
	case "birthplace":
		return text(f.birthPlace)
	case "email":
		return text(f.email)
	case "phone_number":
		return text(f.phone)
	case "address":
		if strings.TrimSpace(f.address) == "" {
			return nil
		}
		return map[string]string{"formatted": f.address}
	}
	return nil
}

func text(s string) any {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return s
}
