package seed

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/problem"
)

const people = 150

// helped is one person, and when they first came.
type helped struct {
	id    uuid.UUID
	name  string
	birth time.Time
}

// helpedPeople records 150 people. The first is the one of the story.
func (s *sower) helpedPeople() error {
	for i := range people {
		p := s.placeOf(i)
		n := s.somebody(i, p)
		actor, err := s.as(p.mediators[i%len(p.mediators)], p)
		if err != nil {
			return err
		}
		s.clock.To(s.clock.Now().Add(7 * time.Minute))
		b, err := s.Beneficiaries.Create(s.ctx, actor, n)
		if problem.Is(err, "possible_duplicate") {
			n.DuplicateConfirmed = true
			b, err = s.Beneficiaries.Create(s.ctx, actor, n)
		}
		if err != nil {
			return fmt.Errorf("record %s %s: %w", n.GivenNames, n.FamilyName, err)
		}
		p.people = append(p.people, helped{b.ID, b.Name(), b.BirthDate})
		s.out.People++
	}
	return nil
}

func (s *sower) placeOf(i int) *place {
	at := float64(i%20) / 20
	for _, p := range s.places {
		if at < p.share {
			return p
		}
	}
	return s.places[0]
}

func (s *sower) somebody(i int, p *place) beneficiaries.New {
	langs := languages[p.pack]
	n := beneficiaries.New{
		Identity: beneficiaries.Identity{
			GivenNames: given[s.dice.IntN(len(given))], FamilyName: family[s.dice.IntN(len(family))],
			BirthDate:     time.Date(1932+s.dice.IntN(72), time.Month(1+s.dice.IntN(12)), 1+s.dice.IntN(28), 0, 0, 0, 0, time.UTC),
			BirthPlace:    places[s.dice.IntN(len(places))],
			IdentityCheck: s.document(p.pack), Protection: "none",
		},
		Contact: beneficiaries.Contact{Language: langs[s.dice.IntN(len(langs))], Channel: "none"},
	}
	if i%7 == 0 {
		n.UsageName = family[s.dice.IntN(len(family))]
	}
	if p.pack == "fr" && i%3 != 1 { // of some it was not asked
		n.Codes = born[n.BirthPlace]
	}
	s.reach(i, p, &n)
	if i == 0 {
		n.BirthPlace, n.Codes = "Oran", beneficiaries.Codes{Gender: "female", Country: "99352"}
		n.GivenNames, n.FamilyName, n.UsageName, n.Language = "Fatima", "Haddad", "", "fr"
		n.BirthDate = time.Date(1954, 3, 14, 0, 0, 0, 0, time.UTC)
		n.Phone, n.Channel = "06 00 00 00 01", "sms"
	}
	return n
}

// reach gives each person a way to be told: mostly SMS and letters.
func (s *sower) reach(i int, p *place, n *beneficiaries.New) {
	phone, address := fmt.Sprintf("06 00 00 %02d %02d", i/100, i%100), fmt.Sprintf("%d rue du Moulin\n45000 Orléans", i+1)
	if p.pack == "es-as" {
		phone, address = fmt.Sprintf("600 00 %02d %02d", i/100, i%100), fmt.Sprintf("Calle Fruela %d\n33007 Oviedo", i+1)
	}
	switch i % 5 {
	case 0, 1:
		n.Phone, n.Channel = phone, "sms"
	case 2:
		n.Address, n.Channel = address, "letter"
	case 3:
		n.Email, n.Channel = fmt.Sprintf("personne%d@courrier.example", i), "mail"
	}
}

func (s *sower) document(pack string) string {
	p, err := s.Packs.Get(pack)
	if err != nil || len(p.IdentityDocuments) == 0 {
		return ""
	}
	return p.IdentityDocuments[s.dice.IntN(len(p.IdentityDocuments))].Code
}
