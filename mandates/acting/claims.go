package acting

import (
	"context"
	"strings"
	"time"

	"github.com/relais-org/relais/organisations/clients"
)

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
	for _, name := range client.ClaimsFor(d.scopesNow()) {
		if v := d.facts.claim(name, client.Profile); v != nil {
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

// creationDate is how Aidants Connect writes an instant, to the millisecond.
const creationDate = "2006-01-02T15:04:05.000Z07:00"

// claim is one claim about the person, nil when it is not known. Places are words
// or, where FranceConnect asks, codes.
func (f *helped) claim(name string, profile clients.Profile) any {
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
		if profile == clients.FranceConnect {
			return text(f.placeCode)
		}
		return text(f.birthPlace)
	case "birthcountry":
		return text(f.country)
	case "gender":
		return text(f.gender)
	case "creation_date":
		return f.known.UTC().Format(creationDate)
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
