package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"time"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates"
)

const (
	mandatesTotal = 220
	stepsTotal    = 900
	lately        = 25 // the last ones, some of them not signed yet
)

// year walks from the beginning to now: mandates in every state, cases and
// steps under them.
func (s *sower) year(began, until time.Time) error {
	span := until.Sub(began)
	for i := range mandatesTotal {
		at := began.AddDate(0, 0, 2).Add(time.Duration(float64(span-120*time.Hour) * math.Sqrt(float64(i)/mandatesTotal)))
		if at = officeHour(at); i > mandatesTotal-lately {
			at = until.Add(-time.Duration(mandatesTotal-i) * 100 * time.Minute) // within the 72 hours a text waits
		}
		s.clock.To(at)
		p := s.placeOf(i)
		who := p.people[(i/len(s.places))%len(p.people)]
		if i >= mandatesTotal-3 || i == 0 {
			p = s.places[0]
			who = p.people[0] // the person of the story
		}
		if err := s.mandate(i, p, who); err != nil {
			return fmt.Errorf("mandate %d of %s: %w", i, who.name, err)
		}
		if _, err := s.Mandates.ExpireDue(s.ctx); err != nil {
			return err
		}
	}
	s.clock.To(until.Add(-time.Minute))
	_, err := s.Mandates.ExpireDue(s.ctx)
	return err
}

// officeHour moves to a weekday between nine and five.
func officeHour(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, -1)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 8+t.Hour()%8, t.Minute(), t.Second(), 0, time.UTC)
}

var durations = []int{365, 182, 31, 365, 1, 182, 31, 365}

// mandate records one, and lives part of its life.
func (s *sower) mandate(i int, p *place, who helped) error {
	mediator := p.mediators[i%len(p.mediators)]
	actor, err := s.as(mediator, p)
	if err != nil {
		return err
	}
	m, err := s.Mandates.Begin(s.ctx, actor, who.id, "")
	if err != nil {
		return err
	}
	s.out.Mandates++
	late := i > mandatesTotal-lately && i < mandatesTotal-3
	if late && i%6 == 1 {
		return nil // still a draft
	}
	m, err = s.Mandates.ChangeDraft(s.ctx, actor, m.ID, m.Version, s.draft(i, p))
	if err != nil {
		return err
	}
	if m, err = s.Mandates.Present(s.ctx, actor, m.ID, m.Version); err != nil {
		return err
	}
	switch {
	case late && i%6 == 2:
		return nil // shown, not signed yet
	case late && i%6 == 3:
		return s.Mandates.AwaitWitness(s.ctx, actor, m.ID)
	case i%37 == 5:
		return s.Mandates.Void(s.ctx, actor, m.ID, "La personne préfère réfléchir")
	}
	signed, err := s.sign(i, p, actor, m)
	if err != nil {
		return err
	}
	s.keepCard(signed, who, p)
	if err := s.visits(i, p, actor, signed.Mandate, who); err != nil {
		return err
	}
	return s.ending(i, p, actor, signed.Mandate, who)
}

func (s *sower) draft(i int, p *place) mandates.Draft {
	pack, _ := s.Packs.Get(p.pack) // known: the organisation was created with it
	d := mandates.Draft{DurationDays: durations[i%len(durations)], Language: pack.Languages[0], ProtectionAnswer: "none", ConflictAnswer: "none"}
	if i > mandatesTotal-45 && i%2 == 0 {
		d.DurationDays = 31
	}
	if i%9 == 4 {
		langs := pack.ConsentLanguages()
		d.Language = langs[i%len(langs)]
	}
	if i%11 == 3 {
		d.Interpreter = "Leïla Amrani"
	}
	for k := range 1 + i%3 {
		theme := pack.Themes[(i*3+k*2)%len(pack.Themes)]
		if i == 0 || i >= mandatesTotal-3 {
			theme, _ = pack.Theme("housing")
		}
		actions := packs.DefaultActions()
		if i%10 == 9 {
			actions = append(actions, packs.ActionChangeContact)
		}
		d.Grants = append(d.Grants, mandates.GrantChoice{Theme: theme.Code, Actions: actions})
		if i == 0 || i >= mandatesTotal-3 {
			break
		}
	}
	return unique(d)
}

