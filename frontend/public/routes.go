package public

import (
	"sync"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/frontend/desk"
	"github.com/relais-org/relais/frontend/web"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog/ledger"
)

// Where a card is typed, and unlocked.
const (
	CardPath   = desk.CardPath
	UnlockPath = desk.CardPath + "/unlock"
	minePath   = "/mine"
)

// Dependencies of the surface.
type Dependencies struct {
	// Web keeps the language of the person whose space opens; nil does not.
	Web           *web.Web
	Organisations *organisations.Service
	Beneficiaries *beneficiaries.Service
	Sessions      *authz.Sessions
	Cookies       *authz.Web
	Packs         *packs.Set
	// Store says on the status page whether the database answers.
	Store *store.Store
	// Log gives the size of the signed log for the status page; nil hides it.
	Log *ledger.Reader
	// Contact is where to write about accessibility and privacy: a mail
	// address, or empty.
	Contact string
	// APISpec is the specification of the REST API; empty: there is no reference.
	APISpec []byte
}

// Surface answers anybody.
type Surface struct {
	Dependencies
	reference func() (reference, error)
}

// New makes the surface.
func New(d Dependencies) *Surface {
	return &Surface{d, sync.OnceValues(func() (reference, error) { return readSpec(d.APISpec) })}
}

// Routes are all there are.
func (s *Surface) Routes() []desk.Route {
	read := authz.Public{Because: "a page that says what Relais is and promises"}
	card := authz.Public{Because: "the code and the birth year are the credential"}
	return []desk.Route{
		desk.Get("/", read, s.home),
		desk.Get("/accessibility", read, s.accessibility),
		desk.Get("/privacy", read, s.privacy),
		desk.Get("/terms", read, s.terms),
		desk.Get("/status", read, s.status),
		desk.Get("/api/reference", read, s.apiReference),
		desk.Get(CardPath, card, s.cardForm),
		desk.Post(CardPath, card, s.openCard),
		desk.Get(UnlockPath, card, s.unlockForm),
		desk.Post(UnlockPath, card, s.sendUnlock),
		desk.Post(UnlockPath+"/code", card, s.unlock),
	}
}
