package access

import (
	"time"

	"github.com/a-h/templ"

	t "github.com/relais-org/relais/frontend/templates"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/mandates/acting"
)

// Access is one access open at a service, in words, with how to close it.
type Access struct {
	Line, Service, Procedure, Until string
	May                             []string
	// End posts; empty for whoever may not close it alone.
	End, Back string
}

// About makes the list of what is open at services about somebody, for the
// mediators' page of a person and for the person's own space; nil when there is
// nothing. key is the sentence, end the address that closes one.
func About(p t.Page, set *packs.Set, all []acting.Live, key string, end func(acting.Live) (to, back string)) templ.Component {
	if len(all) == 0 {
		return nil
	}
	list := make([]Access, 0, len(all))
	for _, l := range all {
		words := p
		if zone, err := time.LoadLocation(l.TimeZone); err == nil {
			words.Printer = p.In(zone)
		}
		a := Access{Service: l.ClientName, Procedure: l.Procedure, Until: words.T("acting.live.until", "Moment", words.DateTime(l.EndsAt)),
			Line: words.T(key, "Since", words.DateTime(l.CreatedAt), "Service", l.ClientName, "Mediator", l.MediatorName, "Organisation", l.OrganisationName)}
		if pack, err := set.Get(l.Pack); err == nil {
			if x, ok := pack.Procedure(l.Procedure); ok {
				a.Procedure = x.Name.In(string(p.Lang()))
			}
		}
		for _, action := range l.Actions {
			a.May = append(a.May, p.T("action."+action))
		}
		a.End, a.Back = end(l)
		list = append(list, a)
	}
	return accessList(p, list)
}
