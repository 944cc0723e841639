package authz

import (
	"crypto/sha256"
	_ "embed" // the law is part of the program
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

//go:embed model.conf
var modelText string

//go:embed policy.csv
var policyText string

// noCondition in the last column asks for nothing beyond the relation.
const noCondition = "-"

// rule is one line of the policy, with its words resolved to predicates.
type rule struct {
	role       Role
	kind       Kind
	action     Action
	relation   relation
	conditions []condition
	// words are the line as casbin holds it: permission, relation, conditions.
	words []string
	// line is what a decision shows.
	line string
}

// meets appends a reason for each condition that fails.
func (r *rule) meets(f *facts, failed []Reason) []Reason {
	for _, c := range r.conditions {
		failed = c(f, failed)
	}
	return failed
}

// lawHash names this version of the law: SHA-256 of model and policy, in hex.
func lawHash(model, policy string) string {
	sum := sha256.Sum256([]byte(model + "\x00" + policy))
	return hex.EncodeToString(sum[:])
}

// readLaw reads the policy and demands that every word in it is known, that no
// line stands twice, and that each permission is given to somebody.
func readLaw(text string) ([]*rule, error) {
	var rules []*rule
	seen := map[string]int{}
	given := map[Permission]bool{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := readRule(line)
		if err != nil {
			return nil, fmt.Errorf("policy line %d: %w", i+1, err)
		}
		key := r.words[0] + " " + r.words[1]
		if first, twice := seen[key]; twice {
			return nil, fmt.Errorf("policy line %d: repeats line %d", i+1, first)
		}
		seen[key] = i + 1
		given[Permission{r.kind, r.action}] = true
		rules = append(rules, r)
	}
	for _, p := range Permissions() {
		if !given[p] {
			return nil, fmt.Errorf("policy: no line gives %s to anybody", p)
		}
	}
	return rules, nil
}

func readRule(line string) (*rule, error) {
	words := strings.Split(line, ",")
	if len(words) != 5 {
		return nil, fmt.Errorf("has %d columns, not 5", len(words))
	}
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	r := &rule{
		role: Role(words[0]), kind: Kind(words[1]), action: Action(words[2]),
		words: []string{strings.Join(words[:3], " "), words[3], words[4]},
		line:  strings.Join(words, ", "),
	}
	if !slices.Contains(everyRole, r.role) {
		return nil, fmt.Errorf("unknown role %q", r.role)
	}
	if !Known(Permission{r.kind, r.action}) {
		return nil, fmt.Errorf("unknown permission %s.%s", r.kind, r.action)
	}
	var known bool
	if r.relation, known = relations[words[3]]; !known {
		return nil, fmt.Errorf("unknown relation %q", words[3])
	}
	var err error
	r.conditions, err = readConditions(words[4])
	return r, err
}

func readConditions(words string) ([]condition, error) {
	if words == noCondition {
		return nil, nil
	}
	var all []condition
	for _, word := range strings.Split(words, "&") {
		c, known := conditions[strings.TrimSpace(word)]
		if !known {
			return nil, fmt.Errorf("unknown condition %q", strings.TrimSpace(word))
		}
		all = append(all, c)
	}
	return all, nil
}

// everyRole in the order in which the roles of one actor are tried.
var everyRole = []Role{Mediator, Referent, Supervisor, Operator, Person, Service, Software, System, Visitor}
