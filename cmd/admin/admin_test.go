package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/relais-org/relais/cmd/internal/house"
	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/mandates/document"
	"github.com/relais-org/relais/organisations"
	"github.com/relais-org/relais/translog"
)

// bundle is the program over a database and a folder of its own.
type bundle struct {
	t     *testing.T
	store *store.Store
	env   map[string]string
}

func setup(t *testing.T) *bundle {
	t.Helper()
	st := storetest.NewWithEnv(t, store.SystemEnv())
	return &bundle{t: t, store: st, env: map[string]string{
		"DATABASE_URL": storetest.AppURL(t, st), "RELAIS_DATABASE_OWNER_URL": storetest.OwnerURL(t, st), "RELAIS_VAR": t.TempDir(),
		"RELAIS_BASE_URL": "https://relais.example",
	}}
}

// run gives the exit code, what was printed, and what was complained about.
func (b *bundle) run(args ...string) (int, string, string) {
	b.t.Helper()
	var out, complaints bytes.Buffer
	code := run(b.t.Context(), args, func(name string) string { return b.env[name] }, &out, &complaints)
	return code, out.String(), complaints.String()
}

// does demands success and words.
func (b *bundle) does(words string, args ...string) string {
	b.t.Helper()
	code, out, complaints := b.run(args...)
	if code != exitDone || !strings.Contains(out, words) {
		b.t.Fatalf("%v: exit %d, wanted %q\n%s%s", args, code, words, out, complaints)
	}
	return complaints
}

// fails demands a failure and words.
func (b *bundle) fails(exit int, words string, args ...string) {
	b.t.Helper()
	code, out, complaints := b.run(args...)
	if code != exit || !strings.Contains(complaints, words) {
		b.t.Fatalf("%v: exit %d, wanted %d and %q\n%s%s", args, code, exit, words, out, complaints)
	}
}

func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n int
	if err := b.store.Pool().QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func (b *bundle) happened(kind translog.Kind) int {
	return b.count(`SELECT count(*) FROM events WHERE kind = $1`, string(kind))
}

// Without -do nothing changes, and it says so; with it, the act and its event.
func TestDryRunByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	operator := []string{"bootstrap-operator", "-name", "Olga Petit", "-email", "olga@ops.example"}
	b.does("Nothing was changed", operator...)
	b.does("one would be made", operator...)
	if n := b.count(`SELECT count(*) FROM accounts`); n != 0 {
		t.Fatalf("a dry run made %d accounts", n)
	}
	if n := b.count(`SELECT count(*) FROM events`); n != 0 {
		t.Fatalf("a dry run left %d events", n)
	}
	log := b.does("is an operator", append(operator, "-do", "-by", "root.admin")...)
	for _, want := range []string{`"admin begins"`, `"admin ended"`, `"by":"root.admin"`, `"done":true`} {
		if !strings.Contains(log, want) {
			t.Errorf("the record lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "olga") || strings.Contains(log, "Olga") {
		t.Errorf("the record names the person:\n%s", log)
	}
	if b.happened(translog.OperatorGranted) != 1 {
		t.Error("no event")
	}
	b.does("has an account already: Olga Petit, invited", operator...)
}

// -by is asked for whatever changes; arguments are checked all at once.
func TestArguments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fails(exitUsage, "-by must name who types", "migrate", "-do")
	b.fails(exitUsage, "-by must name who types", "migrate", "-do", "-by", "Olga Petit")
	b.fails(exitUsage, "-email is missing", "bootstrap-operator")
	b.fails(exitUsage, "-name is missing", "bootstrap-operator")
	b.fails(exitUsage, "usage: admin COMMAND")
	b.fails(exitUsage, "usage: admin COMMAND", "destroy", "everything")
	b.fails(exitUsage, "expected: admin migrate", "migrate", "now")
	b.fails(exitUsage, "-nonsense", "migrate", "-nonsense")
	b.fails(exitFault, "-email: email form", "bootstrap-operator", "-name", "Olga", "-email", "olga", "-do", "-by", "root")
	b.env["RELAIS_ADDR"], b.env["RELAIS_LOG_LEVEL"] = "nowhere", "loud"
	b.fails(exitFault, "RELAIS_LOG_LEVEL", "migrate")
	b.fails(exitFault, "RELAIS_ADDR", "migrate")
}

