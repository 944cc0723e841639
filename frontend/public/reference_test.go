package public_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/relais-org/relais/internal/i18n"
)

// specification is the one that is served.
func specification(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var (
	inPage    = regexp.MustCompile(`href="#([^"]+)"`)
	named     = regexp.MustCompile(`id="([^"]+)"`)
	elsewhere = regexp.MustCompile(`(?:href|src)="(?:https?:)?//`)
)

// The reference shows every operation of the specification, links only to what
// is on it, and asks nothing of anybody else.
func TestReferenceIsWhole(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	page := get(e, "/api/reference", i18n.Spanish).Body.String()
	for _, m := range regexp.MustCompile(`operationId: (\w+)`).FindAllStringSubmatch(string(specification(t)), -1) {
		if !strings.Contains(page, `id="`+m[1]+`"`) {
			t.Errorf("%s is not shown", m[1])
		}
	}
	ids := map[string]bool{}
	for _, m := range named.FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("id %s twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range inPage.FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link to #%s, which is not there", m[1])
		}
	}
	if found := elsewhere.FindString(page); found != "" {
		t.Errorf("the page leads elsewhere: %s", found)
	}
	if !strings.Contains(page, "El texto de esta referencia está en inglés") {
		t.Error("the reader is not told that the text is in English")
	}
}
