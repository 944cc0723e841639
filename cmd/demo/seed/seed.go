package seed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2" //nolint:depguard // demonstration data: the same each time, and no secret
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations"
)

// Card is a demonstration card, printed when the demonstration starts.
type Card struct{ Name, Code, BirthYear, Organisation string }

// Result is what was laid, for whoever starts the demonstration.
type Result struct {
	Cards                           []Card
	People, Mandates, Steps, Events int
}

// sower lays the data.
type sower struct {
	*house.House
	ctx    context.Context
	clock  *Clock
	issuer string
	dice   *rand.Rand
	// accounts by subject, organisations by name.
	accounts map[string]uuid.UUID
	places   []*place
	out      Result
	pen      []byte
}

// place is one organisation with those who may act for it.
type place struct {
	id         uuid.UUID
	pack, name string
	referent   string
	mediators  []string
	people     []helped
	share      float64
}

// Sow lays everything. The house must be open on an empty database with
// clock.Now as its clock; issuer is the provider's address.
func Sow(ctx context.Context, h *house.House, clock *Clock, issuer string, until time.Time) (Result, error) {
	pen, err := signature()
	if err != nil {
		return Result{}, err
	}
	s := &sower{House: h, ctx: ctx, clock: clock, issuer: issuer, accounts: map[string]uuid.UUID{}, pen: pen,
		dice: rand.New(rand.NewPCG(2026, 11))} //nolint:gosec // the same data each time is the point
	began := until.AddDate(0, -13, 0)
	clock.To(began)
	for _, step := range []func() error{s.platform, s.teams, s.helpedPeople, func() error { return s.year(began, until) }, s.afterwards} {
		if err := step(); err != nil {
			return s.out, err
		}
	}
	return s.out, nil
}

// as is a member of staff acting for a place, freshly authenticated.
func (s *sower) as(subject string, p *place) (authz.Actor, error) {
	q := organisations.ActorQuery{Account: s.accounts[subject], StrongAt: s.clock.Now(), Session: s.Store.NewID(), Language: "fr"}
	if p != nil {
		q.Organisation = p.id
	}
	return s.Organisations.Actor(s.ctx, q)
}

func (s *sower) signIn(subject string) error {
	for _, m := range staff {
		if m.subject != subject {
			continue
		}
		a, err := s.Organisations.SignIn(s.ctx, organisations.Identity{Issuer: s.issuer, Subject: m.subject, Email: m.email(),
			EmailVerified: true, Name: m.name, ACR: "urn:relais:demo:2", AuthTime: s.clock.Now()})
		s.accounts[subject] = a.ID
		return err
	}
	return fmt.Errorf("nobody is called %s", subject)
}

func name(subject string) string {
	for _, m := range staff {
		if m.subject == subject {
			return m.name
		}
	}
	return subject
}

// platform makes the operator and the three organisations.
func (s *sower) platform() error {
	if _, err := s.Organisations.BootstrapOperator(s.ctx, name("camille.durand"), "camille.durand@demo.example"); err != nil {
		return err
	}
	if err := s.signIn("camille.durand"); err != nil {
		return err
	}
	for _, n := range []struct {
		organisations.NewOrganisation
		referent string
		share    float64
	}{
		{organisations.NewOrganisation{Name: "Centre social Les Tilleuls", Kind: "Centre social", Pack: "fr", TimeZone: "Europe/Paris", Territory: "FR-45",
			Address: "12 rue des Tilleuls\n45000 Orléans", City: "Orléans", Phone: "02 38 00 00 12", Email: "contact@tilleuls.example"}, "martine.lefevre", 0.6},
		{organisations.NewOrganisation{Name: "Asociación Camín", Kind: "Asociación", Pack: "es-as", TimeZone: "Europe/Madrid", Territory: "ES-AS",
			Address: "Calle Uría 20\n33003 Oviedo", City: "Oviedo", Phone: "985 00 00 12", Email: "hola@camin.example"}, "carmen.alvarez", 0.9},
		{organisations.NewOrganisation{Name: "Association Le Pont", Kind: "Association", Pack: "fr", TimeZone: "Europe/Paris", Territory: "FR-45",
			Address: "3 quai du Fort\n45000 Orléans", City: "Orléans", Phone: "02 38 00 00 34", Email: "accueil@lepont.example"}, "paul.girard", 1},
	} {
		operator, err := s.as("camille.durand", nil)
		if err != nil {
			return err
		}
		o, err := s.Organisations.Create(s.ctx, operator, n.NewOrganisation)
		if err != nil {
			return fmt.Errorf("create %s: %w", n.Name, err)
		}
		p := &place{id: o.ID, pack: n.Pack, name: n.Name, referent: n.referent, share: n.share}
		s.places = append(s.places, p)
		if _, err := s.Organisations.Invite(s.ctx, operator, organisations.Invite{Organisation: o.ID, Name: name(n.referent),
			Email: n.referent + "@demo.example", Role: authz.Referent}); err != nil {
			return fmt.Errorf("invite %s: %w", n.referent, err)
		}
		if err := s.signIn(n.referent); err != nil {
			return err
		}
	}
	return s.supervisor()
}

