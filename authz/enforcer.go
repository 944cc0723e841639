package authz

import (
	"fmt"
	"strings"
	"sync"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/google/uuid"
)

// Enforcer decides. It is safe for concurrent use, and never changes.
type Enforcer struct {
	hash  string
	kinds map[Kind]*kindLaw
}

// kindLaw is the law about one kind of object.
type kindLaw struct {
	// casbin enforces the lines about this kind, role by role: the fewer lines
	// an enforcer scans, the cheaper the whole question.
	casbin map[Role]*casbin.Enforcer
	// table is casbin's answer for each role × action there is: the lines that
	// may allow, in the policy's order. It is the cached part of a decision.
	table map[roleAction][]*rule
	// byConditions finds the predicates of a last column, for casbin's matcher.
	byConditions map[string]*rule
	// byRole are the lines of a role on this kind: any that relates to the
	// object gives the actor standing to know of it.
	byRole map[Role][]*rule
}

type roleAction struct {
	role   Role
	action Action
}

// New reads the embedded law. It fails on any word it does not know.
func New() (*Enforcer, error) { return newEnforcer(modelText, policyText) }

func newEnforcer(modelText, policyText string) (*Enforcer, error) {
	rules, err := readLaw(policyText)
	if err != nil {
		return nil, fmt.Errorf("authz: %w", err)
	}
	e := &Enforcer{hash: lawHash(modelText, policyText), kinds: map[Kind]*kindLaw{}}
	for kind := range permitted {
		law, err := newKindLaw(modelText, kind, rules)
		if err != nil {
			return nil, fmt.Errorf("authz: %s: %w", kind, err)
		}
		e.kinds[kind] = law
	}
	return e, nil
}

func newKindLaw(modelText string, kind Kind, rules []*rule) (*kindLaw, error) {
	law := &kindLaw{
		casbin: map[Role]*casbin.Enforcer{}, table: map[roleAction][]*rule{},
		byConditions: map[string]*rule{}, byRole: map[Role][]*rule{},
	}
	for _, r := range rules {
		if r.kind == kind {
			law.byRole[r.role] = append(law.byRole[r.role], r)
			law.byConditions[r.words[2]] = r // every line with these words has the same predicates
		}
	}
	for _, role := range everyRole {
		if err := law.loadCasbin(modelText, role); err != nil {
			return nil, fmt.Errorf("%s: %w", role, err)
		}
	}
	return law, law.fillTable(kind)
}

// loadCasbin makes the enforcer of one role's lines.
func (l *kindLaw) loadCasbin(modelText string, role Role) error {
	m, err := model.NewModelFromString(modelText)
	if err != nil {
		return fmt.Errorf("read the model: %w", err)
	}
	enforcer, err := casbin.NewEnforcer(m)
	if err != nil {
		return fmt.Errorf("make the enforcer: %w", err)
	}
	enforcer.AddFunction("stands", standsFunction)
	enforcer.AddFunction("holds", holdsFunction(l.byConditions))
	for _, r := range l.byRole[role] {
		if _, err := enforcer.AddPolicy(r.words); err != nil {
			return fmt.Errorf("add %q: %w", r.line, err)
		}
	}
	l.casbin[role] = enforcer
	return nil
}

// fillTable asks casbin, once, for each role and action there are, whether any
// line can allow, and keeps those lines. The law does not change while the
// program runs, so neither do these answers.
func (l *kindLaw) fillTable(kind Kind) error {
	for _, role := range everyRole {
		for _, action := range permitted[kind] {
			permitted, err := l.casbin[role].Enforce(permissionWords(role, kind, action))
			if err != nil {
				return fmt.Errorf("ask for %s %s: %w", role, action, err)
			}
			if !permitted {
				continue
			}
			for _, r := range l.byRole[role] {
				if r.action == action {
					l.table[roleAction{role, action}] = append(l.table[roleAction{role, action}], r)
				}
			}
		}
	}
	return nil
}

func permissionWords(role Role, kind Kind, action Action) string {
	return string(role) + " " + string(kind) + " " + string(action)
}

// standsFunction is the relation, for casbin's matcher: stands(facts, word).
func standsFunction(args ...any) (any, error) {
	f, word, err := matcherArguments(args)
	if err != nil {
		return false, err
	}
	rel, known := relations[word]
	return known && rel.stands(f), nil
}

// holdsFunction is the conditions, for casbin's matcher: holds(facts, words).
func holdsFunction(byWords map[string]*rule) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		f, words, err := matcherArguments(args)
		if err != nil {
			return false, err
		}
		r, known := byWords[words]
		return known && len(r.meets(f, nil)) == 0, nil
	}
}