func unique(d mandates.Draft) mandates.Draft {
	seen := map[string]bool{}
	kept := d.Grants[:0]
	for _, g := range d.Grants {
		if !seen[g.Theme] {
			seen[g.Theme] = true
			kept = append(kept, g)
		}
	}
	d.Grants = kept
	return d
}

// sign uses the three ways, in turn, and the witness.
func (s *sower) sign(i int, p *place, actor authz.Actor, m mandates.Mandate) (mandates.Signed, error) {
	in := mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash}
	switch {
	case i%4 == 3:
		in.Scan = &mandates.Scan{Content: s.pen}
	case i%13 == 6 && len(p.mediators) > 1:
		if err := s.Mandates.AwaitWitness(s.ctx, actor, m.ID); err != nil {
			return mandates.Signed{}, err
		}
		witness, err := s.as(p.mediators[(i+1)%len(p.mediators)], p)
		if err != nil {
			return mandates.Signed{}, err
		}
		return s.Mandates.SignAsWitness(s.ctx, witness, m.ID, in)
	default:
		in.Drawn = &mandates.Drawn{Strokes: strokes(), PNG: s.pen}
	}
	return s.Mandates.Sign(s.ctx, actor, m.ID, in)
}

// keepCard keeps a few codes to hand out with the demonstration.
func (s *sower) keepCard(signed mandates.Signed, who helped, p *place) {
	if s.clock.Now().AddDate(0, 0, signed.Mandate.DurationDays).Before(time.Now()) {
		return
	}
	card := Card{Name: who.name, Code: signed.Code.Reveal(), BirthYear: strconv.Itoa(who.birth.Year()), Organisation: p.name}
	for k, c := range s.out.Cards {
		if c.Name == card.Name {
			s.out.Cards = append(s.out.Cards[:k], s.out.Cards[k+1:]...)
			break
		}
	}
	s.out.Cards = append(s.out.Cards, card)
	if len(s.out.Cards) > 4 {
		s.out.Cards = s.out.Cards[1:]
	}
}

var life = []struct{ action, outcome, note string }{
	{packs.ActionView, mandates.OutcomeDone, "Dossier relu ensemble."},
	{packs.ActionPrepare, mandates.OutcomePrepared, "Formulaire rempli avec la personne."},
	{packs.ActionSubmit, mandates.OutcomeSubmitted, "Envoyé en ligne, accusé de réception imprimé."},
	{packs.ActionCorrespond, mandates.OutcomeAnswer, "Réponse lue et expliquée."},
	{packs.ActionView, mandates.OutcomeWaiting, "Toujours à l’étude."},
	{packs.ActionCorrespond, mandates.OutcomeDone, "Pièce manquante envoyée."},
	{packs.ActionView, mandates.OutcomeNotDone, "Le site de l’administration ne répondait pas."},
}

