package house

import (
	"crypto/rand"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/relais-org/relais/internal/store"
	"github.com/relais-org/relais/internal/store/storetest"
	"github.com/relais-org/relais/translog"
	"github.com/relais-org/relais/translog/ledger"
)

const origin = "relais.example/log"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T, name string) translog.SigningKey {
	t.Helper()
	secret, err := translog.GenerateKey(rand.Reader, name)
	must(t, err)
	key, err := translog.ParseKey(secret)
	must(t, err)
	return key
}

// LG-02: the log goes on under a new key when its former keys are named, as
// docs/log.md tells, and under no other.
func TestTheLogsKeyCanBeChanged(t *testing.T) {
	t.Parallel()
	st := storetest.NewWithEnv(t, store.SystemEnv())
	first, second, third := newKey(t, origin), newKey(t, origin), newKey(t, origin)
	sequence := func(key translog.SigningKey, former ...string) error {
		config, err := ReadConfig(environment(map[string]string{"RELAIS_LOG_ORIGIN": origin, "RELAIS_LOG_FORMER_KEYS": strings.Join(former, " ")}))
		must(t, err)
		must(t, st.InTx(t.Context(), store.System(), func(tx *store.Tx) error {
			_, err := ledger.Append(tx, translog.Event{Kind: translog.SignInDone, Actor: translog.Actor{Role: translog.RoleMediator, ID: uuid.New()}, Outcome: "done"})
			return err
		}))
		h := &House{Config: config, Store: st, LogKey: key, Logger: slog.New(slog.DiscardHandler)}
		s, err := h.sequencer()
		must(t, err)
		for range 1200 { // open transactions of other tests may hold it up
			if n, err := s.SequenceOnce(t.Context()); err != nil || n > 0 {
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatal("nothing was ever sequenced")
		return nil
	}
	must(t, sequence(first))
	if err := sequence(second); err == nil {
		t.Error("an unknown key's log was continued")
	}
	must(t, sequence(second, first.Public))
	must(t, sequence(third, second.Public, first.Public))
}

// Every fault of the log's former keys is said at start.
func TestFormerKeysAreChecked(t *testing.T) {
	t.Parallel()
	other := newKey(t, "elsewhere.example/log")
	for name, value := range map[string]string{"no key": "relais.example/log+hash", "another log's": other.Public} {
		_, err := ReadConfig(environment(map[string]string{"RELAIS_LOG_ORIGIN": origin, "RELAIS_LOG_FORMER_KEYS": value}))
		if err == nil || !strings.Contains(err.Error(), "RELAIS_LOG_FORMER_KEYS") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func environment(set map[string]string) func(string) string {
	return func(name string) string { return set[name] }
}