func matcherArguments(args []any) (*facts, string, error) {
	if len(args) != 2 {
		return nil, "", fmt.Errorf("authz: %d arguments, not 2", len(args))
	}
	f, isFacts := args[0].(*facts)
	word, isWord := args[1].(string)
	if !isFacts || !isWord {
		return nil, "", fmt.Errorf("authz: arguments of types %T, %T", args[0], args[1])
	}
	return f, word, nil
}

// PolicyHash is the SHA-256 of model and policy, in hex.
func (e *Enforcer) PolicyHash() string { return e.hash }

// Decide answers whether actor may do action to obj, on the facts both carry.
// Every role held is tried: any that is allowed allows. Otherwise the decision
// says everything that failed for the nearest rule.
func (e *Enforcer) Decide(actor Actor, action Action, obj Object) Decision {
	law := e.kinds[obj.Kind]
	if law == nil {
		return Decision{PolicyHash: e.hash, Reasons: []Reason{ReasonNoRule}}
	}
	var held [4]Role
	roles := actor.appendRoles(held[:0])
	f := newQuestion(&actor, &obj)
	defer f.forget()
	near := nearest{}
	if !actor.SuspendedAccount {
		for _, role := range roles {
			f.as(role)
			if r := law.try(f, action, &near); r != nil {
				return Decision{Allowed: true, Rule: r.line, Role: role, PolicyHash: e.hash}
			}
		}
	}
	d := near.decision()
	if actor.SuspendedAccount {
		d.Reasons = []Reason{ReasonAccountSuspended}
	}
	d.PolicyHash = e.hash
	d.Hidden = obj.owned() && !law.related(f, roles)
	return d
}

// questions lends the memory of facts from one decision to the next: a decision
// then allocates nothing. What was in it is wiped before it is lent again.
var questions = sync.Pool{New: func() any { return new(facts) }}

func newQuestion(actor *Actor, obj *Object) *facts {
	f, ok := questions.Get().(*facts)
	if !ok {
		f = new(facts)
	}
	f.actor, f.object = *actor, *obj
	return f
}

func (f *facts) forget() {
	*f = facts{}
	questions.Put(f)
}

// try gives the first rule that allows, or nil after measuring how far each
// was from allowing.
func (l *kindLaw) try(f *facts, action Action, near *nearest) *rule {
	for _, r := range l.table[roleAction{f.role, action}] {
		stands := r.relation.stands(f)
		var failed []Reason
		if stands {
			failed = r.meets(f, nil)
		} else {
			failed = append(failed, r.relation.failed)
		}
		if len(failed) == 0 {
			return r
		}
		near.measure(r, stands, failed)
	}
	return nil
}

// related reports whether any line about this kind, under any role held,
// relates the actor to the object: then it may be known to exist.
func (l *kindLaw) related(f *facts, roles []Role) bool {
	for _, role := range roles {
		f.as(role)
		for _, r := range l.byRole[role] {
			if r.relation.stands(f) {
				return true
			}
		}
	}
	return false
}

// owned reports whether the object is somebody's. What is nobody's cannot be
// hidden: a search without bounds, one's own pages.
func (o *Object) owned() bool {
	return o.Organisation != uuid.Nil || o.Beneficiary != uuid.Nil || o.Account != uuid.Nil || o.Territory != "" || o.Client != uuid.Nil
}

// wholeQuestion selects r2 and m2 of model.conf.
var wholeQuestion = casbin.EnforceContext{RType: "r2", PType: "p", EType: "e", MType: "m2"}

// Replay asks casbin the whole question, facts included, without any cache: the
// second opinion behind "explain this decision" (SU-08). It gives the line that
// allowed, or false. It must agree with Decide; tests try it on the whole matrix.
func (e *Enforcer) Replay(actor Actor, action Action, obj Object) (allowed bool, line string, err error) {
	law := e.kinds[obj.Kind]
	if law == nil || actor.SuspendedAccount {
		return false, "", nil
	}
	for _, role := range actor.Roles() {
		f := &facts{actor: actor, object: obj}
		f.as(role)
		allowed, words, err := law.casbin[role].EnforceEx(wholeQuestion, permissionWords(role, obj.Kind, action), f)
		if err != nil {
			return false, "", fmt.Errorf("authz: replay: %w", err)
		}
		if allowed {
			return true, lineOf(words), nil
		}
	}
	return false, "", nil
}

// lineOf is the policy line of a rule as casbin holds it.
func lineOf(words []string) string {
	return strings.ReplaceAll(words[0], " ", ", ") + ", " + strings.Join(words[1:], ", ")
}
