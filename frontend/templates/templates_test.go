package templates

import (
	"slices"
	"testing"

	"github.com/relais-org/relais/frontend/form"
	"github.com/relais-org/relais/internal/i18n"
	"github.com/relais-org/relais/internal/problem"
)

func TestLinksKeepThePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/people":                 "/people?lang=es",
		"/people?q=Zo%C3%A9":      "/people?lang=es&q=Zo%C3%A9",
		"/people?lang=fr&q=a":     "/people?lang=es&q=a",
		"/a%2Fb":                  "/a%2Fb?lang=es",
		"":                        "/?lang=es",
		"//evil.example":          "/?lang=es",
		"https://evil.example/":   "/?lang=es",
		"javascript:alert(1)":     "/?lang=es",
		"/people?q=%3Cscript%3E#": "/people?lang=es&q=%3Cscript%3E",
	} {
		if got := (Page{Path: path}).with("lang", "es"); got != want {
			t.Errorf("with(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestSchemeSwitch(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[Scheme][]Scheme{
		SchemeDark: {SchemeLight}, SchemeLight: {SchemeDark}, SchemeAuto: {SchemeDark, SchemeLight}, "": {SchemeDark, SchemeLight},
	} {
		if got := (Page{Scheme: scheme}).otherSchemes(); !slices.Equal(got, want) {
			t.Errorf("%q leads to %v, want %v", scheme, got, want)
		}
	}
}

func TestCodesAreGrouped(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"7KQ4M2XT9HFD":   {"7KQ4", "M2XT", "9HFD"},
		"7KQ4-M2XT-9HFD": {"7KQ4", "M2XT", "9HFD"},
		"123456":         {"1234", "56"},
		"12 34 56":       {"12", "34", "56"},
		"AB":             {"AB"},
	} {
		if got := (BigCode{Value: value}).Groups(); !slices.Equal(got, want) {
			t.Errorf("%q = %v, want %v", value, got, want)
		}
	}
	if got := (BigCode{Value: "AB12CD"}).Spelled(); got != "A B 1 2, C D" {
		t.Errorf("spelled %q", got)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	g := Progress{Step: 2, Names: []string{"a", "b", "c"}, Hrefs: []string{"/a", "/b", "/c"}}
	for i, want := range []struct{ state, href string }{{"done", "/a"}, {"current", ""}, {"todo", ""}} {
		if g.state(i) != want.state || g.href(i) != want.href {
			t.Errorf("step %d: %s %q, want %+v", i+1, g.state(i), g.href(i), want)
		}
	}
}

// Only a field can be corrected; what could not be done is told as such.
func TestOnlyFieldsAreToBeCorrected(t *testing.T) {
	t.Parallel()
	p := Page{Printer: i18n.For(i18n.English)}
	field := form.New(p.Printer)
	field.Fail("code", "required")
	whole := form.New(p.Printer)
	if ok, err := whole.Accept(problem.New(problem.KindTooMany, "too_many")); ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := summaryTitle(p, field); got != p.T("shell.error_summary") {
		t.Errorf("a field: %q", got)
	}
	if got := summaryTitle(p, whole); got != p.T("shell.error_whole") {
		t.Errorf("the whole form: %q", got)
	}
}

// An error page says what the code says, except where that would tell too much.
func TestFailureWords(t *testing.T) {
	t.Parallel()
	p := Page{Printer: i18n.For(i18n.English)}
	for name, c := range map[string]struct {
		err  *problem.Error
		want string
	}{
		"code with a text":    {problem.New(problem.KindTooMany, "too_large"), p.T("problem.too_large")},
		"code without a text": {problem.Conflict("some_new_code"), p.T("failure.conflict.what")},
		"not found":           {problem.NotFound(), p.T("failure.not_found.what")},
		"unknown kind":        {problem.New("strange", "strange"), p.T("failure.internal.what")},
	} {
		if got := (Failure{Problem: c.err}).what(p); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := (Failure{Problem: problem.Forbidden("not_a_reason")}).reasons(p); len(got) != 0 {
		t.Errorf("a reason without words is shown: %v", got)
	}
}

func TestEveryIconIsDrawn(t *testing.T) {
	t.Parallel()
	for _, i := range Icons() {
		if len(drawings[i]) == 0 {
			t.Errorf("%q has no drawing", i)
		}
	}
	for _, tone := range []Tone{Info, Success, Warning, Danger} {
		if tone.icon() == NoIcon {
			t.Errorf("%q is told by colour alone", tone)
		}
	}
}
