package review_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sources are parsed packages, to be asked which names their commands have: as
// words where they are run, in constants, in parameters and fields handed on.
// A name that it cannot follow is a fault, so that none is overlooked.
type sources struct {
	consts map[string]string // "folder.Name"
	funcs  []function
	fields map[string][]value // "Type.field": what composite literals give it
	places map[string]string  // "Type.field": the same by its place, "Type.0"
}

// function is one declaration and the folder it is in; value one expression and
// the function it stands in.
type function struct {
	folder string
	decl   *ast.FuncDecl
}

type value struct {
	in   function
	expr ast.Expr
}

func parse(t *testing.T, folders ...string) *sources {
	t.Helper()
	s := &sources{consts: map[string]string{}, fields: map[string][]value{}, places: map[string]string{}}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) || err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil //nolint:nilerr // a folder not there yet has no commands
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err == nil {
				s.add(filepath.Base(filepath.Dir(path)), file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *sources) add(folder string, file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f := function{folder, d}
			s.funcs = append(s.funcs, f)
			ast.Inspect(d, func(n ast.Node) bool {
				if lit, is := n.(*ast.CompositeLit); is {
					s.literal(f, lit)
				}
				return true
			})
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if typ, is := spec.(*ast.TypeSpec); is {
					s.structure(typ)
				}
				if v, is := spec.(*ast.ValueSpec); is && d.Tok == token.CONST && len(v.Values) == len(v.Names) {
					for i, name := range v.Names {
						if text, is := literal(v.Values[i]); is {
							s.consts[folder+"."+name.Name] = text
						}
					}
				}
			}
		}
	}
}

func (s *sources) literal(f function, lit *ast.CompositeLit) {
	for i, e := range lit.Elts {
		of, given := fmt.Sprint(lastName(lit.Type), ".", i), e // by its place
		if kv, is := e.(*ast.KeyValueExpr); is {
			of, given = lastName(lit.Type)+"."+lastName(kv.Key), kv.Value
		}
		s.fields[of] = append(s.fields[of], value{f, given})
	}
}

// structure keeps the places of a struct's fields.
func (s *sources) structure(typ *ast.TypeSpec) {
	if st, is := typ.Type.(*ast.StructType); is {
		at := 0
		for _, field := range st.Fields.List {
			for _, name := range field.Names {
				s.places[typ.Name.Name+"."+name.Name] = fmt.Sprint(typ.Name.Name, ".", at)
				at++
			}
		}
	}
}

func literal(e ast.Expr) (string, bool) {
	lit, is := e.(*ast.BasicLit)
	if !is || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// lastName is what is called or named, without its package or receiver.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return lastName(e.X)
	}
	return ""
}

// commands are the names of all commands that are run, or refused, here.
func (s *sources) commands(t *testing.T) []string {
	t.Helper()
	names := map[string]bool{}
	s.calls(func(in function, call *ast.CallExpr) {
		sel, is := call.Fun.(*ast.SelectorExpr)
		if !is || len(call.Args) < 4 || sel.Sel.Name != "RefuseOutside" && (sel.Sel.Name != "Run" || !strings.EqualFold(lastName(sel.X), "commands")) {
			return
		}
		found, err := s.resolve(value{in, call.Args[2]}, 0)
		if err != nil {
			t.Errorf("%s, %s: the name of a command cannot be followed: %v", in.folder, in.decl.Name.Name, err)
		}
		for _, name := range found {
			names[name] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

func (s *sources) calls(each func(in function, call *ast.CallExpr)) {
	for _, f := range s.funcs {
		ast.Inspect(f.decl, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				each(f, call)
			}
			return true
		})
	}
}

// resolve gives every text that an expression may be.
func (s *sources) resolve(v value, depth int) ([]string, error) {
	if depth > 6 {
		return nil, fmt.Errorf("too deep at %T", v.expr)
	}
	switch e := v.expr.(type) {
	case *ast.BasicLit:
		if text, is := literal(e); is {
			return []string{text}, nil
		}
	case *ast.BinaryExpr:
		return s.joined(v.in, e, depth)
	case *ast.CallExpr: // string(action)
		if lastName(e.Fun) == "string" && len(e.Args) == 1 {
			return s.resolve(value{v.in, e.Args[0]}, depth+1)
		}
	case *ast.Ident:
		if text, is := s.consts[v.in.folder+"."+e.Name]; is {
			return []string{text}, nil
		}
		return s.handed(v.in, e.Name, depth)
	case *ast.SelectorExpr:
		from := lastName(e.X)
		if text, is := s.consts[from+"."+e.Sel.Name]; is {
			return []string{text}, nil
		}
		_, typ := parameter(v.in.decl, from)
		field := lastName(typ) + "." + e.Sel.Name
		return s.all(slices.Concat(s.fields[field], s.fields[s.places[field]]), depth)
	}
	return nil, fmt.Errorf("%T", v.expr)
}

func (s *sources) joined(in function, e *ast.BinaryExpr, depth int) (out []string, err error) {
	left, err := s.resolve(value{in, e.X}, depth+1)
	if err != nil {
		return nil, err
	}
	right, err := s.resolve(value{in, e.Y}, depth+1)
	for _, l := range left {
		for _, r := range right {
			out = append(out, l+r)
		}
	}
	return out, err
}

// handed is what callers hand on as a parameter.
func (s *sources) handed(f function, name string, depth int) ([]string, error) {
	at, typ := parameter(f.decl, name)
	if typ == nil {
		return nil, fmt.Errorf("%s is neither a constant nor a parameter", name)
	}
	var given []value
	s.calls(func(in function, call *ast.CallExpr) {
		if in.folder == f.folder && lastName(call.Fun) == f.decl.Name.Name && len(call.Args) > at {
			given = append(given, value{in, call.Args[at]})
		}
	})
	return s.all(given, depth)
}

func (s *sources) all(given []value, depth int) (out []string, err error) {
	if len(given) == 0 {
		return nil, fmt.Errorf("nothing is handed on")
	}
	for _, v := range given {
		found, err := s.resolve(v, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// parameter finds a parameter: which it is, and its type.
func parameter(f *ast.FuncDecl, name string) (at int, typ ast.Expr) {
	for _, field := range f.Type.Params.List {
		for _, n := range field.Names {
			if n.Name == name {
				return at, field.Type
			}
			at++
		}
	}
	return 0, nil
}