// An account stopped from the command line may do nothing anywhere, until it
// is lifted; the event names who typed.
func TestAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	act := []string{"-do", "-by", "root"}
	b.does("is an operator", append([]string{"bootstrap-operator", "-name", "Olga Petit", "-email", "olga@ops.example"}, act...)...)
	suspend := []string{"account", "suspend", "-email", "OLGA@ops.example", "-reason", "Lost badge"}
	b.fails(exitFault, "refused: cannot suspend", append(suspend, act...)...) // nobody signed in with it yet
	b.signIn("olga@ops.example")
	b.does("now bound", suspend...)
	b.does("suspended everywhere", append(suspend, act...)...)
	if n := b.count(`SELECT count(*) FROM accounts WHERE state = 'suspended' AND suspended_reason = 'Lost badge'`); n != 1 {
		t.Error("the account is not suspended")
	}
	if n := b.count(`SELECT count(*) FROM events WHERE kind = 'account.suspended' AND convert_from(facts, 'UTF8') LIKE '%"by":"root"%'`); n != 1 {
		t.Error("the event does not name who typed")
	}
	b.fails(exitFault, "refused: cannot suspend", append(suspend, act...)...)
	b.does("may act again", append([]string{"account", "resume", "-email", "olga@ops.example"}, act...)...)
	b.fails(exitFault, "no account has this address", append([]string{"account", "resume", "-email", "nobody@ops.example"}, act...)...)
	b.fails(exitFault, "no account has this address", "account", "resume", "-email", "nobody@ops.example")
	b.fails(exitFault, "the last one", append([]string{"operator", "end", "-email", "olga@ops.example"}, act...)...)
	b.does("is an operator", append([]string{"bootstrap-operator", "-name", "Ada Roy", "-email", "ada@ops.example"}, act...)...)
	b.signIn("ada@ops.example")
	b.does("no operator any more", append([]string{"operator", "end", "-email", "olga@ops.example"}, act...)...)
}

// signIn binds an account, as a provider would.
func (b *bundle) signIn(email string) {
	b.t.Helper()
	config, err := house.ReadConfig(func(name string) string { return b.env[name] })
	if err != nil {
		b.t.Fatal(err)
	}
	h, err := house.Open(b.t.Context(), config, store.Env{}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.t.Fatal(err)
	}
	defer h.Close()
	if _, err := h.Organisations.SignIn(b.t.Context(), organisations.Identity{Issuer: "https://idp.example", Subject: email, Email: email, EmailVerified: true}); err != nil {
		b.t.Fatal(err)
	}
}

// DO-04: a new key signs, the former one verifies; a dry run writes nothing.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := filepath.Join(b.env["RELAIS_VAR"], "mandates.json")
	b.env["RELAIS_MANDATE_KEYS_FILE"] = file
	b.fails(exitFault, "is not there", "keys", "rotate")
	ring, err := document.NewKeyring(rand.Reader, store.SystemEnv().Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Save(file); err != nil {
		t.Fatal(err)
	}
	first := ring.ActiveKeyID()
	before, _ := os.ReadFile(file)
	b.does(first, "keys", "rotate")
	if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
		t.Error("a dry run changed the file")
	}
	b.does("still verifies", "keys", "rotate", "-do", "-by", "root")
	ring, err = document.LoadKeyring(file, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if keys := ring.PublicJWKS().Keys; len(keys) != 2 || keys[0].KeyID == first || keys[1].KeyID != first {
		t.Errorf("the ring holds %d keys, the first %s", len(keys), keys[0].KeyID)
	}
	var events int
	if err := b.store.Pool().QueryRow(t.Context(), `SELECT count(*) FROM events WHERE kind = 'key.rotated' AND actor_role = 'system'
		AND convert_from(facts, 'UTF8') LIKE '%' || $1 || '%'`, ring.ActiveKeyID()).Scan(&events); err != nil || events != 1 {
		t.Errorf("%d events name the new key, %v", events, err)
	}
}

func TestMigrateAndExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.does("that of this release", "migrate")
	b.does("that of this release", "migrate", "-do", "-by", "root")
	b.does("0 mandates in force", "expire")
	b.does("0 ended", "expire", "-do", "-by", "root")
}

// The built-in packs have no fault; a broken one is told where. No
// configuration is needed.
func TestPacksCheck(t *testing.T) {
	t.Parallel()
	b := &bundle{t: t}
	b.does("no fault", "packs", "check", filepath.Join("..", "..", "internal", "packs", "data"))
	b.fails(exitFault, "is no folder", "packs", "check", filepath.Join(t.TempDir(), "none"))
	b.fails(exitUsage, "expected: admin packs check DIR", "packs", "check")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pack.yaml"), []byte("id: xx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, complaints := b.run("packs", "check", dir)
	if code != exitFault || !strings.Contains(out, "fault:") || !strings.Contains(complaints, "faults") {
		t.Errorf("exit %d\n%s%s", code, out, complaints)
	}
}
