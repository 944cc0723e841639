package authz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A law with a word nobody answers to, or a hole in it, does not start.
func TestBrokenLawsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"role":          {"mediator, mandate, draft,", "mediateur, mandate, draft,", "unknown role"},
		"kind":          {"mediator, mandate, draft,", "mediator, mandates, draft,", "unknown permission"},
		"action":        {"mediator, mandate, draft,", "mediator, mandate, drafts,", "unknown permission"},
		"relation":      {"own_remit, -", "own_remits, -", "unknown relation"},
		"condition":     {"authority & step_up", "authority & stepup", "unknown condition"},
		"and":           {"authority & step_up", "authority &", "unknown condition"},
		"empty":         {"own_remit, -", "own_remit,", "unknown condition"},
		"columns":       {"own_remit, -", "own_remit", "columns"},
		"repeated":      {"system, mandate, void, any, -", "system, mandate, void, any, -\nsystem, mandate, void, any, step_up", "repeats"},
		"nobody's":      {"referent, training, record,", "# referent, training, record,", "training.record"},
		"wildcard role": {"mediator, mandate, draft,", "*, mandate, draft,", "unknown role"},
	} {
		if !strings.Contains(policyText, c.old) {
			t.Fatalf("%s: the policy has no %q", name, c.old)
		}
		_, err := newEnforcer(modelText, strings.Replace(policyText, c.old, c.new, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := newEnforcer("[matchers]", policyText); err == nil {
		t.Error("a model without definitions was accepted")
	}
}

// The hash changes with either file, and only then.
func TestPolicyHashNamesTheLaw(t *testing.T) {
	t.Parallel()
	e := newTestEnforcer(t)
	if again := newTestEnforcer(t); e.PolicyHash() != again.PolicyHash() || len(e.PolicyHash()) != 64 {
		t.Errorf("hashes %q and %q", e.PolicyHash(), again.PolicyHash())
	}
	if lawHash(modelText, policyText+" ") == e.PolicyHash() || lawHash(modelText+" ", policyText) == e.PolicyHash() {
		t.Error("a changed law has the same hash")
	}
	if d := e.Decide(staff(Mediator), StepDo, objectOf(KindStep)); d.PolicyHash != e.PolicyHash() {
		t.Error("an allowed decision does not name the law")
	}
	if d := e.Decide(Actor{}, StepDo, Object{Kind: "nonsense"}); d.PolicyHash != e.PolicyHash() || d.Allowed {
		t.Error("a decision on an unknown kind")
	}
	if d := e.Decide(staff(Mediator), "*", objectOf(KindStep)); d.Allowed || reasonsOf(d) != "[not_permitted]" {
		t.Errorf("an unknown action: %s", verdict(d))
	}
}

// Every action constant is a permission of some kind, every Reason has a place
// in the order told.
func TestEveryConstantHasItsPlace(t *testing.T) {
	t.Parallel()
	var known []string
	for _, p := range Permissions() {
		known = append(known, string(p.Action))
		if p.Check() != nil || !strings.Contains(p.String(), ".") {
			t.Errorf("%s does not check", p)
		}
	}
	for _, value := range constants(t, "actions.go", "Action") {
		if !slices.Contains(known, value) {
			t.Errorf("action %q is no permission", value)
		}
	}
	for _, value := range constants(t, "types.go", "Reason") {
		if !slices.Contains(Reasons(), Reason(value)) {
			t.Errorf("reason %q is told in no order", value)
		}
	}
	for _, value := range constants(t, "types.go", "Kind") {
		if len(permitted[Kind(value)]) == 0 {
			t.Errorf("kind %q has no permission", value)
		}
	}
}

func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			if text, err := strconv.Unquote(v.(*ast.BasicLit).Value); err == nil {
				values = append(values, text)
			}
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("no %s in %s", typeName, file)
	}
	return values
}

// A route names a permission that exists, or says why it needs none.
func TestAccessOfRoutes(t *testing.T) {
	t.Parallel()
	for access, want := range map[Access]bool{
		Perm(KindMandate, MandateSign):     true,
		Perm(KindMandate, DisputeRaise):    false,
		Perm("mandates", MandateSign):      false,
		Public{Because: "anybody may ask"}: true,
		Public{}:                           false,
	} {
		if err := access.Check(); (err == nil) != want {
			t.Errorf("%s: %v", access, err)
		}
	}
}

const guide = "../docs/authorisation.md"

// docs/authorisation.md explains every word of the law and repeats every line
// of it; -update writes its table anew.
func TestGuideFollowsTheLaw(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := readLaw(policyText)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| object | action | who | whose | and |\n|---|---|---|---|---|\n")
	for _, r := range rules {
		table.WriteString("| " + string(r.kind) + " | " + string(r.action) + " | " + string(r.role) + " | " +
			r.words[1] + " | " + strings.ReplaceAll(strings.TrimSuffix(r.words[2], noCondition), "&", "and") + " |\n")
	}
	between := regexp.MustCompile(`(?s)(<!-- law -->\n).*(<!-- end of the law -->)`)
	want := between.ReplaceAllString(string(raw), "${1}"+table.String()+"${2}")
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(raw) {
		t.Error("the table of docs/authorisation.md is not the policy: go test ./authz -update")
	}
	var words []string
	for word := range relations {
		words = append(words, word)
	}
	for word := range conditions {
		words = append(words, word)
	}
	for _, reason := range Reasons() {
		words = append(words, string(reason))
	}
	for _, word := range words {
		if !strings.Contains(string(raw), "| `"+word+"` |") {
			t.Errorf("the guide does not explain %q", word)
		}
	}
}
