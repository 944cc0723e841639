package house

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/relais-org/relais/api/op"
	"github.com/relais-org/relais/frontend/static"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/software"
)

// openProvider makes what lets mediators act at services: the rules, and the
// OpenID provider in front of them.
func (h *House) openProvider() error {
	c := h.Config
	keys, err := op.OpenKeys(c.ProviderKeysFile, rand.Reader, h.Store.Now)
	if err != nil {
		return fmt.Errorf("the provider's keys: %w", err)
	}
	h.ProviderKeys = keys
	h.Acting = acting.New(acting.Dependencies{Commands: h.Commands, Packs: h.Packs, Mandates: h.Mandates, Organisations: h.Organisations,
		Clients: h.Clients, Key: c.CodeKey, Keyring: keys, Issuer: c.BaseURL,
		// Only on one's own machine are services called there.
		AllowPrivate: strings.HasPrefix(c.BaseURL, "http://")})
	h.Provider, err = op.New(op.Dependencies{Issuer: c.BaseURL, Acting: h.Acting, Clients: h.Clients, Keys: keys, Store: h.Store,
		Logger: h.Logger, Stylesheet: static.Path("relais.css")})
	return err
}

// software is what organisations' own software may do; it holds no state.
func (h *House) software() *software.Service {
	return software.New(software.Dependencies{Commands: h.Commands, Packs: h.Packs, Organisations: h.Organisations,
		Beneficiaries: h.Beneficiaries, Mandates: h.Mandates})
}
