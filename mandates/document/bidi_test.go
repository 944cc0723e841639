package document

import "testing"

// UI-03
func TestShape(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"no Arabic", "María 😀", "María 😀"},
		{"one letter stands alone", "ب", "\uFE8F"},
		{"first, middle, last", "ببب", "\uFE91\uFE92\uFE90"},
		{"alef does not join on", "باب", "\uFE91\uFE8E\uFE8F"},
		{"a space breaks the join", "ب ب", "\uFE8F \uFE8F"},
		{"a mark does not", "بَب", "\uFE91\u064E\uFE90"},
		{"a non-joiner does", "ب\u200cب", "\uFE8F\u200c\uFE8F"},
		{"lam-alef alone", "لا", "\uFEFB"},
		{"lam-alef joined", "بلا", "\uFE91\uFEFC"},
		{"lam with a mark, then alef", "لَا", "\uFEFB\u064E"},
		{"Fatima", "فاطمة", "\uFED3\uFE8E\uFEC3\uFEE4\uFE94"},
		{"Persian gaf and yeh", "گی", "\uFB94\uFBFD"},
	} {
		if got := shape(c.in); got != c.want {
			t.Errorf("%s: got %+q, want %+q", c.name, got, c.want)
		}
	}
}

// Right-to-left text is written in capitals here, as the Unicode standard does.
func TestVisual(t *testing.T) {
	t.Parallel()
	hebrew := func(s string) string { // A…Z become letters of a right-to-left script
		out := []rune(s)
		for i, r := range out {
			if r >= 'A' && r <= 'Z' {
				out[i] = 0x05D0 + (r - 'A')
			}
		}
		return string(out)
	}
	for _, c := range []struct {
		in, want string
		rtl      bool
	}{
		{"hello (world)", "hello (world)", false},
		{"car is ABC now", "car is CBA now", false},
		{"name ABC DEF, age", "name FED CBA, age", false},
		{"ABC 12 DEF", "FED 12 CBA", true},
		{"ABC (abc) DEF", "FED (abc) CBA", true},
		{"ABC abc de. DEF", "FED .abc de CBA", true},
		{"ABC 05 55 00 01", "05 55 00 01 CBA", true},
		{"ABC +33 6 12", "+33 6 12 CBA", true},
		{"ABC 12.50% DEF", "FED 12.50% CBA", true},
		{"ABC (DEF)", "(FED) CBA", true},
		{"ABC: abc/de?x=1", "abc/de?x=1 :CBA", true},
		{"ABC.", ".CBA", true},
		{"", "", true},
	} {
		if got := visual(hebrew(c.in), c.rtl); got != hebrew(c.want) {
			t.Errorf("%q: got %q, want %q", c.in, got, hebrew(c.want))
		}
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{"ar": true, "AR-MA": true, "fa": true, "he": true, "fr": false, "arn": false, "": false} {
		if rightToLeft(tag) != want {
			t.Errorf("%q", tag)
		}
	}
	// Digits after Arabic letters are another class than after Hebrew ones.
	if got := visual("ب 05 55 00", true); got != "05 55 00 ب" {
		t.Errorf("telephone in Arabic: %q", got)
	}
	if startsRightToLeft("3 rue") || !startsRightToLeft("«فاطمة» x") || holdsRightToLeft("María") || !holdsRightToLeft("x ف") {
		t.Error("first strong letter")
	}
}
