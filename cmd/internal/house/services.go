package house

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	_ "time/tzdata" // organisations name their zone; machines may lack the tables

	"github.com/relais-org/relais/api/op"
	"github.com/relais-org/relais/authz"
	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/beneficiaries"
	"github.com/relais-org/relais/internal/command"
	"github.com/relais-org/relais/internal/notify"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/postgres"
	"github.com/relais-org/relais/mandates"
	"github.com/relais-org/relais/mandates/acting"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/mandates/review"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/organisations/clients"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

// House is the whole of Relais, opened.
type House struct {
	Config        Config
	Logger        *slog.Logger
	Store         *store.Store
	Authz         *authz.Enforcer
	Sessions      *authz.Sessions
	Packs         *packs.Set
	Commands      *command.Runner
	Organisations *organisations.Service
	Clients       *clients.Registry
	Acting        *acting.Service
	Provider      *op.Provider
	ProviderKeys  *op.Keys
	Beneficiaries *beneficiaries.Service
	Mandates      *mandates.Service
	Review        *review.Service
	Notify        *notify.Service
	Login         *login.Service
	Keyring       *document.Keyring
	LogKey        translog.SigningKey
	LogReader     *ledger.Reader
	instance      *postgres.Instance
}

// Open starts the private database if none is configured, migrates, and makes
// every service. env replaces the real world's clock and ids where a part is
// set; the zero Env is the real world.
func Open(ctx context.Context, c Config, env store.Env, log *slog.Logger) (*House, error) {
	spareCollector()
	h := &House{Config: c, Logger: log}
	if err := h.openStore(ctx, env); err != nil {
		h.Close()
		return nil, err
	}
	if err := h.makeServices(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// openStore gives the application's role; the owner's is used to migrate only.
func (h *House) openStore(ctx context.Context, env store.Env) error {
	if err := h.database(ctx); err != nil {
		return err
	}
	if err := store.Migrate(ctx, h.Config.OwnerURL, passwordOf(h.Config.DatabaseURL)); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	var err error
	h.Store, err = store.Open(ctx, store.Options{URL: h.Config.DatabaseURL, MaxConns: h.Config.MaxConns, Env: env, Logger: h.Logger, Tracer: h.Config.Tracer})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	return nil
}

// database starts a private instance unless one is configured.
func (h *House) database(ctx context.Context) error {
	if h.Config.DatabaseURL != "" {
		return nil
	}
	dir, err := filepath.Abs(filepath.Join(h.Config.Var, "postgres"))
	if err != nil {
		return err
	}
	if h.instance, err = postgres.Start(ctx, postgres.Options{Dir: dir, Durable: true, Logger: h.Logger}); err != nil {
		return fmt.Errorf("start the private PostgreSQL: %w", err)
	}
	h.Config.OwnerURL, h.Config.DatabaseURL = h.instance.OwnerURL(), h.instance.AppURL()
	return nil
}

func (h *House) makeServices() error {
	var err error
	if h.Authz, err = authz.New(); err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	if h.Packs, err = packs.Load(); err != nil {
		return fmt.Errorf("read the country packs: %w", err)
	}
	if err := h.keys(); err != nil {
		return err
	}
	c := h.Config
	h.Commands = command.New(command.Deps{Store: h.Store, Authz: h.Authz})
	h.Sessions = authz.NewSessions(authz.SessionsDeps{Store: h.Store})
	h.Organisations = organisations.New(organisations.Dependencies{Commands: h.Commands, Packs: h.Packs, BaseURL: c.BaseURL})
	h.Clients = clients.NewRegistry(clients.Dependencies{Commands: h.Commands, Packs: h.Packs, Key: c.CodeKey})
	h.Beneficiaries = beneficiaries.NewService(beneficiaries.Dependencies{Commands: h.Commands, Packs: h.Packs, CodeKey: c.CodeKey})
	h.Mandates = mandates.New(mandates.Dependencies{Commands: h.Commands, Packs: h.Packs, Organisations: h.Organisations,
		Beneficiaries: h.Beneficiaries, Keyring: h.Keyring, BaseURL: c.BaseURL})
	h.LogReader = ledger.NewReader(h.Store)
	h.Review = review.New(review.Dependencies{Commands: h.Commands, Packs: h.Packs, Log: h.LogReader})
	if h.Login, err = login.New(login.Dependencies{Issuers: c.Issuers, BaseURL: c.BaseURL, Store: h.Store, Logger: h.Logger}); err != nil {
		return fmt.Errorf("identity providers: %w", err)
	}
	if err := h.openProvider(); err != nil {
		return err
	}
	return h.channels()
}

// channels makes the senders that are configured; the others' messages wait.
func (h *House) channels() error {
	d := notify.Dependencies{Store: h.Store, Logger: h.Logger}
	if h.Config.SMTPURL != "" {
		smtp, err := notify.NewSMTP(h.Config.SMTPURL, h.Config.MailFrom)
		if err != nil {
			return err
		}
		d.Mail = smtp
	}
	if h.Config.SMSURL != "" {
		d.SMS = notify.NewGateway(h.Config.SMSURL, h.Config.SMSSecret, h.Store.Now)
	}
	h.Notify = notify.New(d)
	return nil
}

// Close ends what Open began, in reverse order.
func (h *House) Close() {
	if h.Store != nil {
		h.Store.Close()
	}
	if h.instance != nil {
		h.instance.Stop()
	}
}
