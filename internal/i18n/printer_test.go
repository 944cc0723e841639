package i18n

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestDatesInWords(t *testing.T) {
	t.Parallel()
	paris := zone(t, "Europe/Paris")
	third := time.Date(2027, 3, 3, 13, 5, 0, 0, time.UTC)
	first := time.Date(2027, 9, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct{ got, want string }{
		{For(French).Date(third), "mercredi 3 mars 2027"},
		{For(English).Date(third), "Wednesday 3 March 2027"},
		{For(Spanish).Date(third), "miércoles, 3 de marzo de 2027"},
		{For(French).Date(first), "mercredi 1er septembre 2027"},
		{For(French).LongDate(first), "1er septembre 2027"},
		{For(English).LongDate(first), "1 September 2027"},
		{For(Spanish).LongDate(first), "1 de septiembre de 2027"},
		{For(French).In(paris).DateTime(third), "mercredi 3 mars 2027 à 14:05"},
		{For(English).In(paris).Time(third), "14:05"},
		{For(Spanish).List([]string{"a", "b", "c"}), "a, b y c"},
		{For(French).List([]string{"a"}), "a"},
		{For(English).List(nil), ""},
		{For(English).Number(1204), "1,204"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	// Late in the evening in Paris it is already tomorrow there.
	late := time.Date(2027, 3, 3, 23, 30, 0, 0, time.UTC)
	if got := For(French).In(paris).Date(late); got != "jeudi 4 mars 2027" {
		t.Errorf("in Paris: %q", got)
	}
	if got := For(French).Number(1204); strings.ContainsAny(got, ", ") || !strings.HasPrefix(got, "1") {
		t.Errorf("French number %q has a space that breaks or a comma", got)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		accept, cookie, query string
		want                  Lang
	}{
		{"", "", "", French},
		{"en-GB,en;q=0.9", "", "", English},
		{"es-419", "", "", Spanish},
		{"de, nl", "", "", French},
		{"de, es;q=0.5", "", "", Spanish},
		{"en", "es", "", Spanish},
		{"en", "es", "fr", French},
		{"en", "xx", "<script>", English},
		{strings.Repeat("en,", 500), "", "", French},
		{"\x00;;;q=", "", "", French},
	} {
		if got := Parse(c.accept, c.cookie, c.query); got != c.want {
			t.Errorf("Parse(%.20q, %q, %q) = %s, want %s", c.accept, c.cookie, c.query, got, c.want)
		}
	}
}

// A fault in words shows at once in tests.
func TestMissingKeyPanicsUnderTest(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(){
		"no key":         func() { For(English).T("nowhere.at.all") },
		"no placeholder": func() { For(English).T("shell.request_id") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

func TestPrinterIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			p := For(Langs()[i%3])
			for range 200 {
				if got := p.T("shell.request_id", "ID", "42"); !strings.HasSuffix(got, "42") {
					t.Errorf("got %q", got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkPlain(b *testing.B) {
	p := For(French)
	for b.Loop() {
		p.T("shell.skip")
	}
}

func BenchmarkPlaceholder(b *testing.B) {
	p := For(French)
	for b.Loop() {
		p.T("shell.request_id", "ID", "42")
	}
}
