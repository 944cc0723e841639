package review_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/translog"
)

// LG-01: every kind of event has words for those who supervise and words for
// the person, in every language; so has every reason of a refusal.
func TestEveryKindHasWords(t *testing.T) {
	t.Parallel()
	kinds := translog.Kinds()
	if len(kinds) < 55 {
		t.Fatalf("only %d kinds", len(kinds))
	}
	for _, lang := range i18n.Langs() {
		p := i18n.For(lang)
		for _, k := range kinds {
			for _, key := range []string{review.EventKey(k), review.StoryKey(k)} {
				if !p.Has(key) || p.T(key) == "" {
					t.Errorf("%s: no words for %s", lang, key)
				}
			}
			if p.Has(review.StoryKey(k)) && !strings.HasSuffix(p.T(review.StoryKey(k)), ".") {
				t.Errorf("%s: %s is no sentence", lang, review.StoryKey(k))
			}
		}
		for _, reason := range authz.Reasons() {
			if !p.Has(review.WhyKey(string(reason))) {
				t.Errorf("%s: no words for %s", lang, review.WhyKey(string(reason)))
			}
		}
	}
}

// commandName is how the sources name a command, whole or by its end.
var commandName = regexp.MustCompile(`(?:commands\.Run|RefuseOutside)\(ctx, [^"\n]*?("[a-z_.]+")(?:,)`)

// LG-01: every command that can be refused has words for what was tried.
func TestEveryCommandHasWords(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"step.do": true}
	for _, folder := range []string{"organisations", "beneficiaries", "mandates", "programmes"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) || err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil //nolint:nilerr // a folder not there yet has no commands
			}
			source, err := os.ReadFile(path)
			for _, m := range commandName.FindAllStringSubmatch(string(source), -1) {
				names[strings.Trim(m[1], `"`)] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) < 30 {
		t.Fatalf("found only %d commands: the walk is broken", len(names))
	}
	p := i18n.For(i18n.Default)
	for name := range names {
		if strings.HasPrefix(name, "_") { // "suspend" + "_membership"
			name = "suspend" + name
		}
		if !p.Has(review.TriedKey(name)) {
			t.Errorf("no words for the command %q", name)
		}
	}
}
