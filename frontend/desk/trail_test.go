package desk_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/relais-org/relais/frontend/desk"
)

// A trail knows the number of its page however far it went, and goes back as far
// as the address tells, then to the first page.
func TestATrailGoesOnAndBack(t *testing.T) {
	t.Parallel()
	var at desk.Trail
	for n := 2; n <= 30; n++ {
		q := url.Values{}
		at.Next(fmt.Sprintf("c%d", n)).Onto(q)
		if len(q) != 1 {
			t.Fatalf("page %d takes %d parameters", n, len(q))
		}
		if at = desk.TrailOf(q); at.Number() != n || at.After != fmt.Sprintf("c%d", n) {
			t.Fatalf("page %d is %d, after %q", n, at.Number(), at.After)
		}
	}
	if n := strings.Count(at.String(), "."); n != 21 {
		t.Errorf("the address holds %d cursors", n)
	}
	for want := 29; want >= 10; want-- {
		page, ok := at.Previous()
		if at = desk.ParseTrail(page.String()); !ok || at.Number() != want || at.After != fmt.Sprintf("c%d", want) {
			t.Fatalf("back on page %d, after %q, want %d", at.Number(), at.After, want)
		}
	}
	page, ok := at.Previous()
	if !ok || page.Number() != 1 || page.After != "" || page.String() != "" {
		t.Errorf("further back than the address tells is page %d after %q", page.Number(), page.After)
	}
	if _, ok := page.Previous(); ok {
		t.Error("there is a page before the first")
	}
}

// What cannot be read is the first page; a cursor alone is left to the list.
func TestATrailThatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", ".", "2.", "1.a", "-3.a", "x.a", "3..a", "99999999999999999999.a"} {
		if at := desk.ParseTrail(text); at.Number() != 1 || at.After != "" {
			t.Errorf("%q is page %d after %q", text, at.Number(), at.After)
		}
	}
	if at := desk.ParseTrail("rubbish"); at.Number() != 2 || at.After != "rubbish" {
		t.Errorf("a cursor alone is page %d after %q", at.Number(), at.After)
	}
}
