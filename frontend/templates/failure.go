package templates

import "github.com/relais-org/relais/internal/problem"

// Failure is what the error page knows.
type Failure struct {
	Problem *problem.Error
	Status  int
	// SignInHref leads to signing in and back.
	SignInHref string
	// ForPerson: somebody helped reads it, who asks the organisation and knows
	// no referent.
	ForPerson bool
}

// words picks the texts: those of the kind, unless the code has its own.
func (x Failure) words(p Page, part string) string {
	kind := string(x.Problem.Kind)
	if !p.Has("failure." + kind + "." + part) {
		kind = string(problem.KindInternal)
	}
	if key := "failure." + kind + "." + part + "_person"; x.ForPerson && p.Has(key) {
		return p.T(key)
	}
	return p.T("failure." + kind + "." + part)
}

// what is the sentence of the code, "" when the kind says enough.
func (x Failure) what(p Page) string {
	key := "problem." + x.Problem.Code
	if x.Problem.Kind == problem.KindInternal || x.Problem.Kind == problem.KindNotFound || !p.Has(key) {
		return x.words(p, "what")
	}
	return p.TMap(key, x.Problem.Args)
}

// reasons are the conditions that failed, in words.
func (x Failure) reasons(p Page) []string {
	out := make([]string, 0, len(x.Problem.Reasons))
	for _, r := range x.Problem.Reasons {
		if p.Has("reason." + r) {
			out = append(out, p.T("reason."+r))
		}
	}
	return out
}

func (x Failure) needsSignIn() bool {
	return x.Problem.Kind == problem.KindUnauthenticated || x.Problem.Kind == problem.KindNeedsStepUp
}

// showID says when the number of the request helps: when we are at fault.
func (x Failure) showID() bool {
	const ours = 500
	return x.Status >= ours
}
