package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/cmd/demo/benefits"
	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/problem"
	"github.com/relais-org/relais/organisations/clients"
)

const (
	officeID        = "caf-demo"
	officePack      = "fr"
	officeProcedure = "housing.apl"
	officeSecret    = "benefits.secret" // beside the keys, thrown away with them
)

// office registers the benefits service at Relais, as an operator would, and
// opens its door.
func (s *stage) office(ctx context.Context, h *house.House, folder string, log *slog.Logger) error {
	secret, err := s.register(ctx, h.Clients, filepath.Join(folder, "keys", officeSecret))
	if err != nil {
		return fmt.Errorf("register the benefits service: %w", err)
	}
	service, err := benefits.New(benefits.Options{BaseURL: s.benefitsURL, Issuer: h.Config.BaseURL, ClientID: officeID, Secret: secret,
		Procedure: officeProcedure, Logger: log})
	if err != nil {
		return err
	}
	s.open(s.benefitsDoor, service)
	return nil
}

// registration is what Relais is told of the service.
func (s *stage) registration() clients.Changes {
	at := s.benefitsURL
	return clients.Changes{
		Name: "Caisse d’allocations de Rive-sur-Loire (démonstration)", RedirectURIs: []string{at + benefits.CallbackPath},
		BackChannelLogoutURI: at + benefits.LogoutPath, EventsURI: at + benefits.EventsPath, Procedures: []string{officeProcedure},
		Claims: []string{"given_name", "family_name", "preferred_username", "birthdate", "address"},
		Scopes: []string{"openid", "profile", "birth", "address", "offline_access"},
	}
}

// register gives the service's secret: the one kept from an earlier run, or a
// new one where it was lost. Addresses follow the command line.
func (s *stage) register(ctx context.Context, registry *clients.Registry, file string) (string, error) {
	system := authz.Actor{System: true}
	known, err := registry.ByClientID(ctx, officeID)
	if problem.Is(err, "not_found") {
		_, secret, err := registry.Register(ctx, system, clients.New{ClientID: officeID, Kind: clients.Service, Pack: officePack, Changes: s.registration()})
		if err != nil {
			return "", err
		}
		return secret.Reveal(), keep(file, secret)
	}
	if err != nil {
		return "", err
	}
	if wanted := s.registration(); !slices.Equal(known.RedirectURIs, wanted.RedirectURIs) {
		if _, _, err := registry.Change(ctx, system, known.ID, wanted); err != nil {
			return "", err
		}
	}
	kept, err := os.ReadFile(file) //nolint:gosec // our own folder
	if err == nil {
		return string(kept), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	secret, err := registry.RotateSecret(ctx, system, known.ID)
	if err != nil {
		return "", err
	}
	return secret.Reveal(), keep(file, secret)
}

func keep(file string, secret clients.Secret) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(secret.Reveal()), 0o600)
}
