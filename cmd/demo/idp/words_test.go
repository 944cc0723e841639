package idp

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestEveryLanguageHasTheSameWords(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(words["en"]))
	for _, lang := range languages {
		if got := slices.Sorted(maps.Keys(words[lang])); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", lang, got, want)
		}
		for key, text := range words[lang] {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s is empty", lang, key)
			}
		}
	}
}

// The demonstration must not be reachable in the real server.
func TestServerDoesNotContainTheDemonstration(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/relais-org/relais/cmd/server").CombinedOutput()
	if err != nil && strings.Contains(string(out), "cmd/demo") {
		t.Fatalf("%v: %s", err, out)
	}
	if strings.Contains(string(out), "github.com/relais-org/relais/cmd/demo") {
		t.Error("cmd/server depends on cmd/demo")
	}
}