// visits opens a case and logs steps while the mandate holds.
func (s *sower) visits(i int, p *place, actor authz.Actor, m mandates.Mandate, who helped) error {
	grants, err := s.Mandates.Get(s.ctx, actor, m.ID)
	if err != nil {
		return err
	}
	quota := (stepsTotal-s.out.Steps)/(mandatesTotal-i) + 4
	quota = min(quota, stepsTotal-s.out.Steps)
	for k := 0; quota > 0 && k < len(grants.Grants); k++ {
		codes := grants.Grants[k].Procedures
		due := time.Time{}
		if i%2 == 0 {
			due = s.clock.Now().AddDate(0, 0, 5+i%50)
		}
		c, err := s.Mandates.OpenCase(s.ctx, actor, mandates.OpenCase{Beneficiary: who.id, Procedure: codes[i%len(codes)], DueOn: due, IdempotencyKey: s.Store.NewID().String()})
		if err != nil {
			return err
		}
		done, err := s.steps(i, min(quota, len(life)), c, p)
		if err != nil {
			return err
		}
		quota -= done
		if long := i < mandatesTotal-60; long && i%11 != 5 || i%3 == 1 {
			if err := expected(s.Mandates.CloseCase(s.ctx, actor, c.ID, string([]mandates.CaseState{mandates.CaseGranted, mandates.CaseRefused, mandates.CaseWithdrawn}[i%3]))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *sower) steps(i, most int, c mandates.Case, p *place) (int, error) {
	pack, err := s.Packs.Get(p.pack)
	if err != nil {
		return 0, err
	}
	proc, _ := pack.Procedure(c.Procedure) // known: the case was opened for it
	for k := range most {
		if !proc.Allows(life[k].action) {
			continue
		}
		s.clock.To(s.clock.Now().Add(11 * time.Minute))
		actor, err := s.as(p.mediators[(i+k/3)%len(p.mediators)], p)
		if err != nil {
			return k, err
		}
		in := mandates.NewStep{Case: c.ID, Action: life[k].action, Outcome: life[k].outcome, Note: life[k].note, Present: (i+k)%3 != 0, IdempotencyKey: s.Store.NewID().String()}
		if life[k].outcome == mandates.OutcomeSubmitted {
			in.ReceiptNumber = fmt.Sprintf("AR-%05d", i*7+k)
		}
		if _, err := s.Mandates.LogStep(s.ctx, actor, in); err != nil {
			if expected(err) != nil {
				return k, err
			}
			continue // a procedure without this action: the refusal is in the log
		}
		s.out.Steps++
	}
	return most, nil
}

// ending gives some mandates an end of their own.
func (s *sower) ending(i int, p *place, actor authz.Actor, m mandates.Mandate, who helped) error {
	switch {
	case i >= mandatesTotal-3 || i == 0:
		return nil
	case i%17 == 2:
		return s.personStops(m, who)
	case i%23 == 3:
		return s.Mandates.Renounce(s.ctx, actor, m.ID, "La personne a déménagé")
	case i%29 == 4:
		referent, err := s.as(p.referent, p)
		if err != nil {
			return err
		}
		return s.Mandates.Suspend(s.ctx, referent, m.ID, "Vérification demandée par la famille")
	}
	return nil
}

func (s *sower) personStops(m mandates.Mandate, who helped) error {
	person, err := s.Beneficiaries.PersonActor(s.ctx, beneficiaries.PersonQuery{Beneficiary: who.id, Tier: authz.TierCard, Session: s.Store.NewID(), StrongAt: s.clock.Now()})
	if err != nil {
		return err
	}
	return s.Mandates.Revoke(s.ctx, person, mandates.Revocation{Mandate: m.ID})
}

// strokes and signature draw the same wave, as a pad would hand it in.
func strokes() json.RawMessage {
	var b bytes.Buffer
	b.WriteString("[[")
	for i := range 60 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"x":%d,"y":%d,"t":%d}`, 10+i*5, wave(i), i*16)
	}
	b.WriteString("]]")
	return b.Bytes()
}

func wave(i int) int { return 60 + int(30*math.Sin(float64(i)/4)) }

func signature() ([]byte, error) {
	pad := image.NewGray(image.Rect(0, 0, 320, 120))
	for i := range pad.Pix {
		pad.Pix[i] = 255
	}
	for i := range 59 * 5 {
		x := 10 + i
		y := 60 + int(30*math.Sin(float64(i)/20))
		for d := range 3 {
			pad.SetGray(x, y+d, color.Gray{Y: 20})
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, pad)
	return b.Bytes(), err
}
