package desk_test

import (
	"testing"

	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
)

func TestNumbersAreWrittenToBeRead(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][2]string{
		"+33612345678": {"+33 6 12 34 56 78", "06 12 34 56 78"},
		"+34600123456": {"+34 600 12 34 56", "+34 600 12 34 56"},
		"":             {"", ""},
		"at home":      {"at home", "at home"},
	} {
		if got := desk.PhoneWords(number); got != want[0] {
			t.Errorf("%q is written %q, want %q", number, got, want[0])
		}
		if got := desk.PhoneIn("FR", number); got != want[1] {
			t.Errorf("%q is dialled %q in France, want %q", number, got, want[1])
		}
	}
}

// A catalogue may name an icon that this release does not draw; those of the
// packs in the house are all drawn.
func TestThemesAreDrawn(t *testing.T) {
	t.Parallel()
	if got := desk.ThemeIcon(packs.Theme{Icon: "of tomorrow"}); got != templates.IconPaper {
		t.Errorf("drawn as %q", got)
	}
	set, err := packs.Load()
	must(t, err)
	for _, id := range []string{"fr", "es-as"} {
		pack, err := set.Get(id)
		must(t, err)
		for _, theme := range pack.Themes {
			if desk.ThemeIcon(theme) == templates.IconPaper {
				t.Errorf("%s: nothing draws %q", id, theme.Icon)
			}
		}
	}
}