func (s *sower) supervisor() error {
	for _, r := range []organisations.Remit{
		{Name: name("ines.haddad"), Email: "ines.haddad@demo.example", Territory: "FR-45"},
		{Name: name("ines.haddad"), Email: "ines.haddad@demo.example", Organisation: s.places[1].id},
	} {
		operator, err := s.as("camille.durand", nil)
		if err != nil {
			return err
		}
		if _, err := s.Organisations.GrantRemit(s.ctx, operator, r); err != nil {
			return fmt.Errorf("grant a remit: %w", err)
		}
	}
	return s.signIn("ines.haddad")
}

// teams brings every mediator as far as their state says.
func (s *sower) teams() error {
	tilleuls, camin, pont := s.places[0], s.places[1], s.places[2]
	for _, t := range []struct {
		place   *place
		subject string
		upTo    string
	}{
		{tilleuls, "sofia.benali", "authorised"}, {tilleuls, "julien.moreau", "authorised"},
		{tilleuls, "lucas.petit", "confirmed"}, {tilleuls, "nadia.rossi", "expired"}, {tilleuls, "hugo.blanc", "authorised"},
		{tilleuls, "awa.diop", "invited"},
		{camin, "pablo.suarez", "authorised"}, {tilleuls, "pablo.suarez", "authorised"},
		{pont, "emma.roy", "authorised"},
	} {
		if err := s.join(t.place, t.subject, t.upTo); err != nil {
			return fmt.Errorf("%s at %s: %w", t.subject, t.place.name, err)
		}
	}
	return nil
}

func (s *sower) join(p *place, subject, upTo string) error {
	referent, err := s.as(p.referent, p)
	if err != nil {
		return err
	}
	m, err := s.Organisations.Invite(s.ctx, referent, organisations.Invite{Organisation: p.id, Name: name(subject), Email: subject + "@demo.example", Role: authz.Mediator})
	if err != nil || upTo == "invited" {
		return err
	}
	if err := s.signIn(subject); err != nil {
		return err
	}
	if err := s.Organisations.Confirm(s.ctx, referent, m.ID); err != nil || upTo == "confirmed" {
		return err
	}
	training := organisations.Training{Membership: m.ID, Course: "Aide aux démarches en ligne, 2 jours", Evidence: "Attestation n° " + m.ID.String()[30:],
		CompletedOn: s.clock.Now().AddDate(0, -1, 0)}
	if upTo == "expired" {
		training.ExpiresOn = s.clock.Now().AddDate(0, 11, 0)
	}
	if err := s.Organisations.RecordTraining(s.ctx, referent, training); err != nil {
		return err
	}
	mediator, err := s.as(subject, p)
	if err != nil {
		return err
	}
	pack, err := s.Packs.Get(p.pack)
	if err != nil {
		return err
	}
	if upTo == "authorised" {
		p.mediators = append(p.mediators, subject)
	}
	return s.Organisations.AcceptCharter(s.ctx, mediator, pack.Charter.Version)
}

// afterwards is what happened last: a mediator and an organisation suspended.
func (s *sower) afterwards() error {
	tilleuls, pont := s.places[0], s.places[2]
	referent, err := s.as(tilleuls.referent, tilleuls)
	if err != nil {
		return err
	}
	members, err := s.Organisations.Members(s.ctx, referent, tilleuls.id)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Account == s.accounts["hugo.blanc"] {
			if err := s.Organisations.Suspend(s.ctx, referent, m.ID, "Signalement en cours d’examen"); err != nil {
				return err
			}
		}
	}
	operator, err := s.as("camille.durand", nil)
	if err != nil {
		return err
	}
	return s.Organisations.SuspendOrganisation(s.ctx, operator, pont.id, "Convention non renouvelée")
}

// expected lets refusals through: they are part of the demonstration.
func expected(err error) error {
	var p *problem.Error
	if errors.As(err, &p) && (p.Kind == problem.KindForbidden || p.Kind == problem.KindConflict) {
		return nil
	}
	return err
}
