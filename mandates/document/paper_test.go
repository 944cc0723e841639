package document

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

var made = time.Date(2027, 1, 31, 9, 5, 0, 0, time.UTC)

type sampleWords struct {
	PDF    PDFWords
	Card   CardWords
	Letter LetterWords
}

func words(t *testing.T, language string) sampleWords {
	t.Helper()
	raw, err := os.ReadFile("testdata/words." + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var w sampleWords
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		t.Fatal(err)
	}
	return w
}

// scribble is a signature as a canvas gives it: dark strokes on transparent.
func scribble(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 600, 200))
	for i := range 6000 {
		f := float64(i) / 6000
		x, y := 40+520*f, 100+60*math.Sin(f*23)*math.Cos(f*7)
		for dx := range 4 {
			for dy := range 4 {
				img.Set(int(x)+dx, int(y)+dy, color.NRGBA{20, 30, 70, 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fixedJWS has the right shape and names a key; ECDSA signatures differ at each
// run, so golden files cannot hold a real one.
func fixedJWS(stored []byte) string {
	header := b64.EncodeToString([]byte(`{"alg":"ES256","kid":"wK3hO0QnVb8mJtqzC1Y2sR7uXf4eLpD9aGiT6cNxZ5E","typ":"relais-mandate+jws"}`))
	return header + "." + b64.EncodeToString(stored) + "." + b64.EncodeToString(make([]byte, 64))
}

func samplePaper(t *testing.T, person string) MandatePaper {
	t.Helper()
	p := samplePayload(t)
	if person == "ar" {
		p.Languages.Person, p.Beneficiary.Language = "ar", "ar"
		p.Beneficiary.GivenNames, p.Beneficiary.FamilyName, p.Beneficiary.UsageName = "فاطمة الزهراء", "بن علي", ""
		p.EndsInWords.Person = "الأربعاء 3 مارس 2027"
		p.Consent.Read = []string{"يمكن لكاميل دوران أن تقوم فقط بالمعاملات المكتوبة في هذه الورقة. لن تطلب مني أبدا كلمات السر.", "يمكنني إيقاف هذا التوكيل متى أردت."}
		p.Grants[0].Theme.Name.Person = "السكن"
		p.Grants[0].Procedures[0].Name.Person = "مساعدة السكن"
		p.Grants[0].Procedures[1].Name.Person = "طلب سكن اجتماعي"
		for i, a := range []string{"الاطلاع", "التحضير", "الإرسال"} {
			p.Grants[0].Actions[i].Name.Person = a
		}
		p.Grants = p.Grants[:1]
	}
	if person == "fr" {
		p.Languages.Person, p.Beneficiary.Language = "fr", "fr"
		p.Consent.Read, p.EndsInWords.Person = p.Consent.Administration, p.EndsInWords.Administration
		for i := range p.Grants {
			g := &p.Grants[i]
			g.Theme.Name.Person = g.Theme.Name.Administration
			for _, list := range [][]Coded{g.Procedures, g.Actions} {
				for j := range list {
					list[j].Name.Person = list[j].Name.Administration
				}
			}
		}
	}
	stored := marshal(t, p)
	return MandatePaper{
		Payload: stored, JWS: fixedJWS(stored), Code: "7K4P 2XQH 9M", VerifyURL: "https://relais.example/verify?c=7K4P2XQH9M",
		Signatures: []Signature{{Image: scribble(t), Who: p.Beneficiary.FullName(), When: Both{
			Person: map[string]string{"es": "31 de enero de 2027, a las 10:04", "fr": "31 janvier 2027, à 10 h 04", "ar": "31 يناير 2027، الساعة 10:04"}[person], Administration: "31 janvier 2027, à 10 h 04"}}},
		Words: words(t, person).PDF, Administration: words(t, "fr").PDF, MadeAt: made,
	}
}

// look writes what a test printed where LOOK says, for a person to look at.
func look(t *testing.T, name string, pdf []byte) {
	t.Helper()
	if dir := os.Getenv("LOOK"); dir != "" {
		if err := os.WriteFile(dir+"/"+name, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// flat makes text comparable across line breaks and fixed spaces.
func flat(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), " ")
}

// DO-02: same facts, both languages, text extractable, fonts embedded, tagged.
func TestMandatePrints(t *testing.T) {
	t.Parallel()
	for _, person := range []string{"es", "fr", "ar"} {
		in := samplePaper(t, person)
		pdf, err := PDF(in)
		if err != nil {
			t.Fatal(person, err)
		}
		look(t, "mandate."+person+".pdf", pdf)
		read := inspect(t, pdf)
		read.sound(t, person)
		outline := read.outline(t)
		golden(t, "mandate."+person+".golden.txt", []byte(outline))
		if again, err := PDF(in); err != nil || !bytes.Equal(again, pdf) {
			t.Errorf("%s: printing twice gives other bytes (%v)", person, err)
		}
		p, err := Parse(in.Payload)
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range factsOf(p, person != "fr") {
			if !strings.Contains(flat(outline), flat(fact)) {
				t.Errorf("%s: %q is not on the document", person, fact)
			}
		}
	}
}

// factsOf lists what the document must show; actual text in reading order
// stands in the outline for right-to-left pieces.
func factsOf(p Payload, bilingual bool) []string {
	sum := Hash(p2bytes(p))
	facts := []string{
		p.Beneficiary.FullName(), p.Mediator.Name, p.Organisation.Name, p.Organisation.Address, p.Organisation.City,
		"7K4P 2XQH 9M", hex.EncodeToString(sum[:4]), "wK3hO0QnVb8mJtqzC1Y2sR7uXf4eLpD9aGiT6cNxZ5E",
	}
	both := func(b Both) {
		facts = append(facts, b.Person)
		if bilingual {
			facts = append(facts, b.Administration)
		}
	}
	both(p.EndsInWords)
	for _, g := range p.Grants {
		both(g.Theme.Name)
		for _, c := range append(append([]Coded(nil), g.Procedures...), g.Actions...) {
			both(c.Name)
		}
	}
	facts = append(facts, p.Consent.Read...)
	if bilingual {
		facts = append(facts, p.Consent.Administration...)
	}
	return facts
}

func p2bytes(p Payload) []byte {
	stored, err := Marshal(p)
	if err != nil {
		panic(err)
	}
	return stored
}

// The signed document travels inside the paper.
func TestMandateCarriesItsSignature(t *testing.T) {
	t.Parallel()
	k, in := keyring(t), samplePaper(t, "es")
	jws, _ := sign(t, k, in.Payload)
	in.JWS = jws
	pdf, err := PDF(in)
	if err != nil {
		t.Fatal(err)
	}
	read := inspect(t, pdf)
	for n, object := range read.objects {
		if strings.Contains(object, "/Type /EmbeddedFile") {
			stored, _, err := k.Verify(read.inflate(t, n))
			if err != nil || !bytes.Equal(stored, in.Payload) {
				t.Errorf("attached signature: %v", err)
			}
			return
		}
	}
	t.Error("nothing attached")
}

func TestPaperRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*MandatePaper){
		"other bytes signed":  func(in *MandatePaper) { in.JWS = fixedJWS([]byte(`{}`)) },
		"no signature form":   func(in *MandatePaper) { in.JWS = "x" },
		"bytes not a mandate": func(in *MandatePaper) { in.Payload = []byte(`{"v":1}`) },
		"no words":            func(in *MandatePaper) { in.Words = PDFWords{} },
		"not a picture":       func(in *MandatePaper) { in.Signatures[0].Image = []byte("GIF89a") },
		"address too long":    func(in *MandatePaper) { in.VerifyURL = strings.Repeat("x", 4000) },
	} {
		in := samplePaper(t, "es")
		change(&in)
		if pdf, err := PDF(in); err == nil || pdf != nil {
			t.Errorf("%s: printed", name)
		}
	}
	if _, err := Card(CardPaper{}); err == nil {
		t.Error("empty card printed")
	}
	if _, err := Letter(LetterPaper{}); err == nil {
		t.Error("empty letter printed")
	}
}

// CO-01: the mandate can be printed before it is signed, to be signed by hand.
func TestMandateToSignByHand(t *testing.T) {
	t.Parallel()
	in := samplePaper(t, "es")
	in.JWS, in.Code, in.VerifyURL = "", "", ""
	in.Signatures = []Signature{{Who: "María Ángeles Núñez"}, {Who: "Camille Durand"}, {Who: "Lucía Prieto", Text: Both{Person: "Confirmado por SMS", Administration: "Confirmé par SMS"}}}
	pdf, err := PDF(in)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "mandate.unsigned.pdf", pdf)
	read := inspect(t, pdf)
	read.sound(t, "es")
	outline := read.outline(t)
	if strings.Contains(outline, "Figure") || strings.Count(outline, "Firme aquí") != 2 || !strings.Contains(outline, "Confirmado por SMS") {
		t.Errorf("boxes to sign: %s", outline)
	}
}

func sampleCard(t *testing.T, language string) CardPaper {
	return CardPaper{Words: words(t, language).Card, Code: "7K4P 2XQH 9M", URL: "https://relais.example/mine?c=7K4P2XQH9M", MadeAt: made}
}

func sampleLetter(t *testing.T, language string) LetterPaper {
	return LetterPaper{Words: words(t, language).Letter, Code: "7K4P 2XQH 9M", URL: "https://relais.example/mine", WindowLeft: language == "es", MadeAt: made}
}

func TestCardAndLetterPrint(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"fr", "en", "es", "ar"} {
		card, err := Card(sampleCard(t, language))
		if err != nil {
			t.Fatal(language, err)
		}
		look(t, "card."+language+".pdf", card)
		checkPaper(t, "card."+language, language, card, 1)
		letter, err := Letter(sampleLetter(t, language))
		if err != nil {
			t.Fatal(language, err)
		}
		look(t, "letter."+language+".pdf", letter)
		checkPaper(t, "letter."+language, language, letter, 1)
	}
}

func checkPaper(t *testing.T, name, language string, pdf []byte, pages int) {
	t.Helper()
	read := inspect(t, pdf)
	read.sound(t, language)
	if len(read.pages) != pages {
		t.Errorf("%s: %d pages", name, len(read.pages))
	}
	golden(t, name+".golden.txt", []byte(read.outline(t)))
}

// UI-03: a card has one page whatever is written on it, in letters one can read:
// names are cut, and what does not fit then is refused.
func TestCardWithLongWords(t *testing.T) {
	t.Parallel()
	in := sampleCard(t, "es")
	in.Words.Name = strings.Repeat("Maximiliana ", 16) + "N."
	in.Words.Scope = strings.Repeat("puede ayudarme con mi vivienda, ", 11)
	in.Words.Organisation = strings.Repeat("Mancomunidad de municipios ", 7)
	in.Words.Stop = strings.Repeat("Para parar llamo. ", 8)
	card, err := Card(in)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "card.long.pdf", card)
	read := inspect(t, card)
	read.sound(t, "es")
	outline := read.outline(t)
	if len(read.pages) != 1 || !strings.Contains(outline, "05 55 00 00 00") || strings.Count(flat(outline), "mi vivienda,") != 11 || !strings.Contains(outline, "…") {
		t.Errorf("%d pages: %s", len(read.pages), outline)
	}
	in.Words.Stop = strings.Repeat("Para parar llamo. ", 30)
	if _, err := Card(in); !errors.Is(err, errTooMuch) {
		t.Errorf("a card nobody can read: %v", err)
	}
	blocks := []block{{st: style{size: 18}}, {st: style{size: 12.5, lead: 1.1}}}
	for closer(blocks) {
	}
	if blocks[0].st.size < leastSize || blocks[1].st.size < leastSize || blocks[1].st.lead != 1.1 || blocks[0].st.lead != leastLead {
		t.Errorf("shrunk to %+v", blocks)
	}
}

func TestLongLetterHasNumberedPages(t *testing.T) {
	t.Parallel()
	in := sampleLetter(t, "fr")
	for range 30 {
		in.Words.Paragraphs = append(in.Words.Paragraphs, strings.Repeat("Une phrase de plus. ", 9))
	}
	letter, err := Letter(in)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "letter.long.pdf", letter)
	read := inspect(t, letter)
	read.sound(t, "fr")
	if len(read.pages) < 2 || strings.Count(read.outline(t), "Une phrase de plus.") != 270 {
		t.Errorf("%d pages, %d sentences", len(read.pages), strings.Count(read.outline(t), "Une phrase de plus."))
	}
}

func BenchmarkPDF(b *testing.B) {
	raw, err := os.ReadFile("testdata/payload.golden.json")
	if err != nil {
		b.Fatal(err)
	}
	in := MandatePaper{Payload: raw, Words: PDFWords{Language: "es", Title: "Mandato", Lead: "Yo permito"}, MadeAt: made}
	for b.Loop() {
		if _, err := PDF(in); err != nil {
			b.Fatal(err)
		}
	}
}
