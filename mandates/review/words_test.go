package review_test

import (
	"slices"
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

// LG-01: every command that can be refused has words for what was tried, wherever
// its name is written.
func TestEveryCommandHasWords(t *testing.T) {
	t.Parallel()
	names := parse(t, "authz", "organisations", "beneficiaries", "mandates", "programmes").commands(t)
	// Some of every way in which a name reaches its command.
	for _, name := range []string{"step.do", "request.choose", "delegation.exchange", "client.authenticate", "software.introspect", "software.list",
		"suspend_membership", "restrict_organisation", "client.resume"} {
		if !slices.Contains(names, name) {
			t.Errorf("%q is not found among the commands", name)
		}
	}
	if len(names) < 80 {
		t.Fatalf("found only %d commands: the walk is broken", len(names))
	}
	for _, lang := range i18n.Langs() {
		p := i18n.For(lang)
		for _, name := range names {
			if !p.Has(review.TriedKey(name)) {
				t.Errorf("%s: no words for the command %q", lang, name)
			}
		}
	}
}
