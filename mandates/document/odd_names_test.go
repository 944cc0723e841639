package document

import (
	"strings"
	"testing"
)

// UI-03: odd names print whole, inside the page.
func TestOddNamesPrint(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]string{
		"long":     strings.TrimSpace(strings.Repeat("Maximiliana ", 17)),
		"unbroken": strings.Repeat("Wwwwwwwwww", 20),
		"emoji":    "Zoé 😀👩🏽‍🚀",
		"script":   `<script>alert("x")</script> (a\b)`,
		"arabic":   "فاطمة (الزهراء) 12",
		"chinese":  "王小明",
		"rare":     "𝔄𐎀",
		"ethiopic": "ኃይለ ሥላሴ",
		"georgian": "გიორგი",
		"hebrew":   "שָׁלוֹם",
		"cyrillic": "Ольга Їжак",
		"greek":    "Ελένη Ώρα",
		"polish":   "Zażółć Gęślą",
		"vietnam":  "Nguyễn Thị Ánh",
	} {
		in := samplePaper(t, "es")
		p := samplePayload(t)
		p.Beneficiary.GivenNames, p.Beneficiary.UsageName = given, ""
		in.Payload = marshal(t, p)
		in.JWS = fixedJWS(in.Payload)
		pdf, err := PDF(in)
		if err != nil {
			t.Fatal(name, err)
		}
		look(t, "odd."+name+".pdf", pdf)
		read := inspect(t, pdf)
		read.sound(t, "es")
		want := flat(strings.Map(func(r rune) rune {
			if r == 0x200d || r == 0x200f || (r >= 0x1F3FB && r <= 0x1F3FF) {
				return -1
			}
			return r
		}, given))
		got := flat(read.outline(t))
		if name == "unbroken" {
			want, got = strings.ReplaceAll(want, " ", ""), strings.ReplaceAll(got, " ", "")
		}
		if !strings.Contains(got, want) && !strings.Contains(got, flat(given)) {
			t.Errorf("%s: %q is not in the text", name, want)
		}
	}
}

func TestWrapKeepsEveryLetterInsideItsColumn(t *testing.T) {
	t.Parallel()
	s := newSheet(page{width: a4Width, height: a4Height, lang: "fr", made: made})
	s.pdf.AddPage()
	for _, text := range []string{"", " ", "a", strings.Repeat("W", 300), "un mot puis " + strings.Repeat("x", 90) + " et la suite"} {
		for _, st := range []style{{size: 12}, {size: 30, bold: true}} {
			lines := s.wrap(text, st, 60)
			for _, line := range lines {
				if s.width(line, st) > 60.001 {
					t.Errorf("line %q is too wide", line)
				}
			}
			if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
				t.Errorf("letters lost: %q from %q", got, text)
			}
		}
	}
}
