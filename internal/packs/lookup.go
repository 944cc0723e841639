package packs

import (
	"slices"
	"sort"

	"github.com/relais-org/relais/internal/problem"
)

// Set is every pack known to the program.
type Set struct{ byID map[string]*Pack }

// Get finds a pack; an unknown one is [problem.NotFound].
func (s *Set) Get(id string) (*Pack, error) {
	if p, ok := s.byID[id]; ok {
		return p, nil
	}
	return nil, problem.NotFound().With("pack", id)
}

// IDs lists the packs, sorted.
func (s *Set) IDs() []string {
	ids := make([]string, 0, len(s.byID))
	for id := range s.byID {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// All lists the packs, by id.
func (s *Set) All() []*Pack {
	all := make([]*Pack, 0, len(s.byID))
	for _, id := range s.IDs() {
		all = append(all, s.byID[id])
	}
	return all
}

// Theme finds a theme by code.
func (p *Pack) Theme(code string) (Theme, bool) {
	return find(p.Themes, func(t Theme) bool { return t.Code == code })
}

// Procedure finds a procedure by code.
func (p *Pack) Procedure(code string) (Procedure, bool) {
	return find(p.Procedures, func(x Procedure) bool { return x.Code == code })
}

// ProceduresOf lists a theme's procedures, in the pack's order.
func (p *Pack) ProceduresOf(theme string) []Procedure {
	var of []Procedure
	for _, x := range p.Procedures {
		if x.Theme == theme {
			of = append(of, x)
		}
	}
	return of
}

// Duration finds a duration by its number of days.
func (p *Pack) Duration(days int) (Duration, bool) {
	return find(p.Durations, func(d Duration) bool { return d.Days == days })
}

// Resolve answers with the codes, sorted, of the theme's procedures that know
// at least one of these actions: what "the whole theme" means today. Freeze the
// answer into the grant; never ask again for an existing mandate (MA-13). An
// action of the grant still has to be one the procedure allows
// ([Procedure.Allows]). No theme or no action gives nothing.
func (p *Pack) Resolve(theme string, actions []string) []string {
	codes := []string{}
	for _, x := range p.ProceduresOf(theme) {
		if slices.ContainsFunc(actions, x.Allows) {
			codes = append(codes, x.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// Consent finds the consent text of a version in a language.
func (p *Pack) Consent(version, lang string) (ConsentText, bool) {
	return find(p.ConsentTexts, func(c ConsentText) bool { return c.Version == version && c.Language == lang })
}

// ConsentVersion is the version given to new mandates: the last in the pack.
func (p *Pack) ConsentVersion() string {
	if len(p.ConsentTexts) == 0 {
		return ""
	}
	return p.ConsentTexts[len(p.ConsentTexts)-1].Version
}

// ConsentLanguages lists the languages in which the current consent text can
// be read, in the pack's order.
func (p *Pack) ConsentLanguages() []string {
	var langs []string
	for _, c := range p.ConsentTexts {
		if c.Version == p.ConsentVersion() {
			langs = append(langs, c.Language)
		}
	}
	return langs
}

func find[T any](of []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(of, is); i >= 0 {
		return of[i], true
	}
	var none T
	return none, false
}
