package mandates

import (
	"strconv"
	"strings"
	"time"

	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/document"
)

// words says everything of a mandate that is not read from its signed bytes.
// What the person declares, what is promised and how to stop come from the
// consent text whose version those bytes name; a published version never
// changes.
func (x sheet) words(language string) document.PDFWords {
	w := tongueOf(language, x.zone)
	text := consentIn(x.pack, x.p.Consent.Version, language)
	return document.PDFWords{
		Language: language, Title: text.Title,
		Reference:  w.say("document.reference", "Reference", Reference(x.m.ID), "Version", strconv.Itoa(x.p.Version)),
		Lead:       w.say("document.lead", "Name", x.p.Beneficiary.FullName(), "Organisation", x.p.Organisation.Name, "Mediator", x.p.Mediator.Name),
		UntilLabel: w.say("document.until"),
		Period:     w.say("document.period", "Days", strconv.Itoa(x.p.Days), "Start", w.date(x.p.PresentedAt)),

		WhoHeading: w.say("document.who"), BeneficiaryLabel: w.say("document.beneficiary"), MediatorLabel: w.say("document.mediator"),
		OrganisationLabel: w.say("document.organisation"), Born: x.born(w),
		ScopeHeading: w.say("document.scope"), ActionsLabel: w.say("document.actions"), SensitiveLabel: w.say("document.sensitive"),
		ListSeparator: w.say("document.separator"),

		ConsentHeading: w.say("document.consent"),
		Method:         w.say("document.declare", "List", strings.Join(text.Declarations, " ")),
		Interpreter:    x.beside(w, text.Note), Witness: x.how(w),
		NeverHeading: w.say("document.promises"), Never: text.Promises,
		StopHeading: w.say("document.stop"), Stop: x.stop(w, text),

		SignatureHeading: w.say("document.signature"), SignHere: w.say("document.sign_here"), SignatureAlt: w.say("document.signature_alt"),
		CheckHeading: w.say("document.check_heading"), Check: w.say("document.check", "Address", plainAddress(x.base)+"/card"),
		CodeLabel: w.say("document.code"), FingerprintLabel: w.say("document.fingerprint"), KeyLabel: w.say("document.key"),
		QRAlt: w.say("document.qr_check"),
	}
}

// consentIn is the consent text of a version as it was read: in the person's
// language, else in the administration's.
func consentIn(p *packs.Pack, version, language string) packs.ConsentText {
	if text, ok := p.Consent(version, language); ok {
		return text
	}
	text, _ := p.Consent(version, p.Languages[0])
	return text
}

func (x sheet) born(w tongue) string {
	day, err := time.Parse(time.DateOnly, x.p.Beneficiary.BirthDate)
	if err != nil {
		return ""
	}
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, x.zone)
	if x.p.Beneficiary.BirthPlace == "" {
		return w.say("document.born", "Date", w.longDate(noon))
	}
	return w.say("document.born_at", "Date", w.longDate(noon), "Place", x.p.Beneficiary.BirthPlace)
}

// beside names whoever helped the person to understand or signs with them, and
// which text counts.
func (x sheet) beside(w tongue, note string) string {
	var out []string
	if x.p.Consent.Interpreter != "" {
		out = append(out, w.say("document.interpreter", "Name", x.p.Consent.Interpreter))
	}
	if x.p.Consent.Representative != "" {
		out = append(out, w.say("document.representative", "Name", x.p.Consent.Representative))
	}
	if note != "" {
		out = append(out, note)
	}
	return strings.Join(out, " ")
}

// how says how the person agreed, once they have.
func (x sheet) how(w tongue) string {
	var out []string
	for _, e := range x.m.Evidences {
		out = append(out, x.methodWords(w, e))
	}
	return strings.Join(out, " ")
}

func (x sheet) methodWords(w tongue, e Evidence) string {
	switch e.Method {
	case MethodDrawn:
		return w.say("document.method_drawn", "Mediator", x.p.Mediator.Name)
	case MethodScan:
		return w.say("document.method_scan")
	case MethodCode:
		return w.say("document.method_phone_code")
	default:
		return w.say("document.method_witness", "Witness", e.WitnessName)
	}
}

// stop lists the ways to end the mandate, the easiest first, then the other
// rights.
func (x sheet) stop(w tongue, text packs.ConsentText) []string {
	out := []string{w.say("document.stop_code", "Address", plainAddress(x.base)+"/card")}
	if x.org.Phone != "" {
		out = append(out, w.say("document.stop_phone", "Phone", x.org.Phone))
	}
	return append(append(out, text.Revocation...), text.Rights...)
}

// cardWords are in the person's language, and name them by first name and
// initial only: cards get lost.
func (x sheet) cardWords() document.CardWords {
	language := x.p.Languages.Person
	w := tongueOf(language, x.zone)
	themes := make([]string, len(x.p.Grants))
	for i, g := range x.p.Grants {
		themes[i] = g.Theme.Name.Person
	}
	return document.CardWords{
		Language: language, Title: w.say("document.card_title"), Name: cardName(x.p.Beneficiary),
		Scope:        w.say("document.card_scope", "Organisation", onCard(x.p.Organisation.Name), "Themes", strings.Join(themes, " · ")),
		Period:       w.say("document.card_period", "Start", w.longDate(x.p.PresentedAt), "End", x.p.EndsInWords.Person),
		Organisation: x.p.Organisation.Name, Phone: x.org.Phone,
		CodeLabel: w.say("document.card_code"), ScanLabel: w.say("document.card_scan"),
		Stop: x.cardStop(w), QRAlt: w.say("document.qr_card"),
	}
}

func (x sheet) cardStop(w tongue) string {
	if x.org.Phone == "" {
		return w.say("document.card_stop_code", "Address", plainAddress(x.base)+"/card")
	}
	return w.say("document.card_stop", "Phone", x.org.Phone, "Address", plainAddress(x.base)+"/card")
}

// onCard is the name of a house in a sentence of the card, which has little room.
func onCard(name string) string {
	const most = 60
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// cardName is "María Ángeles N.".
func cardName(b document.Beneficiary) string {
	family := b.FamilyName
	if b.UsageName != "" {
		family = b.UsageName
	}
	for _, r := range family {
		return b.GivenNames + " " + string(r) + "."
	}
	return b.GivenNames
}

// plainAddress is an address as people type it.
func plainAddress(base string) string {
	_, rest, found := strings.Cut(base, "://")
	if !found {
		return base
	}
	return rest
}
