package mandates_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/document"
)

// paperOf signs a mandate read in a language, by the method given.
func (b *bundle) presentedIn(t *testing.T, person uuid.UUID, language string) mandates.Mandate {
	t.Helper()
	mediator := b.as(b.mediator)
	m, err := b.Begin(t.Context(), mediator, person, uuid.NewString())
	must(t, err)
	scope := choices(packs.DefaultActions(), "housing")
	scope = append(scope, mandates.GrantChoice{Theme: "social-health", Actions: []string{packs.ActionView, packs.ActionChangePayment}})
	m, err = b.ChangeDraft(t.Context(), mediator, m.ID, m.Version, mandates.Draft{Grants: scope, DurationDays: 31, Language: language,
		Interpreter: "Lucía Prieto", ProtectionAnswer: "none", ConflictAnswer: "none"})
	must(t, err)
	m, err = b.Present(t.Context(), mediator, m.ID, m.Version)
	must(t, err)
	return m
}

// MA-01: the person gets a document in their language beside the
// administration's, printed from the signed bytes and carrying its signature.
func TestPaperOfASignedMandate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct{ language, title, ends, lead string }{
		{"fr", "Mandat pour faire des démarches", "mercredi", "je donne mandat"},
		{"es", "Mandato para hacer trámites", "miércoles", "doy un mandato"},
		{"ar", "وكالة", "الأربعاء", "أوكّل"},
	} {
		person := b.newPerson(b.mediator, "Fatima", "Haddad "+strings.ToUpper(c.language))
		m := b.presentedIn(t, person, c.language)
		out, err := b.Sign(t.Context(), b.as(b.mediator), m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(t)})
		must(t, err)
		sheet, err := b.Sheet(t.Context(), b.as(b.mediator), m.ID)
		must(t, err)
		w := sheet.Words
		if w.Language != c.language || !strings.Contains(w.Title, c.title) || !strings.Contains(w.Lead, c.lead) || !strings.Contains(w.Lead, "Maison France Services") {
			t.Errorf("%s: %q, %q", c.language, w.Title, w.Lead)
		}
		if sheet.Administration.Language != "fr" || !strings.Contains(sheet.Administration.Interpreter, "Lucía Prieto") {
			t.Errorf("%s: the administration's side is in %q, %q", c.language, sheet.Administration.Language, sheet.Administration.Interpreter)
		}
		p, err := document.Parse(sheet.Payload)
		must(t, err)
		if !strings.Contains(p.EndsInWords.Person, "2027") && !strings.Contains(p.EndsInWords.Person, "2026") {
			t.Errorf("%s: the end is %q", c.language, p.EndsInWords.Person)
		}
		if len(sheet.Signatures) != 1 || len(sheet.Signatures[0].Image) == 0 || sheet.JWS != out.Mandate.JWS {
			t.Errorf("%s: signed by %+v", c.language, sheet.Signatures)
		}
		pdf, err := b.Paper(t.Context(), b.as(b.mediator), m.ID)
		must(t, err)
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Errorf("%s: %d bytes that are no PDF", c.language, len(pdf))
		}
		again, err := b.Paper(t.Context(), b.as(b.mediator), m.ID)
		must(t, err)
		if !bytes.Equal(pdf, again) {
			t.Errorf("%s: printing twice gives two files", c.language)
		}
	}
}

// CO-01: the sheet to sign by hand has empty boxes and no code; a draft has no
// text to print.
func TestSheetToSignByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	draft, err := b.Begin(t.Context(), b.as(b.mediator), b.person, uuid.NewString())
	must(t, err)
	if _, err := b.Paper(t.Context(), b.as(b.mediator), draft.ID); !problem.Is(err, "mandate_not_presented") {
		t.Errorf("a draft was printed: %v", err)
	}
	m := b.presentedIn(t, b.person, "fr")
	sheet, err := b.Sheet(t.Context(), b.as(b.mediator), m.ID)
	must(t, err)
	if sheet.JWS != "" || sheet.VerifyURL != "" || len(sheet.Signatures) != 2 || sheet.Words.Witness != "" {
		t.Errorf("an unsigned sheet says %+v", sheet)
	}
	for _, box := range sheet.Signatures {
		if len(box.Image) > 0 || box.Text.Person != "" {
			t.Errorf("the box of %s is not empty", box.Who)
		}
	}
	if _, err := b.Paper(t.Context(), b.as(b.mediator), m.ID); err != nil {
		t.Error(err)
	}
	must(t, b.Void(t.Context(), b.as(b.mediator), m.ID, ""))
	if _, err := b.Paper(t.Context(), b.as(b.mediator), m.ID); !problem.Is(err, "mandate_not_presented") {
		t.Errorf("an abandoned text was printed to be signed: %v", err)
	}
}

