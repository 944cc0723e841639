package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/relais-org/relais/authz/login"
	"github.com/relais-org/relais/cmd/demo/idp"
	"github.com/relais-org/relais/cmd/demo/seed"
	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/postgres"
)

var realWorld = store.Env{}

// config is an ordinary configuration, given by the demonstration instead of
// the environment; DATABASE_URL and the like still count.
func (s *stage) config(o options) (house.Config, error) {
	given := map[string]string{
		"RELAIS_ADDR": o.addr, "RELAIS_BASE_URL": "http://" + o.addr, "RELAIS_VAR": o.folder, "RELAIS_SMTP_URL": s.smtp,
		"RELAIS_MAIL_FROM": "relais@demo.example", "RELAIS_SMS_URL": s.outboxURL + "/sms", "RELAIS_SMS_SECRET": string(s.secret),
	}
	c, err := house.ReadConfig(func(name string) string {
		if v, ok := given[name]; ok {
			return v
		}
		return os.Getenv(name)
	})
	if err != nil {
		return c, err
	}
	for _, audience := range []login.Audience{login.AudienceStaff, login.AudiencePerson} {
		demanded := []string{} // a person's first sign-in may be weak; staff's is not
		if audience == login.AudienceStaff {
			demanded = []string{idp.ACRTwoFactors}
		}
		c.Issuers = append(c.Issuers, login.Issuer{ID: "demo-" + string(audience), Name: map[string]string{
			"fr": "l’identité de démonstration", "en": "the demonstration identity", "es": "la identidad de demostración"},
			URL: s.issuer, ClientID: "relais-" + string(audience), ClientSecret: "demo-" + string(audience), Audience: audience,
			ACRValues: demanded, ACRStepUp: []string{idp.ACRTwoFactors}, AllowInsecureHTTP: true})
	}
	return c, nil
}

// startOver throws away the private database, the keys and the cards.
func startOver(folder string) error {
	if err := postgres.Remove(filepath.Join(folder, "postgres")); err != nil {
		return fmt.Errorf("throw the data away: %w", err)
	}
	for _, name := range []string{"keys", cardsFile} {
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

const cardsFile = "demo-cards.json"

// lay lays the demonstration data once; later runs find the cards it kept.
func lay(ctx context.Context, config *house.Config, o options, issuer string, log *slog.Logger) ([]seed.Card, error) {
	file := filepath.Join(o.folder, cardsFile)
	raw, err := os.ReadFile(file) //nolint:gosec // our own folder
	if err == nil {
		var cards []seed.Card
		return cards, json.Unmarshal(raw, &cards)
	}
	if !errors.Is(err, fs.ErrNotExist) || o.empty {
		return nil, nil
	}
	fmt.Println("Laying the demonstration data: a year of work, once. This takes about a minute…")
	clock := &seed.Clock{}
	h, err := house.Open(ctx, *config, store.Env{Now: clock.Now}, log)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	result, err := seed.Sow(ctx, h, clock, issuer, time.Now())
	if err != nil {
		return nil, fmt.Errorf("lay the demonstration data: %w", err)
	}
	fmt.Printf("Laid %d people, %d mandates, %d steps.\n", result.People, result.Mandates, result.Steps)
	raw, err = json.MarshalIndent(result.Cards, "", "  ")
	if err != nil {
		return nil, err
	}
	return result.Cards, os.WriteFile(file, raw, 0o600)
}

// greet says where everything is and who can sign in.
func greet(w io.Writer, o options, base string, s *stage, cards []seed.Card) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("\nRelais is up. Ctrl-C stops it; the data stays in %s/ (make run RESET=1 starts over).\n", o.folder)
	say("  Relais                  %s", base)
	say("  Identity provider       %s   (one click per demonstration person)", s.issuer)
	say("  Benefits service        %s   (a mediator acts there for a person)", s.benefitsURL)
	say("  Mails and SMS           %s", s.outboxURL)
	say("\nWho can sign in (at %s/sign-in):", base)
	for _, p := range seed.People() {
		if p.Audience == idp.AudienceStaff {
			say("  %-22s %s", p.Name, p.Hint["en"])
		}
	}
	if len(cards) > 0 {
		say("\nCards of people helped (at %s/card):", base)
	}
	for _, c := range cards {
		say("  %-12s year %s   %s, %s", c.Code, c.BirthYear, c.Name, c.Organisation)
	}
	say("")
}
