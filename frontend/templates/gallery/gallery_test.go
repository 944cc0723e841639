package gallery

import (
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/relais-org/relais/frontend/static"
	"github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/i18n"
)

func page(lang i18n.Lang) templates.Page {
	return templates.Page{Printer: i18n.For(lang), Path: "/people?q=Zo%C3%A9&lang=xx"}
}

func render(t *testing.T, s Sheet, lang i18n.Lang) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.Make(page(lang)).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func named(t testing.TB, name string) Sheet {
	t.Helper()
	for _, s := range Sheets() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no sheet %q", name)
	return Sheet{}
}

// document is one rendered page, walked once.
type document struct {
	ids      map[string]int
	refs     map[string]string // id referred to → by what
	h1       int
	title    string
	lang     string
	unnamed  []string // inputs without label
	faults   []string // inline style, script, handler
	skip     bool
	landmark map[string]int
}

func parse(t *testing.T, raw []byte) document {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	d := document{ids: map[string]int{}, refs: map[string]string{}, landmark: map[string]int{}}
	labels := map[string]bool{}
	var inputs []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := attributes(n)
		d.element(n, at)
		if n.Data == "label" {
			labels[at["for"]] = true
		}
		if named := n.Data == "select" || n.Data == "textarea" || n.Data == "input" && at["type"] != "hidden"; named {
			inputs = append(inputs, at["id"])
		}
	}
	for _, id := range inputs {
		if !labels[id] {
			d.unnamed = append(d.unnamed, id)
		}
	}
	return d
}

func attributes(n *html.Node) map[string]string {
	at := map[string]string{}
	for _, a := range n.Attr {
		at[a.Key] = a.Val
	}
	return at
}

func (d *document) element(n *html.Node, at map[string]string) {
	if id := at["id"]; id != "" {
		d.ids[id]++
	}
	for _, name := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "list"} {
		for id := range strings.FieldsSeq(at[name]) {
			d.refs[id] = n.Data + " " + name
		}
	}
	if h := at["href"]; n.Data == "a" && strings.HasPrefix(h, "#") && len(h) > 1 {
		d.refs[h[1:]] = "a href"
		d.skip = d.skip || h == "#main"
	}
	for k := range at {
		if k == "style" || strings.HasPrefix(k, "on") {
			d.faults = append(d.faults, n.Data+" "+k)
		}
	}
	switch n.Data {
	case "h1":
		d.h1++
	case "title":
		d.title = n.FirstChild.Data
	case "html":
		d.lang = at["lang"]
	case "style":
		d.faults = append(d.faults, "style element")
	case "script":
		if at["src"] == "" {
			d.faults = append(d.faults, "inline script")
		}
	case "main", "header", "footer":
		d.landmark[n.Data]++
	}
}

// UI-01: what axe does not see, on every page of the gallery in every language.
func TestEveryPageIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, lang := range i18n.Langs() {
		for _, s := range Sheets() {
			t.Run(string(lang)+"/"+s.Name, func(t *testing.T) {
				t.Parallel()
				d := parse(t, render(t, s, lang))
				for id, n := range d.ids {
					if n > 1 {
						t.Errorf("id %q stands %d times", id, n)
					}
				}
				for id, by := range d.refs {
					if d.ids[id] == 0 {
						t.Errorf("%s refers to %q, which is not there", by, id)
					}
				}
				if d.h1 != 1 || d.lang != string(lang) || !d.skip || len(d.unnamed) > 0 || len(d.faults) > 0 {
					t.Errorf("h1 %d, lang %q, skip link %v, without label %v, refused by the policy %v", d.h1, d.lang, d.skip, d.unnamed, d.faults)
				}
				if d.landmark["main"] != 1 || d.landmark["header"] != 1 || d.landmark["footer"] != 1 {
					t.Errorf("landmarks %v", d.landmark)
				}
				if !strings.HasSuffix(d.title, "– Relais") {
					t.Errorf("title %q does not name the service", d.title)
				}
			})
		}
	}
}

// UI-04: the title starts with the word for error, and what was typed is kept.
func TestFailedForm(t *testing.T) {
	t.Parallel()
	for lang, prefix := range map[i18n.Lang]string{i18n.French: "Erreur\u00a0: ", i18n.English: "Error: ", i18n.Spanish: "Error: "} {
		for _, s := range Sheets() {
			d := parse(t, render(t, s, lang))
			failed := s.Name == "errors" || s.Name == "not-found" || s.Name == "refused" || s.Name == "broken"
			if got := strings.HasPrefix(d.title, prefix); got != failed {
				t.Errorf("%s %s: title %q", lang, s.Name, d.title)
			}
			if s.Name == "errors" {
				raw := string(render(t, s, lang))
				for _, want := range []string{`value="Marguerite"`, `value="31"`, `À rappeler le matin.</textarea>`, `<option value="es" selected>`, `href="#f-born-day"`, `href="#f-family"`} {
					if !strings.Contains(raw, want) {
						t.Errorf("%s: %s is not on the page", lang, want)
					}
				}
			}
		}
	}
}

// UI-03: names are shown as written, never run.
func TestNamesAreEscapedAndIsolated(t *testing.T) {
	t.Parallel()
	raw := string(render(t, named(t, "long"), i18n.French))
	if strings.Contains(raw, "<script>alert") || !strings.Contains(raw, "&lt;script&gt;alert(1)") {
		t.Error("a name is not escaped")
	}
	if !strings.Contains(raw, "<bdi>يوسف") {
		t.Error("an Arabic name is not isolated")
	}
}

func gzipped(t *testing.T, raw []byte) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

// UI-02: the first view, all fonts included, is below 100 kB compressed, and
// nothing comes from elsewhere.
func TestFirstViewIsLight(t *testing.T) {
	t.Parallel()
	assets := 0
	entries, err := fs.ReadDir(static.Files, "files")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := fs.ReadFile(static.Files, "files/"+e.Name())
		if err != nil {
			t.Fatal(err)
		}
		assets += min(len(raw), gzipped(t, raw))
	}
	const most = 100_000
	for _, s := range Sheets() {
		raw := render(t, s, i18n.French)
		if total := assets + gzipped(t, raw); total >= most {
			t.Errorf("%s: first view is %d bytes, want below %d", s.Name, total, most)
		}
		for _, third := range []string{`src="http`, `href="http`, `src="//`, `href="//`, `action="http`} {
			if strings.Contains(string(raw), third) {
				t.Errorf("%s: %s leaves our origin", s.Name, third)
			}
		}
	}
	t.Logf("static files: %d bytes compressed", assets)
}

// Goal P: a 28 kB page in half a millisecond.
func BenchmarkPage(b *testing.B) {
	var out bytes.Buffer
	p := page(i18n.French)
	sheet := named(b, "errors")
	for b.Loop() {
		out.Reset()
		if err := sheet.Make(p).Render(context.Background(), &out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(out.Len())/1000, "kB")
}
