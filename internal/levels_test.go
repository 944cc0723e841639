// Package internal_test holds the shape of the house: who may import whom, and
// what every folder owes its reader (docs of the design: "The house").
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/relais-org/relais/"

// levels, lowest first. A folder's packages stand where its longest name here
// stands. A package imports only lower levels, never a sibling; folders in
// families are one feature and import each other within.
var levels = [][]string{
	{"internal/problem"}, // the one error type, which everybody speaks
	{"internal/i18n", "internal/packs", "internal/rate", "internal/seal", "translog", "mandates/document", "migrations"},
	{"internal/store"},
	{"translog/ledger", "internal/notify", "authz", "authz/login"},
	{"internal/command"},
	{"organisations/clients"},
	{"organisations", "beneficiaries"},
	{"mandates", "mandates/review"},
	{"mandates/acting", "mandates/software"},
	{"programmes"},
	{"api", "frontend"},
	{"cmd"},
}

// shared folders of the front end may be imported by its areas, which never
// import each other.
var areas = []string{"frontend/mediator", "frontend/portal", "frontend/supervisor", "frontend/admin", "frontend/public", "frontend/acting", "api/v1", "api/op", "api/log"}

// topLevel is everything that may hold Go code beside the module's root; a new
// folder needs a written decision in docs/decisions.
var topLevel = []string{
	"cmd", "api", "authz", "mandates", "frontend", "migrations",
	"organisations", "beneficiaries", "programmes", "translog", "internal",
}

const longestFile = 400

// source is one Go file: where, what it imports, how long.
type source struct {
	path, dir string
	imports   []string
	lines     int
	generated bool
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// sources reads every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch base := d.Name(); {
			case name == ".." || base == "." || base == "..":
				return nil
			case strings.HasPrefix(base, "."), base == "node_modules", base == "testdata", base == "var":
				return filepath.SkipDir
			case name != "..":
				if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
					return filepath.SkipDir // a module of its own: tools
				}
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator)))
		s := source{
			path: rel, dir: path.Dir(rel), lines: strings.Count(string(content), "\n"),
			generated: strings.Contains(string(content), "// Code generated "),
		}
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imported)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: the walk is broken", len(all))
	}
	return all
}

// within says whether a folder is dir or lies in it.
func within(folder, dir string) bool { return folder == dir || strings.HasPrefix(folder, dir+"/") }

// place gives a folder's level and the name it stands under there.
func place(folder string) (level int, name string, ok bool) {
	for l, names := range levels {
		for _, n := range names {
			if within(folder, n) && len(n) > len(name) {
				level, name, ok = l, n, true
			}
		}
	}
	return level, name, ok
}

// mayImport is the law of the levels.
func mayImport(from, to string) bool {
	lf, nf, _ := place(from)
	lt, nt, ok := place(to)
	if !ok {
		return false
	}
	if nf != nt {
		return lt < lf
	}
	for _, area := range areas {
		if within(to, area) {
			// An area is imported by itself and by the surface's root, which wires it.
			return within(from, area) || from == nf
		}
	}
	return true
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		if _, _, ok := place(s.dir); !ok {
			t.Errorf("%s: its folder has no level; add it to the table with a decision", s.path)
			continue
		}
		for _, imported := range s.imports {
			to, ours := strings.CutPrefix(imported, module)
			if ours && !mayImport(s.dir, to) {
				t.Errorf("%s imports %s: upward, or a sibling", s.path, to)
			}
		}
	}
}

// The law itself is tried on pairs, so that a slip in the table shows.
func TestMayImport(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]bool{
		{"mandates", "beneficiaries"}:                           true,
		{"beneficiaries", "mandates"}:                           false,
		{"organisations", "beneficiaries"}:                      false,
		{"mandates/document", "mandates"}:                       false,
		{"mandates", "mandates/document"}:                       true,
		{"translog", "internal/store"}:                          false,
		{"translog/ledger", "internal/store"}:                   true,
		{"internal/store/storetest", "internal/store/postgres"}: true,
		{"frontend/mediator", "frontend/templates"}:             true,
		{"frontend/mediator", "frontend/portal"}:                false,
		{"frontend", "frontend/portal"}:                         true,
		{"frontend/templates", "frontend/portal"}:               false,
		{"api/op", "api/v1"}:                                    false,
		{"api", "frontend"}:                                     false,
		{"cmd/demo", "frontend"}:                                true,
		{"frontend", "cmd/demo"}:                                false,
		{"mandates", "somewhere/new"}:                           false,
	} {
		if got := mayImport(pair[0], pair[1]); got != want {
			t.Errorf("%s importing %s: %v, want %v", pair[0], pair[1], got, want)
		}
	}
}

// gin stays on the surfaces, GORM in rows files: a rule that meets either has
// left its place.
func TestFrameworksStayInTheirPlace(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		base := path.Base(s.path)
		surface := within(s.dir, "api") || within(s.dir, "frontend") || s.path == "authz/middleware.go"
		rows := base == "rows.go" || strings.HasSuffix(base, "_rows.go") || within(s.dir, "internal/store")
		for _, imported := range s.imports {
			switch {
			case strings.HasPrefix(imported, "github.com/gin-gonic/gin") && !surface:
				t.Errorf("%s imports gin, which stays in api, frontend and authz/middleware.go", s.path)
			case strings.HasPrefix(imported, "gorm.io/") && !rows:
				t.Errorf("%s imports GORM, which stays in rows.go, *_rows.go and internal/store", s.path)
			case imported == module+"internal/store/storetest" && !within(s.dir, "internal/store/storetest"):
				t.Errorf("%s imports storetest, which is for tests", s.path)
			}
		}
	}
}

func TestEveryPackageHasDoc(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		documented[s.dir] = documented[s.dir] || path.Base(s.path) == "doc.go"
	}
	for dir, has := range documented {
		if !has {
			t.Errorf("%s has no doc.go", dir)
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if !s.test() && !s.generated && s.lines > longestFile {
			t.Errorf("%s has %d lines; the budget is %d", s.path, s.lines, longestFile)
		}
	}
}

func TestTopLevelIsFixed(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		top, _, _ := strings.Cut(s.path, "/")
		if !slices.Contains(topLevel, top) {
			t.Errorf("%s: the top level is fixed; a new folder needs a decision", s.path)
		}
	}
}
