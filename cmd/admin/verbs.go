package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/packs"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/mandates/document"
)

// verb is one thing the program does.
type verb struct {
	name, shape, help string
	flags             map[string]string // text flags that must be given, with their help
	arguments         int               // words after the flags
	alone             bool              // changes nothing and needs no configuration
	plan, act         func(ctx context.Context, t *tool) error
}

var emailFlag = map[string]string{"email": "the account's e-mail address"}

// verbs are all there are.
var verbs = []verb{
	{name: "bootstrap-operator", shape: "-name NAME -email ADDRESS", help: "invite somebody as an operator of the platform",
		flags: map[string]string{"name": "first and last name", "email": "the address they will sign in with"},
		plan:  planOperator, act: bootstrapOperator},
	{name: "operator end", shape: "-email ADDRESS", help: "take an operator's right back", flags: emailFlag, plan: planAccount, act: endOperator},
	{name: "account suspend", shape: "-email ADDRESS -reason WHY", help: "stop an account everywhere, at once",
		flags: map[string]string{"email": emailFlag["email"], "reason": "why, for the record"}, plan: planAccount, act: suspendAccount},
	{name: "account resume", shape: "-email ADDRESS", help: "lift the suspension of an account", flags: emailFlag, plan: planAccount, act: resumeAccount},
	{name: "migrate", help: "bring the database up to this release", plan: planMigrate, act: migrate},
	{name: "expire", help: "end mandates that are due, now", plan: planExpire, act: expire},
	{name: "keys rotate", help: "sign mandates with a new key from now on", plan: planRotate, act: rotate},
	{name: "packs check", shape: "DIR", help: "look for faults in country packs", arguments: 1, alone: true, act: checkPacks},
}

// find takes the longest name that the arguments begin with.
func find(args []string) (verb, []string, bool) {
	for n := min(2, len(args)); n > 0; n-- {
		name := strings.Join(args[:n], " ")
		for _, v := range verbs {
			if v.name == name {
				return v, args[n:], true
			}
		}
	}
	return verb{}, nil, false
}

// open gives the services. It brings the database up to date first, as the
// server does when it starts.
func (t *tool) open(ctx context.Context) (*house.House, error) {
	return house.Open(ctx, t.config, store.Env{}, t.log)
}

func bootstrapOperator(ctx context.Context, t *tool) error {
	h, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	account, err := h.Organisations.BootstrapOperator(ctx, t.name, t.email)
	if err != nil {
		return err
	}
	t.say("%s <%s> is an operator. Account %s, %s.", account.Name, account.Email, account.ID, account.State)
	t.say("They sign in at %s/sign-in with this address, within 14 days. No mail was sent: tell them.", t.config.BaseURL)
	return nil
}

func endOperator(ctx context.Context, t *tool) error {
	return t.onAccount(ctx, func(h *house.House, a account) error {
		if err := h.Organisations.EndOperator(ctx, a.id, t.by); err != nil {
			if errors.Is(err, store.ErrStale) {
				return errors.New("they are no operator, or the last one who can sign in")
			}
			return err
		}
		t.say("%s is no operator any more.", a.email)
		return nil
	})
}

func suspendAccount(ctx context.Context, t *tool) error {
	return t.onAccount(ctx, func(h *house.House, a account) error {
		if err := h.Organisations.SuspendAccount(ctx, a.id, t.by, t.reason); err != nil {
			return err
		}
		t.say("%s is suspended everywhere, from this moment.", a.email)
		return nil
	})
}

func resumeAccount(ctx context.Context, t *tool) error {
	return t.onAccount(ctx, func(h *house.House, a account) error {
		if err := h.Organisations.ResumeAccount(ctx, a.id, t.by); err != nil {
			return err
		}
		t.say("%s may act again, wherever they could before.", a.email)
		return nil
	})
}

func (t *tool) onAccount(ctx context.Context, do func(h *house.House, a account) error) error {
	h, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	a, err := findAccount(ctx, h.Store, t.email)
	if err != nil {
		return err
	}
	return do(h, a)
}

func migrate(ctx context.Context, t *tool) error {
	h, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	version, err := schemaVersion(ctx, h.Store)
	if err != nil {
		return err
	}
	t.say("The database is at migration %d, that of this release.", version)
	return nil
}

// mostAtOnce is how many mandates one round ends at the most.
const mostAtOnce = 500

func expire(ctx context.Context, t *tool) error {
	h, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	total := 0
	for {
		n, err := h.Mandates.ExpireDue(ctx)
		if err != nil {
			return fmt.Errorf("after %d: %w", total, err)
		}
		if total += n; n < mostAtOnce {
			t.say("%d ended.", total)
			return nil
		}
	}
}

// rotate keeps the new key before anything can sign with it: running servers
// read the file when they start.
func rotate(ctx context.Context, t *tool) error {
	ring, err := t.keyring()
	if err != nil {
		return err
	}
	old, err := t.keyring()
	if err != nil {
		return err
	}
	h, err := t.open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	file, before := t.config.MandateKeysFile, ring.ActiveKeyID()
	err = h.Mandates.RotateKey(ctx, ring, func() error { return ring.Save(file) }, func() error { return old.Save(file) })
	if err != nil {
		return err
	}
	t.say("Key %s signs from the next start of the servers on; %s still verifies.", ring.ActiveKeyID(), before)
	t.say("Now back up %s, and start the servers again.", t.config.MandateKeysFile)
	return nil
}

func (t *tool) keyring() (*document.Keyring, error) {
	ring, err := document.LoadKeyring(t.config.MandateKeysFile, rand.Reader)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not there: is RELAIS_MANDATE_KEYS_FILE right? The server makes the first key itself", t.config.MandateKeysFile)
	}
	return ring, err
}

// checkPacks needs no configuration and changes nothing.
func checkPacks(_ context.Context, t *tool) error {
	dir := t.rest[0]
	if stat, err := os.Stat(dir); err != nil || !stat.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if err := packs.Check(os.DirFS(dir), t.out); err != nil {
		return errors.New("the packs have faults: see above")
	}
	return nil
}
