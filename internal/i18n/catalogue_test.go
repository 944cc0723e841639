package i18n

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
)

var placeholder = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

// forms are the texts of a message, by plural category.
func forms(m *goi18n.Message) map[string]string {
	out := map[string]string{}
	for name, s := range map[string]string{"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other} {
		if s != "" {
			out[name] = s
		}
	}
	return out
}

func placeholders(s string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// UI-03: every key in every language, the same placeholders, a text in each.
func TestLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	base := catalogues[Default].known
	for _, lang := range Langs() {
		other := catalogues[lang].known
		for key, m := range base {
			n, ok := other[key]
			if !ok {
				t.Errorf("%s: missing %q", lang, key)
				continue
			}
			want := placeholders(m.Other)
			for form, s := range forms(n) {
				got := placeholders(s)
				// "one" may say "un mandat" without the number.
				if form != "other" {
					got, want := without(got, "Count"), without(want, "Count")
					if !slices.Equal(got, want) {
						t.Errorf("%s: %q (%s): placeholders %v, want %v", lang, key, form, got, want)
					}
				} else if !slices.Equal(got, want) {
					t.Errorf("%s: %q: placeholders %v, want %v", lang, key, got, want)
				}
				if strings.TrimSpace(s) == "" {
					t.Errorf("%s: %q (%s) is blank", lang, key, form)
				}
			}
			if n.Other == "" {
				t.Errorf("%s: %q has no text", lang, key)
			}
			if (m.One == "") != (n.One == "") {
				t.Errorf("%s: %q: plural in one language and not in another", lang, key)
			}
		}
		for key := range other {
			if _, ok := base[key]; !ok {
				t.Errorf("%s: %q is not in %s", lang, key, Default)
			}
		}
	}
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == s })
}

// UI-03: no key is defined twice, in one file or across files.
func TestNoKeyIsDefinedTwice(t *testing.T) {
	t.Parallel()
	for _, lang := range Langs() {
		for _, key := range catalogues[lang].twice {
			t.Errorf("%s is defined twice", key)
		}
	}
	files := fstest.MapFS{
		"locales/fr/a.toml": {Data: []byte(`"x.y" = "un"`)},
		"locales/fr/b.toml": {Data: []byte("[x]\ny = \"deux\"")},
	}
	loaded, err := load(files)
	if err != nil || !slices.Equal(loaded[French].twice, []string{"locales/fr/b.toml: x.y"}) {
		t.Fatalf("load = %v, %v: the second x.y went unseen", loaded[French].twice, err)
	}
}

// usage is what the sources say about keys.
type usage struct {
	// called are literals given to T, N or TMap: they must exist.
	called map[string][]string
	// literals are all string literals that could be keys.
	literals map[string]bool
	// codes are keys of the codes of errors: they must exist as well.
	codes map[string]string
}

// coded finds the codes of errors given as literals, by the prefix of their
// words.
var coded = map[string]*regexp.Regexp{
	"error.":   regexp.MustCompile(`(?:problem\.At|\.Required|\.Fail|\.OneOf)\("[^"]*",\s*"([a-z_]+)"`),
	"problem.": regexp.MustCompile(`problem\.(?:Conflict\(|New\(problem\.Kind\w+,\s*)"([a-z_]+)"`),
}

var (
	callOf  = regexp.MustCompile(`\.(?:T|N|TMap)\("([^"]+)"\s*[,)]`)
	literal = regexp.MustCompile(`"([a-z][a-z0-9_]*(?:\.[a-z0-9_-]+)+)"`)
)