// The card is printed with its live code only, and names nobody in full.
func TestCardNeedsItsLiveCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.presentedIn(t, b.person, "fr")
	mediator := b.as(b.mediator)
	if _, err := b.CardPDF(t.Context(), mediator, m.ID, "AAAA-AAAA-AA"); !problem.Is(err, "card_code_over") {
		t.Errorf("a card before the signature: %v", err)
	}
	out, err := b.Sign(t.Context(), mediator, m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash, Drawn: signature(t)})
	must(t, err)
	code := out.Code.Reveal()
	for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " ")} {
		pdf, err := b.CardPDF(t.Context(), mediator, m.ID, typed)
		must(t, err)
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Errorf("%q gave no PDF", typed)
		}
	}
	other := b.presentedIn(t, b.newPerson(b.mediator, "Ana", "Prieto"), "es")
	second, err := b.Sign(t.Context(), mediator, other.ID, mandates.Signature{Version: other.Version, PayloadHash: other.PayloadHash, Drawn: signature(t)})
	must(t, err)
	for _, typed := range []string{"", "1", "AAAA-AAAA-AA", second.Code.Reveal(), strings.Repeat("A", 1000)} {
		if _, err := b.CardPDF(t.Context(), mediator, m.ID, typed); !problem.Is(err, "card_code_over") {
			t.Errorf("%.12q: %v", typed, err)
		}
	}
	fresh, err := b.people.ReissueCard(t.Context(), mediator, m.ID)
	must(t, err)
	if _, err := b.CardPDF(t.Context(), mediator, m.ID, code); !problem.Is(err, "card_code_over") {
		t.Errorf("the old code still prints: %v", err)
	}
	if _, err := b.CardPDF(t.Context(), mediator, m.ID, fresh.Reveal()); err != nil {
		t.Error(err)
	}
}

// Not yours looks like not there; a person prints once they proved their phone.
func TestWhoPrints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.signed(t, []string{"housing"}, 31)
	elsewhere := b.newOrganisation("CCAS de Vitré")
	stranger := b.newMediator(elsewhere, b.newReferent(elsewhere, "Paul Roux"), "Inès Faure")
	if _, err := b.Paper(t.Context(), b.as(stranger), m.ID); problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("another organisation printed: %v", err)
	}
	if _, err := b.Paper(t.Context(), b.as(b.mediator), uuid.New()); problem.As(err).Kind != problem.KindNotFound {
		t.Errorf("nothing was printed: %v", err)
	}
	if _, err := b.Paper(t.Context(), b.asPerson(authz.TierCard), m.ID); problem.As(err).Kind != problem.KindForbidden {
		t.Errorf("the card alone printed: %v", err)
	}
	if _, err := b.Paper(t.Context(), b.asPerson(authz.TierPhone), m.ID); err != nil {
		t.Errorf("the person may print: %v", err)
	}
}

// CO-01, CO-04: the paper says how consent was given.
func TestPaperSaysHowConsentWasGiven(t *testing.T) {
	t.Parallel()
	b := setup(t)
	mediator := b.as(b.mediator)
	m := b.presentedIn(t, b.person, "fr")
	must(t, b.AwaitWitness(t.Context(), mediator, m.ID))
	m, err := b.Get(t.Context(), mediator, m.ID)
	must(t, err)
	_, err = b.SignAsWitness(t.Context(), b.as(b.colleague), m.ID, mandates.Signature{Version: m.Version, PayloadHash: m.PayloadHash})
	must(t, err)
	sheet, err := b.Sheet(t.Context(), mediator, m.ID)
	must(t, err)
	if sheet.Signatures[0].Who != "Hugo Leroy" || !strings.Contains(sheet.Words.Witness, "Hugo Leroy") {
		t.Errorf("the witness is %q in %q", sheet.Signatures[0].Who, sheet.Words.Witness)
	}
	scanned := b.presentedIn(t, b.newPerson(b.mediator, "Ana", "Prieto"), "es")
	_, err = b.Sign(t.Context(), mediator, scanned.ID, mandates.Signature{Version: scanned.Version, PayloadHash: scanned.PayloadHash,
		Scan: &mandates.Scan{Content: signature(t).PNG}})
	must(t, err)
	sheet, err = b.Sheet(t.Context(), mediator, scanned.ID)
	must(t, err)
	if !strings.Contains(sheet.Signatures[0].Text.Person, "papel") || !strings.Contains(sheet.Signatures[0].Text.Administration, "papier") {
		t.Errorf("a paper signature is told as %+v", sheet.Signatures[0].Text)
	}
}
