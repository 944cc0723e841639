package translog

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// LG-01: the list of kinds is exactly the constants of the source.
func TestKindsAreTheConstants(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "kinds.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []Kind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Kind" {
			t.Errorf("%s is not typed Kind", spec.Names[0].Name)
		}
		for _, v := range spec.Values {
			value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, Kind(value))
		}
		return true
	})
	if len(declared) < 50 {
		t.Fatalf("only %d constants found in the source", len(declared))
	}
	if got := Kinds(); !slices.Equal(got, declared) {
		t.Errorf("Kinds() = %v\nsource  = %v", got, declared)
	}
	seen := map[Kind]bool{}
	for _, k := range declared {
		if seen[k] {
			t.Errorf("%s is declared twice", k)
		}
		seen[k] = true
		if !k.Known() || !isCode(string(k)) {
			t.Errorf("%q is not a known code", k)
		}
	}
	if Kind("step.undone").Known() || Kind("").Known() {
		t.Error("an unlisted kind is known")
	}
}