func readUsage(t *testing.T) usage {
	t.Helper()
	u := usage{called: map[string][]string{}, literals: map[string]bool{}, codes: map[string]string{}}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "var" || name == "bin" || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		source := strings.HasSuffix(name, ".templ") || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_templ.go") && !strings.HasSuffix(name, "_test.go")
		if !source {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var lines []string
		for line := range strings.Lines(string(raw)) {
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				lines = append(lines, line)
			}
		}
		text := strings.Join(lines, "")
		for _, m := range callOf.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], ".") {
				u.called[m[1]] = append(u.called[m[1]], path)
			}
		}
		for _, m := range literal.FindAllStringSubmatch(text, -1) {
			u.literals[m[1]] = true
		}
		for prefix, re := range coded {
			for _, m := range re.FindAllStringSubmatch(text, -1) {
				u.codes[prefix+m[1]] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(u.called) < 10 {
		t.Fatalf("found only %d calls: the walk is broken", len(u.called))
	}
	return u
}

// constructed reads the prefixes of keys that sources build.
func constructed(t *testing.T) []string {
	t.Helper()
	raw, err := fs.ReadFile(localeFiles, "locales/constructed.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		prefix, why, _ := strings.Cut(line, " ")
		if strings.TrimSpace(why) == "" {
			t.Errorf("constructed.txt: %q has no reason", prefix)
		}
		out = append(out, prefix)
	}
	return out
}

// UI-03: no missing key, no unused key.
func TestKeysAndSourcesAgree(t *testing.T) {
	t.Parallel()
	u := readUsage(t)
	known := catalogues[Default].known
	for _, key := range slices.Sorted(maps.Keys(u.called)) {
		if _, ok := known[key]; !ok {
			t.Errorf("%s uses %q, which no language file has", u.called[key][0], key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(u.codes)) {
		if _, ok := known[key]; !ok {
			t.Errorf("%s refuses with a code whose words, %q, no language file has", u.codes[key], key)
		}
	}
	prefixes := constructed(t)
	for _, key := range slices.Sorted(maps.Keys(known)) {
		built := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
		if !built && !u.literals[key] {
			t.Errorf("%q is used nowhere", key)
		}
	}
}

// Messages go out as SMS too: their typography stays plain.
func TestFrenchTypography(t *testing.T) {
	t.Parallel()
	page := &goi18n.Message{ID: "shell.x", Other: "Quoi ? « Rien » : attendez !"}
	typeset(French, page)
	if want := "Quoi\u00a0? «\u00a0Rien\u00a0»\u00a0: attendez\u00a0!"; page.Other != want {
		t.Errorf("page text = %q, want %q", page.Other, want)
	}
	for _, m := range []*goi18n.Message{{ID: "message.x", Other: "Quoi ?"}} {
		typeset(French, m)
		if m.Other != "Quoi ?" {
			t.Errorf("message text = %q, want it untouched", m.Other)
		}
	}
	spanish := &goi18n.Message{ID: "shell.x", Other: "¿Qué ?"}
	typeset(Spanish, spanish)
	if spanish.Other != "¿Qué ?" {
		t.Errorf("Spanish was typeset as French: %q", spanish.Other)
	}
}

// The rules of plurals are CLDR's: zero is singular in French, plural in
// English and Spanish.
func TestPlurals(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for lang, words := range map[Lang][2]string{French: {"mandat", "mandats"}, English: {"mandate", "mandates"}, Spanish: {"mandato", "mandatos"}} {
		files["locales/"+string(lang)+"/x.toml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `"x.n" = { one = "{{.Count}} %s", other = "{{.Count}} %s" }`, words[0], words[1])}
	}
	loaded, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang  Lang
		count int
		want  string
	}{
		{French, 0, "0 mandat"}, {French, 1, "1 mandat"}, {French, 2, "2 mandats"},
		{English, 0, "0 mandates"}, {English, 1, "1 mandate"}, {English, 2, "2 mandates"},
		{Spanish, 0, "0 mandatos"}, {Spanish, 1, "1 mandato"}, {Spanish, 5, "5 mandatos"},
	} {
		p := &Printer{c: loaded[c.lang], format: For(c.lang).format}
		if got := p.N("x.n", c.count); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.lang, c.count, got, c.want)
		}
	}
}
