package house

import (
	"context"
	"net/http"
	"net/url"

	"github.com/relais-org/relais/api"
	"github.com/relais-org/relais/frontend"
)

// Handler is everything that answers HTTP: pages, and the few addresses for
// machines. flush sends what traces are left.
func (h *House) Handler(ctx context.Context) (handler http.Handler, flush func(context.Context) error, err error) {
	machines := api.New(api.Dependencies{Store: h.Store, Mandates: h.Mandates, Log: h.LogReader, Provider: h.Provider,
		OwnMetrics: h.Config.MetricsAddr != "", Logger: h.Logger})
	return frontend.Handler(ctx, frontend.Dependencies{
		BaseURL: h.Config.BaseURL, Contact: h.Config.Contact, TrustedProxies: h.Config.TrustedProxies, OTelEndpoint: h.Config.OTelEndpoint,
		Logger: h.Logger, Store: h.Store, Authz: h.Authz, Sessions: h.Sessions, Login: h.Login, Packs: h.Packs, Commands: h.Commands,
		Organisations: h.Organisations, Clients: h.Clients, Acting: h.Acting, Beneficiaries: h.Beneficiaries, Mandates: h.Mandates, Review: h.Review,
		Log: h.LogReader, Machines: machines.Mount,
	})
}

// passwordOf is the application role's password in its address, for the
// migration that creates the role.
func passwordOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return ""
	}
	password, _ := u.User.Password()
	return password
}
