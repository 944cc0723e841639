package mandates

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
)

var errCardOver = problem.Conflict("card_code_over")

// sheet is what a mandate's papers are composed from.
type sheet struct {
	m    Mandate
	p    document.Payload
	org  organisations.OrganisationFacts
	pack *packs.Pack
	zone *time.Location
	base string
}

// Sheet composes a mandate as it is read together on the screen and as it is
// printed: one text, two ways to show it. Before the signature it has boxes to
// sign in; a draft has no text yet ("mandate_not_presented").
func (s *Service) Sheet(ctx context.Context, actor authz.Actor, id uuid.UUID) (document.MandatePaper, error) {
	x, err := s.sheetOf(ctx, actor, id)
	if err != nil {
		return document.MandatePaper{}, err
	}
	paper := document.MandatePaper{
		Payload: x.m.Payload, JWS: x.m.JWS, MadeAt: x.m.PresentedAt,
		Words:          x.words(x.p.Languages.Person),
		Administration: x.words(x.p.Languages.Administration),
	}
	if x.m.SignedAt.IsZero() {
		paper.Signatures = x.emptyBoxes()
		return paper, nil
	}
	paper.MadeAt, paper.VerifyURL = x.m.SignedAt, s.baseURL+"/card"
	for _, e := range x.m.Evidences {
		box, err := s.signatureBox(ctx, x, e)
		if err != nil {
			return document.MandatePaper{}, err
		}
		paper.Signatures = append(paper.Signatures, box)
	}
	return paper, nil
}

// Paper prints a mandate as a PDF: the signed document, or the sheet to sign
// by hand while it is not signed.
func (s *Service) Paper(ctx context.Context, actor authz.Actor, id uuid.UUID) ([]byte, error) {
	paper, err := s.Sheet(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	out, err := document.PDF(paper)
	if err != nil {
		return nil, fmt.Errorf("print the mandate: %w", err)
	}
	return out, nil
}

// CardPDF prints the card of a mandate. No code is kept in clear: it must be
// given by the page that has just shown it, and be the live one
// ("card_code_over").
func (s *Service) CardPDF(ctx context.Context, actor authz.Actor, id uuid.UUID, code string) ([]byte, error) {
	x, err := s.sheetOf(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	live, ok, err := s.people.LiveCode(ctx, id, code)
	if err != nil {
		return nil, err
	}
	if !ok || x.m.SignedAt.IsZero() {
		return nil, errCardOver
	}
	out, err := document.Card(document.CardPaper{Words: x.cardWords(), Code: live.Reveal(), URL: s.baseURL + "/card", MadeAt: x.m.SignedAt})
	if err != nil {
		return nil, fmt.Errorf("print the card: %w", err)
	}
	return out, nil
}

// sheetOf reads a mandate that has a text, and decides.
func (s *Service) sheetOf(ctx context.Context, actor authz.Actor, id uuid.UUID) (sheet, error) {
	db := s.commands.Store().Read(ctx)
	m, err := loadMandate(db, id)
	if err != nil {
		return sheet{}, err
	}
	x := sheet{m: m, base: s.baseURL}
	if x.org, err = s.orgs.Facts(ctx, m.Organisation); err != nil {
		return sheet{}, err
	}
	if err := s.commands.Decide(actor, authz.MandatePrint, m.object(x.org.Territory)).Err(); err != nil {
		return sheet{}, err
	}
	if len(m.Payload) == 0 || m.SignedAt.IsZero() && m.State.Terminal() {
		return sheet{}, problem.Conflict("mandate_not_presented")
	}
	if x.m.Evidences, err = loadEvidences(db, id); err != nil {
		return sheet{}, fmt.Errorf("load evidence: %w", err)
	}
	if x.p, err = document.Parse(m.Payload); err != nil {
		return sheet{}, fmt.Errorf("read the text of %s: %w", id, err)
	}
	if x.pack, err = s.packs.Get(m.Pack); err != nil {
		return sheet{}, err
	}
	x.zone, err = time.LoadLocation(x.p.TimeZone)
	return x, err
}

// emptyBoxes are for a sheet signed by hand.
func (x sheet) emptyBoxes() []document.Signature {
	when := x.both(func(w tongue) string { return w.say("document.date_by_hand") })
	boxes := []document.Signature{{Who: x.p.Beneficiary.FullName(), When: when}}
	if x.p.Consent.Representative != "" {
		boxes = append(boxes, document.Signature{Who: x.p.Consent.Representative, When: when})
	}
	return append(boxes, document.Signature{Who: x.p.Mediator.Name, When: when})
}

// signatureBox is one proof of consent, drawn or told in words.
func (s *Service) signatureBox(ctx context.Context, x sheet, e Evidence) (document.Signature, error) {
	box := document.Signature{Who: x.p.Beneficiary.FullName(),
		When: x.both(func(w tongue) string { return w.dateTime(e.CollectedAt) }),
		Text: x.both(func(w tongue) string { return x.methodWords(w, e) })}
	if e.Method == MethodWitness {
		box.Who = e.WitnessName
	}
	if e.Method != MethodDrawn {
		return box, nil
	}
	_, image, err := loadEvidenceContent(ctx, s.commands.Store(), x.m.ID, e.ID)
	switch {
	case problem.As(err) != nil && problem.As(err).Kind == problem.KindNotFound: // kept no longer
		return box, nil
	case err != nil:
		return box, fmt.Errorf("load the signature: %w", err)
	}
	box.Image, box.Text = image, document.Both{}
	return box, nil
}

// both says one thing in the person's language and in the administration's.
func (x sheet) both(say func(tongue) string) document.Both {
	return document.Both{Person: say(tongueOf(x.p.Languages.Person, x.zone)), Administration: say(tongueOf(x.p.Languages.Administration, x.zone))}
}

// Reference is a short name for a mandate, to say on the telephone. It proves
// nothing.
func Reference(id uuid.UUID) string {
	hex := strings.ToUpper(strings.ReplaceAll(id.String(), "-", ""))
	return "M-" + hex[24:28] + "-" + hex[28:]
}
