package house

import (
	"context"
	"net/http"
	"net/url"

	"github.com/relais-org/relais/api"
	v1 "github.com/relais-org/relais/api/v1"
	"github.com/relais-org/relais/frontend"
)

// Handler is everything that answers HTTP: pages, and the few addresses for
// machines. flush sends what traces are left.
func (h *House) Handler(ctx context.Context) (handler http.Handler, flush func(context.Context) error, err error) {
	rest, err := v1.New(v1.Dependencies{Spec: api.Spec, Store: h.Store, Clients: h.Clients, Software: h.software(), Acting: h.Acting, //nolint:contextcheck // reading the specification waits for nothing
		Keyring: h.ProviderKeys, Issuer: h.Config.BaseURL, Logger: h.Logger})
	if err != nil {
		return nil, nil, err
	}
	machines := api.New(api.Dependencies{Store: h.Store, Mandates: h.Mandates, Log: h.LogReader, Provider: h.Provider, V1: rest,
		OwnMetrics: h.Config.MetricsAddr != "", Logger: h.Logger})
	return frontend.Handler(ctx, frontend.Dependencies{
		BaseURL: h.Config.BaseURL, Contact: h.Config.Contact, TrustedProxies: h.Config.TrustedProxies, OTelEndpoint: h.Config.OTelEndpoint,
		Logger: h.Logger, Store: h.Store, Authz: h.Authz, Sessions: h.Sessions, Login: h.Login, Packs: h.Packs, Commands: h.Commands,
		Organisations: h.Organisations, Clients: h.Clients, Acting: h.Acting, Beneficiaries: h.Beneficiaries, Mandates: h.Mandates, Review: h.Review,
		Log: h.LogReader, Machines: machines.Mount, APISpec: api.Spec,
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
